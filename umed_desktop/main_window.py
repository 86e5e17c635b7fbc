"""The window: it connects the session, the widgets, the background door and the model's process, and decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace as changed
from PySide6.QtCore import QByteArray, QUrl
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QMainWindow

from umed_core.errors import UmedError, error_from_code
from umed_core.vlm.messages import Event, Failed, Load
from umed_desktop.actions import PRESETS, make_actions, paint_icons
from umed_desktop.background import BackgroundDoor, Job
from umed_desktop.conversation import BoxRef, Verdict
from umed_desktop.opening import Early, Listing, list_studies, read_series
from umed_desktop.session import Session, series_key
from umed_desktop.settings import Settings, save_settings, with_recent
from umed_desktop.theme import apply_theme, palette_of
from umed_desktop.window_painter import WindowPainter
from umed_desktop.window_parts import WindowParts

if TYPE_CHECKING:
    from umed_core.images.medical_image import MedicalImage
    from umed_core.images.volume import Series
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
        self._settings_path, self._worker = settings_path, tuple(worker)
        self._opening: list[Job] = []
        self._on_notice: Callable[[], None] = lambda: None
        self.parts = WindowParts(self, palette_of(settings.theme))
        self.actions_by_name = make_actions(self, self.parts.viewer, self._deeds())
        self.parts.put_actions(self, self.actions_by_name)
        self.painter = WindowPainter(self, self.session, self.parts, self.actions_by_name)
        self._connect_widgets()
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

        self.door.run("Getting ready", work, lambda _: None, self.show_error)

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Files and folders, read in the background; what they hold replaces what is listed."""
        for job in self._opening:
            job.cancel()

        def work(job: Job) -> Listing:
            def early(first: Early) -> None:
                self.door.say(job, partial(self._got_early, first))

            return list_studies(paths, self.door.report(job), job.cancelled.is_set, early)

        self.settings = with_recent(self.settings, paths[0])
        folder = paths[0] if paths[0].is_dir() else paths[0].parent
        self.settings = changed(self.settings, last_folder=str(folder))
        self._opening = [self.door.run("Looking through files", work, self._listed, self.show_error)]

    def _got_early(self, first: Early) -> None:
        self.parts.notice.hide()
        self.session.show_early(first)
        self.painter.show_thumbnail()

    def _listed(self, listing: Listing) -> None:
        self.parts.notice.hide()
        self.session.show_listing(listing)
        if listing.refused:
            count = len(listing.refused)
            files = "1 file was" if count == 1 else f"{count} files were"
            self.parts.notice.show_word(f"{files} not opened. The list of studies names each with its reason.")
        if self.session.current < 0:
            self.choose_series(0)
            return
        self.painter.show_thumbnail()
        if self.session.is_early:
            self._read(self.session.series[self.session.current])

    def choose_series(self, index: int) -> None:
        is_coming = self.session.is_early and any(job.is_running for job in self._opening)
        if (is_coming and index == self.session.current) or not 0 <= index < len(self.session.series):
            return
        for job in self._opening:
            job.cancel()
        series = self.session.choose(index)
        self.parts.viewer.view.clear("Reading…", series.files[0].name)
        self._read(series)

    def _read(self, series: Series) -> None:
        """The whole series in the background, its first slice before the rest where nothing of it is shown yet."""
        key, shown = series_key(series), self.session.is_early

        def work(job: Job) -> MedicalImage:
            def first(image: MedicalImage) -> None:
                self.door.say(job, partial(self._got_image, key, image))

            return read_series(series, None if shown else first, self.door.report(job), job.cancelled.is_set)

        self._opening = [self.door.run("Reading slices", work, partial(self._got_image, key), self._not_read)]

    def _got_image(self, key: str, image: MedicalImage) -> None:
        if self.session.show_image(key, image):
            self.painter.show_thumbnail()

    def _not_read(self, error: UmedError) -> None:
        self.parts.viewer.view.clear("This image could not be opened", error.message)
        self.show_error(error)

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
            self.show_error(missing, "Choose model…", self.choose_model)
            return
        self.session.model_loading()
        self.engine.start(Load(path, self.settings.device))

    def _hear(self, event: Event) -> None:
        self.session.receive(event)
        if isinstance(event, Failed) and event.ask_id == 0:
            self.show_error(error_from_code(event.code, event.message, event.hint), "Choose model…", self.choose_model)

    def _lose_model(self, error: UmedError) -> None:
        self.session.model_lost(error)
        self.show_error(error, "Restart model", self.start_model)

    def ask(self, question: str, again: int = 0) -> None:
        if self.engine is None or not self.engine.is_running:
            self.start_model()
        if self.engine is None or not self.engine.is_running:
            return
        try:
            ask, picture = self.session.ask_again(again) if again else self.session.ask(question)
        except UmedError as problem:
            self.show_error(problem)
            return
        self.parts.chat.composer.clear()
        self.engine.ask(ask, picture)

    def stop(self) -> None:
        ask_id = self.session.stop()
        if ask_id and self.engine is not None:
            self.engine.stop(ask_id)
        elif not ask_id:
            self.session.select_nothing()

    def choose_model(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Choose a model folder", self.settings.model)
        if folder:
            self.use_model(folder)

    def use_model(self, folder: str) -> None:
        self.settings = changed(self.settings, model=folder)
        self.start_model()

    # -------------------------------------------------------------------------------------------- widgets -> session
    def show_error(self, error: UmedError, action: str = "", deed: Callable[[], None] = lambda: None) -> None:
        """A bar with the message and its hint, and a button for what can be done."""
        self._on_notice = deed
        self.parts.notice.show_error(error, action)

    def _connect_widgets(self) -> None:
        parts, session, view = self.parts, self.session, self.parts.viewer.view
        parts.series.chosen.connect(self.choose_series)
        parts.viewer.slice_chosen.connect(session.show_frame)
        view.slice_wheeled.connect(lambda steps: session.show_frame(session.frame + steps))
        view.window_dragged.connect(self._drag_window)
        view.window_drag_ended.connect(self.painter.finish_preview)
        view.box_pointed.connect(session.point_at)
        view.box_clicked.connect(self._reveal)
        view.probed.connect(self.painter.show_probe)
        parts.viewer.attention.opacity_changed.connect(lambda share: self._set_attention(attention_opacity=share))
        parts.viewer.attention.colors_changed.connect(lambda name: self._set_attention(attention_colors=name))
        parts.viewer.attention.closed.connect(session.select_nothing)
        parts.chat.asked.connect(self.ask)
        parts.chat.stopped.connect(self.stop)
        parts.chat.word_clicked.connect(self._select_word)
        parts.chat.box_clicked.connect(self._show_box)
        parts.chat.box_pointed.connect(session.point_at)
        parts.chat.again.connect(lambda number: self.ask("", number))
        parts.chat.removed.connect(session.remove)
        parts.chat.copied.connect(lambda number: QGuiApplication.clipboard().setText(session.exchange(number).text))
        parts.findings.chosen.connect(self._show_box)
        parts.findings.pointed.connect(session.point_at)
        parts.findings.judged.connect(session.judge)
        parts.notice.acted.connect(self._act_on_notice)
        parts.model_chip.clicked.connect(self._press_model_chip)
        parts.cancel.clicked.connect(self.door.cancel_all)
        self.door.busy_changed.connect(self._show_busy)
        self.door.progressed.connect(self._show_progress)

    def _deeds(self) -> dict[str, Callable[[], None]]:
        from umed_desktop.deeds import deeds_of

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

    def _select_word(self, exchange: int, start: int, end: int) -> None:
        self.actions_by_name["show_attention"].setChecked(True)
        self.session.select_word(exchange, start, end)

    def _show_box(self, ref: BoxRef) -> None:
        """From the text or the list to the image: its frame, lit."""
        self.session.show_frame(self.session.exchange(ref.exchange).frame)
        self.session.point_at(ref)
        self.parts.findings.show_chosen(ref)

    def _reveal(self, ref: BoxRef) -> None:
        """From the image to the text: its sentence, scrolled into view."""
        self.parts.chat.reveal(ref)
        self.parts.findings.show_chosen(ref)
        self.session.point_at(ref)

    def judge_chosen(self, verdict: Verdict) -> None:
        ref = self.parts.findings.chosen_ref() or self.session.pointed
        if ref is not None:
            self.session.judge(ref, verdict)

    def show_preset(self, number: int) -> None:
        """The CT window of a number key, on images in HU alone."""
        from umed_core.images.windowing import CT_PRESETS

        if self.session.image is not None and self.session.image.unit == "HU":
            self.session.show_window(CT_PRESETS[number])
        elif self.session.image is not None:
            self.parts.notice.show_word(f"{PRESETS[number]} is a window in HU; this image is not in HU.")

    def reset_view(self) -> None:
        self.actions_by_name["invert"].setChecked(False)
        self.session.show_window(None)
        self.parts.viewer.view.reset()
        self.painter.show_pixels()

    def _act_on_notice(self) -> None:
        self._on_notice()

    def _press_model_chip(self) -> None:
        if self.session.model_state == "lost":
            self.start_model()
        else:
            self.choose_model()

    def _show_busy(self, jobs: list[Job]) -> None:
        self.statusBar().setVisible(bool(jobs))
        self.actions_by_name["cancel_work"].setEnabled(bool(jobs))
        if jobs:
            self.parts.doing.setText(f"{jobs[-1].title}…")
            self.parts.progress.setRange(0, 0)

    def _show_progress(self, job: Job, done: int, total: int) -> None:
        self.parts.doing.setText(f"{job.title}: {done} of {total}")
        self.parts.progress.setRange(0, total)
        self.parts.progress.setValue(done)

    def set_theme(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        palette = apply_theme(app, self.settings.theme)
        self.parts.set_palette(palette)
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
        if self._settings_path is not None:
            save_settings(self._settings_path, self.settings)
        if self.engine is not None:
            self.engine.close()
        self.door.close()
        event.accept()


def _path(url: QUrl) -> Path:
    return Path(url.toLocalFile())
