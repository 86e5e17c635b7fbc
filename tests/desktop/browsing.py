"""What the tests of the study browser share: two people's studies, and the browser as a person opens it."""

from __future__ import annotations

from pathlib import Path

from tests.desktop.acting import SOON, show_in_front
from tests.unit.library.shelves import ct_series
from umed_core.library.index import StudyIndex
from umed_core.library.search import StudyQuery


def two_studies(folder: Path) -> Path:
    """Two people's studies: one of two series, one of one."""
    anna = {"PatientName": "ADAMS^Anna", "StudyDate": "20240102", "StudyDescription": "Head"}
    ct_series(folder / "a", 5, study="1", **anna)
    ct_series(folder / "a", 2, study="1", series="2", SeriesNumber="2", SeriesDescription="Scout", **anna)
    ct_series(folder / "b", 3, study="2", PatientName="BAKER^Ben", Modality="MR", StudyDate="20230505")
    return folder


def browser_of(qtbot, window):
    """Opened as a person does; QTest's keys reach an action only where the window is active, which offscreen is not sure."""
    window.actions_by_name["study_browser"].trigger()
    browser = window.library._browser
    assert browser is not None
    show_in_front(qtbot, browser)
    return browser


def add(qtbot, window, folder: Path):
    """The browser after a folder was added."""
    browser = browser_of(qtbot, window)
    browser.folder_added.emit(folder)
    qtbot.waitUntil(lambda: "files read" in browser.word.text(), timeout=SOON)
    qtbot.waitUntil(lambda: bool(browser.table.rows.studies), timeout=SOON)
    return browser


def cells(browser) -> list[list[str]]:
    rows = browser.table.rows
    return [[rows.index(row, column).data() for column in range(rows.columnCount())] for row in range(rows.rowCount())]


def patients(browser) -> list[str]:
    return [row[0] for row in cells(browser)]


def known(home: Path) -> list[str]:
    """Patients' names as the file holds them."""
    with StudyIndex(home / "library.db") as index:
        return sorted(study.patient_name for study in index.search(StudyQuery()).studies)


# ------------------------------------------------------------------------------------------------ adding and finding
