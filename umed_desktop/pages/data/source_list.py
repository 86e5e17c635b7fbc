"""The sources of a build: kind, folder and name, added and taken away."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from umed_core.mau.sources import LAYOUTS, SOURCE_KINDS
from umed_desktop.pages.data.build_form import SourceRow
from umed_desktop.pages.form import FolderField, button
from umed_desktop.theme import GRID_PX, styled

__all__ = ["SourceList"]


class SourceList(QWidget):
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = QTreeWidget()
        self.list.setAccessibleName(self.tr("Sources"))
        self.list.setHeaderLabels([self.tr("Kind"), self.tr("Folder"), self.tr("Name")])
        self.list.setRootIsDecorated(False)
        self.list.setIndentation(0)
        self.list.setFixedHeight(128)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.kind = QComboBox()
        self.kind.setAccessibleName(self.tr("Kind of source"))
        self.kind.view().setAccessibleName(self.tr("Kinds of source"))
        self.kind.addItems(SOURCE_KINDS)
        self.name = QLineEdit()
        self.name.setAccessibleName(self.tr("Name in the dataset"))
        self.name.setPlaceholderText(self.tr("name (own choice)"))
        self.path = FolderField(self.tr("Folder of the source"), self.tr("folder or annotation file"))
        self.layout_words = styled(QLabel(wordWrap=True), "muted")
        self.add = button(self.tr("Add source"))
        self.remove = button(self.tr("Remove"), self.tr("Remove the chosen source"))
        head = QHBoxLayout()
        head.setSpacing(GRID_PX)
        head.addWidget(self.kind, 1)
        head.addWidget(self.name, 1)
        deeds = QHBoxLayout()
        deeds.addWidget(self.add)
        deeds.addWidget(self.remove)
        deeds.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID_PX // 2)
        column.addWidget(self.list)
        column.addLayout(head)
        column.addWidget(self.path)
        column.addWidget(self.layout_words)
        column.addLayout(deeds)
        self.kind.currentTextChanged.connect(lambda _: self._say_layout())
        self._say_layout()
        self.add.clicked.connect(self._add)
        self.path.line.returnPressed.connect(self._add)
        self.remove.clicked.connect(self._remove)
        self.list.currentItemChanged.connect(lambda *_: self.remove.setEnabled(self.list.currentItem() is not None))
        self.remove.setEnabled(False)

    def _say_layout(self) -> None:
        """What lies in such a folder; a list of columns may wrap."""
        self.layout_words.setText(
            self.tr("Expects: {layout}").format(
                layout=LAYOUTS[self.kind.currentText()].replace(",", ", ").replace(",  ", ", ")
            )
        )

    def rows(self) -> tuple[SourceRow, ...]:
        items = (self.list.topLevelItem(place) for place in range(self.list.topLevelItemCount()))
        return tuple(SourceRow(item.text(0), item.text(1), item.text(2)) for item in items if item is not None)

    def _add(self) -> None:
        if not self.path.text():
            self.path.line.setFocus()
            return
        item = QTreeWidgetItem([self.kind.currentText(), str(self.path.path()), self.name.text().strip()])
        item.setToolTip(1, item.text(1))
        self.list.addTopLevelItem(item)
        self.list.setCurrentItem(item)
        self.path.set_text("")
        self.name.clear()
        self.changed.emit()

    def _remove(self) -> None:
        chosen = self.list.currentItem()
        if chosen is not None:
            self.list.takeTopLevelItem(self.list.indexOfTopLevelItem(chosen))
            self.changed.emit()
