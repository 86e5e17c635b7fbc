"""The conversation about the current series: cards from oldest to newest, above the composer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from umed_desktop.chat.cards import ExchangeCard
from umed_desktop.chat.composer import Composer
from umed_desktop.chat.conversation_bar import ConversationBar
from umed_desktop.session.conversation import BoxRef, Exchange
from umed_desktop.theme import GRID_PX, Palette, styled

__all__ = ["ChatPanel"]

_NEAR_END_PX = 48


class ChatPanel(QWidget):
    asked = Signal(str)
    stopped = Signal()
    word_clicked = Signal(int, int, int)
    box_clicked = Signal(object)
    box_pointed = Signal(object)
    again = Signal(int)
    copied = Signal(int)
    removed = Signal(int)
    image_clicked = Signal(int, int)
    """(exchange, which of its images, from 0)"""
    resent = Signal(int, str)
    """(exchange, the question to ask in its place)"""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._palette = palette
        self.cards: dict[int, ExchangeCard] = {}
        self._empty = styled(QLabel(alignment=Qt.AlignmentFlag.AlignCenter), "muted")
        self._empty.setWordWrap(True)
        inside = styled(QWidget(), "transcript")
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(2 * GRID_PX, GRID_PX, 2 * GRID_PX, GRID_PX)
        self._column.setSpacing(2 * GRID_PX)
        self._column.addWidget(self._empty, 1)
        self._column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setAccessibleName(self.tr("Conversation"))
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(inside)
        self._follows = True
        bar = self._scroll.verticalScrollBar()
        bar.valueChanged.connect(lambda value: self._note_place(value, bar.maximum()))
        bar.rangeChanged.connect(lambda _, most: bar.setValue(most) if self._follows else None)
        self.composer = Composer()
        self.composer.asked.connect(self.asked)
        self.composer.resent.connect(self.resent)
        self.composer.stopped.connect(self.stopped)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.conversations = ConversationBar(palette)
        column.addWidget(styled(QLabel(self.tr("CONVERSATION")), "panelTitle"))
        column.addWidget(self.conversations)
        column.addWidget(self._scroll, 1)
        column.addWidget(self.composer)

    def show_exchanges(self, exchanges: Sequence[Exchange], about: Callable[[Exchange], str], empty: str) -> None:
        """Exactly these cards, in this order; `about` gives the words for a card's slice, `empty` those for no card."""
        wanted = {exchange.id for exchange in exchanges}
        if self.composer.edited and self.composer.edited not in wanted:
            self.composer.give_up_edit()
        for gone in [number for number in self.cards if number not in wanted]:
            card = self.cards.pop(gone)
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        for place, exchange in enumerate(exchanges):
            if exchange.id not in self.cards:
                self._add(exchange, place)
                self._follows = True
            self.cards[exchange.id].show_exchange(exchange, about(exchange))
        self._empty.setText(empty)
        self._empty.setVisible(not exchanges)
        if self._follows:
            QTimer.singleShot(0, self, self._go_to_end)

    def mark(self, selected: tuple[int, int, int] | None, lit: BoxRef | None) -> None:
        """The chosen word as (exchange, start, end), and the box whose sentence lights up."""
        for number, card in self.cards.items():
            word = selected[1:] if selected is not None and selected[0] == number else None
            card.mark(word, lit if lit is not None and lit.exchange == number else None)

    def reveal(self, ref: BoxRef) -> None:
        """Scrolls the box's sentence into view."""
        if ref.exchange in self.cards:
            self._follows = False
            self._scroll.ensureWidgetVisible(self.cards[ref.exchange].answer, 0, 2 * GRID_PX)

    def set_palette(self, palette: Palette) -> None:
        self._palette = palette
        self.conversations.set_palette(palette)
        self.composer.set_palette(palette)
        for card in self.cards.values():
            card.set_palette(palette)

    def _add(self, exchange: Exchange, place: int) -> None:
        card = ExchangeCard(exchange, self._palette)
        card.word_clicked.connect(self.word_clicked)
        card.box_clicked.connect(self.box_clicked)
        card.box_pointed.connect(self.box_pointed)
        card.again.connect(self.again)
        card.copied.connect(self.copied)
        card.removed.connect(self.removed)
        card.image_clicked.connect(self.image_clicked)
        card.edit_wanted.connect(lambda: self.composer.edit(card.exchange.id, card.exchange.question))
        self._column.insertWidget(place + 1, card)  # after the empty note
        self.cards[exchange.id] = card

    def _note_place(self, value: int, most: int) -> None:
        self._follows = most - value < _NEAR_END_PX

    def _go_to_end(self) -> None:
        bar = self._scroll.verticalScrollBar()
        bar.setValue(bar.maximum())
