"""The editor of a finding's class in its row: umed's classes to choose from, or words of the person's own."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QComboBox, QCompleter, QStyledItemDelegate, QStyleOptionViewItem, QWidget

__all__ = ["ClassEditor"]


class ClassEditor(QStyledItemDelegate):
    """`label_of` gives the class of a row, counted from 0, as it stands."""

    named = Signal(int, str)
    """(row, class)"""

    def __init__(self, label_of: Callable[[int], str], parent: QWidget) -> None:
        super().__init__(parent)
        self._label_of = label_of

    def createEditor(
        self,
        parent: QWidget,
        option: QStyleOptionViewItem,  # noqa: ARG002 - Qt calls it so
        index: QModelIndex | QPersistentModelIndex,  # noqa: ARG002 - Qt calls it so
    ) -> QWidget:
        from umed_core.mau.knowledge import CLASSES

        editor = QComboBox(parent)
        editor.setAccessibleName(self.tr("Class of the finding"))
        editor.setEditable(True)
        editor.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        editor.addItems(sorted(CLASSES))
        editor.setMinimumWidth(200)
        editor.setAutoFillBackground(True)
        completer = QCompleter(sorted(CLASSES), editor)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        editor.setCompleter(completer)
        return editor

    def setEditorData(self, editor: QWidget, index: QModelIndex | QPersistentModelIndex) -> None:
        assert isinstance(editor, QComboBox)
        editor.setEditText(self._label_of(index.row()))
        line = editor.lineEdit()
        assert line is not None
        line.selectAll()

    def setModelData(
        self,
        editor: QWidget,
        model: QAbstractItemModel,  # noqa: ARG002 - the row is drawn anew from the session
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        assert isinstance(editor, QComboBox)
        self.named.emit(index.row(), editor.currentText())
