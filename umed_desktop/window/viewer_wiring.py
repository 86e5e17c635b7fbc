"""Connects the viewports, the film and the measurements to the window, and remembers how they were left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace as changed
from PySide6.QtCore import QCoreApplication, QObject

from umed_core.errors import StorageError
from umed_desktop.session.session import Change
from umed_desktop.session.undoing import Undoing
from umed_desktop.viewer.panes import LAYOUTS
from umed_desktop.window.measuring_wiring import MeasuringDesk
from umed_desktop.window.viewports import Viewports

if TYPE_CHECKING:
    from umed_desktop.window.main_window import MainWindow

__all__ = ["TOOLS", "ViewerWiring"]

TOOLS = {
    "window": "", "length": "length", "angle": "angle", "ellipse": "ellipse", "rectangle": "rectangle",
    "probe": "probe",
}  # fmt: skip
"""What the left button does, by the end of the action's name."""


class ViewerWiring(QObject):
    """`measurements` is the folder that keeps them; None remembers nothing."""

    def __init__(self, window: MainWindow, measurements: Path | None) -> None:
        super().__init__(window)
        self.window, viewer, session = window, window.parts.viewer, window.session
        budget = window.settings.volumes_mb * 2**20
        self.viewports = Viewports(session, viewer, window.painter, window.door, budget)
        self.measuring = MeasuringDesk(session, self.viewports, viewer, window.parts.measurements, measurements)
        self.undoing = Undoing(self._show_undo)
        self._deeds = 0
        self._has_warned = False
        self.viewports.refused.connect(window.show_error)
        self.measuring.refused.connect(window.show_error)
        self.measuring.measurements.subscribe(self._note_measurement)
        session.subscribe(self._note_mark)
        viewer.cine.fps_changed.connect(lambda fps: self._remember(cine_fps=fps))
        viewer.cine.loops_changed.connect(lambda loops: self._remember(cine_loops=loops))
        self._recall()

    def save_now(self) -> bool:
        """Saves the measurements that are not saved yet; False where that fails and the person has not been told before."""
        try:
            self.measuring.save_now()
        except StorageError as problem:
            if not self._has_warned:
                self._has_warned = True
                hint = self.tr("{hint} Close the window again to leave them unsaved.").format(hint=problem.hint)
                told = self.tr("The measurements are not saved: {problem}").format(problem=problem.message)
                self.window.show_error(StorageError(told, hint))
                return False
        return True

    def close(self) -> None:
        """A last try for what is not saved yet."""
        try:
            self.measuring.close()
        except StorageError as problem:
            self.window.show_error(problem)

    # ---------------------------------------------------------------------------------------------------- the choices
    def choose_layout(self, name: str) -> None:
        self.viewports.set_layout(name)
        self._remember(viewports=name)

    def choose_tool(self, tool: str) -> None:
        self.window.answers.cancel_drawing()  # a finding's box is drawn with the same button
        self.measuring.choose_tool(tool)
        self.show_choices()

    def choose_links(self) -> None:
        """As the two actions are checked."""
        actions = self.window.actions_by_name
        scroll, levels = actions["link_scroll"].isChecked(), actions["link_window"].isChecked()
        if scroll != self.viewports.links_scroll:
            self.viewports.link_scroll(scroll)
        if levels != self.viewports.links_window:
            self.viewports.link_window(levels)
        self._remember(links_scroll=scroll, links_window=levels)

    def step_back(self) -> bool:
        """Esc: from what is being drawn, else from the tool; whether there was either."""
        went = self.measuring.step_back()
        self.show_choices()
        return went

    def show_choices(self) -> None:
        """Checks the actions that are in force."""
        actions, settings = self.window.actions_by_name, self.window.settings
        for name in LAYOUTS:
            actions[f"layout_{name}"].setChecked(settings.viewports == name)
        for name, tool in TOOLS.items():
            actions[f"tool_{name}"].setChecked(self.window.parts.viewer.tool == tool)
        actions["link_scroll"].setChecked(self.viewports.links_scroll)
        actions["link_window"].setChecked(self.viewports.links_window)
        actions["loop"].setChecked(settings.cine_loops)

    def _recall(self) -> None:
        settings = self.window.settings
        self.viewports.links_scroll, self.viewports.links_window = settings.links_scroll, settings.links_window
        self.viewports.cine.set_fps(settings.cine_fps)
        self.viewports.cine.set_loops(settings.cine_loops)
        self.window.parts.viewer.cine.show_choice(settings.cine_fps, settings.cine_loops)
        self.viewports.set_layout(settings.viewports)
        self.show_choices()
        self._show_undo()

    def _remember(self, **what: Any) -> None:
        self.window.settings = changed(self.window.settings, **what)
        self.show_choices()

    # -------------------------------------------------------------------------------------------------------- undo
    def _note_measurement(self) -> None:
        measurements = self.measuring.measurements
        if measurements.deeds != self._deeds:
            self._deeds = measurements.deeds
            self.undoing.note(measurements)

    def _note_mark(self, change: Change) -> None:
        if change is Change.MARKS:
            self.undoing.note(self.window.session)

    def _show_undo(self) -> None:
        for name, words, deed in (
            ("undo", self.tr("&Undo {deed}"), self.undoing.undo_name),
            ("redo", self.tr("&Redo {deed}"), self.undoing.redo_name),
        ):
            action = self.window.actions_by_name[name]
            action.setEnabled(bool(deed))
            action.setText(words.format(deed=_said(deed)).rstrip(": "))


def _said(deed: str) -> str:
    """A deed's name within a menu entry: in lower case where the language is the code's own."""
    words = QCoreApplication.translate("Deeds", deed)
    return deed.lower() if words == deed else words
