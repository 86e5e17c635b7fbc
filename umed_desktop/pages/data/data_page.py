"""The data page: sources and teacher on the left; estimate, build and what fell out on the right.

A build is a process of its own (`umed build-mau`, detached): closing the window does not end it, and the same command
goes on where it stopped.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from umed_core.errors import UmedError
from umed_desktop.pages.data.build_fields import BuildFields
from umed_desktop.pages.data.build_form import BuildForm, build_arguments, estimate_arguments, preview_arguments
from umed_desktop.pages.data.consent_dialog import ConsentDialog
from umed_desktop.pages.data.source_list import SourceList
from umed_desktop.pages.detached import Job, find_job, start_job
from umed_desktop.pages.form import button, log_view, panel, side_column, title
from umed_desktop.pages.job_bar import JobBar
from umed_desktop.pages.job_log import Ending
from umed_desktop.pages.job_watch import JobWatch
from umed_desktop.pages.page import Desk
from umed_desktop.pages.short_command import ShortCommand
from umed_desktop.theme import GRID_PX, Palette, styled
from umed_desktop.translation import research_use_only
from umed_desktop.words import grouped

if TYPE_CHECKING:
    from umed_desktop.background import Job as Errand
    from umed_desktop.pages.data.outcome import Outcome

__all__ = ["DataPage"]

PREVIEWED = 2
"""Cases of each source whose requests are shown before anything leaves."""


class DataPage(QWidget):
    def __init__(self, desk: Desk, palette: Palette) -> None:
        super().__init__()
        del palette  # colours come from the style sheet
        self.desk = desk
        self.folder: Path | None = None
        self.watch = JobWatch(self)
        self.command = ShortCommand(self)
        self._reading: Errand | None = None
        self.sources = SourceList()
        self.fields = BuildFields()
        self.estimate = button(self.tr("Estimate"), self.tr("Count cases, tokens and cost; nothing is sent"))
        self.build = button(self.tr("Build"), self.tr("Build the dataset, or go on building it"), primary=True)
        self.cancel = button(self.tr("Cancel"), self.tr("Stop; what was done is kept"))
        self.fault = styled(QLabel(wordWrap=True), "failure")
        self.bar = JobBar()
        self.review = button(self.tr("Open in Review"), self.tr("Review the built dataset"))
        self.words = QLabel(wordWrap=True)
        self.fallen = QTreeWidget()
        self.fallen.setAccessibleName(self.tr("What could not be used, and why"))
        self.fallen.setHeaderLabels([self.tr("What"), self.tr("Where"), self.tr("File"), self.tr("Reason")])
        self.fallen.setRootIsDecorated(False)
        self.fallen.setIndentation(0)
        self.fallen.setUniformRowHeights(True)
        self.fallen.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.log = log_view(self.tr("Log of the build"))
        self._lay_out()
        self._connect()
        self.bar.show_state(self.tr("No dataset is open"))
        last = desk.settings().data_folder
        if last and Path(last).is_dir():
            self.open_folder(Path(last))
        self._check()

    @property
    def widget(self) -> QWidget:
        return self

    def _lay_out(self) -> None:
        inner, column = panel()
        for part in (title(self.tr("Sources")), self.sources, self.fields, self.fault):
            column.addWidget(part)
        column.addStretch(1)
        right = QWidget()
        rows = QVBoxLayout(right)
        rows.setContentsMargins(2 * GRID_PX, GRID_PX, 2 * GRID_PX, GRID_PX)
        rows.setSpacing(GRID_PX)
        head = QHBoxLayout()
        head.addWidget(self.bar, 1)
        head.addWidget(self.review)
        self.tabs = QTabWidget()
        self.tabs.tabBar().setAccessibleName(self.tr("What fell out, or log"))
        self.tabs.addTab(self.fallen, self.tr("Not used"))
        self.tabs.addTab(self.log, self.tr("Log"))
        rows.addLayout(head)
        rows.addWidget(self.words)
        rows.addWidget(self.tabs, 1)
        rows.addWidget(styled(QLabel(research_use_only()), "muted"))
        for place, width in enumerate((96, 100, 216)):
            self.fallen.setColumnWidth(place, width)
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(side_column(inner, 52 * GRID_PX, (self.estimate, self.build, self.cancel)))
        across.addWidget(right, 1)

    def _connect(self) -> None:
        self.sources.changed.connect(self._check)
        self.fields.changed.connect(self._check)
        self.fields.out.chosen.connect(lambda text: self.open_folder(Path(text)))
        self.estimate.clicked.connect(self.reckon)
        self.build.clicked.connect(self.begin)
        self.cancel.clicked.connect(self.stop)
        self.review.clicked.connect(lambda: self.desk.go_to("review", self.folder))
        self.watch.said.connect(self._hear)
        self.watch.placed.connect(self.bar.show_place)
        self.watch.ended.connect(self._ended)

    def form(self) -> BuildForm:
        return self.fields.form(self.sources.rows())

    # ------------------------------------------------------------------------------------------------ the build
    def open_folder(self, folder: Path) -> None:
        """Shows the dataset in `folder`, and goes on watching its build where that still runs."""
        try:
            job = find_job(folder / "work" / "job")
        except UmedError as error:
            self.desk.tell(error)
            job = None
        self._show_build(folder, job)

    def _show_build(self, folder: Path, job: Job | None) -> None:
        self.fields.out.set_text(str(folder))
        self.folder = folder
        self.desk.remember({"data_folder": str(folder)})
        self.log.clear()
        self.watch.leave()
        self.watch.job = None
        self.bar.show_state(self.tr("{name}: nothing has been built here").format(name=folder.name))
        if job is not None:
            # First: a job that ends at once has the last word.
            self.bar.show_state(self.tr("{name}: building").format(name=folder.name), running=True)
            self.watch.watch(job)
        self._read_outcome()
        self._show_buttons()

    def reckon(self) -> None:
        try:
            arguments = estimate_arguments(self.form())
        except UmedError as error:
            self._show_fault(error)
            return
        self.bar.show_state(self.tr("Reading the sources"), running=True)
        self.command.run(arguments, self._reckoned, self._not_done)
        self._show_buttons()

    def _reckoned(self, printed: str) -> None:
        self.bar.show_state(self.tr("Estimate: nothing was sent or written"))
        self.words.setText(printed.strip())
        self._show_buttons()

    def begin(self) -> None:
        """Starts the build; where pictures would leave this machine, shows first what would, and asks."""
        form = self.form()
        try:
            build_arguments(form, consent=False)
            if not form.leaves_machine:
                self._start(form, consent=False)
                return
            arguments = preview_arguments(form, PREVIEWED)
        except UmedError as error:
            self._show_fault(error)
            return
        self.bar.show_state(self.tr("Cleaning the first pictures to show what would leave"), running=True)
        self.command.run(arguments, lambda printed: self._ask_consent(form, printed), self._not_done)
        self._show_buttons()

    def _ask_consent(self, form: BuildForm, preview: str) -> None:
        self.bar.show_state(self.tr("Waiting for your word: nothing was sent"))
        self._show_buttons()
        dialog = ConsentDialog(form.server, preview, self)
        dialog.finished.connect(lambda result: self._consented(form, result == QDialog.DialogCode.Accepted))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        self.dialog = dialog

    def _consented(self, form: BuildForm, agreed: bool) -> None:
        if not agreed:
            self.bar.show_state(self.tr("Nothing was sent"))
            return
        try:
            self._start(form, consent=True)
        except UmedError as error:
            self._show_fault(error)

    def _start(self, form: BuildForm, consent: bool) -> None:
        job = start_job(form.work / "job", build_arguments(form, consent))
        self._show_build(Path(form.out), job)

    def stop(self) -> None:
        """Ends an estimate; a build is asked to stop, and at the second time ended."""
        if self.command.is_running:
            self.command.end()
            self.bar.show_state(self.tr("Stopped; nothing was sent or written"))
        elif self.watch.job is not None:
            if self.cancel.text() == self.tr("Cancel"):
                self.watch.job.ask_to_stop()
                self.bar.show_state(self.tr("Stopping; what was done is kept"), running=True)
                self.cancel.setText(self.tr("End at once"))
            else:
                self.watch.job.end_now()
        self._show_buttons()

    def _hear(self, text: str) -> None:
        self.log.moveCursor(self.log.textCursor().MoveOperation.End)
        self.log.insertPlainText(text)
        self.log.ensureCursorVisible()

    def _ended(self, ending: Ending) -> None:
        name = self.folder.name if self.folder is not None else ""
        words = {
            "done": self.tr("built"),
            "stopped": self.tr("stopped; Build goes on from there"),
            "failed": self.tr("stopped by an error"),
        }
        self.bar.show_ending(f"{name}: {words[ending.kind]}", ending)
        self._read_outcome()
        self._show_buttons()

    def _not_done(self, error: UmedError) -> None:
        self.bar.show_ending(self.tr("Nothing was sent or written"), Ending("failed", error.message, error.hint))
        self._show_buttons()

    # ---------------------------------------------------------------------------------------- what fell out of it
    def _read_outcome(self) -> None:
        from umed_desktop.pages.data.outcome import read_outcome

        folder = self.folder
        if folder is not None:
            if self._reading is not None:
                self._reading.cancel()
            self._reading = self.desk.door.run(
                self.tr("Reading the dataset"), lambda _: read_outcome(folder), self._show_outcome, self.desk.tell
            )

    def _show_outcome(self, outcome: Outcome) -> None:
        self.words.setText("\n".join(outcome.words))
        if outcome.words and self.watch.job is None and not self.command.is_running:
            self.bar.show_state(self.tr("{name}: built elsewhere").format(name=self.fields.out.path().name))
        self.fallen.clear()
        self.fallen.addTopLevelItems(
            [QTreeWidgetItem([row.kind, row.where, row.image, row.reason]) for row in outcome.fallen]
        )
        for place in range(self.fallen.topLevelItemCount()):
            item = self.fallen.topLevelItem(place)
            if item is not None:
                item.setToolTip(3, item.text(3))
                item.setToolTip(2, item.text(2))
        self.tabs.setTabText(0, self.tr("Not used ({total_fallen})").format(total_fallen=grouped(outcome.total_fallen)))
        self.review.setEnabled(bool(outcome.words))

    # ------------------------------------------------------------------------------------------------- the form
    def _check(self) -> None:
        self.fault.setText("")
        self._show_buttons()

    def _show_fault(self, error: UmedError) -> None:
        self.fault.setText(f"{error.message} {error.hint}")

    def _show_buttons(self) -> None:
        running = self.watch.is_running or self.command.is_running
        self.estimate.setEnabled(not running)
        self.build.setEnabled(not running)
        self.cancel.setEnabled(running)
        if not running:
            self.cancel.setText(self.tr("Cancel"))
        if self.folder is None:
            self.review.setEnabled(False)

    # ----------------------------------------------------------------------------------------------- the window
    def set_palette(self, palette: Palette) -> None:
        """Colours come from the style sheet."""

    def close_page(self) -> None:
        self.watch.leave()
        self.command.end()
        if self._reading is not None:
            self._reading.cancel()
