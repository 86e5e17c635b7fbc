"""The record beside its image: findings, conversation, a comment, and the five verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from umed_core.geometry import NormalizedBox
from umed_core.records import MauRecord
from umed_desktop.findings.class_editor import ClassEditor
from umed_desktop.pages.form import button, panel, scrolled, title
from umed_desktop.pages.review.conversation_edit import ConversationEdit
from umed_desktop.pages.review.draft import Draft
from umed_desktop.theme import BOX_COLORS, GRID_PX, styled
from umed_desktop.translation import research_use_only
from umed_desktop.words import QT_TRANSLATE_NOOP, translate

__all__ = ["RecordPanel"]

VERDICTS = (
    ("accept", QT_TRANSLATE_NOOP("RecordPanel", "Accept"), "A"),
    ("correct", QT_TRANSLATE_NOOP("RecordPanel", "Correct"), "C"),
    ("reject", QT_TRANSLATE_NOOP("RecordPanel", "Reject"), "R"),
    ("skip", QT_TRANSLATE_NOOP("RecordPanel", "Skip"), "S"),
    ("undo", QT_TRANSLATE_NOOP("RecordPanel", "Undo"), "U"),
)
WIDTH = 464


class RecordPanel(QWidget):
    chosen = Signal(int)
    """The finding that has handles in the image, -1 for none."""
    named = Signal(int, str)
    said = Signal(int, str)
    added = Signal()
    removed = Signal(int)
    reverted = Signal()
    judged = Signal(str)
    """accept, correct, reject, skip or undo"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels: tuple[str, ...] = ()
        self.name = styled(QLabel(wordWrap=True), "muted")
        self.name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.findings = QTreeWidget()
        self.findings.setAccessibleName(self.tr("Findings of the record"))
        self.findings.setHeaderLabels([self.tr("Finding"), self.tr("x, y, width, height")])
        self.findings.setRootIsDecorated(False)
        self.findings.setIndentation(0)
        self.findings.setFixedHeight(112)
        self.findings.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.findings.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        editor = ClassEditor(lambda row: self._labels[row], self.findings)
        editor.named.connect(self.named)
        self.findings.setItemDelegateForColumn(0, editor)
        self.findings.currentItemChanged.connect(lambda *_: self.chosen.emit(self.chosen_index()))
        self.add = button(self.tr("Add box"), self.tr("Add a box (N)"))
        self.remove = button(self.tr("Delete box"), self.tr("Delete the chosen box (Del)"))
        self.revert = button(self.tr("Revert"), self.tr("Back to the record as it was"))
        self.turns = ConversationEdit()
        self.opinions = styled(QLabel(wordWrap=True), "muted")
        self.comment = QLineEdit()
        self.comment.setAccessibleName(self.tr("Comment"))
        self.comment.setPlaceholderText(self.tr("Comment, kept with the verdict"))
        self.fault = styled(QLabel(wordWrap=True), "failure")
        self.buttons = {
            deed: button(
                self.tr("{words} ({key})").format(words=translate("RecordPanel", words), key=key),
                self.tr("{words} this record ({key})").format(words=translate("RecordPanel", words), key=key),
                primary=deed == "accept",
            )
            for deed, words, key in VERDICTS
        }
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        inner, column = panel()
        boxes = QHBoxLayout()
        for deed in (self.add, self.remove, self.revert):
            boxes.addWidget(deed)
        boxes.addStretch(1)
        for part in (title(self.tr("Record")), self.name, title(self.tr("Findings")), self.findings):
            column.addWidget(part)
        column.addLayout(boxes)
        column.addWidget(title(self.tr("Conversation")))
        column.addWidget(self.turns)
        column.addWidget(self.opinions)
        column.addStretch(1)
        foot, lower = panel()
        lower.addWidget(self.fault)
        lower.addWidget(self.comment)
        row = QHBoxLayout()
        row.setSpacing(GRID_PX // 2)
        for verdict in self.buttons.values():
            verdict.setStyleSheet("padding: 6px 4px;")
            row.addWidget(verdict)
        lower.addLayout(row)
        lower.addWidget(styled(QLabel(research_use_only()), "muted"))
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(scrolled(inner, WIDTH), 1)
        whole.addWidget(foot)
        self.setFixedWidth(WIDTH)

    def _connect(self) -> None:
        self.turns.edited.connect(self.said)
        self.add.clicked.connect(self.added)
        self.remove.clicked.connect(lambda: self.removed.emit(self.chosen_index()))
        self.revert.clicked.connect(self.reverted)
        for deed, verdict in self.buttons.items():
            verdict.clicked.connect(lambda _=False, deed=deed: self.judged.emit(deed))

    def chosen_index(self) -> int:
        item = self.findings.currentItem()
        return self.findings.indexOfTopLevelItem(item) if item is not None else -1

    def show_record(self, record: MauRecord | None, draft: Draft, opinions: Sequence[str]) -> None:
        """A record as its draft stands; None for none left."""
        self.name.setText("" if record is None else " · ".join(filter(None, (record.image, record.modality))))
        self._labels = tuple(finding.label for finding in draft.findings)
        chosen = min(max(self.chosen_index(), 0), len(draft.findings) - 1)
        self.findings.blockSignals(True)
        self.findings.clear()
        for number, finding in enumerate(draft.findings):
            item = QTreeWidgetItem([f"{number + 1}  {finding.label}", _spelled(finding.box)])
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            swatch = QPixmap(12, 12)
            swatch.fill(QColor(BOX_COLORS[number % len(BOX_COLORS)]))
            item.setIcon(0, swatch)
            self.findings.addTopLevelItem(item)
        if record is not None and not draft.findings:
            none = QTreeWidgetItem([self.tr("none: the image is called normal"), ""])
            none.setFlags(Qt.ItemFlag.NoItemFlags)
            self.findings.addTopLevelItem(none)
        elif draft.findings:
            self.choose(chosen)
        self.findings.blockSignals(False)
        self.remove.setEnabled(bool(draft.findings))
        self.turns.show_turns(draft.turns)
        self.opinions.setText("\n".join(opinions))
        self.opinions.setVisible(bool(opinions))
        self.chosen.emit(self.chosen_index() if draft.findings else -1)

    def choose(self, index: int) -> None:
        item = self.findings.topLevelItem(index)
        if item is not None:
            self.findings.setCurrentItem(item)

    def show_state(self, can_judge: bool, can_undo: bool, is_changed: bool, fault: str) -> None:
        """`fault` is what keeps the draft from being saved."""
        for deed, verdict in self.buttons.items():
            verdict.setEnabled(can_undo if deed == "undo" else can_judge)
        self.buttons["accept"].setEnabled(can_judge and not is_changed)
        self.buttons["correct"].setEnabled(can_judge and is_changed and not fault)
        for part in (self.add, self.comment, self.turns):
            part.setEnabled(can_judge)
        self.revert.setEnabled(is_changed)
        self.fault.setText(self.tr("Not yet: {fault}").format(fault=fault) if fault else "")


def _spelled(box: NormalizedBox) -> str:
    return f"{box.x:.3f}, {box.y:.3f}, {box.w:.3f}, {box.h:.3f}"
