"""Connects what was opened, and what could not be, to the menus: recent studies, and the list of refused files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace as changed
from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from umed_core.errors import MissingFile, UmedError, UnsupportedImage
from umed_desktop.background import BackgroundDoor, Job
from umed_desktop.session.refusals import refusals_of
from umed_desktop.settings import RECENT_KEPT, with_recent
from umed_desktop.words import grouped

if TYPE_CHECKING:
    from umed_desktop.studies.refused_dialog import RefusedDialog
    from umed_desktop.window.main_window import MainWindow

__all__ = ["OpeningWiring"]


class OpeningWiring(QObject):
    """`menu` is File > Open recent; it is filled when it is opened, and looks for its paths off the window's thread."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window
        self.door = BackgroundDoor(self)  # of its own: to look at ten paths is no work to show or to cancel
        self.menu = QMenu(self.tr("Open &recent"), window)
        self.menu.setToolTipsVisible(True)
        self.menu.aboutToShow.connect(self.fill_menu)
        self._dialog: RefusedDialog | None = None
        actions = window.actions_by_name
        for bar in actions["open_folder"].associatedObjects():
            if isinstance(bar, QMenu):
                place = bar.actions().index(actions["open_folder"]) + 1
                bar.insertMenu(bar.actions()[place], self.menu)
        actions["show_refused"].setEnabled(False)
        window.parts.series.refused_wanted.connect(self.show_refused)

    def close(self) -> None:
        self.door.close()

    # ---------------------------------------------------------------------------------------------------- recent
    def note(self, paths: Sequence[Path]) -> None:
        """What a person opens goes to the head of the list, the first path first; the next dialog begins where it lies."""
        for path in reversed(paths[:RECENT_KEPT]):
            self.window.settings = with_recent(self.window.settings, path.absolute())
        self.window.settings = changed(self.window.settings, last_folder=str(_folder_of(paths[0].absolute())))

    def fill_menu(self) -> None:
        """The recent paths, each under a digit; those that are not there any more turn grey a moment later."""
        self.menu.clear()
        paths = [Path(path) for path in self.window.settings.recent]
        entries = [self._entry(number, path) for number, path in enumerate(paths, 1)]
        if not entries:
            self.menu.addAction(self.tr("Nothing was opened yet")).setEnabled(False)
            return
        self.menu.addSeparator()
        self.menu.addAction(self.tr("&Clear the list"), self.clear)

        def work(_job: Job) -> list[str]:
            return [_why_not(path) for path in paths]

        # A path on a sleeping disk or a lost network drive takes its time, and the menu must not.
        self.door.run(self.tr("Looking for recent studies"), work, partial(self._grey, entries), self.window.show_error)

    def clear(self) -> None:
        self.window.settings = changed(self.window.settings, recent=())

    def _entry(self, number: int, path: Path) -> QAction:
        name = path.name or str(path)
        entry = self.menu.addAction(
            f"&{number % 10}  {name.replace('&', '&&')}", partial(self.window.open_paths, [path])
        )
        entry.setToolTip(str(path))
        entry.setStatusTip(str(path))
        return entry

    def _grey(self, entries: Sequence[QAction], reasons: Sequence[str]) -> None:
        for entry, why in zip(entries, reasons, strict=True):
            # The menu may have been filled anew, or cleared, meanwhile.
            if why and entry in self.menu.actions():
                words = self.tr("may not be read by you") if why == "forbidden" else self.tr("not there any more")
                entry.setText(f"{entry.text()}  ({words})")
                entry.setEnabled(False)

    # --------------------------------------------------------------------------------------------------- refused
    def tell_refused(self, refused: Sequence[tuple[Path, UmedError]]) -> None:
        """Says how many files were not opened, with a button for the list."""
        self._close_list()
        self.window.actions_by_name["show_refused"].setEnabled(bool(refused))
        if refused:
            count = len(refused)
            words = (
                self.tr("1 file was not opened.")
                if count == 1
                else self.tr("{count} files were not opened.").format(count=grouped(count))
            )
            self.window.show_word(words, "", self.tr("Show why…"), self.show_refused)

    def show_refused(self) -> None:
        """The list of what could not be opened just now, in place of an older one."""
        from umed_desktop.studies.refused_dialog import RefusedDialog

        self._close_list()
        self._dialog = RefusedDialog(refusals_of(self.window.session.refused), self.window)
        self._dialog.finished.connect(self._forget_dialog)
        self._dialog.show()

    def _close_list(self) -> None:
        if self._dialog is not None:
            self._dialog.close()

    def _forget_dialog(self) -> None:
        self._dialog = None


def _why_not(path: Path) -> str:
    """Why a path cannot be opened: "gone", "forbidden", or "" where it seems to be there."""
    from umed_core.images.archive import archive_above, what_lies_at

    try:
        above = archive_above(path) if what_lies_at(path) == "member" else None
    except UnsupportedImage:
        return "forbidden"
    except MissingFile:
        return "gone"
    return "" if os.access(path if above is None else above[0], os.R_OK) else "forbidden"


def _folder_of(path: Path) -> Path:
    """Where a person would look for more of it: the folder itself, or the one that the file or its archive lies in."""
    try:
        return next(folder for folder in (path, *path.parents) if folder.is_dir())
    except (OSError, StopIteration):  # a name that no system takes, or a drive that went
        return path.parent
