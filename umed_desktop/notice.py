"""The two lines above the work: the research-use strip, which stays, and the notice of a failure, which can be closed."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from umed_core.errors import UmedError
from umed_desktop.theme import GRID_PX, Palette, icon, styled
from umed_desktop.translation import research_use_only, words_of_error

__all__ = ["NoticeBar", "ResearchStrip"]


class ResearchStrip(QLabel):
    """Says what this program is not. There is no way to close it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(research_use_only(), parent)
        self.setObjectName("researchStrip")
        self.setAccessibleName(self.text())
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)


class NoticeBar(QFrame):
    """One message with its hint, and at most one thing to do about it."""

    acted = Signal()

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self.message = QLabel(wordWrap=True)
        self.hint = styled(QLabel(wordWrap=True), "noticeHint")
        self._sign = QLabel()
        self.action = QPushButton()
        self.action.setAccessibleName(self.tr("Do something about it"))
        self.action.clicked.connect(self._act)
        self.close_button = QToolButton()
        self.close_button.setAccessibleName(self.tr("Close message"))
        self.close_button.setToolTip(self.tr("Close message"))
        self.close_button.clicked.connect(self.hide)
        words = QWidget()
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GRID_PX, GRID_PX, GRID_PX, GRID_PX)
        row.setSpacing(2 * GRID_PX)
        column = QVBoxLayout(words)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.message)
        column.addWidget(self.hint)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(words, 1)
        row.addWidget(self.action)
        row.addWidget(self.close_button)
        self.hide()

    def show_error(self, error: UmedError, action: str = "") -> None:
        """`action` names the button, "" for none."""
        self._show("noticeError", "triangle-alert", self._palette.danger, *words_of_error(error), action)

    def show_word(self, message: str, hint: str = "", action: str = "") -> None:
        """Something to know that is no failure."""
        self._show("noticeInfo", "info", self._palette.accent, message, hint, action)

    def set_palette(self, palette: Palette) -> None:
        self._palette = palette
        self.close_button.setIcon(icon("x", palette.text))

    def _show(self, name: str, sign: str, color: str, message: str, hint: str, action: str) -> None:
        self.setObjectName(name)
        self.style().unpolish(self)
        self.style().polish(self)
        self._sign.setPixmap(icon(sign, color).pixmap(18, 18))
        self.message.setText(message)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self.action.setText(action)
        self.action.setAccessibleName(action or self.tr("Do something about it"))
        self.action.setVisible(bool(action))
        self.setAccessibleName(f"{message} {hint}".strip())
        self.close_button.setIcon(icon("x", self._palette.text))
        self.show()

    def _act(self) -> None:
        self.hide()
        self.acted.emit()
