"""Fields that stand for one setting each: they show its value and tell of a new one. A label is the buddy of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QLineEdit, QSpinBox, QWidget

from umed_desktop.pages.form import FIELD_PX, FolderField
from umed_desktop.theme import GRID_PX, inset

__all__ = ["FieldForm"]


class FieldForm(QFormLayout):
    """A form of settings: `tell(name, value)` is called when the person changes one, `show_value` shows one silently."""

    def __init__(self, tell: Callable[[str, Any], None]) -> None:
        super().__init__()
        self._tell = tell
        self._show: dict[str, Callable[[Any], None]] = {}
        self.fields: dict[str, QWidget] = {}
        self.setHorizontalSpacing(3 * GRID_PX)
        self.setVerticalSpacing(GRID_PX + GRID_PX // 2)
        self.setContentsMargins(0, 0, 0, 0)
        self.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)

    def show_value(self, name: str, value: Any) -> None:
        self._show[name](value)

    def add_choice(self, name: str, label: str, choices: Sequence[tuple[Any, str]]) -> QComboBox:
        """`choices` are values with their words."""
        field = QComboBox()
        for value, words in choices:
            field.addItem(words, value)
        field.activated.connect(lambda _: self._tell(name, field.currentData()))
        self._add(name, label, field, field, lambda value: field.setCurrentIndex(field.findData(value)))
        return field

    def add_number(self, name: str, label: str, least: int, most: int, unit: str, zero: str = "") -> QSpinBox:
        """`zero` is how the least value is spelled."""
        field = inset(QSpinBox())
        field.setRange(least, most)
        field.setSuffix(unit)
        field.setSpecialValueText(zero)
        field.setMinimumHeight(FIELD_PX)
        field.setKeyboardTracking(False)  # 1 on the way to 1024 is no wish
        field.valueChanged.connect(lambda value: self._tell(name, value))
        self._add(name, label, field, field, lambda value: _silently(field, lambda: field.setValue(value)))
        return field

    def add_share(self, name: str, label: str) -> QSpinBox:
        """A share from 0 to 1, in per cent."""
        field = inset(QSpinBox())
        field.setRange(0, 100)
        field.setSuffix(" %")
        field.setMinimumHeight(FIELD_PX)
        field.setKeyboardTracking(False)
        field.valueChanged.connect(lambda value: self._tell(name, value / 100))
        self._add(name, label, field, field, lambda value: _silently(field, lambda: field.setValue(round(100 * value))))
        return field

    def add_check(self, name: str, label: str, words: str) -> QCheckBox:
        field = QCheckBox(words)
        field.clicked.connect(lambda is_checked: self._tell(name, is_checked))
        self._add(name, label, field, field, field.setChecked)
        return field

    def add_line(self, name: str, label: str) -> QLineEdit:
        field = QLineEdit()
        field.editingFinished.connect(lambda: self._tell(name, field.text().strip()))
        self._add(name, label, field, field, lambda value: field.setText(str(value)))
        return field

    def add_folder(self, name: str, label: str, placeholder: str) -> FolderField:
        field = FolderField(label, placeholder)
        field.chosen.connect(lambda text: self._tell(name, text))
        field.line.editingFinished.connect(lambda: self._tell(name, field.text()))
        self._add(name, label, field, field.line, lambda value: field.set_text(str(value)))
        return field

    def _add(self, name: str, label: str, row: QWidget, taker: QWidget, show: Callable[[Any], None]) -> None:
        words = QLabel(label)
        words.setBuddy(taker)
        taker.setAccessibleName(label.replace("&", ""))
        self.addRow(words, row)
        self.fields[name] = taker
        self._show[name] = show


def _silently(field: QWidget, deed: Callable[[], None]) -> None:
    was = field.blockSignals(True)
    deed()
    field.blockSignals(was)
