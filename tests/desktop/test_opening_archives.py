"""ZIP archives and media directories in the window: dropped, named by their paths, and still known after a crash."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.builders import tiny_ct, write_dicom
from tests.desktop.acting import SOON, drop
from tests.desktop.test_recovery import kill, restored, said, start
from tests.unit.images.media import write_medium
from umed_desktop.session.opening import is_there


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A ZIP of three slices with something bright in each, and of a note."""
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for number in range(3):
            dataset = tiny_ct(number)
            values = np.full((dataset.Rows, dataset.Columns), 40, np.uint16)
            values[1:3, 1:4] = 4000
            dataset.PixelData = values.tobytes()
            made.write(write_dicom(tmp_path / "slice.dcm", dataset), f"ct/{number}")
        made.writestr("readme", "Dear colleague")
    return path


def test_a_dropped_archive_opens_as_a_folder_does(qtbot, window, archive):
    drop(window, archive)
    qtbot.waitUntil(lambda: window.session.image is not None and window.session.image.frame_count == 3, timeout=SOON)
    assert window.session.key == str(archive / "ct" / "0")
    assert window.session.refused[0][0] == archive / "readme"
    assert window.settings.recent == (str(archive),)
    assert window.settings.last_folder == str(archive.parent)


def test_one_member_of_an_archive_opens_by_its_path(qtbot, window, archive):
    window.open_paths([archive / "ct" / "1"])
    qtbot.waitUntil(lambda: window.session.image is not None, timeout=SOON)
    assert window.session.key == str(archive / "ct" / "1")
    assert window.settings.last_folder == str(archive.parent)
    window.opening.fill_menu()
    qtbot.waitUntil(lambda: not window.opening.door._jobs, timeout=SOON)
    assert next(action.text() for action in window.opening.menu.actions() if action.isEnabled()) == "&1  1"


def test_what_leads_into_a_file_is_there_and_what_no_system_takes_is_not(archive, tmp_path):
    assert is_there(archive / "ct" / "1") and is_there(archive) and is_there(tmp_path)
    assert not is_there(tmp_path / "gone") and not is_there(tmp_path / ("x" * 300))


@pytest.mark.parametrize("dropped", ["DICOMDIR", "folder"])
def test_a_dropped_medium_shows_what_its_directory_names_and_lists_what_is_missing(qtbot, window, tmp_path, dropped):
    said = {"StudyDate": "20260102", "StudyTime": "12", "StudyID": "1", "SeriesNumber": "7", "AccessionNumber": ""}
    directory = write_medium(tmp_path / "cd", [tiny_ct(number, **said) for number in range(4)])
    (tmp_path / "cd" / "viewer.exe").write_bytes(b"MZ")
    gone = max(path for path in (tmp_path / "cd").rglob("IM*") if path.is_file())
    gone.unlink()
    drop(window, directory if dropped == "DICOMDIR" else directory.parent)
    qtbot.waitUntil(lambda: window.session.image is not None and window.session.image.frame_count == 3, timeout=SOON)
    assert [path for path, _ in window.session.refused] == [gone]
    assert "1 file was not opened" in window.parts.notice.message.text()


def test_a_damaged_archive_is_a_bar_with_a_hint(qtbot, window, archive):
    archive.write_bytes(archive.read_bytes()[:-40])
    window.open_paths([archive])
    qtbot.waitUntil(window.parts.notice.isVisible, timeout=SOON)
    assert "study.zip is a damaged ZIP archive" in window.parts.notice.message.text()
    assert window.parts.notice.hint.text()


def test_a_window_killed_with_an_archive_open_comes_back_with_its_findings(tmp_path, archive, program_environment):
    settings = tmp_path / "settings" / "desktop.json"
    process = start(settings, "edit", program_environment, archive)
    try:
        before = said(process)
    finally:
        kill(process)
    assert len(before["findings"]) == 2
    after = restored(settings, program_environment, attached=len(before["attached"]))
    assert "ended unexpectedly" in after.pop("notice")
    before.pop("notice")
    assert after == before


def test_findings_of_an_archive_leave_as_a_report_that_refers_to_its_image(qtbot, window, archive, tmp_path):
    pytest.importorskip("highdicom", reason="DICOM forms need the [dicom] extra")
    from datetime import UTC, datetime

    import pydicom

    from umed_core.exporting.export import export_reading
    from umed_core.geometry import NormalizedBox
    from umed_desktop.exporting.gathering import drafts_of, reading_of

    drop(window, archive)
    qtbot.waitUntil(lambda: window.session.image is not None and window.session.image.frame_count == 3, timeout=SOON)
    window.session.draw_box(NormalizedBox(0.25, 0.25, 0.5, 0.5), "pneumonia")
    (draft,) = drafts_of(window.session, (0,))
    (path,) = export_reading(reading_of(draft, datetime.now(UTC), "me"), "gsps", tmp_path, "out")
    referred = pydicom.dcmread(path).ReferencedSeriesSequence[0].ReferencedImageSequence[0]
    assert referred.ReferencedSOPInstanceUID == tiny_ct(0).SOPInstanceUID
