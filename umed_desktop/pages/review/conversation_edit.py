"""The turns of a record, each in a field of its own that is as high as its words."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from umed_core.records import Turn
from umed_desktop.theme import GRID_PX, styled
from umed_desktop.words import QT_TRANSLATE_NOOP

__all__ = ["ConversationEdit"]

_ROLES = {
    "user": QT_TRANSLATE_NOOP("ConversationEdit", "Question"),
    "assistant": QT_TRANSLATE_NOOP("ConversationEdit", "Answer"),
}


class ConversationEdit(QWidget):
    edited = Signal(int, str)
    """(place of the turn, its words)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fields: list[_TurnField] = []
        self._labels: list[QLabel] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GRID_PX // 2)

    def show_turns(self, turns: Sequence[Turn]) -> None:
        """Fields are made only where the number of turns differs; one that says the same already keeps its cursor."""
        if len(turns) != len(self.fields):
            self._make(len(turns))
        for label, field, turn in zip(self._labels, self.fields, turns, strict=True):
            role = QCoreApplication.translate("ConversationEdit", _ROLES.get(turn.role, turn.role))
            label.setText(role)
            field.setAccessibleName(role)
            if field.toPlainText() != turn.text:
                field.blockSignals(True)
                field.setPlainText(turn.text)
                field.blockSignals(False)
                field.updateGeometry()

    def _make(self, count: int) -> None:
        for widget in (*self._labels, *self.fields):
            self._column.removeWidget(widget)
            widget.deleteLater()
        self._labels, self.fields = [], []
        for place in range(count):
            label, field = styled(QLabel(), "muted"), _TurnField()
            field.textChanged.connect(lambda place=place: self._tell(place))
            self._column.addWidget(label)
            self._column.addWidget(field)
            self._labels.append(label)
            self.fields.append(field)

    def _tell(self, place: int) -> None:
        self.fields[place].updateGeometry()
        self.edited.emit(place, self.fields[place].toPlainText())


class _TurnField(QPlainTextEdit):
    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("pageText")
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        lines = max(1, int(self.document().size().height()))  # a plain document counts lines
        margins = (
            self.contentsMargins().top() + self.contentsMargins().bottom() + 2 * int(self.document().documentMargin())
        )
        return QSize(200, lines * self.fontMetrics().lineSpacing() + margins + 6)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self.updateGeometry()  # another width, other lines
