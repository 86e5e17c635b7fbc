"""About umed: what it is, its versions, the licences of what is shipped, and a button that copies the versions."""

from __future__ import annotations

from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QSplitter,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from umed_core import __version__
from umed_desktop.help.versions import licence_lines, licence_text, version_lines
from umed_desktop.pages.form import button, log_view
from umed_desktop.theme import GRID_PX, styled
from umed_desktop.translation import research_use_only

__all__ = ["AboutDialog"]


class AboutDialog(QDialog):
    """`model` is what answers now, in the words of the model's chip."""

    def __init__(self, model: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("About umed"))
        self._lines = [*version_lines(qVersion()), self.tr("Model: {model}").format(model=model)]
        self.versions = log_view(self.tr("Versions"))
        self.versions.setPlainText("\n".join(self._lines))
        self.licences = self._licence_table()
        self.licence = log_view(self.tr("Texts of licences"))
        self.licence.setMaximumBlockCount(0)
        self.licence.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.copy = button(self.tr("Copy"), self.tr("Copy the versions"))
        self.copy.clicked.connect(self._copy)
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(self.tr("About umed"))
        self.tabs.addTab(self.versions, self.tr("Versions"))
        self.tabs.addTab(self._halves(), self.tr("Licences"))
        self.tabs.currentChanged.connect(self._fill_licences)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        column.addWidget(styled(QLabel(f"umed {__version__}"), "pageHeading"))
        column.addWidget(QLabel(self.tr("An open implementation of UMed-LVLM (ACL 2025). Apache-2.0.")))
        notice = styled(QLabel(research_use_only()), "warningBox")
        notice.setWordWrap(True)
        column.addWidget(notice)
        column.addWidget(self.tabs, 1)
        column.addWidget(buttons)
        self.resize(640, 600)

    def _halves(self) -> QSplitter:
        """Packages above, and the text of the chosen one below."""
        halves = QSplitter(Qt.Orientation.Vertical)
        halves.setChildrenCollapsible(False)
        halves.setHandleWidth(1)
        halves.addWidget(self.licences)
        halves.addWidget(self.licence)
        halves.setSizes([200, 240])
        self.licences.currentItemChanged.connect(self._show_licence)
        return halves

    def _licence_table(self) -> QTreeWidget:
        table = QTreeWidget()
        table.setAccessibleName(self.tr("Licences of what is shipped"))
        table.setHeaderLabels([self.tr("What"), self.tr("Version"), self.tr("Licence")])
        table.setRootIsDecorated(False)
        return table

    def _fill_licences(self) -> None:
        """At the first visit: to ask thirty packages takes a moment."""
        if self.licences.topLevelItemCount():
            return
        self.licences.addTopLevelItems([QTreeWidgetItem(list(row)) for row in licence_lines()])
        for column in range(2):
            self.licences.resizeColumnToContents(column)
        self.licences.setCurrentIndex(self.licences.model().index(0, 0))

    def _show_licence(self, chosen: QTreeWidgetItem) -> None:
        self.licence.setPlainText(licence_text(chosen.text(0)))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(self._lines))
