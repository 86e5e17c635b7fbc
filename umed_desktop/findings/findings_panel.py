"""The findings on the current series as a table beside the image: class, place, source, status, and what they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from umed_desktop.findings.class_editor import ClassEditor
from umed_desktop.session.conversation import BoxRef
from umed_desktop.theme import GRID_PX, Palette, icon, styled

__all__ = ["FindingRow", "FindingsPanel"]

_REF = Qt.ItemDataRole.UserRole
_WIDEST_PX = 190
"""Of a column; so all of them are in sight in a window of 1440 pixels, whatever the class is called."""
_STEPS = {
    Qt.Key.Key_Left: QPoint(-1, 0),
    Qt.Key.Key_Right: QPoint(1, 0),
    Qt.Key.Key_Up: QPoint(0, -1),
    Qt.Key.Key_Down: QPoint(0, 1),
}


@dataclass(frozen=True, slots=True)
class FindingRow:
    """`name` is `label` as the table shows it, with its number; `details` is HTML: what it comes from, what was done to it."""

    ref: BoxRef
    label: str
    name: str
    slice: str
    place: str
    size: str
    source: str
    status: str
    color: str
    details: str = ""


class _Table(QTreeWidget):
    """Ctrl with arrows moves the chosen box by a pixel, Ctrl and Shift with arrows resizes it, Enter edits its class."""

    nudged = Signal(QPoint, bool)
    """(step in pixels, whether it resizes)"""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _STEPS.get(Qt.Key(event.key()))
        if step is not None and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.nudged.emit(step, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
            return
        super().keyPressEvent(event)

    @property
    def is_editing(self) -> bool:
        return self.state() == QAbstractItemView.State.EditingState


class FindingsPanel(QWidget):
    chosen = Signal(object)
    pointed = Signal(object)
    judged = Signal(object, str)
    """(BoxRef, verdict)"""
    named = Signal(object, str)
    """(BoxRef, class)"""
    nudged = Signal(object, QPoint, bool)
    """(BoxRef, step in pixels, whether it resizes)"""
    deleted = Signal(object)
    draw_wanted = Signal(bool)

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._rows: tuple[FindingRow, ...] = ()
        self._waiting: tuple[FindingRow, ...] | None = None
        self.table = self._make_table()
        self._details = styled(QLabel(), "muted")
        self._details.setAccessibleName(self.tr("Where the finding comes from"))
        self._details.setTextFormat(Qt.TextFormat.RichText)
        self._details.setWordWrap(True)
        self._details.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._details.setContentsMargins(GRID_PX, 4, GRID_PX, GRID_PX)
        beside = QScrollArea()
        beside.setAccessibleName(self.tr("Where the finding comes from"))
        beside.setWidgetResizable(True)
        beside.setMinimumWidth(160)
        beside.setWidget(self._details)
        self._details.setAutoFillBackground(False)  # QScrollArea turns it on
        styled(beside.viewport(), "transcript")
        across = QSplitter(Qt.Orientation.Horizontal)
        across.setHandleWidth(1)
        across.setChildrenCollapsible(False)
        across.addWidget(self.table)
        across.addWidget(beside)
        across.setStretchFactor(0, 1)
        across.setSizes([3 * beside.minimumWidth(), beside.minimumWidth()])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._make_head())
        column.addWidget(across, 1)
        self.set_palette(palette)
        self._refresh()

    def show_rows(self, rows: Sequence[FindingRow]) -> None:
        """Exactly these rows. While a class is being edited the table waits for its end."""
        if tuple(rows) == self._rows:
            self._waiting = None
            return
        if self.table.is_editing:
            self._waiting = tuple(rows)
            return
        self._rows, self._waiting = tuple(rows), None
        chosen = self.chosen_ref()
        self.table.blockSignals(True)
        self.table.clear()
        for row in rows:
            item = QTreeWidgetItem([row.name, row.status, row.slice, row.place, row.size, row.source])
            item.setData(0, _REF, row.ref)
            item.setToolTip(0, row.name)  # a long class is cut off
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            swatch = QPixmap(12, 12)
            swatch.fill(QColor(row.color))
            item.setIcon(0, swatch)
            self.table.addTopLevelItem(item)
            if row.ref == chosen:
                self.table.setCurrentItem(item)
        self.table.blockSignals(False)
        self._refresh()

    def show_chosen(self, ref: BoxRef | None) -> None:
        """The row of `ref`, or none."""
        if self.table.is_editing or ref == self.chosen_ref():
            return
        self.table.blockSignals(True)
        item = self._item(ref)
        if item is None:
            self.table.setCurrentIndex(QModelIndex())
        else:
            self.table.setCurrentItem(item)
        self.table.blockSignals(False)
        self._refresh()

    def show_drawing(self, is_drawing: bool) -> None:
        self.draw.setChecked(is_drawing)

    def edit_class(self, ref: BoxRef | None) -> None:
        """Opens the editor in the row of `ref`."""
        item = self._item(ref)
        if item is not None:
            self.table.setCurrentItem(item)
            self.table.editItem(item, 0)

    def chosen_ref(self) -> BoxRef | None:
        item = self.table.currentItem()
        return item.data(0, _REF) if item is not None else None

    def set_palette(self, palette: Palette) -> None:
        self.accept.setIcon(icon("check", palette.good))
        self.reject.setIcon(icon("x", palette.danger))
        self.draw.setIcon(icon("square-dashed", palette.text, palette.accent))
        self.rename.setIcon(icon("tag", palette.text))
        self.delete.setIcon(icon("trash-2", palette.text))

    def leaveEvent(self, event: object) -> None:  # noqa: ARG002 - Qt calls it so
        self.pointed.emit(None)

    # ---------------------------------------------------------------------------------------------------- making
    def _make_table(self) -> _Table:
        table = _Table()
        table.setAccessibleName(self.tr("Findings"))
        table.setAccessibleDescription(_Table.__doc__ or "")
        table.setHeaderLabels(
            [
                self.tr("Finding"),
                self.tr("Status"),
                self.tr("Slice"),
                self.tr("Place"),
                self.tr("Size"),
                self.tr("Source"),
            ]
        )
        table.setRootIsDecorated(False)
        table.setIndentation(0)
        table.setMouseTracking(True)
        table.setAllColumnsShowFocus(True)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.header().setMaximumSectionSize(_WIDEST_PX)
        table.header().setStretchLastSection(True)
        table.itemEntered.connect(lambda item, _: self.pointed.emit(item.data(0, _REF)))
        table.currentItemChanged.connect(self._choose)
        table.itemActivated.connect(lambda item, _: table.editItem(item, 0))
        table.nudged.connect(self._nudge)
        self._editor = ClassEditor(lambda row: self._rows[row].label, table)
        self._editor.named.connect(lambda row, label: self.named.emit(self._rows[row].ref, label))
        self._editor.closeEditor.connect(lambda *_: self._show_waiting())
        table.setItemDelegateForColumn(0, self._editor)
        return table

    def _make_head(self) -> QHBoxLayout:
        self.accept, self.reject = QPushButton(self.tr("Accept")), QPushButton(self.tr("Reject"))
        self.rename, self.draw, self.delete = (
            QPushButton(self.tr("Class")),
            QPushButton(self.tr("Draw")),
            QPushButton(self.tr("Delete")),
        )
        self.draw.setCheckable(True)
        head = QHBoxLayout()
        head.setContentsMargins(0, 4, 2 * GRID_PX, 4)
        head.setSpacing(GRID_PX)
        head.addWidget(styled(QLabel(self.tr("FINDINGS")), "panelTitle"), 1)
        for button, name in (
            (self.draw, self.tr("Draw a box by hand")),
            (self.rename, self.tr("Change the class of the selected finding")),
            (self.accept, self.tr("Accept the selected box")),
            (self.reject, self.tr("Reject the selected box")),
            (self.delete, self.tr("Delete the selected finding")),
        ):
            button.setAccessibleName(name)
            button.setToolTip(name)
            head.addWidget(button)
        self.accept.clicked.connect(lambda: self._judge("accepted"))
        self.reject.clicked.connect(lambda: self._judge("rejected"))
        self.rename.clicked.connect(lambda: self.edit_class(self.chosen_ref()))
        self.delete.clicked.connect(lambda: self.deleted.emit(self.chosen_ref()))
        self.draw.clicked.connect(self.draw_wanted)
        return head

    # ------------------------------------------------------------------------------------------- what a person does
    def _choose(self, item: QTreeWidgetItem | None) -> None:
        self._refresh()
        if item is not None:
            self.chosen.emit(item.data(0, _REF))

    def _judge(self, verdict: str) -> None:
        ref = self.chosen_ref()
        if ref is not None:
            self.judged.emit(ref, verdict)

    def _nudge(self, step: QPoint, resizes: bool) -> None:
        ref = self.chosen_ref()
        if ref is not None:
            self.nudged.emit(ref, step, resizes)

    def _show_waiting(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            QTimer.singleShot(0, self, lambda: self.show_rows(waiting))  # once the editor is gone

    def _item(self, ref: BoxRef | None) -> QTreeWidgetItem | None:
        items = (self.table.topLevelItem(number) for number in range(self.table.topLevelItemCount()))
        return next((item for item in items if item is not None and item.data(0, _REF) == ref), None)

    def _refresh(self) -> None:
        ref = self.chosen_ref()
        for button in (self.accept, self.reject, self.rename, self.delete):
            button.setEnabled(ref is not None)
        about = next((row.details for row in self._rows if row.ref == ref), "")
        self._details.setText(about or self.tr("Choose a finding to see where it comes from."))
