"""Connects the first page to the window: it stands while nothing is open, and leads to what opens something."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from umed_core.errors import UmedError
from umed_desktop.background import BackgroundDoor, Job
from umed_desktop.recovery.keeping import samples_folder
from umed_desktop.session.opening import is_there
from umed_desktop.session.session import Change
from umed_desktop.welcome.samples import SAMPLES, draw_sample
from umed_desktop.welcome.welcome_page import RECENT_SHOWN, RecentRow

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

    from umed_desktop.window.main_window import MainWindow

__all__ = ["WelcomeWiring"]


class WelcomeWiring(QObject):
    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window, self.page = window, window.parts.welcome
        self._drawing: Job | None = None
        self._passing: TemporaryDirectory[str] | None = None
        self._door = BackgroundDoor(self)  # of its own: to look for paths is no work to show, and a share may be slow
        for name, words, icon_name in (
            ("open_files", self.tr("Open files…"), "file-plus"),
            ("open_folder", self.tr("Open folder…"), "folder-open"),
            ("study_browser", self.tr("Study browser…"), "library"),
            ("archive_import", self.tr("From an archive…"), "share"),
        ):
            if name in window.actions_by_name:
                self.page.add_way(name, words, icon_name)
        self.page.wanted.connect(lambda name: window.actions_by_name[name].trigger())
        self.page.sample_wanted.connect(self._open_sample)
        self.page.recent_wanted.connect(lambda path: window.open_paths([Path(path)]))
        window.door.busy_changed.connect(self._show_busy)
        window.session.subscribe(self._changed)
        self.show_recent()
        self._changed(Change.LISTING)

    def close(self) -> None:
        self._door.close()
        if self._passing is not None:
            self._passing.cleanup()

    def show_recent(self) -> None:
        """The paths at once, and which of them are still there as soon as the disk has said so."""
        paths = self.window.settings.recent[:RECENT_SHOWN]
        self.page.show_recent([RecentRow(path) for path in paths])
        if paths:
            self._door.run(
                self.tr("Looking for recent files"), partial(_looked_for, paths), self.page.show_recent, _ignore
            )

    def _changed(self, change: Change) -> None:
        if change in (Change.LISTING, Change.IMAGE):
            session, place = self.window.session, self.window.parts.place
            is_open = bool(session.series) or session.image is not None
            place.setCurrentWidget(self.window.parts.viewer if is_open else self.page)

    def _open_sample(self, kind: str) -> None:
        sample = next(sample for sample in SAMPLES if sample.kind == kind)
        folder = self._folder()
        door = self.window.door

        def work(job: Job) -> Path:
            return draw_sample(sample, folder, door.report(job))

        def drawn(folder: Path) -> None:
            self.window.open_paths([folder])

        self._drawing = door.run(self.tr("Drawing a synthetic sample"), work, drawn, self.window.show_error)
        self._show_busy([self._drawing])

    def _show_busy(self, jobs: list[Job]) -> None:
        """One sample at a time; one that was cancelled or failed can be wanted again."""
        self.page.let_choose(self._drawing is None or self._drawing not in jobs)

    def _folder(self) -> Path:
        """Beside the settings; a window that remembers nothing has one for this run."""
        if self.window.settings_path is not None:
            return samples_folder(self.window.settings_path)
        if self._passing is None:
            from tempfile import TemporaryDirectory

            self._passing = TemporaryDirectory(prefix="umed-samples-", ignore_cleanup_errors=True)
        return Path(self._passing.name)


def _looked_for(paths: tuple[str, ...], _job: Job) -> list[RecentRow]:
    return [RecentRow(path, is_there(Path(path))) for path in paths]


def _ignore(_problem: UmedError) -> None:
    """A path that cannot even be looked for is not there: `exists` says so without an error."""
