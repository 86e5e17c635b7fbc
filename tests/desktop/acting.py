"""What a person does to the window, for the tests: drop, drag, turn the wheel, ask, click a word."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from umed_desktop.chat.cards import ExchangeCard
from umed_desktop.window.main_window import MainWindow

SOON = 20_000


def show_in_front(qtbot, widget) -> None:
    """On screen and in front, where a window manager would put it: the keys of a window that is not active do nothing."""
    with qtbot.waitExposed(widget, timeout=SOON):
        widget.show()
    QApplication.processEvents()  # before, the X server would give the keys back to the window behind

    def is_in_front() -> bool:
        if not widget.isActiveWindow():
            widget.activateWindow()
        return bool(widget.isActiveWindow())

    qtbot.waitUntil(is_in_front, timeout=SOON)


def drop(window: MainWindow, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, left, plain = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(5, 5), copy, data, left, plain))


def drag(qtbot, widget, button: Qt.MouseButton, start: QPoint, end: QPoint) -> None:
    qtbot.mousePress(widget, button, pos=start)
    QApplication.sendEvent(widget, moved(widget, start, button))
    QApplication.sendEvent(widget, moved(widget, end, button))
    qtbot.mouseRelease(widget, button, pos=end)


def moved(widget, place: QPoint, button: Qt.MouseButton):
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    at, there = QPointF(place), QPointF(widget.mapToGlobal(place))
    return QMouseEvent(
        QEvent.Type.MouseMove, at, there, Qt.MouseButton.NoButton, button, Qt.KeyboardModifier.NoModifier
    )


def wheel(widget, notches: int) -> None:
    middle = QPointF(widget.rect().center())
    there = QPointF(widget.mapToGlobal(widget.rect().center()))
    none = Qt.MouseButton.NoButton
    plain, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    QApplication.sendEvent(
        widget, QWheelEvent(middle, there, QPoint(), QPoint(0, 120 * notches), none, plain, phase, False)
    )


def ask(qtbot, window: MainWindow, question: str, wait: bool = True) -> None:
    field = window.parts.chat.composer.field
    field.setFocus()
    qtbot.keyClicks(field, question)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    if wait:
        qtbot.waitUntil(lambda: bool(window.session.exchanges()) and not window.session.is_answering, timeout=SOON)
    QApplication.processEvents()  # what appeared with the answer is laid out before a hand reaches for it


def only_card(window: MainWindow) -> ExchangeCard:
    (card,) = window.parts.chat.cards.values()
    return card


def click_piece(qtbot, card: ExchangeCard, shown: str) -> None:
    piece = next(piece for piece in card.answer._pieces if piece.shown == shown)
    qtbot.mouseClick(card.answer.viewport(), Qt.MouseButton.LeftButton, pos=card.answer.place_of(piece))
