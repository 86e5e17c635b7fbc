"""What is read, what is not read again, what goes, and what a study becomes of it."""

from __future__ import annotations

import os
import sqlite3
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.builders import ramp, write_dicom, write_picture
from tests.unit.library.shelves import ct_series, indexed, names
from umed_core.errors import Cancelled, MissingFile
from umed_core.images.open_image import index_folder as open_folder
from umed_core.images.sandbox import Decoder
from umed_core.library.files import holder_of
from umed_core.library.index import StudyIndex
from umed_core.library.indexing import Indexed, index_folder, note_opened, refresh_study
from umed_core.library.search import StudyQuery


@pytest.fixture
def index(tmp_path: Path):
    with StudyIndex(tmp_path / "settings" / "library.db") as made:
        yield made


@pytest.fixture
def headers_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose header the child was asked for, in order."""
    read: list[str] = []
    headers = Decoder.headers

    def counted(self, paths):
        read.extend(path.name for path in paths)
        return headers(self, paths)

    monkeypatch.setattr(Decoder, "headers", counted)
    return read


def only_study(index: StudyIndex):
    (study,) = index.search(StudyQuery()).studies
    return study


def test_a_study_is_described_as_its_files_state_it(index: StudyIndex, tmp_path: Path) -> None:
    folder = ct_series(tmp_path / "ct", 5, StudyDate="20240102", StudyDescription="Head", SeriesDescription="Axial")
    ct_series(folder, 2, series="2", SeriesNumber="2")
    assert indexed(index, tmp_path / "ct") == Indexed(read=7)
    study = only_study(index)
    assert (study.patient_name, study.patient_id) == ("SYNTHETIC^TINY", "TINY")
    assert (study.date, study.modalities, study.description) == ("20240102", "CT", "Head")
    assert (study.series_count, study.image_count, study.folder) == (2, 7, str(folder))
    second, first = index.series(study.id)  # the numbered one comes first
    assert (first.description, first.image_count) == ("Axial", 5)
    assert (Path(first.first).name, Path(first.middle).name, first.frame) == ("1-1-0.dcm", "1-1-2.dcm", 0)
    assert second.number == "2"


def test_a_folder_indexed_again_reads_nothing(index: StudyIndex, tmp_path: Path, headers_read: list[str]) -> None:
    folder = ct_series(tmp_path / "ct")
    (folder / "notes.txt").write_text("no image")
    assert indexed(index, folder) == Indexed(read=4, refused=1)
    headers_read.clear()
    assert indexed(index, folder) == Indexed(known=4)
    assert headers_read == []


def test_only_what_changed_is_read_again(index: StudyIndex, tmp_path: Path, headers_read: list[str]) -> None:
    folder = ct_series(tmp_path / "ct", 4)
    indexed(index, folder)
    headers_read.clear()
    ct_series(folder, 1, PatientName="RENAMED")  # another size, the same time
    os.utime(folder / "1-1-1.dcm", ns=(1, 1))  # the same size, another time
    (folder / "1-1-2.dcm").unlink()
    ct_series(folder, 1, study="2")
    assert indexed(index, folder) == Indexed(read=3, known=1, gone=1)
    assert headers_read == ["1-1-0.dcm", "1-1-1.dcm", "2-1-0.dcm"]
    counts = {study.id: study.image_count for study in index.search(StudyQuery()).studies}
    assert sorted(counts.values()) == [1, 3]


def test_a_study_whose_files_all_went_is_known_no_more(index: StudyIndex, tmp_path: Path) -> None:
    folder = ct_series(tmp_path / "ct")
    ct_series(folder / "second", study="2")
    indexed(index, folder)
    for path in (folder / "second").iterdir():
        path.unlink()
    assert indexed(index, folder).gone == 3
    assert only_study(index).folder == str(folder)


def test_a_disk_that_is_unplugged_costs_nothing(index: StudyIndex, tmp_path: Path) -> None:
    folder = ct_series(tmp_path / "disk" / "ct")
    indexed(index, folder)
    (tmp_path / "disk").rename(tmp_path / "unplugged")
    with pytest.raises(MissingFile, match="not there now"):
        indexed(index, folder)
    assert only_study(index).image_count == 3


def test_cancelling_keeps_what_was_read(index: StudyIndex, tmp_path: Path, headers_read: list[str]) -> None:
    folder = ct_series(tmp_path / "ct", 40)
    done: list[int] = []

    def progress(count: int, _total: int) -> None:
        done.append(count)

    with pytest.raises(Cancelled):
        index_folder(index, folder, progress, lambda: bool(done) and done[-1] > 0)
    assert only_study(index).image_count == 32
    headers_read.clear()
    assert indexed(index, folder) == Indexed(read=8, known=32)
    assert len(headers_read) == 8


def test_a_folder_above_takes_over_what_lies_in_it(index: StudyIndex, tmp_path: Path) -> None:
    inner = ct_series(tmp_path / "all" / "inner")
    ct_series(tmp_path / "all" / "other", study="2")
    indexed(index, inner)
    assert indexed(index, tmp_path / "all") == Indexed(read=3, known=3)
    assert index.roots() == {str(tmp_path / "all"): True}
    assert index.search(StudyQuery()).total == 2
    assert indexed(index, inner) == Indexed(known=3)
    assert index.roots() == {str(tmp_path / "all"): True}


def test_folders_alike_in_their_first_letters_are_apart(index: StudyIndex, tmp_path: Path) -> None:
    one, two = ct_series(tmp_path / "ct"), ct_series(tmp_path / "ct2", study="2")
    indexed(index, two)
    assert indexed(index, one) == Indexed(read=3)
    assert list(index.roots()) == [str(one), str(two)]


def test_a_copy_elsewhere_is_a_study_of_its_own(index: StudyIndex, tmp_path: Path) -> None:
    for place in ("here", "there"):
        indexed(index, ct_series(tmp_path / place))
    assert [study.image_count for study in index.search(StudyQuery()).studies] == [3, 3]


def test_studies_are_numbered_as_their_files_lie(index: StudyIndex, tmp_path: Path) -> None:
    """So that those of one date stand in the same order on every machine."""
    for number in range(12):
        ct_series(tmp_path / "all" / f"{number:02d}", 1, study=str(number), PatientName=f"P{number:02d}")
    indexed(index, tmp_path / "all")
    newest_first = index.search(StudyQuery()).studies
    assert [study.patient_name for study in newest_first] == [f"P{number:02d}" for number in reversed(range(12))]


def test_pictures_are_a_study_a_folder(index: StudyIndex, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / "pictures").mkdir(exist_ok=True)
        write_picture(tmp_path / "pictures" / name, ramp(dtype="uint8"))
    indexed(index, tmp_path / "pictures")
    study = only_study(index)
    assert (study.description, study.series_count) == ("pictures", 2)
    assert names(index, "b.png") == [""]


def test_an_archives_members_are_known_until_it_changes(
    index: StudyIndex, tmp_path: Path, headers_read: list[str]
) -> None:
    folder = ct_series(tmp_path / "ct", 3)
    zipped = tmp_path / "zips" / "ct.zip"
    zipped.parent.mkdir()
    with zipfile.ZipFile(zipped, "w") as out:
        for path in sorted(folder.iterdir()):
            out.write(path, path.name)
    indexed(index, zipped.parent)
    assert only_study(index).image_count == 3
    assert holder_of(refresh_study(index, only_study(index).id)[0]) == zipped
    headers_read.clear()
    assert indexed(index, zipped.parent) == Indexed(known=1)
    assert headers_read == []
    with zipfile.ZipFile(zipped, "w") as out:
        out.write(folder / "1-1-0.dcm", "1-1-0.dcm")
    assert indexed(index, zipped.parent).read == 1
    assert only_study(index).image_count == 1


# ------------------------------------------------------------------------------------------------- opened by hand
def opened(*paths: Path) -> list:
    """Headers, as the window reads them when a person opens `paths`."""
    headers: list = []
    for path in paths:
        open_folder(path, found=headers.extend)
    return headers


def test_what_is_opened_is_known_without_being_read_again(
    index: StudyIndex, tmp_path: Path, headers_read: list[str]
) -> None:
    folder = ct_series(tmp_path / "ct")
    headers = opened(folder)
    headers_read.clear()
    note_opened(index, [folder], headers)
    assert only_study(index).image_count == 3
    assert indexed(index, folder) == Indexed(known=3)
    assert headers_read == []


def test_a_file_opened_alone_brings_nothing_beside_it(index: StudyIndex, tmp_path: Path) -> None:
    folder = ct_series(tmp_path / "ct")
    note_opened(index, [folder / "1-1-1.dcm"], opened(folder / "1-1-1.dcm"))
    assert only_study(index).image_count == 1
    assert index.roots() == {str(folder): False}
    assert indexed(index, folder) == Indexed(read=2, known=1)
    assert index.roots() == {str(folder): True}


def test_a_file_still_being_written_when_it_was_opened_is_read_again(index: StudyIndex, tmp_path: Path) -> None:
    folder = ct_series(tmp_path / "ct")
    os.utime(folder / "1-1-0.dcm")
    note_opened(index, [folder], opened(folder))
    assert indexed(index, folder) == Indexed(read=1, known=2)


def test_a_study_opened_later_is_as_it_lies_on_disk(index: StudyIndex, tmp_path: Path, headers_read: list[str]) -> None:
    folder = ct_series(tmp_path / "ct", 4)
    indexed(index, folder)
    headers_read.clear()
    study, headers = refresh_study(index, only_study(index).id)
    assert holder_of(study) == folder
    assert ([len(s.files) for s in study.series], len(headers), headers_read) == ([4], 4, [])
    (folder / "1-1-3.dcm").unlink()
    ct_series(folder, 1, PatientName="RENAMED")
    study, _ = refresh_study(index, only_study(index).id)
    assert (study.patient_name, len(study.series[0].files), headers_read) == ("RENAMED", 3, ["1-1-0.dcm"])


def test_a_study_of_which_all_files_went_says_so_and_stays(index: StudyIndex, tmp_path: Path) -> None:
    folder = ct_series(tmp_path / "ct")
    indexed(index, folder)
    folder.rename(tmp_path / "moved")
    with pytest.raises(MissingFile, match="no longer in") as told:
        refresh_study(index, only_study(index).id)
    assert "forget" in told.value.hint


# -------------------------------------------------------------------------------------------------------- forgetting
def bytes_on_disk(index: StudyIndex) -> bytes:
    folder = index._base.path.parent
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_a_forgotten_name_is_on_no_page_of_the_files(index: StudyIndex, tmp_path: Path) -> None:
    indexed(index, ct_series(tmp_path / "ct", PatientName="SECRET^PERSON"))
    indexed(index, ct_series(tmp_path / "other", study="2", PatientName="OTHER^PERSON"))
    assert b"SECRET" in bytes_on_disk(index)
    study = next(s for s in index.search(StudyQuery()).studies if s.patient_name.startswith("SECRET"))
    index.forget_study(study.id)
    assert names(index) == ["OTHER^PERSON"]
    left = bytes_on_disk(index)
    assert b"SECRET" not in left and b"secret" not in left
    assert b"OTHER" in left


def test_a_folder_is_forgotten_whole(index: StudyIndex, tmp_path: Path) -> None:
    for number in ("1", "2"):
        indexed(index, ct_series(tmp_path / number, study=number, PatientName=f"P{number}"))
    index.forget_root(str(tmp_path / "1"))
    assert names(index) == ["P2"]
    assert list(index.stamps(tmp_path / "1")) == []


def test_everything_is_forgotten_also_what_was_put_aside(index: StudyIndex, tmp_path: Path) -> None:
    indexed(index, ct_series(tmp_path / "ct", PatientName="SECRET^PERSON"))
    (index._base.path.parent / "library.put-aside-20260101-000000.db").write_bytes(b"SECRET")
    index.forget_everything()
    assert index.search(StudyQuery()).total == 0
    assert b"SECRET" not in bytes_on_disk(index)
    assert (tmp_path / "ct" / "1-1-0.dcm").exists()


def test_every_study_is_what_the_images_room_makes_of_its_files(index: StudyIndex, tmp_path: Path) -> None:
    """The second opinion: the studies of an index that grew, lost and changed files, against one look at the folder."""
    folder = ct_series(tmp_path / "ct", 6)
    indexed(index, folder)
    ct_series(folder, 4, series="2", SeriesNumber="7")
    ct_series(folder / "deep", 2, study="2", PatientName="Z")
    (folder / "1-1-5.dcm").unlink()
    indexed(index, folder)
    fresh = open_folder(folder)
    known = [
        index.study(study.id)[0] for study in index.search(StudyQuery(sort="patient_name", descending=False)).studies
    ]
    assert known == fresh


def test_names_that_are_no_text_are_passed_over(index: StudyIndex, tmp_path: Path) -> None:
    folder = ct_series(tmp_path / "ct", 1)
    try:
        Path(os.fsdecode(os.fsencode(folder) + b"/\xff.dcm")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes text alone")
    assert indexed(index, folder) == Indexed(read=1)


def test_a_study_is_never_half_there(index: StudyIndex, tmp_path: Path) -> None:
    """After any of it, files and studies agree: every image of a study is a known file."""
    folder = ct_series(tmp_path / "ct", 5)
    ct_series(folder, 3, study="2")
    indexed(index, folder)
    with sqlite3.connect(index._base.path) as base:
        rows = base.execute(
            "SELECT image_count, (SELECT count(*) FROM files WHERE (root, study) = (s.root, s.study)) FROM studies s"
        ).fetchall()
    base.close()
    assert sorted(rows) == [(3, 3), (5, 5)]


def test_a_multiframe_files_middle_is_a_frame(index: StudyIndex, tmp_path: Path) -> None:
    from tests.builders import tiny_dicom

    (tmp_path / "us").mkdir()
    write_dicom(tmp_path / "us" / "film.dcm", tiny_dicom(np.zeros((5, 4, 6), np.uint8)))
    indexed(index, tmp_path / "us")
    (series,) = index.series(only_study(index).id)
    assert (series.image_count, series.frame) == (5, 2)
