"""Two models side by side, for the tests: what each says, and what a person asks both."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from tests.desktop.acting import SOON
from umed_core.geometry import NormalizedBox
from umed_core.prompts import format_box
from umed_core.vlm.messages import Answer, LabelledBox, TextDelta
from umed_desktop.compare.comparison import Comparison, SideName

LEFT, RIGHT = NormalizedBox(0.0, 0.0, 0.5, 1.0), NormalizedBox(0.25, 0.0, 0.5, 1.0)
"""They share a quarter of the width of three: IoU 1/3."""


def say(comparison: Comparison, side: SideName, text: str, *boxes: LabelledBox) -> None:
    """The whole answer of a side, as its worker would send it."""
    exchange = comparison.sides[side].exchange
    assert exchange is not None
    comparison.receive(side, TextDelta(exchange.id, 0, text, 0, len(text)))
    comparison.receive(side, Answer(exchange.id, text, boxes, 1.0, 1))


def labelled(text: str, label: str, box: NormalizedBox) -> LabelledBox:
    start = text.index("[bbox_start]")
    return LabelledBox(label, box, start, text.index("[bbox_end]") + len("[bbox_end]"))


def both_answer(comparison: Comparison) -> None:
    """A boxes a polyp on the left, B one a quarter further right, and B names a nodule as well."""
    comparison.ask("Where?")
    first, second = f"A polyp at {format_box(LEFT)}.", f"A polyp at {format_box(RIGHT)}. And a nodule."
    say(comparison, "A", first, labelled(first, "polyp", LEFT))
    say(comparison, "B", second, labelled(second, "polyp", RIGHT))


def both_ready(qtbot, window) -> None:
    sides = window.comparing.comparison.sides
    qtbot.waitUntil(lambda: all(side.state == "ready" for side in sides.values()), timeout=SOON)


def ask_both(qtbot, window, question: str, wait: bool = True) -> None:
    field = window.comparing.panel.composer.field
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, question)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    if wait:
        qtbot.waitUntil(lambda: not window.comparing.comparison.is_answering, timeout=SOON)
    QApplication.processEvents()
