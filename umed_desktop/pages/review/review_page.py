"""The review page: the queue on the left, the image in the middle, the record and its verdict on the right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QLineEdit, QProgressBar, QWidget

from umed_core.errors import UmedError
from umed_core.geometry import NormalizedBox
from umed_desktop.background import Job
from umed_desktop.findings.box_drag import Grip, dragged
from umed_desktop.findings.box_tool import BoxTool
from umed_desktop.pages.form import FolderField, button, form_layout, number_field, panel, scrolled, title
from umed_desktop.pages.page import Desk
from umed_desktop.pages.review.agreement_panel import AgreementPanel
from umed_desktop.pages.review.draft import (
    NEW_BOX,
    Draft,
    added,
    draft_of,
    faults_of_draft,
    moved,
    named,
    said,
    without,
)
from umed_desktop.pages.review.record_panel import VERDICTS, RecordPanel
from umed_desktop.session.conversation import BoxRef
from umed_desktop.theme import BOX_COLORS, GRID_PX, Palette, styled
from umed_desktop.viewer.image_view import ImageView
from umed_desktop.viewer.overlays import DrawnBox
from umed_desktop.words import QT_TRANSLATE_NOOP, grouped, translate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from umed_core.mau.review.apply import AppliedReview
    from umed_core.mau.review.figures import ReviewReport
    from umed_desktop.pages.review.sitting import Sitting

__all__ = ["ReviewPage"]

T = TypeVar("T")

_MODES = (
    (QT_TRANSLATE_NOOP("ReviewPage", "First reading"), "read"),
    (QT_TRANSLATE_NOOP("ReviewPage", "Blind second reading"), "blind"),
    (QT_TRANSLATE_NOOP("ReviewPage", "Settle disputes"), "adjudicate"),
)
_STEPS = (("Left", -1, 0), ("Right", 1, 0), ("Up", 0, -1), ("Down", 0, 1))


class ReviewPage(QWidget):
    def __init__(self, desk: Desk, palette: Palette) -> None:
        super().__init__()
        del palette  # colours come from the style sheet
        self.desk = desk
        self.sitting: Sitting | None = None
        self._size = (0, 0)
        self._jobs: list[Job] = []
        self.folder = FolderField(self.tr("Dataset"), self.tr("a folder of umed build-mau"))
        self.reviewer = QLineEdit(desk.settings().reviewer)
        self.reviewer.setAccessibleName(self.tr("Reviewer's name"))
        self.reviewer.setPlaceholderText(self.tr("your name, as the log will keep it"))
        self.mode = QComboBox()
        self.mode.setAccessibleName(self.tr("What to read"))
        self.mode.view().setAccessibleName(self.tr("What to read"))
        for words, mode in _MODES:
            self.mode.addItem(QCoreApplication.translate("ReviewPage", words), mode)
        self.sample = number_field(self.tr("Size of the sample"), 1_000_000, self.tr("all"))
        self.begin = button(self.tr("Open"), self.tr("Open this dataset for review"), primary=True)
        self.progress = QProgressBar(textVisible=False)
        self.progress.setAccessibleName(self.tr("Judged of this choice"))
        self.standing = styled(QLabel(wordWrap=True), "muted")
        self.agreement = AgreementPanel()
        self.view = ImageView()
        self.tool = BoxTool(lambda: True, self)
        self.view.layers.append(self.tool)
        self.record = RecordPanel()
        self._lay_out()
        self._connect()
        self._add_keys()
        self.folder.set_text(desk.settings().review_folder)
        self._show()

    @property
    def widget(self) -> QWidget:
        return self

    def _lay_out(self) -> None:
        inner, column = panel()
        form = form_layout()
        for words, field in (
            (self.tr("Dataset"), self.folder),
            (self.tr("Reviewer"), self.reviewer),
            (self.tr("Read"), self.mode),
            (self.tr("Sample, the same for everyone"), self.sample),
        ):
            form.addRow(words, field)
        column.addWidget(title(self.tr("Review")))
        column.addLayout(form)
        column.addWidget(self.begin, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.progress)
        column.addWidget(self.standing)
        column.addWidget(self.agreement)
        column.addStretch(1)
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(scrolled(inner, 42 * GRID_PX))
        across.addWidget(self.view, 1)
        across.addWidget(self.record)

    def _connect(self) -> None:
        self.begin.clicked.connect(self.open_dataset)
        self.folder.chosen.connect(lambda text: self.open_folder(Path(text)))
        self.reviewer.returnPressed.connect(self.open_dataset)
        self.tool.changed.connect(self.view.update)
        self.tool.placed.connect(lambda ref, box: self._change(moved(self._draft(), ref.index, box)))
        self.view.box_clicked.connect(lambda ref: self.record.choose(ref.index))
        self.record.chosen.connect(self._choose)
        self.record.named.connect(lambda row, label: self._change(named(self._draft(), row, label)))
        self.record.said.connect(lambda place, text: self._change(said(self._draft(), place, text)))
        self.record.added.connect(self.add_box)
        self.record.removed.connect(self.remove_box)
        self.record.reverted.connect(self.revert)
        self.record.judged.connect(self.judge)
        self.agreement.asked.connect(self.count)
        self.agreement.applied.connect(self._ask_where)

    def _add_keys(self) -> None:
        """Letters judge, but where words are written; arrows move the chosen box while the image has the focus."""
        page = Qt.ShortcutContext.WidgetWithChildrenShortcut
        for deed, _, key in VERDICTS:
            QShortcut(QKeySequence(key), self, partial(self.judge, deed), context=page)
        QShortcut(QKeySequence("Ctrl+Return"), self, partial(self.judge, "correct"), context=page)
        QShortcut(QKeySequence("N"), self, self.add_box, context=page)
        QShortcut(QKeySequence("Del"), self, lambda: self.remove_box(self.record.chosen_index()), context=page)
        QShortcut(QKeySequence("E"), self, self._edit_answer, context=page)
        QShortcut(QKeySequence("Esc"), self, self.view.setFocus, context=page)
        here = Qt.ShortcutContext.WidgetShortcut
        for arrow, dx, dy in _STEPS:
            QShortcut(QKeySequence(arrow), self.view, partial(self.nudge, "move", dx, dy), context=here)
            QShortcut(QKeySequence(f"Shift+{arrow}"), self.view, partial(self.nudge, "se", dx, dy), context=here)

    # ---------------------------------------------------------------------------------------------- the dataset
    def open_folder(self, folder: Path) -> None:
        self.folder.set_text(str(folder))
        if self.reviewer.text().strip():
            self.open_dataset()
        else:
            self.reviewer.setFocus()

    def open_dataset(self) -> None:
        from umed_core.mau.review.session import SessionPlan
        from umed_desktop.pages.review.sitting import open_sitting

        plan = SessionPlan(self.reviewer.text(), self.mode.currentData(), self.sample.value())
        folder = self.folder.path()
        self.desk.remember({"review_folder": str(folder), "reviewer": plan.reviewer.strip()})
        for job in self._jobs:
            job.cancel()
        self.begin.setEnabled(False)
        self._run(self.tr("Opening the dataset"), lambda _: open_sitting(folder, plan), self._opened)

    def _opened(self, sitting: Sitting) -> None:
        self.sitting = sitting
        self.begin.setEnabled(True)
        self._show_record()
        self.count()
        self.view.setFocus()

    def count(self) -> None:
        from umed_desktop.pages.review.sitting import agreement

        if self.sitting is not None:
            folder = self.sitting.folder.path
            self._run(self.tr("Counting verdicts"), lambda _: agreement(folder), self._counted)

    def _counted(self, report: ReviewReport) -> None:
        self.agreement.show_report(report)

    def _ask_where(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, self.tr("Write the reviewed dataset to a new folder"), self.folder.text()
        )
        if name:
            self.write_reviewed(Path(name))

    def write_reviewed(self, out: Path) -> None:
        from umed_desktop.pages.review.sitting import apply

        folder = self.folder.path()

        def done(applied: AppliedReview) -> None:
            self.desk.say(
                self.tr("Written to {out}.").format(out=out),
                self.tr("{train} to train on, {test} to test on.").format(train=applied.train, test=applied.test),
            )

        self._run(self.tr("Writing the reviewed dataset"), lambda _: apply(folder, out, keep_unreviewed=False), done)

    # ----------------------------------------------------------------------------------------------- the record
    def judge(self, deed: str) -> None:
        """accept, correct, reject, skip or undo; what cannot be done is told."""
        sitting = self.sitting
        if sitting is None or not (self.record.buttons[deed].isEnabled() or deed == "accept"):
            return
        if deed in ("accept", "correct", "reject") and not self._size[0]:
            return  # nobody judges a picture that is not on the screen yet
        comment = self.record.comment.text().strip()
        try:
            if deed == "accept":
                sitting.accept(comment)
            elif deed == "correct":
                sitting.correct(comment)
            elif deed == "reject":
                sitting.reject(comment)
            elif deed == "skip":
                sitting.skip()
            else:
                self.standing.setToolTip(sitting.undo())
        except UmedError as error:
            self.desk.tell(error)
            return
        self.record.comment.clear()
        self._show_record()

    def add_box(self) -> None:
        if self._size[0] and self.sitting is not None and self.sitting.record is not None:
            self._change(added(self._draft(), NEW_BOX))
            self.record.choose(len(self._draft().findings) - 1)

    def remove_box(self, index: int) -> None:
        if 0 <= index < len(self._draft().findings):
            self._change(without(self._draft(), index))

    def revert(self) -> None:
        if self.sitting is not None and self.sitting.record is not None:
            self._change(draft_of(self.sitting.record))

    def nudge(self, grip: Grip, dx: int, dy: int) -> None:
        """Moves the chosen box, or its lower right corner, by a two-hundredth of the image."""
        index = self.record.chosen_index()
        if 0 <= index < len(self._draft().findings) and self._size[0]:
            width, height = self._size
            step = max(1, round(max(width, height) / 200))
            box = dragged(
                self._draft().findings[index].box.pixels(width, height), grip, step * dx, step * dy, self._size
            )
            self._change(moved(self._draft(), index, box.normalized(width, height)))

    def _draft(self) -> Draft:
        return self.sitting.draft if self.sitting is not None else Draft((), ())

    def _change(self, draft: Draft) -> None:
        if self.sitting is not None and draft != self.sitting.draft:
            self.sitting.draft = draft
            self._show()

    def _show_record(self) -> None:
        """The next record's words at once; its picture as soon as it is decoded."""
        from umed_core.images.open_image import open_image

        sitting = self.sitting
        assert sitting is not None
        self._size = (0, 0)
        self.view.clear(
            self.tr("Reading…") if sitting.record is not None else self.tr("Every record of this choice is judged")
        )
        self._show()
        if sitting.record is None:
            return
        try:
            picture = sitting.picture
        except UmedError as error:
            self._not_shown(error)
            return
        name = sitting.record.image
        self._run(
            self.tr("Reading the picture"),
            lambda _: open_image(picture).display(0),
            partial(self._got_picture, name),
            self._not_shown,
        )

    def _got_picture(self, name: str, pixels: NDArray[np.uint8]) -> None:
        if self.sitting is None or self.sitting.record is None or self.sitting.record.image != name:
            return
        self._size = (pixels.shape[1], pixels.shape[0])
        self.view.set_pixels(pixels, self._size)
        self._show()

    def _not_shown(self, error: UmedError) -> None:
        self.view.clear(self.tr("This picture could not be opened: skip it"), error.message)
        self.desk.tell(error)

    def _show(self) -> None:
        sitting = self.sitting
        record = sitting.record if sitting is not None else None
        opinions = []
        if sitting is not None:
            opinions = [
                self.tr("{name} says {verdict}").format(name=name, verdict=translate("Verdicts", said_.verdict))
                + (f": {said_.comment}" if said_.comment else "")
                for name, said_ in sitting.session.opinions.items()
            ]
            total = sitting.session.judged + sitting.session.left
            self.progress.setRange(0, max(1, total))
            self.progress.setValue(sitting.session.judged)
            self.standing.setText(
                self.tr("{judged} judged in this sitting, {left} left").format(
                    judged=grouped(sitting.session.judged), left=grouped(sitting.session.left)
                )
            )
        else:
            self.view.clear(
                self.tr("Review a dataset"),
                self.tr("Choose the folder that umed build-mau wrote, and say who you are."),
            )
        self.progress.setVisible(sitting is not None)
        self.record.show_record(record, self._draft(), opinions)
        faults = faults_of_draft(record, self._draft()) if record is not None else ()
        changed = sitting is not None and sitting.is_changed
        self.record.show_state(
            record is not None and self._size[0] > 0, sitting is not None, changed, faults[0] if faults else ""
        )
        if record is not None and not self._size[0]:
            self.record.buttons["skip"].setEnabled(True)

    def _choose(self, index: int) -> None:
        findings = self._draft().findings if self._size[0] else ()
        box: NormalizedBox | None = findings[index].box if 0 <= index < len(findings) else None
        ref = BoxRef(0, index) if box is not None else None
        unnamed = self.tr("no class")
        self.tool.show_chosen(ref, box, self._size, BOX_COLORS[max(index, 0) % len(BOX_COLORS)])
        self.view.set_boxes(
            tuple(
                DrawnBox(
                    BoxRef(0, number),
                    finding.box,
                    f"{number + 1}  {finding.label or unnamed}",
                    BOX_COLORS[number % len(BOX_COLORS)],
                    lit=number == index,
                )
                for number, finding in enumerate(findings)
            )
        )

    def _edit_answer(self) -> None:
        fields = self.record.turns.fields
        if len(fields) > 1:
            fields[1].setFocus()

    # ----------------------------------------------------------------------------------------------- the window
    def _run(
        self,
        words: str,
        work: Callable[[Job], T],
        done: Callable[[T], None],
        failed: Callable[[UmedError], None] | None = None,
    ) -> None:
        def fail(error: UmedError) -> None:
            self.begin.setEnabled(True)
            self.desk.tell(error)

        self._jobs = [job for job in self._jobs if job.is_running]
        self._jobs.append(self.desk.door.run(words, work, done, failed or fail))

    def set_palette(self, palette: Palette) -> None:
        """Colours come from the style sheet."""

    def close_page(self) -> None:
        for job in self._jobs:
            job.cancel()
