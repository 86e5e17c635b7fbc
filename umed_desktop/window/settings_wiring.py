"""Connects the settings dialog to the window: what is chosen there holds at once, and what is kept is counted and let go."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace as changed
from PySide6.QtCore import QObject

from umed_desktop.background import Job
from umed_desktop.recovery.keeping import (
    Kept,
    conversations_folder,
    forget,
    forget_older,
    kept_in,
    samples_folder,
    size_of,
)
from umed_desktop.settings import library_file, measurements_folder
from umed_desktop.settings_dialog.kept_panel import KeptRow
from umed_desktop.settings_dialog.settings_dialog import SettingsDialog
from umed_desktop.translation import data_size
from umed_desktop.words import translate

if TYPE_CHECKING:
    from umed_desktop.window.main_window import MainWindow

__all__ = ["SettingsWiring", "forget_old_conversations"]

T = TypeVar("T")

_RECENT, _LIBRARY = "recent", "library"


def forget_old_conversations(window: MainWindow) -> None:
    """Has those go that are older than the settings allow; nothing where nothing is remembered."""
    path, memory, days = window.settings_path, window.memory, window.settings.keep_days
    if path is None or memory is None or days <= 0:
        return

    def work(_job: Job) -> int:
        return forget_older(conversations_folder(path), days)

    def done(count: int) -> None:
        if count:
            window.log.note(f"{count} conversations older than {days} days were deleted")

    memory.door.run(translate("SettingsWiring", "Letting go of old conversations"), work, done, window.show_error)


class SettingsWiring(QObject):
    """Of one dialog."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window
        path = window.settings_path
        self._folders: dict[str, Path] = {}
        self._library = library_file(path)
        if path is not None:
            measured = measurements_folder(path)
            assert measured is not None
            self._folders = {
                "conversations": conversations_folder(path), "measurements": measured, "samples": samples_folder(path),
            }  # fmt: skip
        self.dialog = SettingsDialog(window.settings, self._rows(), window)
        self._jobs: list[Job] = []
        self._is_closed = False

    def open(self) -> SettingsDialog:
        dialog = self.dialog
        dialog.changed.connect(self.apply)
        dialog.cleared.connect(self._clear)
        dialog.archives_wanted.connect(self._open_archives)
        dialog.finished.connect(self._close)
        self._count()
        dialog.open()
        return dialog

    # ------------------------------------------------------------------------------------------------- what is chosen
    def apply(self, values: dict[str, Any]) -> None:
        """The window follows each setting that has a new value."""
        window = self.window
        window.settings = settings = changed(window.settings, **values)
        if "theme" in values:
            window.set_theme()
        if values.keys() & {"attention_colors", "attention_opacity"}:
            window.painter.set_heat_look(settings.attention_opacity, settings.attention_colors)
        if values.keys() & {"cine_fps", "cine_loops"}:
            window.parts.viewer.cine.show_choice(settings.cine_fps, settings.cine_loops)
        if "links_scroll" in values:
            window.viewports.link_scroll(settings.links_scroll)
        if "links_window" in values:
            window.viewports.link_window(settings.links_window)
        if "volumes_mb" in values:
            window.viewports.volumes.budget = settings.volumes_mb * 2**20
        window.viewer.show_choices()
        if "remember_studies" in values:
            window.library.remember(settings.remember_studies)
        if values.keys() & {"model", "device"}:
            window.start_model()

    def _close(self) -> None:
        """Saved at once and not only when the window closes: it may not get so far."""
        self._is_closed = True
        for job in self._jobs:
            job.cancel()  # what is being cleared is cleared; nobody is left to be told
        self.deleteLater()
        self.window.saving.save()

    def _open_archives(self) -> None:
        from umed_desktop.pacs.wiring import ArchivesWiring

        ArchivesWiring(self.window).open_book(self.dialog)

    # --------------------------------------------------------------------------------------------------- what is kept
    def _rows(self) -> list[KeptRow]:
        nowhere = self.tr("Nothing is remembered in this window.")
        places = {name: str(folder) for name, folder in self._folders.items()}
        recent = str(self.window.settings_path) if self.window.settings_path is not None else nowhere
        return [
            KeptRow(
                _RECENT, self.tr("Recently opened"), recent, self.tr("The list of recent files and folders is emptied.")
            ),
            KeptRow(
                "conversations",
                self.tr("Conversations and findings"),
                places.get("conversations", nowhere),
                self.tr(
                    "The conversations and findings of every study are deleted, and nothing brings them back. Those of "
                    "what is open are kept again when they change."
                ),
            ),
            KeptRow(
                _LIBRARY,
                self.tr("Known studies"),
                str(self._library) if self._library is not None else nowhere,
                self.tr(
                    "The study browser forgets every study, with patients' names and small pictures. The images "
                    "themselves stay where they are."
                ),
            ),
            KeptRow(
                "measurements",
                self.tr("Measurements"),
                places.get("measurements", nowhere),
                self.tr(
                    "The measurements of every study are deleted, and nothing brings them back. Those of what is open "
                    "are kept again when they change."
                ),
            ),
            KeptRow(
                "samples",
                self.tr("Sample studies"),
                places.get("samples", nowhere),
                self.tr("The synthetic sample studies are deleted. They are drawn again when they are opened."),
            ),
        ]

    def _count(self) -> None:
        recent = len(self.window.settings.recent)
        self.dialog.show_kept(_RECENT, self.tr("%n path(s)", "", recent), not recent)
        library = self._library
        if library is not None:
            self._run(self.tr("Counting files"), lambda _job: size_of(_library_files(library)), self._counted_library)
        else:
            self._counted(_LIBRARY, Kept(0, 0))
        for name in ("conversations", "measurements", "samples"):
            if name in self._folders:
                work = partial(_counted, self._folders[name])
                self._run(self.tr("Counting files"), work, partial(self._counted, name))
            else:
                self._counted(name, Kept(0, 0))

    def _counted(self, name: str, kept: Kept) -> None:
        size = data_size(kept.size)
        words = self.tr("%n file(s), {size}", "", kept.files).format(size=size) if kept.files else self.tr("nothing")
        self.dialog.show_kept(name, words, not kept.files)

    def _counted_library(self, size: int) -> None:
        """A database: how many files it is of means nothing to a person."""
        words = data_size(size) if size else self.tr("nothing")
        self.dialog.show_kept(_LIBRARY, words, not size)

    def _clear(self, name: str) -> None:
        if name == _RECENT:
            self.window.settings = changed(self.window.settings, recent=())
            self.window.welcome.show_recent()
            self._count()
            return
        if name == _LIBRARY:
            self.window.library.forget_everything(self._count_again)
            return
        self._run(self.tr("Clearing"), partial(_forgotten, self._folders[name]), lambda _: self._count())

    def _count_again(self) -> None:
        if not self._is_closed:
            self._count()

    def _run(self, title: str, work: Callable[[Job], T], done: Callable[[T], None]) -> None:
        self._jobs.append(self.window.door.run(title, work, done, self.window.show_error))


def _counted(folder: Path, _job: Job) -> Kept:
    return kept_in(folder)


def _library_files(path: Path) -> list[Path]:
    from umed_core.library.database import library_files

    return library_files(path)


def _forgotten(folder: Path, _job: Job) -> int:
    return forget(folder)
