"""Every widget that takes input has a name for a screen reader and is reached by the keyboard."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QComboBox,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from umed_desktop.actions import ACTIONS, PRESETS
from umed_desktop.theme import BOX_COLORS, DARK, LIGHT, Palette, _style_sheet
from umed_desktop.viewer.image_view import ImageView

INTERACTIVE = (QAbstractButton, QAbstractSlider, QAbstractItemView, QComboBox, QPlainTextEdit, QTextEdit, ImageView)


def interactive(window: QWidget) -> list[QWidget]:
    """Ours: not the scroll bars and extension buttons that Qt puts inside its own widgets."""
    found = [widget for kind in INTERACTIVE for widget in window.findChildren(kind)]
    parts = ("qt_", "QtPrivate")
    return [
        widget
        for widget in found
        if not widget.objectName().startswith(parts)
        and type(widget).__name__ not in ("QScrollBar", "QComboBoxListView", "QHeaderView", "QMenuBarExtension")
        and "Private" not in type(widget).__name__
    ]


def test_every_widget_that_takes_input_has_a_name(reading):
    nameless = [
        f"{widget!r} in {widget.parent()!r}"
        for widget in interactive(reading)
        if not (widget.accessibleName() or getattr(widget, "text", str)())
    ]
    assert nameless == []


def test_every_widget_that_takes_input_is_reached_by_tab(reading):
    unreachable = [
        f"{widget!r} {widget.accessibleName()}"
        for widget in interactive(reading)
        if not widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    assert unreachable == []


def test_no_key_is_given_to_two_actions():
    keys = [key for spec in ACTIONS for key in spec.keys]
    assert sorted(keys) == sorted(set(keys))


def test_every_action_is_in_a_menu(window):
    listed = {action for menu in window.menuWidget().findChildren(QWidget) for action in menu.actions()}
    assert [name for name, action in window.actions_by_name.items() if action not in listed] == []


def test_the_preset_keys_are_the_presets_of_the_images_room():
    from umed_core.images.windowing import CT_PRESETS

    assert tuple(window.name for window in CT_PRESETS) == PRESETS


def test_boxes_have_the_colours_of_saved_pictures():
    from umed_core.drawing import pictures

    assert tuple(tuple(bytes.fromhex(color[1:])) for color in BOX_COLORS) == pictures.BOX_COLORS


def test_no_text_is_smaller_than_eleven_pixels():
    sizes = [int(size) for size in re.findall(r"font-size: (\d+)px", _style_sheet(DARK))]
    assert min(sizes) >= 11


def luminance(color: str) -> float:
    """Relative luminance, 0..1. Source: WCAG 2.2."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(front: str, back: str) -> float:
    light, dark = sorted((luminance(front), luminance(back)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_has_a_contrast_of_21():
    assert round(contrast("#000000", "#ffffff")) == 21


def test_text_stands_out_from_what_is_behind_it_in_both_themes():
    def pairs(p: Palette) -> list[tuple[str, str]]:
        return [
            (p.text, p.window), (p.text, p.panel), (p.text, p.raised), (p.text, p.hover), (p.muted, p.panel),
            (p.muted, p.raised), (p.on_accent, p.accent), (p.warning, p.warning_back), (p.danger, p.danger_back),
            (p.danger, p.raised),
        ]  # fmt: skip

    faint = [pair for palette in (DARK, LIGHT) for pair in pairs(palette) if contrast(*pair) < 4.5]
    assert faint == []
