"""A question and its answer, as two cards of the transcript."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from umed_desktop.chat.answer_view import AnswerView
from umed_desktop.chat.image_chips import ImageChips
from umed_desktop.session.answer_text import Piece, pieces_of, sentence_around
from umed_desktop.session.conversation import BoxRef, Exchange
from umed_desktop.theme import GRID_PX, Palette, icon, styled

__all__ = ["ExchangeCard", "words_of_state"]


class ExchangeCard(QWidget):
    """One exchange. Signals carry the exchange's id, so that one slot serves all cards."""

    word_clicked = Signal(int, int, int)
    """(exchange, start, end) of the answer"""
    box_clicked = Signal(object)
    box_pointed = Signal(object)
    again = Signal(int)
    copied = Signal(int)
    removed = Signal(int)
    edit_wanted = Signal()
    image_clicked = Signal(int, int)
    """(exchange, which of its images, from 0)"""

    def __init__(self, exchange: Exchange, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.exchange = exchange
        self._about: str | None = None
        question = styled(QFrame(), "questionCard")
        self._question = QLabel(exchange.question)
        self._question.setWordWrap(True)
        self._question.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        inside = QVBoxLayout(question)
        inside.setContentsMargins(12, GRID_PX, 12, GRID_PX)
        self.images = ImageChips(exchange.images)
        self.images.shown.connect(lambda place: self.image_clicked.emit(self.exchange.id, place))
        self.images.setVisible(bool(exchange.images))
        inside.addWidget(self.images)
        inside.addWidget(self._question)
        aside = QHBoxLayout()
        aside.setContentsMargins(5 * GRID_PX, 0, 0, 0)
        aside.addWidget(question)

        answer = styled(QFrame(), "answerCard")
        self.answer = AnswerView(palette)
        self.answer.piece_clicked.connect(self._clicked)
        self.answer.piece_pointed.connect(self._pointed)
        self._failure = styled(QLabel(), "failure")
        self._failure.setWordWrap(True)
        self._failure.hide()
        self._state = styled(QLabel(), "muted")
        self._copy = self._button(self.tr("Copy answer"), lambda: self.copied.emit(self.exchange.id))
        self._edit = self._button(self.tr("Edit question and ask again"), lambda: self.edit_wanted.emit())
        self._again = self._button(self.tr("Ask again"), lambda: self.again.emit(self.exchange.id))
        self._remove = self._button(self.tr("Delete"), lambda: self.removed.emit(self.exchange.id))
        foot = QHBoxLayout()
        foot.setSpacing(0)
        foot.addWidget(self._state, 1)
        for button in (self._copy, self._edit, self._again, self._remove):
            foot.addWidget(button)
        body = QVBoxLayout(answer)
        body.setContentsMargins(12, 12, GRID_PX, 4)
        body.setSpacing(GRID_PX // 2)
        body.addWidget(self.answer)
        body.addWidget(self._failure)
        body.addLayout(foot)

        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID_PX)
        column.addLayout(aside)
        column.addWidget(answer)
        self.set_palette(palette)
        self.show_exchange(exchange, "")

    def show_exchange(self, exchange: Exchange, about: str) -> None:
        """The exchange as it is now; `about` says which slice it speaks of, "" where there is only one."""
        if exchange is self.exchange and about == self._about:
            return  # of a long conversation only what moved is looked at
        self.exchange, self._about = exchange, about
        self.answer.show_pieces(pieces_of(exchange.text, exchange.boxes))
        self.answer.setVisible(bool(exchange.text))
        failed = exchange.error
        self._failure.setVisible(failed is not None)
        if failed is not None:
            self._failure.setText(f"{failed.message} {failed.hint}".strip())
        parts = [about, words_of_state(exchange)]
        self._state.setText(" · ".join(part for part in parts if part))
        for button in (self._copy, self._edit, self._again, self._remove):
            button.setEnabled(not exchange.is_running)
        self._copy.setEnabled(bool(exchange.text))

    def mark(self, selected: tuple[int, int] | None, lit: BoxRef | None) -> None:
        """The chosen word, and the box whose sentence is to light up; None for none or another card's."""
        sentence = None
        if lit is not None and lit.index < len(self.exchange.boxes):
            sentence = sentence_around(self.exchange.text, self.exchange.boxes[lit.index].start)
        self.answer.mark(selected, sentence)

    def set_palette(self, palette: Palette) -> None:
        self.answer.set_palette(palette)
        for button, name in (
            (self._copy, "copy"),
            (self._edit, "pencil"),
            (self._again, "rotate-ccw"),
            (self._remove, "trash-2"),
        ):
            button.setIcon(icon(name, palette.muted))

    def _button(self, tip: str, deed: object) -> QToolButton:
        button = QToolButton()
        button.setAccessibleName(tip)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(deed)
        return button

    def _clicked(self, piece: Piece) -> None:
        if piece.kind == "box":
            self.box_clicked.emit(BoxRef(self.exchange.id, piece.box))
        else:
            self.word_clicked.emit(self.exchange.id, piece.start, piece.end)

    def _pointed(self, piece: Piece | None) -> None:
        """Pointing at a sentence points at its box, and at a box's own mark at that box."""
        if piece is None or not self.exchange.boxes:
            self.box_pointed.emit(None)
            return
        if piece.kind == "box":
            self.box_pointed.emit(BoxRef(self.exchange.id, piece.box))
            return
        start, end = sentence_around(self.exchange.text, piece.start)
        near = [(abs(box.start - piece.start), index) for index, box in enumerate(self.exchange.boxes)
                if start <= box.start < end]  # fmt: skip
        self.box_pointed.emit(BoxRef(self.exchange.id, min(near)[1]) if near else None)


def words_of_state(exchange: Exchange) -> str:
    """Where an answer stands; how long it took, where it is whole."""
    match exchange.state:
        case "waiting":
            return QCoreApplication.translate("Cards", "Looking at the image…")
        case "streaming":
            return QCoreApplication.translate("Cards", "Answering…")
        case "stopped":
            return QCoreApplication.translate("Cards", "Stopped")
        case "failed":
            return QCoreApplication.translate("Cards", "Not answered")
        case "done":
            return f"{exchange.seconds:.1f} s"
