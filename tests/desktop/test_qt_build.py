"""The installed PySide6 keeps Python's reference counts."""

from __future__ import annotations

import sys

from PySide6.QtWidgets import QWidget

CALLS = 1000


def test_a_call_into_qt_loses_no_reference_to_none(qtbot):
    """PySide6 6.12.0 takes one from None with every call on Python 3.11, and the window dies of it within minutes."""
    widget = QWidget()
    qtbot.addWidget(widget)
    before = sys.getrefcount(None)
    for _ in range(CALLS):
        widget.update()
    assert abs(sys.getrefcount(None) - before) < CALLS / 10
