"""What the window's tables have in common."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QHeaderView, QStyledItemDelegate, QStyleOptionViewItem

__all__ = ["ElidedInTheMiddle", "headings_on_the_left"]


class ElidedInTheMiddle(QStyledItemDelegate):
    """For paths and numbers that are alike in front."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideMiddle


def headings_on_the_left(header: QHeaderView) -> None:
    """Above their words, as in trees; Qt puts a table's headings in the middle, and no style sheet moves them."""
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
