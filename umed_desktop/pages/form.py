"""Small parts that the pages' forms are made of, each with its name for a screen reader."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from umed_desktop.theme import GRID_PX, inset, styled

__all__ = [
    "FIELD_PX",
    "FolderField",
    "button",
    "form_layout",
    "log_view",
    "number_field",
    "panel",
    "scrolled",
    "side_column",
    "title",
]

FIELD_PX = 30
"""Height of a field whose frame Qt draws, as the style sheet makes the others."""


class FolderField(QWidget):
    """A folder: written, or chosen in a dialog. `chosen` is emitted by Enter and by the dialog."""

    chosen = Signal(str)

    def __init__(self, name: str, placeholder: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self.line = QLineEdit()
        self.line.setAccessibleName(name)
        self.line.setPlaceholderText(placeholder)
        self.line.returnPressed.connect(lambda: self.chosen.emit(self.text()))
        self.browse = button("…", self.tr("Choose: {what}").format(what=name))
        self.browse.setFixedWidth(40)
        self.browse.clicked.connect(self._ask)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID_PX // 2)
        row.addWidget(self.line, 1)
        row.addWidget(self.browse)

    def text(self) -> str:
        return self.line.text().strip()

    def path(self) -> Path:
        return Path(self.text()).expanduser().resolve()

    def set_text(self, text: str) -> None:
        self.line.setText(text)
        self.line.setToolTip(text)

    def _ask(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self._name, self.text())
        if folder:
            self.set_text(folder)
            self.chosen.emit(folder)


def button(text: str, name: str = "", primary: bool = False) -> QPushButton:
    """`name` is what a screen reader says, the text without one."""
    made = QPushButton(text)
    made.setAccessibleName(name or text.rstrip("…"))
    if name:
        made.setToolTip(name)
    return styled(made, "primary") if primary else made


def title(text: str) -> QLabel:
    made = styled(QLabel(text.upper()), "formTitle")
    made.setIndent(0)
    return made


def number_field(name: str, most: int, zero: str = "") -> QSpinBox:
    """Whole numbers from 0; `zero` is how 0 is spelled."""
    field = inset(QSpinBox())
    field.setAccessibleName(name)
    field.setRange(0, most)
    field.setSpecialValueText(zero)
    field.setMinimumHeight(FIELD_PX)
    return field


def panel() -> tuple[QWidget, QVBoxLayout]:
    """A panel and its column."""
    made = styled(QWidget(), "panel")
    made.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    column = QVBoxLayout(made)
    column.setContentsMargins(2 * GRID_PX, 0, 2 * GRID_PX, 2 * GRID_PX)
    column.setSpacing(GRID_PX)
    return made, column


def scrolled(inner: QWidget, width: int) -> QScrollArea:
    """A column of a fixed width that scrolls where the window is low."""
    area = QScrollArea()
    area.setWidget(inner)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setFixedWidth(width)
    return area


def side_column(inner: QWidget, width: int, deeds: Sequence[QWidget]) -> QWidget:
    """A scrolled column with its buttons below it, always in sight."""
    whole = styled(QWidget(), "panel")
    whole.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    column = QVBoxLayout(whole)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addWidget(scrolled(inner, width), 1)
    row = QHBoxLayout()
    row.setContentsMargins(2 * GRID_PX, GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
    row.setSpacing(GRID_PX)
    for deed in deeds:
        row.addWidget(deed)
    row.addStretch(1)
    column.addLayout(row)
    return whole


def form_layout() -> QFormLayout:
    """Labels above their fields: columns are narrow."""
    form = QFormLayout()
    form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
    form.setContentsMargins(0, 0, 0, 0)
    form.setVerticalSpacing(GRID_PX // 2)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form


def log_view(name: str) -> QPlainTextEdit:
    """Words of a process: read, selected, not edited; Tab leads on."""
    view = styled(QPlainTextEdit(), "log")
    view.setReadOnly(True)
    view.setAccessibleName(name)
    view.setTabChangesFocus(True)
    view.setMaximumBlockCount(2000)
    view.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    return view
