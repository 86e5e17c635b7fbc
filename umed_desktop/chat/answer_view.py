"""An answer as text whose words can be clicked and whose boxes can be pointed at."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit, QWidget

from umed_desktop.session.answer_text import Piece
from umed_desktop.theme import BOX_COLORS, Palette

__all__ = ["AnswerView"]


class AnswerView(QTextEdit):
    """Shows pieces; signals the piece that was clicked and the one under the pointer. Grows with its text."""

    piece_clicked = Signal(object)
    piece_pointed = Signal(object)
    """The Piece under the pointer, None for none."""

    def __init__(self, palette: Palette, parent: QWidget | None = None, box_colors: Sequence[str] = BOX_COLORS) -> None:
        super().__init__(parent)
        self._box_colors = box_colors
        self.setReadOnly(True)
        self.setAccessibleName(self.tr("Answer"))
        self.setAccessibleDescription(self.tr("Enter shows where the model looked for the word at the cursor."))
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self.document().setDocumentMargin(0)
        self._colors = palette
        self._pieces: tuple[Piece, ...] = ()
        self._places: list[tuple[int, int]] = []
        self._selected: tuple[int, int] | None = None
        self._lit: tuple[int, int] | None = None
        self._pressed_at = QPoint()

    def set_palette(self, palette: Palette) -> None:
        self._colors = palette
        self._rewrite()

    def show_pieces(self, pieces: Sequence[Piece]) -> None:
        """Shows the answer so far; what has not changed stays as it is, and so does a selection in it."""
        if tuple(pieces) == self._pieces:
            return
        same = next(
            (n for n, (old, new) in enumerate(zip(self._pieces, pieces, strict=False)) if old != new),
            min(len(self._pieces), len(pieces)),
        )
        self._pieces = tuple(pieces)
        self._rewrite(keep=same)

    def mark(self, selected: tuple[int, int] | None, lit: tuple[int, int] | None) -> None:
        """The chosen word's and the lit sentence's ranges of the answer, None for none."""
        if (selected, lit) != (self._selected, self._lit):
            self._selected, self._lit = selected, lit
            self._paint_marks()

    def place_of(self, piece: Piece) -> QPoint:
        """The middle of a piece in this widget's viewport, for whoever wants to point there."""
        start, end = self._places[self._pieces.index(piece)]
        cursor = QTextCursor(self.document())
        cursor.setPosition(start)
        left = self.cursorRect(cursor)
        cursor.setPosition(end)
        right = self.cursorRect(cursor)
        same_line = left.top() == right.top()
        return QPoint((left.left() + right.left()) // 2 if same_line else left.left() + 3, left.center().y())

    def _rewrite(self, keep: int = 0) -> None:
        """Writes the pieces, the first `keep` of which are there already."""
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._places[keep - 1][1] if keep else 0)
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        line = QTextBlockFormat()
        line.setLineHeight(140, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        cursor.setBlockFormat(line)
        del self._places[keep:]
        for piece in self._pieces[keep:]:
            start = cursor.position()
            cursor.insertText(self._shown(piece), self._format(piece))
            self._places.append((start, cursor.position()))
        self._paint_marks()
        self._grow()

    def _shown(self, piece: Piece) -> str:
        """The model's own words as they are; the marks in their place in the window's language."""
        match piece.kind:
            case "box":
                return self.tr("box {number}").format(number=piece.box + 1)
            case "unusable":
                return self.tr("unusable box")
            case "unfinished":
                return self.tr("locating")
            case _:
                return piece.shown

    def _format(self, piece: Piece) -> QTextCharFormat:
        form = QTextCharFormat()
        form.setForeground(QColor(self._colors.text))
        if piece.kind == "box":
            form.setForeground(QColor("#101418"))
            form.setBackground(QColor(self._box_colors[piece.box % len(self._box_colors)]))
            form.setFontWeight(QFont.Weight.DemiBold)
        elif piece.kind in ("unfinished", "unusable"):
            form.setForeground(QColor(self._colors.muted))
            form.setFontItalic(True)
        return form

    def _paint_marks(self) -> None:
        marks: list[QTextEdit.ExtraSelection] = []
        for span, color in ((self._lit, self._colors.hover), (self._selected, self._colors.accent)):
            if span is None:
                continue
            covered = [place for place, piece in zip(self._places, self._pieces, strict=True)
                       if piece.start < span[1] and piece.end > span[0] and piece.kind != "box"]  # fmt: skip
            for start, end in covered:
                mark = QTextEdit.ExtraSelection()
                mark.cursor = QTextCursor(self.document())
                mark.cursor.setPosition(start)
                mark.cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
                form = QTextCharFormat()
                form.setBackground(QColor(color))
                if color == self._colors.accent:
                    form.setForeground(QColor(self._colors.on_accent))
                mark.format = form
                marks.append(mark)
        self.setExtraSelections(marks)

    def _piece_at(self, position: int) -> Piece | None:
        for (start, end), piece in zip(self._places, self._pieces, strict=True):
            if start <= position < end:
                return piece
        return None

    def _piece_under(self, place: QPoint) -> Piece | None:
        position = self.document().documentLayout().hitTest(place.toPointF(), Qt.HitTestAccuracy.ExactHit)
        return self._piece_at(position) if position >= 0 else None

    def _grow(self) -> None:
        self.document().setTextWidth(max(self.viewport().width(), 40))
        height = round(self.document().size().height()) + 4
        if height != self.height():
            self.setFixedHeight(height)

    def sizeHint(self) -> QSize:
        return QSize(240, self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._grow()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        piece = self._piece_under(event.position().toPoint())
        clickable = piece is not None and piece.kind in ("word", "box")
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.IBeamCursor)
        self.piece_pointed.emit(piece)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        here = event.position().toPoint()
        if event.button() == Qt.MouseButton.LeftButton and (here - self._pressed_at).manhattanLength() < 4:
            piece = self._piece_under(here)
            if piece is not None and piece.kind in ("word", "box"):
                self.piece_clicked.emit(piece)

    def leaveEvent(self, event: object) -> None:  # noqa: ARG002 - Qt calls it so
        self.piece_pointed.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            piece = self._piece_at(self.textCursor().position())
            if piece is not None and piece.kind in ("word", "box"):
                self.piece_clicked.emit(piece)
            return
        super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the transcript scrolls, not one answer
