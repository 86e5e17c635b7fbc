"""What Help shows: keys and mouse, and what this program is."""

from __future__ import annotations

import platform

from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from umed_core import __version__
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_desktop.actions import ACTIONS
from umed_desktop.theme import GRID_PX

__all__ = ["about_dialog", "shortcuts_dialog"]

_MOUSE = (
    ("Left drag", "Window and level"),
    ("Middle drag, Ctrl + left drag, Alt + arrows", "Pan"),
    ("Right drag, Ctrl + wheel", "Zoom"),
    ("Wheel", "Slice"),
    ("Drag a series onto a viewport", "Show it there"),
    ("Drag with a measuring tool", "Measure; an angle's second arm takes a click"),
    ("Drag a handle or a line", "Change a measurement"),
    ("Click a box", "Its sentence"),
    ("Click a word, or Enter on it", "Where the model looked"),
)


def shortcuts_dialog(parent: QWidget) -> QDialog:
    """Every action with a key, by menu, and the mouse."""
    dialog, column = _dialog(parent, "Keyboard and mouse")
    table = QTreeWidget()
    table.setAccessibleName("Keyboard and mouse")
    table.setHeaderLabels(["Key", "Does"])
    table.setRootIsDecorated(False)
    for keys, deed in _MOUSE:
        table.addTopLevelItem(QTreeWidgetItem([keys, deed]))
    for spec in ACTIONS:
        if spec.keys:
            table.addTopLevelItem(QTreeWidgetItem([", ".join(spec.keys), spec.text.replace("&", "").rstrip("…")]))
    table.resizeColumnToContents(0)
    column.insertWidget(0, table)
    dialog.resize(560, 640)
    return dialog


def about_dialog(parent: QWidget, model: str) -> QDialog:
    """Versions, the licence, and the line that stays true everywhere."""
    dialog, column = _dialog(parent, "About umed")
    words = QLabel(
        f"<h3>umed {__version__}</h3><p>An open implementation of UMed-LVLM (ACL 2025).</p>"
        f"<p><b>{RESEARCH_USE_ONLY}</b></p>"
        f"<p>Model: {model}<br>Python {platform.python_version()}, Qt {qVersion()}, {platform.platform()}</p>"
        "<p>Apache-2.0. Icons: Lucide (ISC).</p>"
    )
    words.setWordWrap(True)
    words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    column.insertWidget(0, words)
    dialog.resize(460, 280)
    return dialog


def _dialog(parent: QWidget, title: str) -> tuple[QDialog, QVBoxLayout]:
    dialog = QDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(title)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    column = QVBoxLayout(dialog)
    column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
    column.addWidget(buttons)
    return dialog, column
