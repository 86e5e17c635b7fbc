"""What a window says, word for word, and whether it is English or cut off: for tests of a translated window."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QModelIndex
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QTabBar,
    QTableView,
    QTreeView,
    QWidget,
)

ROOT = Path(__file__).resolve().parents[2]
GERMAN = ROOT / "assets" / "umed_assets" / "translations" / "umed_de.ts"


class Catalogue:
    """The German catalogue: which words are English, and whether a text on screen is one of them."""

    def __init__(self) -> None:
        import xml.etree.ElementTree as ET

        self.pairs = [
            (message.findtext("source") or "", form.text or "")
            for message in ET.parse(GERMAN).getroot().iter("message")
            for translation in message.iter("translation")
            for form in (list(translation) or [translation])
        ]
        german = {_plain(translation) for _, translation in self.pairs}
        english = {source for source, translation in self.pairs if source != translation}
        self.words = {_plain(source) for source in english if "{" not in source} - german
        self.forms = [
            re.compile(re.sub(r"\\\{[^}]*\\\}", ".+", re.escape(_plain(source))))
            for source in english
            if "{" in source and len(re.sub(r"\{[^}]*\}|\W|<[^>]*>", "", source)) > 5
        ]

    def is_english(self, text: str) -> bool:
        """Also of a text with its key behind it: "Accept (A)"."""
        text = _plain(re.sub(r"\s+\([^()]{1,16}\)$", "", text)) if not self._is_known(text) else text
        return self._is_known(text)

    def _is_known(self, text: str) -> bool:
        text = _plain(text)
        return text in self.words or any(form.fullmatch(text) for form in self.forms)


def _plain(text: str) -> str:
    return re.sub(r"&(?=\w)", "", text).strip(" :…")


def shown_texts(root: QWidget) -> Iterator[tuple[str, str]]:
    """(what it is, its words) for all that a person sees, hovers over or has read to them."""
    for widget in [root, *root.findChildren(QWidget)]:
        name = type(widget).__name__
        yield f"{name} tip", widget.toolTip()
        yield f"{name} name", widget.accessibleName()
        yield f"{name} description", widget.accessibleDescription()
        match widget:
            case QLabel() | QAbstractButton():
                yield name, widget.text()
            case QLineEdit():
                yield f"{name} placeholder", widget.placeholderText()
            case QComboBox():
                yield from ((name, widget.itemText(place)) for place in range(widget.count()))
            case QTabBar():
                yield from ((name, widget.tabText(place)) for place in range(widget.count()))
            case QMenu():
                yield name, widget.title()
            case QHeaderView() if widget.model() is not None:
                for place in range(widget.count()):
                    yield name, str(widget.model().headerData(place, widget.orientation()) or "")
    for action in root.findChildren(QAction):
        yield "QAction", action.text()
        yield "QAction tip", action.toolTip()


def english_on(root: QWidget, catalogue: Catalogue) -> list[str]:
    return sorted({f"{what}: {text}" for what, text in shown_texts(root) if text and catalogue.is_english(text)})


def english_cells(root: QWidget, catalogue: Catalogue) -> list[str]:
    """The first rows of its tables: what a table lists may be words of ours, too."""
    found = []
    for view in root.findChildren(QAbstractItemView):
        model = view.model()
        if isinstance(view, QTreeView | QTableView) and model is not None:
            rows, columns = min(model.rowCount(QModelIndex()), 80), model.columnCount(QModelIndex())
            firsts = [model.index(row, 0) for row in range(rows)]
            inner = [model.index(row, 0, first) for first in firsts for row in range(model.rowCount(first))]
            cells = [
                str(one.siblingAtColumn(column).data() or "") for one in firsts + inner for column in range(columns)
            ]
            found += [cell for cell in cells if catalogue.is_english(cell)]
    return found


def _said(label: QLabel) -> str:
    return label.text().replace("&", "") if label.buddy() is not None else label.text()


def cut_off(root: QWidget) -> list[str]:
    """Buttons and labels that are narrower than their words, before and behind every tab."""
    found = _cut_off_now(root)
    for bar in root.findChildren(QTabBar):
        if bar.isVisible():
            before = bar.currentIndex()
            for place in range(bar.count()):
                bar.setCurrentIndex(place)
                QApplication.processEvents()
                found += _cut_off_now(root)
            bar.setCurrentIndex(before)
    return sorted(set(found))


def _cut_off_now(root: QWidget) -> list[str]:
    found = []
    for widget in root.findChildren(QWidget):
        if not widget.isVisible() or widget.width() == 0:
            continue
        if isinstance(widget, QAbstractButton) and widget.text():
            lines = widget.text().replace("&", "").split("\n")
            wanted = max(widget.fontMetrics().horizontalAdvance(line) for line in lines)
            if widget.width() < min(wanted, widget.sizeHint().width()):
                found.append(f"{type(widget).__name__} {widget.text()!r}: {widget.width()} px for {wanted}")
        elif isinstance(widget, QLabel) and widget.text() and not widget.wordWrap() and "<" not in widget.text():
            wanted = max(widget.fontMetrics().horizontalAdvance(line) for line in _said(widget).split("\n"))
            if widget.contentsRect().width() < wanted:
                found.append(f"QLabel {widget.text()!r}: {widget.contentsRect().width()} px for {wanted}")
    return found
