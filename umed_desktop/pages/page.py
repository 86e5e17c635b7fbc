"""What a page is to the window, and the window to a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtWidgets import QWidget

from umed_core.errors import UmedError
from umed_desktop.background import BackgroundDoor
from umed_desktop.theme import Palette

if TYPE_CHECKING:
    from umed_desktop.settings import Settings

__all__ = ["READ", "Desk", "Page", "PageMaker"]

READ = "read"


@dataclass(frozen=True)
class Desk:
    """What the window lends its pages. `remember` changes fields of the settings; `go_to` shows a page, with a folder."""

    door: BackgroundDoor
    tell: Callable[[UmedError], None]
    say: Callable[[str, str], None]
    """A word that is no failure, and its hint."""
    settings: Callable[[], Settings]
    remember: Callable[[dict[str, str]], None]
    go_to: Callable[[str, Path | None], None]
    use_model: Callable[[Path], None]


class Page(Protocol):
    """A page's widget, and what the window asks of it."""

    @property
    def widget(self) -> QWidget: ...

    def open_folder(self, folder: Path) -> None:
        """Shows what another page or the person wants to see here."""

    def set_palette(self, palette: Palette) -> None: ...

    def close_page(self) -> None:
        """Ends what must not outlive the window; what runs detached goes on."""


PageMaker = Callable[[Desk, Palette], Page]
