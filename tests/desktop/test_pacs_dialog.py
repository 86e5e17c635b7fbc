"""The dialogs about archives, as a person uses them: nothing connects before a button is pressed."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLabel

pytest.importorskip("pynetdicom", reason="needs the [pacs] extra")

from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import (
    CTImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    Verification,
)

from tests.builders import tiny_ct, write_dicom, write_picture
from umed_core.pacs.nodes import DicomNode, NodeBook, WebNode, load_nodes, save_nodes
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_desktop.pacs.import_dialog import ImportDialog, shown_date
from umed_desktop.pacs.nodes_dialog import NodesDialog
from umed_desktop.pacs.send_dialog import SendDialog
from umed_desktop.window.main_window import MainWindow

pytestmark = [
    # pynetdicom forgets to close a socket that could not connect, or that the other side closed first.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

LEFT = Qt.MouseButton.LeftButton
SOON = 20_000
STUDY = "2.25.20261122.1"


class Archive:
    """A small PACS of one CT study on a loopback port; `stored` is what it was sent, `pause_s` its rest between two."""

    def __init__(self) -> None:
        self.stored: list[bytes] = []
        self.connections = 0
        self.pause_s = 0.0
        self._closing = threading.Event()
        self.sent = 0
        entity = AE("ARCHIVE")
        entity.add_supported_context(Verification)
        entity.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
        entity.add_supported_context(StudyRootQueryRetrieveInformationModelGet)
        entity.add_supported_context(CTImageStorage, ["1.2.840.10008.1.2.1"], scu_role=True, scp_role=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._entity = entity
        entity.start_server(
            ("127.0.0.1", self.port),
            block=False,
            evt_handlers=[
                (evt.EVT_CONN_OPEN, self._opened),
                (evt.EVT_C_FIND, self._find),
                (evt.EVT_C_GET, self._get),
                (evt.EVT_C_STORE, self._store),
            ],
        )

    @property
    def node(self) -> DicomNode:
        return DicomNode("archive", "ARCHIVE", "127.0.0.1", self.port)

    def close(self) -> None:
        self._closing.set()
        self._entity.shutdown()

    def _opened(self, _: Any) -> None:
        self.connections += 1

    def _find(self, event: Any) -> Iterator[Any]:
        match = Dataset()
        match.StudyInstanceUID = STUDY
        if event.identifier.QueryRetrieveLevel == "SERIES":
            match.SeriesInstanceUID, match.SeriesNumber, match.Modality = "2.25.20261122.2", "3", "CT"
            match.NumberOfSeriesRelatedInstances = "3"
        else:
            match.PatientName, match.PatientID, match.StudyDate = "Doe^Jane", "X1", "20240102"
            match.ModalitiesInStudy, match.NumberOfStudyRelatedInstances = ["CT", "SR"], "3"
            match.StudyDescription, match.SOPClassesInStudy = "Chest", [CTImageStorage]
        yield 0xFF00, match

    def _get(self, event: Any) -> Iterator[Any]:
        yield 3
        for number in range(3):
            if number:
                self._closing.wait(self.pause_s)
            self.sent += 1
            yield 0xFF00, tiny_ct(number)

    def _store(self, event: Any) -> int:
        self.stored.append(event.encoded_dataset())
        return 0


@pytest.fixture
def archive() -> Iterator[Archive]:
    made = Archive()
    yield made
    made.close()


@pytest.fixture
def settings_path(home: Path) -> Path:
    return home / "desktop.json"


@pytest.fixture
def known(window, archive, home):
    """The archive is written down."""
    save_nodes(home / "pacs.json", NodeBook((archive.node,)))
    return archive


def only(window: MainWindow, kind: type[Any]) -> Any:
    (dialog,) = (found for found in window.findChildren(kind) if found.isVisible())
    return dialog


def imported(window: MainWindow) -> ImportDialog:
    window.actions_by_name["archive_import"].trigger()
    return only(window, ImportDialog)


def searched(qtbot, window: MainWindow) -> ImportDialog:
    dialog = imported(window)
    qtbot.mouseClick(dialog.search, LEFT)
    qtbot.waitUntil(lambda: dialog.table.topLevelItemCount() == 1, timeout=SOON)
    return dialog


# ----------------------------------------------------------------------------------------------------------- off by default
def test_without_an_archive_nothing_can_be_pressed_that_connects(qtbot, window):
    dialog = imported(window)
    assert "No archive is written down" in dialog.word.text()
    assert not dialog.search.isEnabled()
    assert not dialog.get.isEnabled()
    qtbot.mouseClick(dialog.cancel, LEFT)
    window.actions_by_name["archive_send"].trigger()
    sending = only(window, SendDialog)
    assert not sending.send.isEnabled()
    sending.reject()


def test_opening_the_dialogs_connects_to_nothing(qtbot, window, known):
    imported(window).reject()
    window.actions_by_name["archive_send"].trigger()
    only(window, SendDialog).reject()
    qtbot.wait(200)
    assert known.connections == 0


# ----------------------------------------------------------------------------------------------------------------- importing
def test_search_choose_get_and_it_opens(qtbot, window, known, tmp_path):
    dialog = searched(qtbot, window)
    item = dialog.table.topLevelItem(0)
    assert [item.text(column) for column in range(6)] == ["2024-01-02", "Doe Jane", "X1", "CT, SR", "Chest", "3"]
    assert RESEARCH_USE_ONLY in [label.text() for label in dialog.findChildren(QLabel)]
    dialog.folder.set_text(str(tmp_path / "kept"))
    qtbot.mouseClick(dialog.get, LEFT)
    qtbot.waitUntil(lambda: window.session.image is not None, timeout=SOON)
    qtbot.waitUntil(lambda: window.session.image.frame_count == 3, timeout=SOON)
    (folder,) = (tmp_path / "kept").iterdir()
    assert len(list(folder.glob("*.dcm"))) == 3
    assert folder.stat().st_mode & 0o777 == 0o700
    assert window.settings.received_folder == str(tmp_path / "kept")


def test_a_series_is_listed_when_its_study_is_unfolded(qtbot, window, known, tmp_path):
    dialog = searched(qtbot, window)
    item = dialog.table.topLevelItem(0)
    item.setExpanded(True)
    qtbot.waitUntil(lambda: item.childCount() == 1, timeout=SOON)
    assert [item.child(0).text(column) for column in (0, 3, 5)] == ["Series 3", "CT", "3"]
    dialog.table.setCurrentItem(item.child(0))
    dialog.folder.set_text(str(tmp_path / "kept"))
    with qtbot.waitSignal(dialog.wanted) as wanted:
        qtbot.mouseClick(dialog.get, LEFT)
    assert wanted.args[1:3] == [STUDY, "2.25.20261122.2"]
    qtbot.waitUntil(lambda: window.session.image is not None, timeout=SOON)


def test_cancel_ends_a_retrieval_at_once_and_keeps_nothing(qtbot, window, known, tmp_path):
    known.pause_s = 30.0
    dialog = searched(qtbot, window)
    dialog.folder.set_text(str(tmp_path / "kept"))
    qtbot.mouseClick(dialog.get, LEFT)
    qtbot.waitUntil(lambda: known.sent == 1, timeout=SOON)
    assert dialog.progress.isVisible()
    started = time.monotonic()
    qtbot.mouseClick(dialog.cancel, LEFT)
    assert "Cancelled" in dialog.word.text()
    qtbot.waitUntil(lambda: not list((tmp_path / "kept").iterdir()), timeout=SOON)
    assert time.monotonic() - started < known.pause_s / 2
    assert dialog.search.isEnabled()
    dialog.reject()


def test_an_archive_that_is_gone_is_said_in_the_dialog(qtbot, window, home, archive):
    archive.close()
    save_nodes(home / "pacs.json", NodeBook((archive.node,)))
    dialog = imported(window)
    qtbot.mouseClick(dialog.search, LEFT)
    qtbot.waitUntil(lambda: "cannot be reached" in dialog.word.text(), timeout=SOON)
    assert dialog.search.isEnabled()
    dialog.reject()


def test_a_date_that_is_none_is_said(qtbot, window, known):
    dialog = imported(window)
    qtbot.keyClicks(dialog.date_from, "2024-13-01")
    qtbot.mouseClick(dialog.search, LEFT)
    qtbot.waitUntil(lambda: "is no date" in dialog.word.text(), timeout=SOON)
    assert known.connections == 0
    dialog.reject()


def test_nodes_that_cannot_be_read_are_said_in_the_window(window, home):
    home.mkdir(exist_ok=True)
    (home / "pacs.json").write_text("{")
    window.actions_by_name["archive_import"].trigger()
    assert "could not be read" in window.parts.notice.message.text()


def test_dates_read_as_dates():
    assert [shown_date(date) for date in ("20240102", "", "2024")] == ["2024-01-02", "", "2024"]


# ------------------------------------------------------------------------------------------------------------------- sending
@pytest.fixture
def two(tmp_path):
    return [write_dicom(tmp_path / f"{n}.dcm", tiny_ct(n, PatientName="Doe^Jane", PatientID="X1")) for n in range(2)]


def sending(qtbot, window, monkeypatch, paths) -> SendDialog:
    window.actions_by_name["archive_send"].trigger()
    dialog = only(window, SendDialog)
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(path) for path in paths], ""))
    qtbot.mouseClick(dialog.add, LEFT)
    qtbot.waitUntil(lambda: bool(dialog.line.text()) or bool(dialog.word.text()), timeout=SOON)
    return dialog


def test_sending_takes_a_tick_beside_what_leaves(qtbot, window, known, two, monkeypatch):
    dialog = sending(qtbot, window, monkeypatch, two)
    assert f"2 files of 1 study would go to archive ({known.node.address})" in dialog.line.text()
    assert "patients' names" in dialog.line.text()
    assert not dialog.send.isEnabled()
    assert known.connections == 0
    dialog.tick.click()
    qtbot.mouseClick(dialog.send, LEFT)
    qtbot.waitUntil(lambda: dialog.word.text() == "archive: 2 files sent.", timeout=SOON)
    assert len(known.stored) == 2
    assert all(b"Doe^Jane" in stored for stored in known.stored)
    dialog.reject()


def test_agreement_to_one_thing_is_none_to_another(qtbot, window, known, two, monkeypatch):
    dialog = sending(qtbot, window, monkeypatch, two)
    dialog.tick.click()
    assert dialog.send.isEnabled()
    dialog.deidentify.click()
    assert not dialog.send.isEnabled()
    qtbot.waitUntil(lambda: "without names" in dialog.line.text(), timeout=SOON)
    assert not dialog.tick.isChecked()
    dialog.tick.click()
    qtbot.mouseClick(dialog.send, LEFT)
    qtbot.waitUntil(lambda: len(known.stored) == 2, timeout=SOON)
    assert not any(b"Doe^Jane" in stored or b"X1" in stored for stored in known.stored)
    qtbot.waitUntil(lambda: dialog.word.text() == "archive: 2 files sent.", timeout=SOON)
    dialog.reject()


def test_what_is_no_dicom_is_named_and_not_sent(qtbot, window, known, two, tmp_path, monkeypatch):
    import numpy as np

    picture = write_picture(tmp_path / "a.png", np.zeros((4, 4), np.uint8))
    dialog = sending(qtbot, window, monkeypatch, [*two, picture])
    qtbot.waitUntil(lambda: "2 files" in dialog.line.text(), timeout=SOON)
    assert "a.png is no DICOM object" in dialog.word.text()
    dialog.reject()


# ------------------------------------------------------------------------------------------------------------------- settings
def settings_of(qtbot, window) -> tuple[ImportDialog, NodesDialog]:
    dialog = imported(window)
    qtbot.mouseClick(dialog.nodes, LEFT)
    (nodes,) = (found for found in dialog.findChildren(NodesDialog) if found.isVisible())
    return dialog, nodes


def test_an_archive_is_written_down_tested_and_used(qtbot, window, archive, home):
    dialog, nodes = settings_of(qtbot, window)
    for field, text in ((nodes.name, "archive"), (nodes.host, "127.0.0.1"), (nodes.ae_title, "ARCHIVE")):
        qtbot.keyClicks(field, text)
    nodes.port.setValue(archive.port)
    qtbot.mouseClick(nodes.test, LEFT)
    qtbot.waitUntil(lambda: "archive answers" in nodes.word.text(), timeout=SOON)
    assert not (home / "pacs.json").exists()  # tested, not written down
    qtbot.mouseClick(nodes.save, LEFT)
    assert load_nodes(home / "pacs.json") == NodeBook((archive.node,))
    nodes.reject()
    assert dialog.node.currentText() == "archive"
    assert dialog.search.isEnabled()
    dialog.reject()


def test_a_field_that_cannot_be_right_is_said_and_nothing_is_written(qtbot, window, home):
    dialog, nodes = settings_of(qtbot, window)
    qtbot.keyClicks(nodes.name, "archive")
    qtbot.mouseClick(nodes.save, LEFT)
    assert "is no AE title" in nodes.word.text()
    assert not (home / "pacs.json").exists()
    nodes.reject()
    dialog.reject()


def test_a_password_goes_to_the_keyring_and_into_no_file(qtbot, window, home, monkeypatch):
    keyring = pytest.importorskip("keyring", reason="keeps passwords")
    kept: list[tuple[str, str, str]] = []
    monkeypatch.setattr(keyring, "set_password", lambda *what: kept.append(what))
    dialog, nodes = settings_of(qtbot, window)
    nodes.kind.setCurrentIndex(1)
    nodes.auth.setCurrentIndex(1)
    for field, text in (
        (nodes.name, "web"), (nodes.url, "https://pacs.example.org/dicom-web"), (nodes.user, "ann"), (nodes.secret, "s3cret"),
    ):  # fmt: skip
        qtbot.keyClicks(field, text)
    qtbot.mouseClick(nodes.save, LEFT)
    qtbot.waitUntil(lambda: bool(kept), timeout=SOON)
    assert kept == [("umed-pacs", "web at https://pacs.example.org/dicom-web", "s3cret")]
    assert nodes.secret.text() == ""
    assert load_nodes(home / "pacs.json").web == (WebNode("web", "https://pacs.example.org/dicom-web", "ann"),)
    assert not any("s3cret" in path.read_text() for path in home.rglob("*") if path.is_file())
    qtbot.waitUntil(lambda: "keyring" in nodes.word.text(), timeout=SOON)
    nodes.reject()
    dialog.reject()


def test_what_is_saved_is_shown_again(qtbot, window, home, archive):
    full = replace(archive.node, move_port=11113, own_ae_title="ME")
    save_nodes(home / "pacs.json", NodeBook((full,), (WebNode("web", "https://a.example/x", has_token=True),)))
    dialog, nodes = settings_of(qtbot, window)
    assert nodes.node() == full
    nodes.list.setCurrentRow(1)
    assert nodes.node() == WebNode("web", "https://a.example/x", has_token=True)
    qtbot.mouseClick(nodes.remove, LEFT)
    assert load_nodes(home / "pacs.json") == NodeBook((full,))
    nodes.reject()
    dialog.reject()
