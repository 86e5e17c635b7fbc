"""Asks an archive for studies, lists them, and has one fetched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from umed_core.errors import UmedError
from umed_core.pacs.query import SeriesRow, StudyQuery, StudyRow
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_desktop.pages.form import FolderField, button
from umed_desktop.theme import GRID_PX, styled

__all__ = ["ImportDialog", "shown_date"]

_COLUMNS = ("Date", "Patient", "Number", "Modality", "Description", "Images")
_WIDTHS_PX = (110, 200, 120, 90, 280)
_MODALITIES = ("any", "CT", "MR", "CR", "DX", "MG", "US", "XA", "NM", "PT", "ES", "SR")
_STUDY, _SERIES = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


class ImportDialog(QDialog):
    searched = Signal(str, object)
    """(node's name, StudyQuery)"""
    opened = Signal(str, str)
    """(node's name, study UID): its series are wanted"""
    wanted = Signal(str, str, str, object)
    """(node's name, study UID, series UID or "", folder to keep it in)"""
    cancelled = Signal()
    """What runs is to end."""
    nodes_wanted = Signal()

    def __init__(self, nodes: Sequence[str], folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Import from an archive")
        self.resize(980, 640)
        self.node = QComboBox()
        self.node.setAccessibleName("Archive")
        self.nodes = button("Archives…", "Write archives down")
        self.nodes.clicked.connect(self.nodes_wanted)
        self.name = _field("Patient's name", "Doe*")
        self.number = _field("Patient's number")
        self.date_from = _field("From", "YYYY-MM-DD")
        self.date_to = _field("To", "YYYY-MM-DD")
        self.modality = QComboBox()
        self.modality.setAccessibleName("Modality")
        self.modality.addItems(_MODALITIES)
        self.modality.setEditable(True)
        self.accession = _field("Accession number")
        self.search = button("Search", primary=True)
        self.search.clicked.connect(self._search)
        self.search.setDefault(True)
        self.table = QTreeWidget()
        self.table.setAccessibleName("Studies that were found")
        self.table.setHeaderLabels(_COLUMNS)
        self.table.setUniformRowHeights(True)
        self.table.header().setStretchLastSection(True)
        self.table.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in enumerate(_WIDTHS_PX):
            self.table.setColumnWidth(column, width)
        self.table.itemSelectionChanged.connect(self._refresh)
        self.table.itemExpanded.connect(self._expand)
        self.table.itemDoubleClicked.connect(lambda *_: self._get())
        self.folder = FolderField("Folder to keep it in")
        self.folder.set_text(str(folder))
        self.word = QLabel()
        self.word.setWordWrap(True)
        self.word.setTextFormat(Qt.TextFormat.PlainText)
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress")
        self.progress.setTextVisible(False)  # the words above it say more
        self.progress.hide()
        self.cancel = button("Cancel")
        self.cancel.clicked.connect(self._cancel)
        self.get = button("Get and open", primary=True)
        self.get.clicked.connect(self._get)
        self._is_busy = False
        self._lay_out()
        self.show_nodes(nodes)

    def _lay_out(self) -> None:
        fields = QGridLayout()
        fields.setHorizontalSpacing(GRID_PX)
        rows: tuple[tuple[QWidget, ...], ...] = (
            (self.name, self.number, self.accession),
            (self.date_from, self.date_to, self.modality),
        )
        for row, entries in enumerate(rows):
            for place, field in enumerate(entries):
                fields.addWidget(QLabel(field.accessibleName()), row, 2 * place)
                fields.addWidget(field, row, 2 * place + 1)
                fields.setColumnStretch(2 * place + 1, 1)
        fields.addWidget(self.search, 1, 6)
        top = QHBoxLayout()
        top.addWidget(QLabel("Archive"))
        top.addWidget(self.node, 1)
        top.addWidget(self.nodes)
        kept = QFormLayout()
        kept.setHorizontalSpacing(2 * GRID_PX)
        kept.addRow("Keep in", self.folder)
        deeds = QHBoxLayout()
        deeds.addWidget(styled(QLabel(RESEARCH_USE_ONLY), "muted"), 1)
        deeds.addWidget(self.cancel)
        deeds.addWidget(self.get)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        for part in (top, fields):
            column.addLayout(part)
        column.addWidget(self.table, 1)
        column.addWidget(self.word)
        column.addWidget(self.progress)
        column.addLayout(kept)
        column.addLayout(deeds)

    # ---------------------------------------------------------------------------------------------------- told to it
    def show_nodes(self, names: Sequence[str]) -> None:
        chosen = self.node.currentText()
        self.node.clear()
        self.node.addItems(list(names))
        self.node.setCurrentText(chosen)
        self.word.setText("" if names else "No archive is written down. Nothing connects until one is: press Archives…")
        self._refresh()

    def show_busy(self, what: str) -> None:
        """Something runs, and can be cancelled."""
        self._is_busy = True
        self.word.setText(what)
        self.progress.setRange(0, 0)
        self.progress.show()
        self._refresh()

    def show_progress(self, done: int, total: int) -> None:
        if self._is_busy:
            self.progress.setRange(0, total)
            self.progress.setValue(done)
            self.word.setText(f"{done} of {total} files received" if total else f"{done} files received")

    def show_idle(self, word: str = "") -> None:
        self._is_busy = False
        self.word.setText(word)
        self.progress.hide()
        self._refresh()

    def show_error(self, problem: UmedError) -> None:
        self.show_idle(f"{problem.message} {problem.hint}".strip())

    def show_studies(self, rows: Sequence[StudyRow], limit: int) -> None:
        self.table.clear()
        for row in rows:
            modalities = row.modalities.replace("\\", ", ")
            patient = row.patient_name.replace("^", " ").strip()
            cells = (shown_date(row.date), patient, row.patient_id, modalities, row.description, _count(row.instances))
            item = QTreeWidgetItem(self.table, list(cells))
            item.setData(0, _STUDY, row.study_uid)
            item.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
        found = "1 study" if len(rows) == 1 else f"{len(rows)} studies"
        more = f" There may be more than these {limit}: search for less." if len(rows) >= limit else ""
        self.show_idle(f"{found}.{more}" if rows else "No study matches.")
        first = self.table.topLevelItem(0)
        if first is not None:
            self.table.setCurrentItem(first)
            self.table.setFocus()

    def show_series(self, study_uid: str, rows: Sequence[SeriesRow]) -> None:
        for index in range(self.table.topLevelItemCount()):
            item = self.table.topLevelItem(index)
            if item is None or item.data(0, _STUDY) != study_uid:
                continue
            item.takeChildren()
            for row in rows:
                cells = (f"Series {row.number}".strip(), "", "", row.modality, row.description, _count(row.instances))
                child = QTreeWidgetItem(item, list(cells))
                child.setData(0, _STUDY, study_uid)
                child.setData(0, _SERIES, row.series_uid)
            if not rows:
                item.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.DontShowIndicator)
        self.show_idle()

    # ---------------------------------------------------------------------------------------------------------- deeds
    def _search(self) -> None:
        modality = self.modality.currentText().strip().upper()
        self.searched.emit(
            self.node.currentText(),
            StudyQuery(
                patient_name=self.name.text().strip(),
                patient_id=self.number.text().strip(),
                date_from=self.date_from.text().strip().replace("-", ""),
                date_to=self.date_to.text().strip().replace("-", ""),
                modality="" if modality == "ANY" else modality,
                accession_number=self.accession.text().strip(),
            ),
        )

    def _expand(self, item: QTreeWidgetItem) -> None:
        if not item.childCount() and not self._is_busy:
            self.opened.emit(self.node.currentText(), item.data(0, _STUDY))

    def _get(self) -> None:
        item = self.table.currentItem()
        if item is not None and not self._is_busy and self.folder.text():
            series = item.data(0, _SERIES) or ""
            self.wanted.emit(self.node.currentText(), item.data(0, _STUDY), series, self.folder.path())

    def _cancel(self) -> None:
        if self._is_busy:
            self.cancelled.emit()
            self.show_idle("Cancelled. Nothing was kept.")
        else:
            self.reject()

    def _refresh(self) -> None:
        has_node = self.node.count() > 0
        self.search.setEnabled(has_node and not self._is_busy)
        self.get.setEnabled(has_node and not self._is_busy and bool(self.table.selectedItems()))
        self.cancel.setText("Cancel" if self._is_busy else "Close")
        self.cancel.setAccessibleName(self.cancel.text())
        self.node.setEnabled(has_node and not self._is_busy)
        self.nodes.setEnabled(not self._is_busy)

    def reject(self) -> None:
        self.cancelled.emit()
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.cancelled.emit()
        super().closeEvent(event)


def shown_date(date: str) -> str:
    """20240102 -> 2024-01-02; anything else as it is."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdigit() else date


def _field(name: str, placeholder: str = "") -> QLineEdit:
    field = QLineEdit()
    field.setAccessibleName(name)
    field.setPlaceholderText(placeholder)
    return field


def _count(count: int) -> str:
    return "" if count < 0 else str(count)
