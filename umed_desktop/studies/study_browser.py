"""The study browser: all studies that are known, searched as one types; what is chosen opens in the reading room."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QProgressBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from umed_core.errors import UmedError
from umed_desktop.pages.form import button
from umed_desktop.studies.series_strip import SeriesStrip
from umed_desktop.studies.study_table import StudyTable
from umed_desktop.studies.typed_date import typed_date
from umed_desktop.theme import GRID_PX, styled
from umed_desktop.translation import research_use_only
from umed_desktop.words import grouped

if TYPE_CHECKING:
    from umed_core.library.index import FoundSeries, FoundStudy, Page
    from umed_core.library.search import StudyQuery

__all__ = ["StudyBrowser"]

_TYPING_MS = 60


class StudyBrowser(QDialog):
    """Not modal: one reads on while a folder is indexed."""

    asked = Signal(object)
    """A StudyQuery."""
    more_asked = Signal(object, int)
    """(StudyQuery, rows from this one on)"""
    study_chosen = Signal(int)
    opened = Signal(int, str)
    """(study, first file of the series, "" for the first series)"""
    folder_added = Signal(object)
    refresh_asked = Signal(str)
    """A root to be looked through again."""
    study_forgotten = Signal(int)
    root_forgotten = Signal(str)
    all_forgotten = Signal()
    remembering_changed = Signal(bool)
    cancelled = Signal()
    closed = Signal()

    def __init__(self, place: Path, remembers: bool, last_folder: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Study browser"))
        self.resize(1120, 720)
        self._last_folder = last_folder
        self._sort: tuple[str, bool] = ("date", True)
        self._listed = 0
        self.search = QLineEdit()
        self.search.setAccessibleName(self.tr("Search"))
        self.search.setPlaceholderText(self.tr("Search: name, ID, description, date, folder…"))
        self.search.setClearButtonEnabled(True)
        for clear in self.search.findChildren(QToolButton):
            clear.setAccessibleName(self.tr("Clear the search"))
        self.modality = QComboBox()
        self.modality.setAccessibleName(self.tr("Modality"))
        self.modality.addItem(self.tr("Any modality"), "")
        self.date_from = self._date_field(self.tr("From date"))
        self.date_to = self._date_field(self.tr("To date"))
        self.table = StudyTable()
        self.strip = SeriesStrip()
        self.found = styled(QLabel(), "muted")
        self.word = QLabel(wordWrap=True)
        self.word.setTextFormat(Qt.TextFormat.PlainText)
        self.trouble = styled(QLabel(wordWrap=True), "failure")
        self.trouble.setTextFormat(Qt.TextFormat.PlainText)
        self.progress = QProgressBar(textVisible=False)
        self.progress.setAccessibleName(self.tr("Progress"))
        self.stop = button(self.tr("Cancel"), self.tr("Cancel indexing"))
        self.remember = QCheckBox(self.tr("Remember studies"))
        self.remember.setChecked(remembers)
        self.privacy = styled(QLabel(self._privacy(place), wordWrap=True), "muted")
        self.privacy.setTextFormat(Qt.TextFormat.PlainText)
        self.add = button(self.tr("Add folder…"))
        self.refresh = button(self.tr("Index again"), self.tr("Look through this study's folder again"))
        self.forget = button(self.tr("Forget"), self.tr("Forget a study, a folder or everything; no file is touched"))
        self.open_button = button(self.tr("Open"), primary=True)
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._lay_out()
        self._connect()
        self.show_idle("")
        self._hide_error()
        self._show_choice(None)

    # -------------------------------------------------------------------------------------------------- what is shown
    def query(self) -> StudyQuery:
        """What is asked for now; a date that is none is left out."""
        from umed_core.library.search import StudyQuery

        sort, descending = self._sort
        dates = (typed_date(self.date_from.text()) or "", typed_date(self.date_to.text()) or "")
        return StudyQuery(self.search.text(), self.modality.currentData() or "", *dates, sort, descending)  # type: ignore[arg-type]

    def show_page(self, page: Page, skipped: int = 0) -> None:
        self.table.show_page(page, skipped)
        wrong = [field for field in (self.date_from, self.date_to) if typed_date(field.text()) is None]
        if wrong:
            self.found.setText(
                self.tr("{field}: write 2024, 2024-05 or 2024-05-31.").format(field=wrong[0].accessibleName())
            )
        elif page.total == 0 and self._is_filtered():
            self.found.setText(self.tr("No study matches."))
        elif page.total == 0:
            self.found.setText(self.tr("No study is known yet. Add a folder, or open one by hand."))
        else:
            total = grouped(page.total)
            self.found.setText(
                self.tr("1 study") if page.total == 1 else self.tr("{count} studies").format(count=total)
            )

    def show_nothing_remembered(self) -> None:
        self.found.setText(self.tr("Studies are not remembered: switch it on below to add a folder."))

    def show_modalities(self, modalities: Sequence[str]) -> None:
        chosen = self.modality.currentData()
        self.modality.blockSignals(True)
        while self.modality.count() > 1:
            self.modality.removeItem(1)
        for name in modalities:
            self.modality.addItem(name, name)
        self.modality.setCurrentIndex(max(0, self.modality.findData(chosen)))
        self.modality.blockSignals(False)

    def show_series(self, study: int, series: Sequence[FoundSeries]) -> None:
        current = self.table.current()
        if current is not None and current.id == study:
            self.strip.show_series(series)

    def show_progress(self, folder: str, done: int, total: int, left: str) -> None:
        """`left` is the time that is left, in words, "" where nothing can be said yet."""
        words = self.tr("Indexing {folder}: {done} of {total} files").format(
            folder=folder, done=grouped(done), total=grouped(total)
        )
        self.word.setText(f"{words}, {left}" if left else words)
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self._show_busy(True)

    def show_busy(self, words: str) -> None:
        self.word.setText(words)
        self.progress.setRange(0, 0)
        self._show_busy(True)

    def show_idle(self, words: str) -> None:
        self.word.setText(words)
        self.word.setVisible(bool(words))
        self._show_busy(False)

    def show_error(self, problem: UmedError) -> None:
        """Until the next deed; what is under way goes on."""
        self.trouble.setText(f"{problem.message} {problem.hint}".strip())
        self.trouble.show()

    def _hide_error(self) -> None:
        self.trouble.clear()
        self.trouble.hide()

    def ask_again(self) -> None:
        """What the library holds has changed."""
        self.asked.emit(self.query())

    def _show_busy(self, is_busy: bool) -> None:
        self.progress.setVisible(is_busy)
        self.stop.setVisible(is_busy)
        self.word.setVisible(is_busy or bool(self.word.text()))
        self.add.setEnabled(not is_busy and self.remember.isChecked())
        self.refresh.setEnabled(not is_busy and self.remember.isChecked() and self.table.current() is not None)

    def _show_choice(self, study: FoundStudy | None) -> None:
        self.open_button.setEnabled(study is not None)
        self.refresh.setEnabled(study is not None and self.remember.isChecked() and not self.stop.isVisibleTo(self))
        chosen = study.id if study is not None else 0
        if chosen != self._listed:
            self._listed = chosen
            self._hide_error()
            self.strip.show_series(())
        if study is not None:
            self.study_chosen.emit(study.id)

    def _is_filtered(self) -> bool:
        return bool(
            self.search.text().strip() or self.modality.currentData() or self.date_from.text() or self.date_to.text()
        )

    def _privacy(self, place: Path) -> str:
        return self.tr(
            "Patients' names and small pictures are kept on this machine, in {file}, which only you may read."
            " Switched off, nothing is written; what is known already stays until it is forgotten."
        ).format(file=place)

    # ----------------------------------------------------------------------------------------------- what a person does
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.search.hasFocus():
            self.table.setFocus()
            return
        if event.key() == Qt.Key.Key_Down and self.search.hasFocus():
            self.table.setFocus()
            return
        super().keyPressEvent(event)

    def done(self, result: int) -> None:
        super().done(result)
        self._hide_error()
        self.closed.emit()

    def _connect(self) -> None:
        self._typing.timeout.connect(self.ask_again)
        for field in (self.search, self.date_from, self.date_to):
            field.textChanged.connect(lambda _: self._typing.start())
        self.modality.currentIndexChanged.connect(lambda _: self.ask_again())
        self.table.sorted_by.connect(self._sort_by)
        self.table.more_wanted.connect(lambda skip: self.more_asked.emit(self.query(), skip))
        self.table.chosen.connect(self._show_choice)
        self.table.opened.connect(lambda study: self.opened.emit(study.id, ""))
        self.strip.opened.connect(self._open_series)
        self.open_button.clicked.connect(lambda: self._open_series(""))
        self.add.clicked.connect(self._ask_folder)
        self.refresh.clicked.connect(self._refresh)
        self.stop.clicked.connect(self.cancelled)
        self.remember.toggled.connect(self._switch)

    def _sort_by(self, column: str, descending: bool) -> None:
        self._sort = (column, descending)
        self.ask_again()

    def _open_series(self, first: str) -> None:
        study = self.table.current()
        if study is not None:
            self.opened.emit(study.id, first)

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Add a folder of images"), self._last_folder)
        if folder:
            self._hide_error()
            self._last_folder = folder
            self.folder_added.emit(Path(folder))

    def _refresh(self) -> None:
        study = self.table.current()
        if study is not None:
            self._hide_error()
            self.refresh_asked.emit(study.root)

    def _switch(self, remembers: bool) -> None:
        self._show_busy(self.stop.isVisibleTo(self))
        self.remembering_changed.emit(remembers)

    def _fill_forget_menu(self, menu: QMenu) -> None:
        """What can be forgotten now, each named."""
        menu.clear()
        study = self.table.current()
        if study is not None:
            menu.addAction(self.tr("This study"), lambda: self.study_forgotten.emit(study.id))
            menu.addAction(
                self.tr("All in {folder}…").format(folder=study.root.replace("&", "&&")),
                lambda: self._forget_root(study.root),
            )
        menu.addAction(self.tr("Everything…"), self._forget_all)

    def _forget_root(self, root: str) -> None:
        question = self.tr("Forget all studies in {folder}? No image is deleted.").format(folder=root)
        self._confirm(question, lambda: self.root_forgotten.emit(root))

    def _forget_all(self) -> None:
        self._confirm(self.tr("Forget all studies that are known? No image is deleted."), self.all_forgotten.emit)

    def _confirm(self, question: str, deed: object) -> None:
        box = QMessageBox(QMessageBox.Icon.Question, self.tr("Forget"), question, parent=self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        yes = box.addButton(self.tr("Forget"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        yes.clicked.connect(deed)
        box.open()

    # --------------------------------------------------------------------------------------------------------- layout
    def _date_field(self, name: str) -> QLineEdit:
        field = QLineEdit()
        field.setAccessibleName(name)
        field.setPlaceholderText(self.tr("{name}: 2024-05").format(name=name))
        field.setFixedWidth(172)
        return field

    def _lay_out(self) -> None:
        filters = _row(self.search, self.modality, self.date_from, self.date_to)
        filters.setStretch(0, 1)
        doing = _row(self.word, self.progress, self.stop)
        doing.setStretch(0, 1)
        self.progress.setFixedWidth(20 * GRID_PX)
        kept = _row(self.remember, self.privacy)
        kept.setStretch(1, 1)
        menu = QMenu(self.forget)
        menu.aboutToShow.connect(lambda: self._fill_forget_menu(menu))
        self.forget.setMenu(menu)
        close = button(self.tr("Close"))
        close.clicked.connect(self.reject)
        line = styled(QLabel(research_use_only()), "muted")
        line.setAlignment(Qt.AlignmentFlag.AlignCenter)
        deeds = _row(self.add, self.refresh, self.forget, line, close, self.open_button)
        deeds.setStretch(3, 1)
        for each in (self.add, self.refresh, self.forget, close, self.open_button, self.stop):
            each.setAutoDefault(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        column.addLayout(filters)
        column.addWidget(self.table, 1)
        column.addWidget(self.found)
        column.addWidget(self.strip)
        column.addWidget(self.trouble)
        column.addLayout(doing)
        column.addLayout(kept)
        column.addLayout(deeds)


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(GRID_PX)
    for widget in widgets:
        row.addWidget(widget)
    return row
