"""Which of a study's conversations is shown: choose, begin, rename, delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QSizePolicy, QStackedWidget, QToolButton, QWidget

from umed_desktop.theme import GRID_PX, Palette, icon

__all__ = ["ConversationBar", "ConversationRow"]


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """`title` is what the list says, `name` what the person called it, "" for nothing yet."""

    id: int
    title: str
    name: str = ""


class _NameField(QLineEdit):
    """Enter takes the name, Esc leaves the old one."""

    given_up = Signal()

    def event(self, event: QEvent) -> bool:
        """Esc is offered to a widget before the window's actions take it for Stop."""
        is_key = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if is_key and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.given_up.emit()
            return
        super().keyPressEvent(event)


class ConversationBar(QWidget):
    chosen = Signal(int)
    new_wanted = Signal()
    renamed = Signal(int, str)
    removed = Signal(int)

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[ConversationRow, ...] | None = None
        self._shown = 0
        self.list = QComboBox()
        self.list.setAccessibleName(self.tr("Conversation"))
        self.list.setToolTip(self.tr("Conversations about this study"))
        self.list.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.list.setMinimumContentsLength(12)
        self.list.view().setAccessibleName(self.tr("Conversations"))
        self.list.activated.connect(self._choose)
        self.name = _NameField()
        self.name.setAccessibleName(self.tr("Name of the conversation"))
        self.name.returnPressed.connect(self._take_name)
        self.name.given_up.connect(self._show_list)
        self._places = QStackedWidget()
        self._places.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._places.addWidget(self.list)
        self._places.addWidget(self.name)
        self.new = self._button(self.tr("New conversation"), lambda: self.new_wanted.emit())
        self.rename = self._button(self.tr("Rename conversation"), self._edit_name)
        self.remove = self._button(self.tr("Delete conversation"), lambda: self.removed.emit(self._shown))
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GRID_PX, 0, GRID_PX, GRID_PX // 2)
        row.setSpacing(0)
        row.addWidget(self._places, 1)
        for button in (self.new, self.rename, self.remove):
            row.addWidget(button)
        self.set_palette(palette)
        self.show_rows((), 0, can_begin=False)

    def show_rows(self, rows: Sequence[ConversationRow], shown: int, can_begin: bool) -> None:
        """Exactly these conversations, `shown` being the current one's id; 0 for none."""
        self.new.setEnabled(can_begin)
        if (tuple(rows), shown) == (self._rows, self._shown):
            return
        self._rows, self._shown = tuple(rows), shown
        self.list.clear()
        for row in rows:
            self.list.addItem(row.title, row.id)
            self.list.setItemData(self.list.count() - 1, row.title, Qt.ItemDataRole.ToolTipRole)
        if not rows:
            self.list.addItem(self.tr("No conversation yet"), 0)
        self.list.setCurrentIndex(max(0, self.list.findData(shown)))
        self._refresh()

    def set_palette(self, palette: Palette) -> None:
        for button, name in ((self.new, "plus"), (self.rename, "pencil"), (self.remove, "trash-2")):
            button.setIcon(icon(name, palette.muted))

    def _button(self, tip: str, deed: object) -> QToolButton:
        button = QToolButton()
        button.setAccessibleName(tip)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setIconSize(QSize(16, 16))
        button.clicked.connect(deed)
        return button

    def _choose(self, place: int) -> None:
        number = self.list.itemData(place)
        if number:
            self.chosen.emit(number)

    def _edit_name(self) -> None:
        row = next((row for row in self._rows or () if row.id == self._shown), None)
        if row is not None:
            self.name.setText(row.name)
            self.name.setPlaceholderText(row.title)
            self._places.setCurrentWidget(self.name)
            self.name.setFocus()
            self.name.selectAll()

    def _take_name(self) -> None:
        self._show_list()
        self.renamed.emit(self._shown, self.name.text())

    def _show_list(self) -> None:
        self._places.setCurrentWidget(self.list)
        self.list.setFocus()

    def _refresh(self) -> None:
        self._places.setCurrentWidget(self.list)
        self.list.setEnabled(bool(self._rows))
        self.rename.setEnabled(bool(self._shown))
        self.remove.setEnabled(bool(self._shown))
