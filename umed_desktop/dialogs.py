"""What Help shows of keys and mouse. (What this program is, and its log: umed_desktop/help.)"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from umed_desktop.actions import ACTIONS, action_word, keys_said
from umed_desktop.theme import GRID_PX
from umed_desktop.words import QT_TRANSLATE_NOOP

__all__ = ["shortcuts_dialog"]

_MOUSE = (
    (QT_TRANSLATE_NOOP("Dialogs", "Left drag"), QT_TRANSLATE_NOOP("Dialogs", "Window and level")),
    (QT_TRANSLATE_NOOP("Dialogs", "Middle drag, Ctrl + left drag, Alt + arrows"), QT_TRANSLATE_NOOP("Dialogs", "Pan")),
    (QT_TRANSLATE_NOOP("Dialogs", "Right drag, Ctrl + wheel"), QT_TRANSLATE_NOOP("Dialogs", "Zoom")),
    (QT_TRANSLATE_NOOP("Dialogs", "Wheel"), QT_TRANSLATE_NOOP("Dialogs", "Slice")),
    (QT_TRANSLATE_NOOP("Dialogs", "Drag a series onto a viewport"), QT_TRANSLATE_NOOP("Dialogs", "Show it there")),
    (
        QT_TRANSLATE_NOOP("Dialogs", "Drag with a measuring tool"),
        QT_TRANSLATE_NOOP("Dialogs", "Measure; an angle's second arm takes a click"),
    ),
    (QT_TRANSLATE_NOOP("Dialogs", "Drag a handle or a line"), QT_TRANSLATE_NOOP("Dialogs", "Change a measurement")),
    (QT_TRANSLATE_NOOP("Dialogs", "Click a box"), QT_TRANSLATE_NOOP("Dialogs", "Its sentence")),
    (
        QT_TRANSLATE_NOOP("Dialogs", "Click a word, or Enter on it"),
        QT_TRANSLATE_NOOP("Dialogs", "Where the model looked"),
    ),
)


def shortcuts_dialog(parent: QWidget) -> QDialog:
    """The mouse, then every action with a key by its menu; a field finds among them."""
    dialog, column = _dialog(parent, QCoreApplication.translate("Dialogs", "Keyboard and mouse"))
    table = QTreeWidget()
    table.setAccessibleName(QCoreApplication.translate("Dialogs", "Keyboard and mouse"))
    table.setHeaderLabels([QCoreApplication.translate("Dialogs", "Key"), QCoreApplication.translate("Dialogs", "Does")])
    mouse = [[QCoreApplication.translate("Dialogs", said) for said in row] for row in _MOUSE]
    _add_section(table, QCoreApplication.translate("Dialogs", "Mouse"), mouse)
    for menu in dict.fromkeys(spec.menu for spec in ACTIONS):
        keyed = [spec for spec in ACTIONS if spec.menu == menu and spec.keys]
        rows = [[keys_said(spec.keys).replace("; ", ", "), _plain(action_word(spec.text))] for spec in keyed]
        _add_section(table, _plain(action_word(menu)), rows)
    table.expandAll()
    table.setItemsExpandable(False)
    table.setRootIsDecorated(False)
    table.resizeColumnToContents(0)
    find = QLineEdit()
    find.setPlaceholderText(QCoreApplication.translate("Dialogs", "Find"))
    find.setAccessibleName(find.placeholderText())
    find.setClearButtonEnabled(True)
    find.textChanged.connect(partial(_show_found, table))
    column.insertWidget(0, find)
    column.insertWidget(1, table)
    dialog.resize(760, 680)
    find.setFocus()
    return dialog


def _add_section(table: QTreeWidget, name: str, rows: Sequence[Sequence[str]]) -> None:
    section = QTreeWidgetItem([name])
    font = section.font(0)
    font.setBold(True)
    section.setFont(0, font)
    section.setFlags(Qt.ItemFlag.ItemIsEnabled)
    section.addChildren([QTreeWidgetItem(list(row)) for row in rows])
    table.addTopLevelItem(section)
    section.setFirstColumnSpanned(True)


def _show_found(table: QTreeWidget, text: str) -> None:
    """The rows in which `text` stands, as a key or as a word, below their sections."""
    wanted = text.casefold()
    for section in _children(table.invisibleRootItem()):
        rows = _children(section)
        for row in rows:
            row.setHidden(wanted not in f"{row.text(0)} {row.text(1)}".casefold())
        section.setHidden(all(row.isHidden() for row in rows))


def _children(item: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    return [child for number in range(item.childCount()) if (child := item.child(number)) is not None]


def _plain(words: str) -> str:
    return words.replace("&", "").rstrip("…")


def _dialog(parent: QWidget, title: str) -> tuple[QDialog, QVBoxLayout]:
    dialog = QDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(title)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    column = QVBoxLayout(dialog)
    column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
    column.setSpacing(GRID_PX)
    column.addWidget(buttons)
    return dialog, column
