"""The first page: what umed is, where to begin, sample studies, and what was opened lately. It draws and signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from umed_desktop.pages.form import title
from umed_desktop.theme import GRID_PX, Palette, icon, styled
from umed_desktop.translation import research_use_only
from umed_desktop.welcome.samples import PICTURE_PX, SAMPLES, shipped_picture

__all__ = ["RECENT_SHOWN", "RecentRow", "WelcomePage"]

RECENT_SHOWN = 5
_WIDTH_PX = 728
_PICTURE_PX = PICTURE_PX // 2


@dataclass(frozen=True, slots=True)
class RecentRow:
    """`is_there` is None until the disk was asked."""

    path: str
    is_there: bool | None = None


class WelcomePage(QScrollArea):
    """`ways` are buttons by the name of the action that they stand for, `samples` by their kind."""

    wanted = Signal(str)
    """The name of an action."""
    sample_wanted = Signal(str)
    """The kind of a sample."""
    recent_wanted = Signal(str)

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self.ways: dict[str, QPushButton] = {}
        self.samples: dict[str, QToolButton] = {}
        self.recent: list[QPushButton] = []
        self._icons: dict[str, str] = {}
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inner = QWidget()
        inner.setMaximumWidth(_WIDTH_PX)
        self._column = column = QVBoxLayout(inner)
        column.setContentsMargins(3 * GRID_PX, 3 * GRID_PX, 3 * GRID_PX, 3 * GRID_PX)
        column.setSpacing(GRID_PX)
        column.addStretch(1)
        self._add_words(column)
        self._ways = QGridLayout()
        self._ways.setSpacing(GRID_PX)
        column.addLayout(self._ways)
        column.addWidget(_small(self.tr("Or drop files or a folder anywhere in this window.")))
        column.addSpacing(2 * GRID_PX)
        self._add_samples(column)
        self._recent_title = title(self.tr("Recently opened"))
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        column.addSpacing(GRID_PX)
        column.addWidget(self._recent_title)
        column.addLayout(self._recent)
        column.addStretch(2)
        self._recent_title.hide()
        outer = styled(QWidget(), "panel")
        outer.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(outer)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(inner)
        self.setWidget(outer)

    def add_way(self, name: str, words: str, icon_name: str) -> None:
        """A button for the action `name`."""
        button = QPushButton(words)
        button.setAccessibleName(words.rstrip("…"))
        button.clicked.connect(partial(self.wanted.emit, name))
        self.ways[name] = button
        self._icons[name] = icon_name
        button.setIcon(icon(icon_name, self._palette.text))
        self._arrange()

    def show_recent(self, rows: Sequence[RecentRow]) -> None:
        """The newest first; what is not there any more is named and cannot be opened."""
        while self._recent.count():
            taken = self._recent.takeAt(0)
            button = taken.widget() if taken is not None else None
            if button is not None:
                button.hide()
                button.deleteLater()
        self.recent = [self._recent_button(row) for row in rows[:RECENT_SHOWN]]
        for button in self.recent:
            self._recent.addWidget(button)
        self._arrange()
        self._recent_title.setVisible(bool(rows))

    def let_choose(self, may_choose: bool) -> None:
        """Whether a sample may be wanted: not while one is being drawn."""
        for button in self.samples.values():
            button.setEnabled(may_choose)

    def set_palette(self, palette: Palette) -> None:
        self._palette = palette
        for name, button in self.ways.items():
            button.setIcon(icon(self._icons[name], palette.text))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """As many buttons in a row as there is room for: the page lies between two panels that may be wide."""
        room = min(self.viewport().width(), _WIDTH_PX) - 6 * GRID_PX
        for grid, buttons in ((self._ways, list(self.ways.values())), (self._samples, list(self.samples.values()))):
            widest = max((button.sizeHint().width() for button in buttons), default=1) + GRID_PX
            columns = min(max(1, (room + GRID_PX) // widest), max(1, len(buttons)))
            rows = -(-len(buttons) // columns)
            columns = -(-len(buttons) // max(1, rows))  # four are two and two, and not three and one
            for number, button in enumerate(buttons):
                grid.addWidget(button, number // columns, number % columns)
        for line in self.recent:
            words = line.accessibleName()
            line.setText(line.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, room - 3 * GRID_PX))

    def _add_words(self, column: QVBoxLayout) -> None:
        name = styled(QLabel("umed"), "welcomeName")
        words = QLabel(
            self.tr(
                "Opens medical images and asks a vision-language model about them that runs on this machine.\n"
                "It says what it sees, draws where, and shows where it looked."
            )
        )
        words.setWordWrap(True)
        notice = styled(QLabel(research_use_only()), "warningBox")
        notice.setWordWrap(True)
        for label in (name, words, notice):
            column.addWidget(label)
        column.addSpacing(GRID_PX)

    def _add_samples(self, column: QVBoxLayout) -> None:
        column.addWidget(title(self.tr("Sample studies")))
        column.addWidget(_small(self.tr("Synthetic: umed draws them when you open them. They show no patient.")))
        self._samples = QGridLayout()
        self._samples.setSpacing(GRID_PX)
        for number, sample in enumerate(SAMPLES):
            button = self.samples[sample.kind] = styled(QToolButton(), "sample")
            name = QCoreApplication.translate("Samples", sample.title)
            about = QCoreApplication.translate("Samples", sample.words)
            picture = QPixmap()
            picture.loadFromData(shipped_picture(sample), "PNG")  # named, since Qt would load its plugins to ask them
            button.setIcon(QIcon(picture))
            button.setIconSize(QSize(_PICTURE_PX, _PICTURE_PX))
            button.setText(f"{name}\n{about}")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setAccessibleName(self.tr("Synthetic sample: {name}, {about}").format(name=name, about=about))
            button.clicked.connect(partial(self.sample_wanted.emit, sample.kind))
            self._samples.addWidget(button, 0, number)
        column.addLayout(self._samples)

    def _recent_button(self, row: RecentRow) -> QPushButton:
        path = Path(row.path)
        words = self.tr("{name}   in {folder}").format(name=path.name or row.path, folder=path.parent)
        if row.is_there is False:
            words = self.tr("{words}   (not there any more)").format(words=words)
        button = styled(QPushButton(), "recent")
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        button.setToolTip(row.path)
        button.setAccessibleName(words)
        button.setEnabled(row.is_there is not False)
        button.clicked.connect(partial(self.recent_wanted.emit, row.path))
        return button


def _small(text: str) -> QLabel:
    label = styled(QLabel(text), "muted")
    label.setWordWrap(True)
    label.setContentsMargins(0, 1, 0, 0)  # for the dots of a capital umlaut, which some fonts put above their ascent
    return label
