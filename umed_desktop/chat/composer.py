"""Where a question is written: its images, the field, the Ask or Stop button, and suggested questions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from umed_desktop.chat.image_chips import AttachmentRow, ImageChip
from umed_desktop.theme import GRID_PX, Palette, styled

__all__ = ["Composer"]

_MOST_LINES = 5


class _QuestionField(QPlainTextEdit):
    """Enter asks, Shift+Enter starts a line, Esc leaves an edit; Tab leaves; it grows up to five lines."""

    submitted = Signal()
    given_up = Signal()
    focus_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Question"))
        self.setPlaceholderText(self.tr("Ask about this image…"))
        self.setTabChangesFocus(True)
        self.setAcceptDrops(False)  # a dropped file is to be opened, not to be written out
        self.takes_escape = False
        """Whether Esc is this field's, and not the window's."""
        self.document().setDocumentMargin(2)
        self.setViewportMargins(0, 5, 0, 0)  # one line stands level with the buttons beside it
        self.textChanged.connect(self._grow)
        self._grow()

    def _grow(self) -> None:
        lines = min(max(int(self.document().size().height()), 1), _MOST_LINES)
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + 14)

    def event(self, event: QEvent) -> bool:
        """Esc is offered to a widget before the window's actions take it for Stop."""
        is_key = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if is_key and self.takes_escape and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.submitted.emit()
            return
        if event.key() == Qt.Key.Key_Escape and self.takes_escape:
            self.given_up.emit()
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit(False)


class Composer(QWidget):
    asked = Signal(str)
    resent = Signal(int, str)
    """(exchange, the question in place of its own)"""
    stopped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.edited = 0
        """The exchange whose question is being edited; 0 for a new question."""
        self._draft = ""
        self._can_ask, self._is_answering = False, False
        self._image_count, self._placeholder, self._suggests = 0, "", True
        self._chips = QVBoxLayout()
        self._chips.setSpacing(GRID_PX - 2)
        self._frame = styled(QFrame(), "composer")
        self.field = _QuestionField()
        self.field.submitted.connect(self._submit)
        self.field.given_up.connect(self.give_up_edit)
        self._edit_note = styled(
            QLabel(self.tr("Editing a question: Enter asks it in place of the old one, Esc leaves it.")), "muted"
        )
        self._edit_note.setWordWrap(True)
        self._edit_note.hide()
        self.field.textChanged.connect(self._refresh)
        self.field.focus_changed.connect(self._show_focus)
        self.button = styled(QPushButton(self.tr("Ask")), "primary")
        self.button.setAccessibleName(self.tr("Ask"))
        self.button.clicked.connect(self._press)
        self.button.setMinimumWidth(64)
        self.attachments = AttachmentRow()
        self.attach_button = QToolButton()
        """The window gives it the action."""
        self.attach_button.setAccessibleName(self.tr("Add this image to the question"))
        self.attach_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.attach_button.setIconSize(QSize(18, 18))
        row = QHBoxLayout(self._frame)
        row.setContentsMargins(4, GRID_PX // 2, 6, 6)
        row.addWidget(self.attach_button, 0, Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self.field, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        column.addLayout(self._chips)
        column.addWidget(self._edit_note)
        column.addWidget(self.attachments)
        column.addWidget(self._frame)
        self._refresh()

    def suggest(self, questions: Sequence[str]) -> None:
        """Offers whole questions; a click asks at once."""
        while (old := self._chips.takeAt(0)) is not None:
            if (widget := old.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for question in questions:
            chip = styled(QPushButton(question), "chip")
            chip.setAccessibleName(self.tr("Ask: {question}").format(question=question))
            chip.setCursor(Qt.CursorShape.PointingHandCursor)
            chip.clicked.connect(lambda _=False, question=question: self.asked.emit(question))
            chip.setMaximumWidth(chip.sizeHint().width())
            self._chips.addWidget(chip)
        self._refresh()

    def show_images(self, chips: Sequence[ImageChip]) -> None:
        """What the question goes with; with nothing it is about the image on screen."""
        self._image_count = len(chips)
        self.attachments.show_chips(chips)
        self.chips_visible(self._suggests)
        self._show_placeholder()

    def set_palette(self, palette: Palette) -> None:
        self.attachments.set_palette(palette)

    def show_state(self, can_ask: bool, is_answering: bool, placeholder: str) -> None:
        self._can_ask, self._is_answering = can_ask, is_answering
        self._placeholder = placeholder
        self._show_placeholder()
        self._refresh()

    def chips_visible(self, visible: bool) -> None:
        """Suggestions are for an empty conversation; they speak of one image."""
        self._suggests = visible
        for number in range(self._chips.count()):
            item = self._chips.itemAt(number)
            if item is not None and (chip := item.widget()) is not None:
                chip.setVisible(visible and self._image_count < 2)

    @property
    def draft(self) -> str:
        """The new question that is being written; while an old one is edited, what was there before."""
        return self._draft if self.edited else self.field.toPlainText()

    def clear(self) -> None:
        """Empty, once what was written has been asked; what was there before an edit comes back."""
        draft = self._draft
        self._end_edit()
        self.field.setPlainText(draft)

    def edit(self, exchange: int, question: str) -> None:
        """Takes up a question that was asked, to ask it otherwise."""
        if not self.edited:
            self._draft = self.field.toPlainText()
        self.edited, self.field.takes_escape = exchange, True
        self._edit_note.show()
        self.field.setPlainText(question)
        self.field.selectAll()
        self.field.setFocus()

    def give_up_edit(self) -> None:
        """Back to what was being written before."""
        if self.edited:
            self.clear()

    def sizeHint(self) -> QSize:
        return QSize(320, super().sizeHint().height())

    def _refresh(self) -> None:
        name = self.tr("Stop") if self._is_answering else self.tr("Ask")
        self.button.setText(name)
        self.button.setAccessibleName(name)
        self.button.setEnabled(self._is_answering or (self._can_ask and bool(self.field.toPlainText().strip())))
        for number in range(self._chips.count()):
            item = self._chips.itemAt(number)
            if item is not None and (chip := item.widget()) is not None:
                chip.setEnabled(self._can_ask and not self._is_answering)

    def _show_placeholder(self) -> None:
        words = self._placeholder
        if self._image_count == 1:
            words = self.tr("Ask about the image above…")
        elif self._image_count:
            words = self.tr("Ask about the {count} images above…").format(count=self._image_count)
        self.field.setPlaceholderText(words)

    def _press(self) -> None:
        if self._is_answering:
            self.stopped.emit()
        else:
            self._submit()

    def _submit(self) -> None:
        question = self.field.toPlainText().strip()
        if not (question and self._can_ask and not self._is_answering):
            return
        if self.edited:
            self.resent.emit(self.edited, question)
        else:
            self.asked.emit(question)

    def _end_edit(self) -> None:
        self.edited, self._draft, self.field.takes_escape = 0, "", False
        self._edit_note.hide()

    def _show_focus(self, focused: bool) -> None:
        self._frame.setProperty("focused", focused)
        self._frame.style().unpolish(self._frame)
        self._frame.style().polish(self._frame)
