"""The window: it connects the session, the widgets, the background door and the model's process, and decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace as changed
from PySide6.QtCore import QByteArray, QUrl
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMainWindow

from umed_core.errors import UmedError, error_from_code
from umed_core.vlm.messages import Ask, Event, Failed, Load, PutImage
from umed_desktop.actions import PRESETS, action_word, make_actions, paint_icons
from umed_desktop.background import BackgroundDoor, Job
from umed_desktop.help.window_log import WindowLog, log_file
from umed_desktop.pages.page import READ, Desk
from umed_desktop.session.opening import Early, Listing, list_studies
from umed_desktop.session.session import Session
from umed_desktop.settings import (
    Settings,
    library_file,
    measurements_folder,
    nodes_file,
    with_recent_model,
)
from umed_desktop.theme import apply_theme, palette_of
from umed_desktop.window.answers_wiring import AnswersWiring
from umed_desktop.window.attaching_wiring import AttachingWiring
from umed_desktop.window.comparing_wiring import ComparingWiring
from umed_desktop.window.library_wiring import LibraryWiring
from umed_desktop.window.model_wiring import ModelWiring
from umed_desktop.window.opening_wiring import OpeningWiring
from umed_desktop.window.painter import WindowPainter
from umed_desktop.window.parts import WindowParts
from umed_desktop.window.remembering import Remembering
from umed_desktop.window.settings_saving import SettingsSaving
from umed_desktop.window.viewer_wiring import ViewerWiring
from umed_desktop.window.welcome_wiring import WelcomeWiring

if TYPE_CHECKING:
    from umed_desktop.engine_process import EngineProcess

__all__ = ["MainWindow"]


class MainWindow(QMainWindow):
    """`worker` is the command of the model's process, () for umed's own; `settings_path` None remembers nothing."""

    def __init__(self, settings: Settings, settings_path: Path | None = None, worker: Sequence[str] = ()) -> None:
        super().__init__()
        self.setWindowTitle("umed")
        self.setAcceptDrops(True)
        self.resize(1440, 900)
        self.session = Session()
        self.settings = settings
        self.door = BackgroundDoor(self)
        self.engine: EngineProcess | None = None
        self.settings_path, self._worker = settings_path, tuple(worker)
        self.log = WindowLog(log_file(settings_path) if settings_path is not None else None)
        self.nodes_file = nodes_file(settings_path) if settings_path is not None else None
        self._opening: list[Job] = []
        self._on_notice: Callable[[], None] = lambda: None
        self.saving = SettingsSaving(self)
        self.parts = WindowParts(self, palette_of(settings.theme))
        self.actions_by_name = make_actions(self, self.parts.viewer.grid, self._deeds())
        self.parts.put_actions(self, self.actions_by_name)
        self.painter = WindowPainter(self, self.session, self.parts, self.actions_by_name)
        self.viewer = ViewerWiring(self, measurements_folder(settings_path))
        self.viewports = self.viewer.viewports
        self._connect_widgets()
        self.answers = AnswersWiring(self)
        self.opening = OpeningWiring(self)
        self.library = LibraryWiring(self, library_file(settings_path))
        self.attaching = AttachingWiring(self)
        self.comparing = ComparingWiring(self, worker)
        self.memory = Remembering(self, settings_path.parent / "sessions") if settings_path is not None else None
        self.model = ModelWiring(self)
        self.welcome = WelcomeWiring(self)
        self.set_theme()
        for name in ("show_boxes", "show_attention", "show_series", "show_chat"):
            self.actions_by_name[name].setChecked(True)
        self.painter.set_heat_look(settings.attention_opacity, settings.attention_colors)
        self.painter.show_all()
        if settings.geometry:
            self.restoreGeometry(QByteArray.fromHex(settings.geometry.encode()))

    # -------------------------------------------------------------------------------------------------- opening
    def start_decoder(self) -> None:
        """Has the images room ready in the background, so that the first file opens sooner."""

        def work(_job: Job) -> None:
            from umed_core.images.sandbox import start_decoder

            start_decoder()

        self.door.run(self.tr("Getting ready"), work, lambda _: None, self.show_error)

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Files and folders, read in the background; what they hold replaces what is listed."""
        for job in self._opening:
            job.cancel()

        def work(job: Job) -> Listing:
            def early(first: Early) -> None:
                self.door.say(job, partial(self._got_early, first))

            return list_studies(paths, self.door.report(job), job.cancelled.is_set, early)

        self._note_paths(paths)
        self._opening = [self.door.run(self.tr("Looking through files"), work, self._listed, self.show_error)]

    def open_listing(self, listing: Listing) -> None:
        """What the library knows already: no file is looked through again. It replaces what is listed."""
        for job in self._opening:
            job.cancel()
        self._note_paths(listing.paths)
        self._listed(listing)

    def _note_paths(self, paths: Sequence[Path]) -> None:
        if self.memory is not None:
            self.memory.note_paths(tuple(str(path.absolute()) for path in paths))
        self.opening.note(paths)

    def _got_early(self, first: Early) -> None:
        self.parts.notice.hide()
        self.viewports.forget()
        self.session.show_early(first)
        self.painter.show_thumbnail(self.viewports.shown(self.viewports.active))

    def _listed(self, listing: Listing) -> None:
        self.parts.notice.hide()
        self.viewports.forget()
        self.session.show_listing(listing)
        self.library.note(listing)
        self.log.note_refused(error for _, error in listing.refused)
        self.opening.tell_refused(listing.refused)
        if self.session.current < 0:
            self.choose_series(0)
        else:
            self.painter.show_thumbnail(self.viewports.shown(self.viewports.active))
            if self.session.is_early:
                self.viewports.read_rest()
        self.viewports.fill()

    @property
    def is_looking(self) -> bool:
        """Whether files are being looked through, of which more may be listed yet."""
        return any(job.is_running for job in self._opening)

    def choose_series(self, index: int) -> None:
        """A listed series for the active viewport."""
        is_coming = self.is_looking or self.viewports.is_reading(self.session.key)
        if (self.session.is_early and is_coming and index == self.session.current) or not (
            0 <= index < len(self.session.series)
        ):
            return
        for job in self._opening:
            job.cancel()
        self.viewports.choose(index)

    # ------------------------------------------------------------------------------------------------ the model
    def start_model(self) -> None:
        """Starts the model's process with the model of the settings, or the built-in one."""
        from umed_assets import embedded_model
        from umed_desktop.engine_process import EngineProcess

        if self.engine is None:
            self.engine = EngineProcess(self._worker, self)
            self.engine.received.connect(self._hear)
            self.engine.lost.connect(self._lose_model)
        try:
            path = self.settings.model or str(embedded_model())
        except UmedError as missing:
            self.show_error(missing, self.tr("Choose model…"), self.choose_model)
            return
        self.session.model_loading()
        self.engine.start(Load(path, self.settings.device))

    def _hear(self, event: Event) -> None:
        if isinstance(event, Failed) and event.ask_id == 0:
            self.model.reason = error = error_from_code(event.code, event.message, event.hint)
            self.session.receive(event)
            self.show_error(error, self.tr("Choose model…"), self.choose_model)
            return
        if isinstance(event, Failed):
            self.log.note(f"an answer failed: {event.code}")
        self.session.receive(event)

    def _lose_model(self, error: UmedError) -> None:
        self.model.reason = error
        self.session.model_lost(error)
        self.show_error(error, self.tr("Restart model"), self.start_model)

    def ask(self, question: str, again: int = 0) -> None:
        """A question, or one in place of exchange `again`: the same one where `question` is empty."""
        if self.engine is None or not self.engine.is_running or self.session.model_state == "none":
            self.start_model()
        if self.engine is None or not self.engine.is_running:
            return
        try:
            ask, pictures = self._new_ask(question, again)
        except UmedError as problem:
            self.show_error(problem)
            return
        if not again:  # an edit ends with the question that it replaced
            self.parts.chat.composer.clear()
        self.engine.ask(ask, pictures)

    def _new_ask(self, question: str, again: int) -> tuple[Ask, tuple[PutImage, ...]]:
        if not again:
            return self.session.ask(question)
        self.answers.go_home(self.session.exchange(again).conversation)
        return self.session.ask_instead(again, question) if question else self.session.ask_again(again)

    def stop(self) -> None:
        """Esc: back from a drawing or a tool, else the answer, else the chosen word."""
        if self.answers.cancel_drawing() or self.viewer.step_back():
            return
        ask_id = self.session.stop()
        if ask_id and self.engine is not None:
            self.engine.stop(ask_id)
        elif not ask_id:
            self.session.select_nothing()

    def choose_model(self) -> None:
        self.model.choose()

    def use_model(self, folder: str) -> None:
        self.settings = with_recent_model(changed(self.settings, model=folder), folder)
        self.start_model()

    # -------------------------------------------------------------------------------------------- widgets -> session
    def show_error(self, error: UmedError, action: str = "", deed: Callable[[], None] = lambda: None) -> None:
        """A bar with the message and its hint, and a button for what can be done."""
        self.log.note_error(error)
        self._on_notice = deed
        self.parts.notice.show_error(error, action)

    def show_word(self, words: str, hint: str, action: str, deed: Callable[[], None]) -> None:
        """A bar with something to know that is no failure, and a button for what can be done."""
        self._on_notice = deed
        self.parts.notice.show_word(words, hint, action)

    def _connect_widgets(self) -> None:
        parts, session = self.parts, self.session
        parts.series.chosen.connect(self.choose_series)
        parts.viewer.slice_chosen.connect(session.show_frame)
        parts.viewer.window_dragged.connect(self._drag_window)
        parts.viewer.window_drag_ended.connect(self.painter.finish_preview)
        parts.viewer.box_pointed.connect(session.point_at)
        parts.viewer.attention.opacity_changed.connect(lambda share: self._set_attention(attention_opacity=share))
        parts.viewer.attention.colors_changed.connect(lambda name: self._set_attention(attention_colors=name))
        parts.viewer.attention.closed.connect(session.select_nothing)
        parts.notice.acted.connect(self._act_on_notice)
        parts.model_chip.clicked.connect(lambda: self.model.press_chip())
        parts.cancel.clicked.connect(self.door.cancel_all)
        self.door.busy_changed.connect(self._show_busy)
        self.door.progressed.connect(self._show_progress)

    def _deeds(self) -> dict[str, Callable[[], None]]:
        from umed_desktop.window.deeds import deeds_of

        return deeds_of(self)

    def _drag_window(self, across: float, down: float) -> None:
        """Right widens, down raises the level; a whole widget's width is a factor of e squared."""
        window = self.session.shown_window()
        if window is None:
            return
        from dataclasses import replace

        width = max(1.0, window.width * exp(2 * across))
        self.session.show_window(replace(window, center=window.center + down * window.width, width=width, name=""))

    def _set_attention(self, **what: Any) -> None:
        self.settings = changed(self.settings, **what)
        self.painter.set_heat_look(self.settings.attention_opacity, self.settings.attention_colors)

    def show_preset(self, number: int) -> None:
        """The CT window of a number key, on images in HU alone."""
        from umed_core.images.windowing import CT_PRESETS

        if self.session.image is not None and self.session.image.unit == "HU":
            self.session.show_window(CT_PRESETS[number])
        elif self.session.image is not None:
            self.parts.notice.show_word(
                self.tr("{preset} is a window in HU; this image is not in HU.").format(
                    preset=action_word(PRESETS[number])
                )
            )

    def reset_view(self) -> None:
        self.actions_by_name["invert"].setChecked(False)
        self.session.show_window(None)
        self.comparing.view.reset()
        self.painter.show_pixels()

    def _act_on_notice(self) -> None:
        self._on_notice()

    def _show_busy(self, jobs: list[Job]) -> None:
        self.statusBar().setVisible(bool(jobs))
        self.actions_by_name["cancel_work"].setEnabled(bool(jobs))
        if jobs:
            self.parts.doing.setText(f"{jobs[-1].title}…")
            self.parts.progress.setRange(0, 0)

    def _show_progress(self, job: Job, done: int, total: int) -> None:
        self.parts.doing.setText(self.tr("{job}: {done} of {total}").format(job=job.title, done=done, total=total))
        self.parts.progress.setRange(0, total)
        self.parts.progress.setValue(done)

    # ---------------------------------------------------------------------------------------------------- pages
    def show_page(self, name: str, folder: Path | None = None) -> None:
        """The page called `name`, made at its first visit, with `folder` open in it."""
        desk = Desk(
            self.door, self.show_error, self.parts.notice.show_word, lambda: self.settings, self._remember,
            self.show_page, self._use_trained,
        )  # fmt: skip
        page = self.parts.pages.show_page(name, desk, palette_of(self.settings.theme))
        if page is not None and folder is not None:
            page.open_folder(folder)

    def _remember(self, fields: dict[str, str]) -> None:
        self.settings = changed(self.settings, **fields)
        self.saving.save()  # now: a window that is killed closes nothing

    def _use_trained(self, folder: Path) -> None:
        self.use_model(str(folder))
        self.show_page(READ)

    def set_theme(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        palette = apply_theme(app, self.settings.theme)
        self.parts.set_palette(palette)
        self.comparing.set_palette(palette)
        paint_icons(self.actions_by_name, palette)
        self.actions_by_name["light_theme"].setChecked(self.settings.theme == "light")

    # --------------------------------------------------------------------------------------------------- window
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.open_paths([_path(url) for url in event.mimeData().urls() if url.isLocalFile()])
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.settings = changed(self.settings, geometry=bytes(self.saveGeometry().toHex().data()).decode())
        if not self.viewer.save_now() or (self.memory is not None and not self.memory.close()):
            event.ignore()
            return
        self.saving.close()
        self.comparing.close()
        if self.engine is not None:
            self.engine.close()
        self.viewer.close()
        self.welcome.close()
        self.log.close()
        self.parts.pages.close_pages()
        self.opening.close()
        self.library.close()
        self.door.close()
        event.accept()


def _path(url: QUrl) -> Path:
    return Path(url.toLocalFile())
