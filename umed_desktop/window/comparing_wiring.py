"""Connects a comparison of two models: the window's own model and a second process, the session and the panel.

Nothing of it is made before a person asks for it, and all of it goes when the comparison is closed, the process first.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace as changed
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from umed_core.errors import InputError, UmedError
from umed_core.vlm.messages import Event, Load
from umed_desktop.session.conversation import BoxRef
from umed_desktop.session.session import Change
from umed_desktop.settings import with_recent_model
from umed_desktop.theme import Palette, palette_of

if TYPE_CHECKING:
    from umed_desktop.background import Job
    from umed_desktop.compare.compare_painter import ComparePainter
    from umed_desktop.compare.compare_panel import ComparePanel
    from umed_desktop.compare.comparison import Comparison, SideName
    from umed_desktop.compare.models import ModelShelf
    from umed_desktop.engine_process import EngineProcess
    from umed_desktop.viewer.image_view import ImageView
    from umed_desktop.window.main_window import MainWindow

__all__ = ["ComparingWiring"]

_NOT_MEANWHILE = (
    "accept_box", "draw_box", "edit_class", "delete_finding", "reject_box", "layout_1", "layout_1x2", "layout_2x2",
    "next_viewport", "tool_window", "tool_length", "tool_angle", "tool_ellipse", "tool_rectangle", "tool_probe",
    "remove_measurement", "remove_measurements_here", "show_attention", "new_conversation", "show_findings",
    "show_measurements", "show_chat", "attach_image", "undo", "redo",
)  # fmt: skip
"""Actions of what makes room for the comparison."""

_KEYS_OF_THE_IMAGE = ("next_slice", "previous_slice", "play")


class ComparingWiring(QObject):
    """`is_open` while two models stand side by side; everything else of it is then there."""

    def __init__(self, window: MainWindow, worker: Sequence[str]) -> None:
        super().__init__(window)
        self.window, self._worker = window, worker
        self.panel: ComparePanel | None = None
        self.painter: ComparePainter | None = None
        self.comparison: Comparison | None = None
        self.engine: EngineProcess | None = None
        """The second model's process."""
        self._folder = ""
        self._switched_off: list[str] = []
        self._sizes: list[int] = []
        window.session.subscribe(self._session_changed)
        window.actions_by_name["close_comparison"].setEnabled(False)

    @property
    def is_open(self) -> bool:
        return self.panel is not None

    @property
    def view(self) -> ImageView:
        """The image that keys and buttons are for: of the comparison while it is open, else the active viewport."""
        return self.panel.view if self.panel is not None else self.window.parts.viewer.view

    @property
    def _has_first(self) -> bool:
        """Whether the window's own model is there, or on its way."""
        engine = self.window.engine
        return engine is not None and engine.is_running and self.window.session.model_state != "none"

    # ------------------------------------------------------------------------------------------ opening and closing
    def choose(self) -> None:
        """Asks which model to compare with, once it is known what each takes."""
        from umed_desktop.compare.models import look_at_models

        settings = self.window.settings
        folders = (settings.compared_model, *settings.recent_models, settings.model)

        def work(_job: Job) -> ModelShelf:
            return look_at_models(settings.model, folders, settings.device)

        self.window.door.run(self.tr("Looking at the models"), work, self._ask_which, self.window.show_error)

    def _ask_which(self, shelf: ModelShelf) -> None:
        from umed_desktop.compare.choose_dialog import ChooseDialog
        from umed_desktop.compare.models import choice_of, figures_of

        window = self.window
        if window.findChild(ChooseDialog) is not None:
            return  # asked for twice while the models were looked at
        model = window.session.model
        dialog = ChooseDialog(
            shelf.choices,
            window.settings.compared_model,
            lambda choice: figures_of(shelf, choice, model.memory_mb if model is not None else None),
            lambda folder: choice_of(folder, shelf.device),
            window,
        )
        dialog.chosen.connect(self.start)
        dialog.open()

    def start(self, folder: str) -> None:
        """Compares with the model in `folder`, "" for the built-in one; another one takes the place of an earlier one."""
        self.window.settings = with_recent_model(changed(self.window.settings, compared_model=folder), folder)
        is_other, self._folder = folder != self._folder, folder
        if self.comparison is None:
            self._open()
        elif is_other:
            self.comparison.forget("B")
        self._start_second()

    def _open(self) -> None:
        from umed_desktop.compare.compare_painter import ComparePainter
        from umed_desktop.compare.compare_panel import ComparePanel
        from umed_desktop.compare.comparison import Comparison
        from umed_desktop.engine_process import EngineProcess

        window = self.window
        window.answers.cancel_drawing()
        window.session.choose_box(None)
        self.comparison = Comparison(window.session)
        self.panel = panel = ComparePanel(palette_of(window.settings.theme))
        self.painter = ComparePainter(
            panel,
            self.comparison,
            lambda: window.painter.is_inverted,
            window.actions_by_name["show_boxes"].isChecked,
        )
        self.engine = EngineProcess(self._worker, self)
        self.engine.received.connect(self._hear_second)
        self.engine.lost.connect(self._lose_second)
        self._connect(panel)
        self._make_room(panel)
        if not self._has_first:
            window.start_model()
        if window.engine is not None:
            window.engine.received.connect(self._hear_first)
            window.engine.lost.connect(self._lose_first)
        session = window.session
        if session.model_state == "loading":
            self.comparison.model_loading("A")
        elif session.model is not None and session.model_state == "ready":
            self.comparison.model_loaded("A", session.model)
        self.painter.show_image()
        panel.suggest_question()

    def _connect(self, panel: ComparePanel) -> None:
        assert self.comparison is not None
        session = self.window.session
        panel.asked.connect(self.ask)
        panel.stopped.connect(self.stop)
        panel.closed.connect(self.close)
        panel.export_wanted.connect(self._choose_export)
        panel.other_model_wanted.connect(self.choose)
        panel.box_pointed.connect(self._point)
        panel.window_dragged.connect(self.window.parts.viewer.window_dragged)
        panel.window_drag_ended.connect(self.window.parts.viewer.window_drag_ended)
        panel.series_dropped.connect(self.window.choose_series)
        panel.slice_wheeled.connect(lambda steps: session.show_frame(session.frame + steps))
        panel.columns["A"].keep_wanted.connect(lambda: self.keep("A"))
        panel.columns["B"].keep_wanted.connect(lambda: self.keep("B"))
        panel.columns["A"].restart_wanted.connect(self.window.start_model)
        panel.columns["B"].restart_wanted.connect(self._start_second)

    def _make_room(self, panel: ComparePanel) -> None:
        """The panel takes the place of image, findings and conversation, which stay as they are."""
        parts, actions = self.window.parts, self.window.actions_by_name
        across = parts.across
        self._sizes = sizes = across.sizes()
        across.insertWidget(across.indexOf(parts.middle), panel)
        parts.middle.hide()
        parts.chat.hide()
        across.setStretchFactor(across.indexOf(panel), 1)
        across.setSizes([sizes[0], sum(sizes[1:]), 0, 0])
        for view in panel.views:
            view.addActions([actions[name] for name in _KEYS_OF_THE_IMAGE])
        self._switch_off()
        actions["close_comparison"].setEnabled(True)
        for name in ("invert", "show_boxes"):
            actions[name].toggled.connect(self._look_again)

    def _switch_off(self) -> None:
        """What would change something that is out of sight."""
        actions = self.window.actions_by_name
        for name in _NOT_MEANWHILE:
            if actions[name].isEnabled():
                self._switched_off.append(name)
                actions[name].setEnabled(False)

    def close(self) -> None:
        """Back to one model; the second process ends, and with it what it held in memory."""
        panel, engine = self.panel, self.engine
        if panel is None or engine is None:
            return
        self._stop_both()
        window, actions = self.window, self.window.actions_by_name
        engine.close()
        engine.deleteLater()
        if window.engine is not None:
            window.engine.received.disconnect(self._hear_first)
            window.engine.lost.disconnect(self._lose_first)
        for name in ("invert", "show_boxes"):
            actions[name].toggled.disconnect(self._look_again)
        self.panel = self.painter = self.comparison = self.engine = None
        panel.hide()
        panel.setParent(None)
        panel.deleteLater()
        for name in self._switched_off:
            actions[name].setEnabled(True)
        self._switched_off = []
        actions["close_comparison"].setEnabled(False)
        window.parts.middle.show()
        window.parts.chat.setVisible(actions["show_chat"].isChecked())
        window.parts.across.setSizes(self._sizes)
        window.painter.show_image()
        window.parts.viewer.view.setFocus()

    # ------------------------------------------------------------------------------------------------- the models
    def _start_second(self) -> None:
        assert self.comparison is not None and self.engine is not None
        from umed_assets import embedded_model

        try:
            path = self._folder or str(embedded_model())
        except UmedError as missing:
            self.comparison.model_lost("B", missing)
            return
        self.comparison.model_loading("B")
        self.engine.start(Load(path, self.window.settings.device))

    def _hear_first(self, event: Event) -> None:
        if self.comparison is not None:
            self.comparison.receive("A", event)

    def _hear_second(self, event: Event) -> None:
        if self.comparison is not None:
            self.comparison.receive("B", event)

    def _lose_first(self, error: UmedError) -> None:
        if self.comparison is not None:
            self.comparison.model_lost("A", error)

    def _lose_second(self, error: UmedError) -> None:
        if self.comparison is not None:
            self.comparison.model_lost("B", error)

    # ---------------------------------------------------------------------------------------------------- asking
    def ask(self, question: str) -> None:
        """One question, one image, both models; one that is gone is started again for it."""
        if self.panel is None or self.comparison is None or self.engine is None:
            return
        if not self._has_first:
            self.window.start_model()
        if not self.engine.is_running or self.comparison.sides["B"].state == "lost":
            self._start_second()  # as the window does with the first
        if self.window.engine is None or not self.window.engine.is_running:
            return  # start_model has said why
        try:
            asks, picture = self.comparison.ask(question)
        except UmedError as problem:
            self.window.show_error(problem)
            return
        self.panel.composer.clear()
        self.window.engine.ask(asks["A"], (picture,))
        self.engine.ask(asks["B"], (picture,))

    def stop(self) -> None:
        """Both, at what has been written; else an answer to the study that was being written before."""
        window = self.window
        if (ask_id := window.session.stop()) and window.engine is not None:
            window.engine.stop(ask_id)
        self._stop_both()

    def _stop_both(self) -> None:
        if self.comparison is None or self.engine is None:
            return
        engines = {"A": self.window.engine, "B": self.engine}
        for name, ask_id in self.comparison.stop().items():
            engine = engines[name]
            if engine is not None:
                engine.stop(ask_id)

    def keep(self, name: SideName) -> None:
        """Puts a side's answer into the study's conversation, with the model that gave it."""
        if self.comparison is None:
            return
        try:
            given = self.comparison.kept(name)
            self.window.session.keep(given)
        except UmedError as problem:
            self.window.show_error(problem)
            return
        self.comparison.note_taken(given.id)

    def focus_question(self) -> None:
        if self.panel is not None:
            self.panel.composer.field.setFocus()

    # ------------------------------------------------------------------------------------------- what a change shows
    def set_palette(self, palette: Palette) -> None:
        if self.panel is not None:
            self.panel.set_palette(palette)

    def _session_changed(self, change: Change) -> None:
        if self.painter is None or self.comparison is None:
            return
        self._switch_off()  # the others may have switched something on
        self.painter.session_changed(change)
        if change is Change.MODEL and self.window.session.model_state == "loading":
            self.comparison.model_loading("A")

    def _look_again(self) -> None:
        if self.painter is not None:
            self.painter.look_again()

    def _point(self, ref: BoxRef | None) -> None:
        if self.comparison is not None:
            self.comparison.point_at(ref)

    # -------------------------------------------------------------------------------------------------- the export
    def _choose_export(self) -> None:
        from umed_desktop.exporting.orders import file_stem

        if self.comparison is None:
            return
        asked = self.comparison.asked
        stem = file_stem(Path(asked.series).name) if asked is not None else "image"
        folder = self.window.settings.export_folder or str(Path.home())
        picture, document = self.tr("Picture (*.png)"), self.tr("JSON (*.json)")
        name, chosen = QFileDialog.getSaveFileName(
            self.window, self.tr("Export the comparison"), str(Path(folder) / f"{stem}-comparison.png"),
            f"{picture};;{document}",
        )  # fmt: skip
        if name:
            path = Path(name)
            if path.suffix.lower() not in (".png", ".json"):
                path = path.with_name(path.name + (".json" if chosen == document else ".png"))
            self.export(path)

    def export(self, path: Path) -> None:
        """Writes the comparison as what the file's ending says, .json or .png."""
        from datetime import datetime

        from umed_core.records import write_atomic
        from umed_desktop.compare.document import comparison_json
        from umed_desktop.compare.picture import comparison_png

        assert self.comparison is not None
        written = datetime.now().astimezone().replace(microsecond=0)
        try:
            if self.window.session.image is None or not self.comparison.is_about_what_is_shown():
                raise InputError("The answers are about another slice.", "Go back to it, or ask again.")
            write = comparison_json if path.suffix.lower() == ".json" else comparison_png
            write_atomic(path, write(self.comparison, written))
        except UmedError as problem:
            self.window.show_error(problem)
            return
        self.window.settings = changed(self.window.settings, export_folder=str(path.parent))
        self.window.parts.notice.show_word(self.tr("The comparison was written to {path}.").format(path=path))
