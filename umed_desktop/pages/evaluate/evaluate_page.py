"""The evaluate page: what to score on the left; scores, answers, and one answer beside the truth on the right.

An evaluation is a process of its own (`umed eval`, detached): it outlives the window, and goes on where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QCoreApplication, Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from umed_core.errors import MissingFile, UmedError
from umed_core.records import Finding
from umed_desktop.pages.detached import find_job, start_job
from umed_desktop.pages.evaluate.answers_table import AnswersTable
from umed_desktop.pages.evaluate.bars import BarsView, bars_of
from umed_desktop.pages.evaluate.eval_fields import EvalFields
from umed_desktop.pages.evaluate.eval_form import eval_arguments, sets_of
from umed_desktop.pages.evaluate.results import AnswerRow, Evaluation, picture_of, read_evaluation, spelled
from umed_desktop.pages.evaluate.truth_layer import TruthLayer
from umed_desktop.pages.form import button, side_column
from umed_desktop.pages.job_bar import JobBar
from umed_desktop.pages.job_log import Ending, Place
from umed_desktop.pages.job_watch import JobWatch
from umed_desktop.pages.page import Desk
from umed_desktop.session.conversation import BoxRef
from umed_desktop.tables import headings_on_the_left
from umed_desktop.theme import BOX_COLORS, GRID_PX, Palette, styled
from umed_desktop.translation import research_use_only
from umed_desktop.viewer.image_view import ImageView
from umed_desktop.viewer.overlays import DrawnBox
from umed_desktop.words import QT_TRANSLATE_NOOP, grouped

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from umed_desktop.background import Job

__all__ = ["EvaluatePage"]

T = TypeVar("T")

SCORES = (
    QT_TRANSLATE_NOOP("EvaluatePage", "Set"),
    "n",
    QT_TRANSLATE_NOOP("EvaluatePage", "Class named [95 %]"),
    QT_TRANSLATE_NOOP("EvaluatePage", "Mean IoU [95 %]"),
    QT_TRANSLATE_NOOP("EvaluatePage", "IoU > .5"),
    QT_TRANSLATE_NOOP("EvaluatePage", "Parsable"),
    QT_TRANSLATE_NOOP("EvaluatePage", "Controls"),
    QT_TRANSLATE_NOOP("EvaluatePage", "False alarms [95 %]"),
)
_TRUE, _ANSWERED = BOX_COLORS[3], BOX_COLORS[0]
_COUNT_MS = 1000


class EvaluatePage(QWidget):
    def __init__(self, desk: Desk, palette: Palette) -> None:
        super().__init__()
        self.desk = desk
        self.folder: Path | None = None
        self.evaluation: Evaluation | None = None
        self.watch = JobWatch(self)
        self._reading: list[Job] = []
        self._wanted: AnswerRow | None = None
        self._before, self._begun, self._total = 0, 0.0, 0
        self.fields = EvalFields()
        self.start = button(self.tr("Start"), self.tr("Ask the model about these sets, or go on asking"), primary=True)
        self.stop_button = button(self.tr("Stop"), self.tr("Stop; the answers so far are kept"))
        self.open = button(self.tr("Show"), self.tr("Show what lies in the evaluation folder"))
        self.bar = JobBar()
        self.about = styled(QLabel(wordWrap=True), "muted")
        self.scores = QTableWidget(0, len(SCORES))
        self.bars = BarsView(palette)
        self.answers = AnswersTable()
        self.view = ImageView()
        self.truth = TruthLayer(_TRUE)
        self.view.layers.append(self.truth)
        self.legend = QLabel(wordWrap=True)
        self.text = styled(QPlainTextEdit(), "pageText")
        self._lay_out()
        self._connect()
        self._counting = QTimer(self, interval=_COUNT_MS)
        self._counting.timeout.connect(self._count)
        self.bar.show_state(self.tr("No evaluation is open"))
        self.view.clear(self.tr("No answer is chosen"), self.tr("Choose a line of the table."))
        last = desk.settings().eval_folder
        if last and Path(last).is_dir():
            self.open_folder(Path(last))
        self._show_buttons()

    @property
    def widget(self) -> QWidget:
        return self

    def _lay_out(self) -> None:
        self.scores.setAccessibleName(self.tr("Scores"))
        self.scores.hide()
        self.scores.setHorizontalHeaderLabels([QCoreApplication.translate("EvaluatePage", name) for name in SCORES])
        self.scores.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.scores.setTabKeyNavigation(False)
        self.scores.setShowGrid(False)
        self.scores.verticalHeader().hide()
        headings_on_the_left(self.scores.horizontalHeader())
        self.scores.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.scores.horizontalHeader().setStretchLastSection(True)
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(self.tr("The answer"))
        self.text.setFixedHeight(96)
        shown = QWidget()
        beside = QVBoxLayout(shown)
        beside.setContentsMargins(GRID_PX, 0, 0, 0)
        beside.setSpacing(GRID_PX)
        beside.addWidget(self.view, 1)
        beside.addWidget(self.legend)
        beside.addWidget(styled(QLabel(research_use_only()), "muted"))
        beside.addWidget(self.text)
        below = QSplitter(Qt.Orientation.Horizontal)
        below.setChildrenCollapsible(False)
        below.addWidget(self.answers)
        below.addWidget(shown)
        below.setSizes([560, 440])
        right = QWidget()
        rows = QVBoxLayout(right)
        rows.setContentsMargins(2 * GRID_PX, GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        rows.setSpacing(GRID_PX)
        for part in (self.bar, self.about, self.scores, self.bars):
            rows.addWidget(part)
        rows.addWidget(below, 1)
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(side_column(self.fields, 42 * GRID_PX, (self.start, self.stop_button, self.open)))
        across.addWidget(right, 1)

    def _connect(self) -> None:
        self.start.clicked.connect(self.begin)
        self.stop_button.clicked.connect(self.stop)
        self.open.clicked.connect(lambda: self.open_folder(self.fields.out.path()))
        self.fields.out.chosen.connect(lambda text: self.open_folder(Path(text)))
        self.fields.out.line.textChanged.connect(lambda _: self._show_buttons())
        self.fields.sets_changed.connect(self._read)
        self.answers.chosen.connect(self._choose)
        self.watch.placed.connect(self._note_total)
        self.watch.ended.connect(self._ended)

    # -------------------------------------------------------------------------------------------- the evaluation
    def open_folder(self, folder: Path) -> None:
        """Shows the evaluation in `folder`, and goes on watching it where it still runs."""
        self.fields.out.set_text(str(folder))
        self.folder = folder
        self.desk.remember({"eval_folder": str(folder)})
        self.watch.leave()
        self.watch.job = None
        self.bar.show_state(self.tr("{name}: not evaluated yet").format(name=folder.name))
        try:
            job = find_job(folder / "job")
        except UmedError as error:
            self.desk.tell(error)
            job = None
        if job is not None:
            self.fields.show_folders({**self.fields.folders(), **sets_of(job.record.arguments)})
            self._show_running(job.record.born)  # first: a job that ends at once has the last word
            self.watch.watch(job)
        self._read()
        self._show_buttons()

    def begin(self) -> None:
        form = self.fields.form()
        try:
            arguments = eval_arguments(form)
            folder = Path(form.out)
            self._before = _lines(folder / "answers.jsonl")
            job = start_job(folder / "job", arguments)
        except UmedError as error:
            self.fields.fault.setText(f"{error.message} {error.hint}")
            return
        self.fields.fault.setText("")
        self.folder = folder
        self.desk.remember({"eval_folder": str(folder)})
        self._show_running(time.time())
        self.watch.watch(job)
        self._show_buttons()

    def _show_running(self, begun: float) -> None:
        assert self.folder is not None
        self.bar.show_state(self.tr("{name}: asking").format(name=self.folder.name), running=True)
        self._begun, self._total = begun, 0
        self._counting.start()

    def stop(self) -> None:
        if self.watch.job is None:
            return
        if self.stop_button.text() == self.tr("Stop"):
            self.watch.job.ask_to_stop()
            self.bar.show_state(self.tr("Stopping; the answers so far are kept"), running=True)
            self.stop_button.setText(self.tr("End at once"))
        else:
            self.watch.job.end_now()

    def _note_total(self, place: Place) -> None:
        """The log names a place each hundred images; in between, the answers on disk are counted."""
        self._total = place.total
        self.bar.show_place(place)

    def _count(self) -> None:
        if self.folder is None or not self.watch.is_running:
            self._counting.stop()
            return
        done = _lines(self.folder / "answers.jsonl") - self._before
        if self._total and 0 < done <= self._total:
            left = (time.time() - self._begun) / done * (self._total - done)
            self.bar.show_place(
                Place(done, self._total, self.tr("about {seconds} s").format(seconds=grouped(round(left))))
            )

    def _ended(self, ending: Ending) -> None:
        name = self.folder.name if self.folder is not None else ""
        words = {
            "done": self.tr("evaluated"),
            "stopped": self.tr("stopped; Start goes on from there"),
            "failed": self.tr("stopped by an error"),
        }
        self.bar.show_ending(f"{name}: {words[ending.kind]}", ending)
        self._read()
        self._show_buttons()

    # ------------------------------------------------------------------------------------------------- its results
    def _read(self) -> None:
        if self.folder is None or not (self.folder / "report.json").is_file():
            return
        folder, sets = self.folder, self.fields.folders()
        self._run(
            self.tr("Reading the evaluation"), lambda _: read_evaluation(folder, sets), self._show, self.desk.tell
        )

    def _show(self, found: Evaluation) -> None:
        self.evaluation = found
        if self.watch.job is None:
            self.bar.show_state(self.tr("{name}: evaluated").format(name=found.folder.name))
        model, config = found.report.model, found.report.config
        words = [
            self.tr("{name} ({digest}), {device}; {part} part; “{question}”").format(
                name=model.name,
                digest=model.sha256[:12],
                device=model.device,
                part=config.part,
                question=config.question,
            )
        ]
        if found.unknown:
            words.append(
                self.tr("Add the folder of {names} to see its answers beside the truth.").format(
                    names=", ".join(found.unknown)
                )
            )
        if found.report.unasked:
            words.append(
                self.tr("%n image(s) could not be opened and are in no figure.", "", len(found.report.unasked))
            )
        self.about.setText("\n".join(words))
        self._show_scores(found)
        self.bars.show_bars(bars_of(found.report.sets))
        self.answers.show_rows(found.rows)

    def _show_scores(self, found: Evaluation) -> None:
        self.scores.setRowCount(0)
        for row, scores in enumerate(found.report.sets):
            abnormal, normal = scores.abnormal, scores.normal
            count = sum(part.count for part in (abnormal and abnormal.accuracy, normal and normal.false_alarms) if part)
            cells = [scores.dataset, f"{count:,}", spelled(abnormal.accuracy if abnormal else None)]
            cells += [spelled(abnormal.mean_iou if abnormal else None)]
            cells += ["–", "–", "–"]
            if abnormal is not None:
                controls = f"{abnormal.shuffled_iou:.3f}, {abnormal.center_iou:.3f}"
                cells[4:] = [f"{abnormal.over_half.value:.3f}", f"{abnormal.parsable.value:.3f}", controls]
            cells += [spelled(normal.false_alarms if normal else None)]
            self.scores.insertRow(row)
            for column, text in enumerate(cells):
                self.scores.setItem(row, column, QTableWidgetItem(text))
        header = self.scores.horizontalHeaderItem(6)
        if header is not None:
            header.setToolTip(
                self.tr("Mean IoU of the same answers against other images' truths, and of one fixed box.")
            )
        height = sum(self.scores.rowHeight(row) for row in range(min(self.scores.rowCount(), 6)))
        self.scores.show()
        self.scores.setFixedHeight(height + self.scores.horizontalHeader().height() + 4)

    def _choose(self, row: AnswerRow) -> None:
        self._wanted = row
        self.text.setPlainText(row.text)
        self.view.clear(self.tr("Reading…"))
        true, answered = self.tr("true, dashed:"), self.tr("answered:")
        self.legend.setText(
            f'<span style="color:{_TRUE}">■</span> {true} <b>{_classes(row.truth)}</b> &nbsp; '
            f'<span style="color:{_ANSWERED}">■</span> {answered} <b>{_classes(row.boxes)}</b>'
        )
        self._run(
            self.tr("Reading the picture"), lambda _: picture_of(row), partial(self._got_picture, row), self._no_picture
        )

    def _got_picture(self, row: AnswerRow, pixels: NDArray[np.uint8]) -> None:
        if row is not self._wanted:
            return
        self.view.set_pixels(pixels, (pixels.shape[1], pixels.shape[0]))
        self.truth.show_boxes([finding.box for finding in row.truth], (pixels.shape[1], pixels.shape[0]))
        self.view.set_boxes(
            tuple(
                DrawnBox(BoxRef(0, number), finding.box, finding.label or self.tr("no class"), _ANSWERED)
                for number, finding in enumerate(row.boxes)
            )
        )

    def _no_picture(self, error: UmedError) -> None:
        self.view.clear(self.tr("This image is not at hand"), f"{error.message} {error.hint}")
        if isinstance(error, MissingFile):
            self.desk.tell(error)

    # ----------------------------------------------------------------------------------------------- the window
    def _run(
        self, words: str, work: Callable[[Job], T], done: Callable[[T], None], failed: Callable[[UmedError], None]
    ) -> None:
        """In the background; what was being read for the same end is left."""
        for job in self._reading:
            if job.title == words:
                job.cancel()
        self._reading = [job for job in self._reading if job.is_running]
        self._reading.append(self.desk.door.run(words, work, done, failed))

    def _show_buttons(self) -> None:
        running = self.watch.is_running
        self.start.setEnabled(not running)
        self.stop_button.setEnabled(running)
        if not running:
            self.stop_button.setText(self.tr("Stop"))
        self.open.setEnabled(bool(self.fields.out.text()))

    def set_palette(self, palette: Palette) -> None:
        self.bars.set_palette(palette)

    def close_page(self) -> None:
        self.watch.leave()
        self._counting.stop()
        for job in self._reading:
            job.cancel()


def _classes(findings: Sequence[Finding]) -> str:
    from html import escape

    return escape(
        ", ".join(finding.label or QCoreApplication.translate("EvaluatePage", "no class") for finding in findings)
    ) or QCoreApplication.translate("EvaluatePage", "nothing")


def _lines(path: Path) -> int:
    try:
        with path.open("rb") as content:
            return sum(part.count(b"\n") for part in iter(lambda: content.read(1 << 20), b""))
    except FileNotFoundError:
        return 0
