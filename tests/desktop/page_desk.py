"""A page without its window: the desk that the window would lend it, and what the page said to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtWidgets import QApplication

from tests.desktop.acting import show_in_front
from umed_core.errors import UmedError
from umed_desktop.background import BackgroundDoor
from umed_desktop.pages.page import Desk, Page, PageMaker
from umed_desktop.pages.train.train_page import TrainPage
from umed_desktop.settings import Settings
from umed_desktop.theme import DARK, apply_theme

SOON = 30_000

TRAINER = Path(__file__).with_name("trainer_to_kill.py")


@dataclass
class Said:
    """What a page asked of the window."""

    errors: list[UmedError] = field(default_factory=list)
    words: list[tuple[str, str]] = field(default_factory=list)
    went: list[tuple[str, Path | None]] = field(default_factory=list)
    models: list[Path] = field(default_factory=list)
    settings: Settings = field(default_factory=Settings)


@contextmanager
def on_a_desk(
    qtbot: Any, make: PageMaker | Callable[..., Page], settings: Settings | None = None
) -> Iterator[tuple[Any, Said]]:
    """The page, shown, and what it says; what it runs in the background ends with the block."""
    said = Said(settings=settings or Settings())
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app, "dark")
    door = BackgroundDoor()

    def remember(fields: dict[str, str]) -> None:
        said.settings = msgspec.structs.replace(said.settings, **fields)

    desk = Desk(
        door, said.errors.append, lambda word, hint: said.words.append((word, hint)), lambda: said.settings, remember,
        lambda name, folder: said.went.append((name, folder)), said.models.append,
    )  # fmt: skip
    page = make(desk, DARK)
    qtbot.addWidget(page.widget)
    page.widget.resize(1280, 800)
    show_in_front(qtbot, page.widget)
    try:
        yield page, said
    finally:
        page.close_page()
        job = getattr(getattr(page, "watch", None), "job", None)
        if job is not None and job.child is not None and job.is_running:  # a test that failed leaves nothing behind
            job.end_now()
            job.child.wait(10)
        door.close()
        QApplication.processEvents()


def override(page: TrainPage, field: str, value: str) -> None:
    """Writes `value` into the train page's table, beside the recipe's own. Raises: KeyError."""
    table = page.form.table
    items = {table.item(row, 0).text(): table.item(row, 2) for row in range(table.rowCount())}
    items[field].setText(value)
