"""The train page: a recipe on the left, the run that it became on the right.

A run is a process of its own (`umed train`, detached): closing the window does not end it, nor does a crash of the
window, and opening its folder again - here or in another window - finds it, running or cut off. A run that no window
started, by `umed train` in a terminal, is followed alike.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QTabWidget, QVBoxLayout, QWidget

from umed_core.errors import UmedError
from umed_core.living import born_at
from umed_desktop.pages.detached import Job, find_job, start_job
from umed_desktop.pages.form import button, log_view, side_column
from umed_desktop.pages.job_bar import JobBar
from umed_desktop.pages.job_log import Ending
from umed_desktop.pages.job_watch import JobWatch
from umed_desktop.pages.page import Desk
from umed_desktop.pages.train.curves import CurvesPanel, load_plotting
from umed_desktop.pages.train.recipe_form import RecipeForm
from umed_desktop.pages.train.recipes import shipped_recipes
from umed_desktop.pages.train.run_log import RunLog, sample_pictures
from umed_desktop.pages.train.samples_view import SamplesView
from umed_desktop.theme import GRID_PX, Palette, styled
from umed_desktop.translation import research_use_only
from umed_desktop.words import grouped

__all__ = ["TrainPage"]

JOB = "job"
_LOOK_MS = 1000


class TrainPage(QWidget):
    def __init__(self, desk: Desk, palette: Palette) -> None:
        super().__init__()
        self.desk = desk
        self.run: RunLog | None = None
        self._is_followed = self._is_pausing = False
        self.watch = JobWatch(self)
        self.form = RecipeForm(shipped_recipes())
        self.start = button(self.tr("Start"), self.tr("Start or resume this run"), primary=True)
        self.pause = button(self.tr("Pause"), self.tr("Finish the step, write a checkpoint and stop"))
        self.open = button(self.tr("Watch"), self.tr("Show what lies in the run folder"))
        self.bar = JobBar()
        self.use = button(self.tr("Use this model"), self.tr("Load the trained model into the reading page"))
        self.curves = CurvesPanel(palette)
        self.samples = SamplesView()
        self.log = log_view(self.tr("Log of the run"))
        self._lay_out()
        self._connect()
        self._looking = QTimer(self, interval=_LOOK_MS)
        self._looking.timeout.connect(self._look)
        desk.door.run(self.tr("Getting ready"), lambda _: _load_ahead(), lambda _: None, desk.tell)
        last = desk.settings().run_folder
        if last and Path(last).is_dir():
            self.open_folder(Path(last))
        else:
            self._show_buttons()
            self.bar.show_state(self.tr("No run is open"))

    @property
    def widget(self) -> QWidget:
        return self

    def _lay_out(self) -> None:
        right = QWidget()
        rows = QVBoxLayout(right)
        rows.setContentsMargins(2 * GRID_PX, GRID_PX, 2 * GRID_PX, GRID_PX)
        head = QHBoxLayout()
        head.addWidget(self.bar, 1)
        head.addWidget(self.use, 0, Qt.AlignmentFlag.AlignTop)
        smooth = QHBoxLayout()
        smooth.addWidget(styled(QLabel(research_use_only()), "muted"), 1)
        smooth.addWidget(styled(QLabel(self.tr("Smoothing")), "muted"))
        smooth.addWidget(self.curves.smoothing)
        tabs = QTabWidget()
        tabs.tabBar().setAccessibleName(self.tr("Samples or log"))
        tabs.addTab(self.samples, self.tr("Samples"))
        tabs.addTab(self.log, self.tr("Log"))
        self.tabs = tabs
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.curves)
        split.addWidget(tabs)
        split.setSizes([430, 300])
        rows.addLayout(head)
        rows.addLayout(smooth)
        rows.addWidget(split, 1)
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(side_column(self.form, 50 * GRID_PX, (self.start, self.pause, self.open)))
        across.addWidget(right, 1)

    def _connect(self) -> None:
        self.form.changed.connect(self._check)
        self.form.out.chosen.connect(lambda text: self.open_folder(Path(text)))
        self.start.clicked.connect(self.begin)
        self.pause.clicked.connect(self.stop)
        self.open.clicked.connect(lambda: self.open_folder(self.form.out.path()))
        self.use.clicked.connect(self._use_model)
        self.watch.said.connect(self._hear)
        self.watch.placed.connect(self.bar.show_place)
        self.watch.ended.connect(self._ended)

    # -------------------------------------------------------------------------------------------------- the run
    def open_folder(self, folder: Path) -> None:
        """Shows the run in `folder`, and goes on watching it where it still runs."""
        try:
            job = find_job(folder / JOB)
        except UmedError as error:
            self.desk.tell(error)
            job = None
        self._show_run(folder, job)

    def _show_run(self, folder: Path, job: Job | None) -> None:
        self.form.out.set_text(str(folder))
        self.run = RunLog(folder)
        self.log.clear()
        self.desk.remember({"run_folder": str(folder)})
        self.curves.show_figures({}, {})
        self.watch.leave()
        self.watch.job = None
        self._is_followed = False
        name, trainer = folder.name, self.run.trainer
        self.bar.show_state(self.tr("{run}: nothing has been run here").format(run=name))
        if job is not None and (job.is_running or not trainer):
            # First: a job that ends at once has the last word.
            self.bar.show_state(self.tr("{run}: running").format(run=name), running=True)
            self.watch.watch(job)
        elif self.run.refresh() or trainer:
            self.curves.show_figures(self.run.steps, self.run.values)
            self.bar.show_state(self.tr("{run}: written elsewhere").format(run=name))
        self._looking.start()
        self._look()
        self._show_buttons()

    def begin(self) -> None:
        """Starts the run of the form; in a folder with a checkpoint the same run goes on."""
        try:
            arguments = self.form.arguments()
            folder = self.form.out.path()
            resumed = find_job(folder / JOB) if self._goes_on() else None
            job = start_job(folder / JOB, arguments if resumed is None else resumed.record.arguments)
        except UmedError as error:
            self.form.show_fault(error)
            return
        self._show_run(folder, job)
        self.tabs.setCurrentWidget(self.log)

    def stop(self) -> None:
        """Once: finish the step and write a checkpoint. Twice: end at once, back to the last checkpoint."""
        if self.watch.job is None:
            return
        if not self._is_pausing:
            self._is_pausing = True
            self.watch.job.ask_to_stop()
            self.bar.show_state(self.tr("Finishing the step and writing a checkpoint"), running=True)
            self.pause.setText(self.tr("Stop at once"))
        else:
            self.watch.job.end_now()

    def _hear(self, text: str) -> None:
        self.log.moveCursor(self.log.textCursor().MoveOperation.End)
        self.log.insertPlainText(text)
        self.log.ensureCursorVisible()

    def _look(self) -> None:
        if self.run is None:
            return
        if self.run.refresh():
            self.curves.show_figures(self.run.steps, self.run.values)
        self.samples.show_pictures(sample_pictures(self.run.run))
        if not self.watch.is_running:
            self._follow(self.run)

    def _follow(self, run: RunLog) -> None:
        """Shows how a run stands that a terminal trains, until it ends."""
        name, trainer, was_followed = run.run.name, run.trainer, self._is_followed
        self._is_followed = bool(trainer)
        if trainer:
            words = self.tr("{run}: process {number} trains it, started outside this window; step {step}")
            self.bar.show_state(words.format(run=name, number=trainer, step=grouped(run.last_step)), running=True)
        else:
            self._looking.stop()
            if was_followed:
                self.bar.show_state(self.tr("{run}: written elsewhere").format(run=name))
        if was_followed != self._is_followed:
            self._show_buttons()

    def _ended(self, ending: Ending) -> None:
        self._look()
        if self.run is None or self._is_followed:
            return
        words = {
            "done": self.tr("{run}: done after {step} steps"),
            "stopped": self.tr("{run}: paused at step {step}"),
            "failed": self.tr("{run}: cut off at step {step}")
            if ending.was_cut
            else self.tr("{run}: stopped by an error"),
        }
        if ending.was_cut:
            ending = replace(ending, hint=self._way_on(self.run.checkpoint_step))
        told = words[ending.kind].format(run=self.run.run.name, step=grouped(self.run.last_step))
        self.bar.show_ending(told, ending)
        self._show_buttons()

    def _way_on(self, checkpoint: int) -> str:
        """What to do about a run that was cut off."""
        if checkpoint:
            return self.tr("Resume goes on from the checkpoint of step {step}.").format(step=grouped(checkpoint))
        return self.tr("It had written no checkpoint yet: Resume begins again.")

    def _use_model(self) -> None:
        if self.run is not None and self.run.model is not None:
            self.desk.use_model(self.run.model)

    # ------------------------------------------------------------------------------------------------- the form
    def _check(self) -> None:
        try:
            self.form.arguments()
        except UmedError as error:
            self.form.show_fault(error)
        else:
            self.form.show_fault(None)
        self._show_buttons()

    def _show_buttons(self) -> None:
        running = self.watch.is_running
        here = self.run is not None and self.run.run == self.form.out.path()
        self.start.setText(self.tr("Resume") if self._goes_on() else self.tr("Start"))
        self.start.setEnabled(not running and not (here and self._is_followed) and not self.form.fault.text())
        self.pause.setEnabled(running)
        if not running:
            self._is_pausing = False
            self.pause.setText(self.tr("Pause"))
        self.open.setEnabled(bool(self.form.out.text()))
        self.use.setEnabled(self.run is not None and self.run.model is not None)

    def _goes_on(self) -> bool:
        """Whether what was begun in the form's folder would go on there."""
        run = self.run
        if run is None or run.run != self.form.out.path() or run.model is not None:
            return False
        return run.can_resume or self._has_failed()

    def _has_failed(self) -> bool:
        return self.watch.job is not None and not self.watch.is_running and self.watch.ending().kind == "failed"

    # ----------------------------------------------------------------------------------------------- the window
    def set_palette(self, palette: Palette) -> None:
        self.curves.set_palette(palette)

    def close_page(self) -> None:
        self.watch.leave()
        self._looking.stop()


def _load_ahead() -> None:
    """What the first start and the first curve need takes half a second to load: off the window's thread."""
    load_plotting()
    born_at()
