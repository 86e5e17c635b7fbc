"""What the actions of the menus Image, Layout and Tools do to the window."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from umed_desktop.viewer.panes import LAYOUTS
from umed_desktop.window.viewer_wiring import TOOLS

if TYPE_CHECKING:
    from umed_desktop.window.main_window import MainWindow

__all__ = ["viewer_deeds_of"]


def viewer_deeds_of(window: MainWindow) -> dict[str, Callable[[], None]]:
    """Deeds by the action's name. What the window makes after its actions is looked up when a deed is done."""
    viewer, session = window.parts.viewer, window.session
    return {
        "next_slice": lambda: session.show_frame(session.frame + 1),
        "previous_slice": lambda: session.show_frame(session.frame - 1),
        "fit": lambda: window.comparing.view.fit(),
        "actual_size": lambda: window.comparing.view.actual_size(),
        "zoom_in": lambda: window.comparing.view.zoom(1.25),
        "zoom_out": lambda: window.comparing.view.zoom(0.8),
        "turn": lambda: window.comparing.view.turn(),
        "mirror": lambda: window.comparing.view.mirror(),
        "invert": lambda: window.painter.show_pixels(),
        "play": lambda: window.viewer.viewports.play_or_pause(),
        "faster": lambda: _set_fps(window, 5),
        "slower": lambda: _set_fps(window, -5),
        "loop": lambda: viewer.cine.loop.setChecked(window.actions_by_name["loop"].isChecked()),
        **{f"layout_{name}": partial(_choose_layout, window, name) for name in LAYOUTS},
        "next_viewport": lambda: window.viewer.viewports.touch_next(),
        "link_scroll": lambda: window.viewer.choose_links(),
        "link_window": lambda: window.viewer.choose_links(),
        **{f"tool_{name}": partial(_choose_tool, window, tool) for name, tool in TOOLS.items()},
        "remove_measurement": lambda: window.viewer.measuring.remove_chosen(),
        "remove_measurements_here": lambda: window.viewer.measuring.remove_here(),
    }


def _choose_layout(window: MainWindow, name: str) -> None:
    window.viewer.choose_layout(name)


def _choose_tool(window: MainWindow, tool: str) -> None:
    window.viewer.choose_tool(tool)


def _set_fps(window: MainWindow, more: int) -> None:
    window.parts.viewer.cine.fps.setValue(window.settings.cine_fps + more)
