"""One model's half of a comparison: its name, the image with its boxes, its answer, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from umed_desktop.chat.answer_view import AnswerView
from umed_desktop.compare.comparison import Side, SideName
from umed_desktop.compare.one_line import OneLine
from umed_desktop.compare.presenting import SIDE_COLORS, model_words, speed_words, state_words
from umed_desktop.session.answer_text import Piece, pieces_of, sentence_around
from umed_desktop.session.conversation import BoxRef
from umed_desktop.theme import GRID_PX, Palette, styled
from umed_desktop.viewer.image_view import ImageView

__all__ = ["SideColumn"]

_SAMPLE_PX = (28, 12)


class SideColumn(QWidget):
    box_pointed = Signal(object)
    """The BoxRef under the pointer in the image or in the answer, None for none."""
    keep_wanted = Signal()
    restart_wanted = Signal()

    def __init__(self, name: SideName, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.name = name
        self._side = Side()
        self.model = styled(OneLine(Qt.TextElideMode.ElideMiddle), "verdict")
        self.about = styled(OneLine(), "muted")
        self._sample = QLabel()
        self._sample.setAccessibleName(
            self.tr("Solid line") if name == "A" else self.tr("Dashed line")
        )  # what a screen reader says of the little line
        self.view = ImageView()
        self.view.setAccessibleName(self.tr("Image, model {name}").format(name=name))
        self.view.box_pointed.connect(self.box_pointed)
        self.answer = AnswerView(palette, box_colors=(SIDE_COLORS[name],))
        self.answer.setAccessibleName(self.tr("Answer of model {name}").format(name=name))
        self.answer.setAccessibleDescription("")  # a word here leads to no attention
        self.answer.piece_pointed.connect(self._point)
        self.answer.piece_clicked.connect(self._point)
        self.failure = styled(QLabel(wordWrap=True), "failure")
        self.restart = QPushButton(self.tr("Restart model {name}").format(name=name))
        self.restart.clicked.connect(self.restart_wanted)
        self.state = styled(OneLine(), "muted")
        self.keep = QPushButton(self.tr("Keep {name}'s answer").format(name=name))
        self.keep.setToolTip(self.tr("Puts question and answer into the study's conversation, with the model's name"))
        self.keep.clicked.connect(self.keep_wanted)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head())
        column.addWidget(self.view, 1)
        self._scroll = self._words()
        column.addWidget(self._scroll)
        column.addLayout(self._foot())
        self._draw_sample()
        self.show_side(Side(), False)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(2 * GRID_PX, GRID_PX, 2 * GRID_PX, GRID_PX)
        row.setSpacing(GRID_PX)
        row.addWidget(self._sample)
        row.addWidget(styled(QLabel(self.name), "verdict"))
        row.addWidget(self.model)
        row.addWidget(self.about)
        row.addStretch(1)
        return row

    def _words(self) -> QScrollArea:
        inside = styled(QWidget(), "transcript")
        column = QVBoxLayout(inside)
        column.setContentsMargins(2 * GRID_PX, GRID_PX, 2 * GRID_PX, GRID_PX // 2)
        column.setSpacing(GRID_PX)
        column.addWidget(self.answer)
        column.addWidget(self.failure)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setAccessibleName(self.tr("Answer of model {name}").format(name=self.name))
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        return scroll

    def _foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(2 * GRID_PX, GRID_PX // 2, 2 * GRID_PX, GRID_PX)
        row.setSpacing(GRID_PX)
        row.addWidget(self.state, 1)
        row.addWidget(self.restart)
        row.addWidget(self.keep)
        return row

    def give_answer_room(self, height: int) -> None:
        """In pixels; both sides have the same, so that the images stay side by side."""
        self._scroll.setFixedHeight(height)

    def show_side(self, side: Side, is_kept: bool) -> None:
        """The side as it is now; `is_kept` says that its answer is in the conversation already."""
        self._side = side
        name, about = model_words(side)
        self.model.say(name)
        self.about.say(about, f"{about}\nSHA-256 {side.model.sha256}" if side.model is not None else "")
        exchange = side.exchange
        self.answer.show_pieces(pieces_of(exchange.text, exchange.boxes) if exchange is not None else ())
        self.answer.setVisible(exchange is not None and bool(exchange.text))
        error = side.error or (exchange.error if exchange is not None else None)
        self.failure.setText(f"{error.message} {error.hint}".strip() if error is not None else "")
        self.failure.setVisible(error is not None)
        self.restart.setVisible(side.state == "lost")
        state = " · ".join(filter(None, (state_words(side), speed_words(side))))
        alone = self.tr("As it came here, while both models ran at once: alone each is faster")
        self.state.say(state, f"{state}\n{alone}" if side.first_token_s is not None else "")
        self.keep.setEnabled(side.has_answered and not is_kept)
        words = self.tr("{name}'s answer is kept") if is_kept else self.tr("Keep {name}'s answer")
        self.keep.setText(words.format(name=self.name))

    def show_lit(self, lit: frozenset[BoxRef]) -> None:
        """Lights the sentence of whichever of its boxes is lit."""
        exchange = self._side.exchange
        mine = [ref.index for ref in lit if exchange is not None and ref.exchange == exchange.id]
        if exchange is None or not mine or mine[0] >= len(exchange.boxes):
            self.answer.mark(None, None)
            return
        self.answer.mark(None, sentence_around(exchange.text, exchange.boxes[mine[0]].start))

    def set_palette(self, palette: Palette) -> None:
        self.answer.set_palette(palette)

    def _point(self, piece: Piece | None) -> None:
        """At a box's own mark that box, elsewhere the first of the sentence."""
        exchange = self._side.exchange
        if piece is None or exchange is None or not exchange.boxes:
            self.box_pointed.emit(None)
            return
        if piece.kind == "box":
            self.box_pointed.emit(BoxRef(exchange.id, piece.box))
            return
        start, end = sentence_around(exchange.text, piece.start)
        there = [index for index, box in enumerate(exchange.boxes) if start <= box.start < end]
        self.box_pointed.emit(BoxRef(exchange.id, there[0]) if there else None)

    def _draw_sample(self) -> None:
        """A little piece of this side's line, as the boxes are drawn."""
        width, height = _SAMPLE_PX
        ratio = self.devicePixelRatioF()
        picture = QPixmap(round(width * ratio), round(height * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        style = Qt.PenStyle.DashLine if self.name == "B" else Qt.PenStyle.SolidLine
        painter.setPen(QPen(QColor(SIDE_COLORS[self.name]), 3.0, style, Qt.PenCapStyle.FlatCap))
        painter.drawLine(0, height // 2, width, height // 2)
        painter.end()
        self._sample.setPixmap(picture)
