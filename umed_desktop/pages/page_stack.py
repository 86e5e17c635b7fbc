"""The pages of one window, each made when it is first visited, and the bar that leads to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QToolButton, QWidget

from umed_desktop.pages.page import READ, Desk, Page, PageMaker
from umed_desktop.theme import GRID_PX, Palette

__all__ = ["PageBar", "PageStack"]


class PageStack(QStackedWidget):
    """`reading` is the first page and always there; the others come from `makers` at their first visit."""

    changed = Signal(str)

    def __init__(self, reading: QWidget, makers: Mapping[str, PageMaker]) -> None:
        super().__init__()
        self._makers = makers
        self._pages: dict[str, Page] = {}
        self.current = READ
        self._reading = reading
        self.addWidget(reading)

    def show_page(self, name: str, desk: Desk, palette: Palette) -> Page | None:
        """Shows the page called `name`; None for reading, which has no page object of its own."""
        if name != READ and name not in self._pages:
            self._pages[name] = self._makers[name](desk, palette)
            self.addWidget(self._pages[name].widget)
        page = self._pages.get(name)
        self.setCurrentWidget(self._reading if page is None else page.widget)
        if name != self.current:
            self.current = name
            self.changed.emit(name)
        return page

    def page(self, name: str) -> Page:
        """A page that has been visited. Raises: KeyError for one that has not."""
        return self._pages[name]

    def set_palette(self, palette: Palette) -> None:
        for page in self._pages.values():
            page.set_palette(palette)

    def close_pages(self) -> None:
        for page in self._pages.values():
            page.close_page()


class PageBar(QWidget):
    """A button a page, in step with the actions that the menu shows."""

    def __init__(self, actions: Sequence[QAction]) -> None:
        super().__init__()
        self.setObjectName("pageBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(self.tr("Pages"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, GRID_PX, 2)
        row.setSpacing(2)
        for action in actions:
            button = QToolButton()
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setAccessibleName(self.tr("Page: {title}").format(title=action.iconText()))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
