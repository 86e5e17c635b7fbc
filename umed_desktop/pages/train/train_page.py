"""The train page: a recipe on the left, the run that it became on the right.

A run is a process of its own (`umed train`, detached): closing the window does not end it, and opening its folder
again - here or in another window - finds it, running or not.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QTabWidget, QVBoxLayout, QWidget

from umed_core.errors import UmedError
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_desktop.pages.detached import Job, find_job, start_job
from umed_desktop.pages.form import button, log_view, side_column
from umed_desktop.pages.job_bar import JobBar
from umed_desktop.pages.job_log import Ending
from umed_desktop.pages.job_watch import JobWatch
from umed_desktop.pages.page import Desk
from umed_desktop.pages.train.curves import CurvesPanel
from umed_desktop.pages.train.recipe_form import RecipeForm
from umed_desktop.pages.train.recipes import shipped_recipes
from umed_desktop.pages.train.run_log import RunLog, sample_pictures
from umed_desktop.pages.train.samples_view import SamplesView
from umed_desktop.theme import GRID_PX, Palette, styled

__all__ = ["TrainPage"]

JOB = "job"
_LOOK_MS = 1000


class TrainPage(QWidget):
    def __init__(self, desk: Desk, palette: Palette) -> None:
        super().__init__()
        self.desk = desk
        self.run: RunLog | None = None
        self.watch = JobWatch(self)
        self.form = RecipeForm(shipped_recipes())
        self.start = button("Start", "Start or resume this run", primary=True)
        self.pause = button("Pause", "Finish the step, write a checkpoint and stop")
        self.open = button("Watch", "Show what lies in the run folder")
        self.bar = JobBar()
        self.use = button("Use this model", "Load the trained model into the reading page")
        self.curves = CurvesPanel(palette)
        self.samples = SamplesView()
        self.log = log_view("Log of the run")
        self._lay_out()
        self._connect()
        self._looking = QTimer(self, interval=_LOOK_MS)
        self._looking.timeout.connect(self._look)
        last = desk.settings().run_folder
        if last and Path(last).is_dir():
            self.open_folder(Path(last))
        else:
            self._show_buttons()
            self.bar.show_state("No run is open")

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
        smooth.addWidget(styled(QLabel(RESEARCH_USE_ONLY), "muted"), 1)
        smooth.addWidget(styled(QLabel("Smoothing"), "muted"))
        smooth.addWidget(self.curves.smoothing)
        tabs = QTabWidget()
        tabs.tabBar().setAccessibleName("Samples or log")
        tabs.addTab(self.samples, "Samples")
        tabs.addTab(self.log, "Log")
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
        self.bar.show_state(f"{folder.name}: nothing has been run here")
        if job is not None:
            # First: a job that ends at once has the last word.
            self.bar.show_state(f"{folder.name}: running", running=True)
            self.watch.watch(job)
        elif self.run.refresh():
            self.curves.show_figures(self.run.steps, self.run.values)
            self.bar.show_state(f"{folder.name}: written elsewhere")
        self._looking.start()
        self._look()
        self._show_buttons()

    def begin(self) -> None:
        """Starts the run of the form; in a folder with a checkpoint the same run goes on."""
        try:
            arguments = self.form.arguments()
            folder = self.form.out.path()
            resumed = find_job(folder / JOB) if self.start.text() == "Resume" else None
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
        if self.pause.text() == "Pause":
            self.watch.job.ask_to_stop()
            self.bar.show_state("Finishing the step and writing a checkpoint", running=True)
            self.pause.setText("Stop at once")
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
            self._looking.stop()

    def _ended(self, ending: Ending) -> None:
        self._look()
        name = self.run.run.name if self.run is not None else ""
        step = self.run.last_step if self.run is not None else 0
        words = {
            "done": f"{name}: done after {step:,} steps",
            "stopped": f"{name}: paused at step {step:,}",
            "failed": f"{name}: stopped by an error",
        }
        self.bar.show_ending(words[ending.kind], ending)
        self._show_buttons()

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
        goes_on = (
            here and self.run is not None and self.run.model is None and (self.run.can_resume or self._has_failed())
        )
        self.start.setText("Resume" if goes_on else "Start")
        self.start.setEnabled(not running and not self.form.fault.text())
        self.pause.setEnabled(running)
        if not running:
            self.pause.setText("Pause")
        self.open.setEnabled(bool(self.form.out.text()))
        self.use.setEnabled(self.run is not None and self.run.model is not None)

    def _has_failed(self) -> bool:
        return self.watch.job is not None and not self.watch.is_running and self.watch.ending().kind == "failed"

    # ----------------------------------------------------------------------------------------------- the window
    def set_palette(self, palette: Palette) -> None:
        self.curves.set_palette(palette)

    def close_page(self) -> None:
        self.watch.leave()
        self._looking.stop()
