"""Asks an archive for studies, lists them, and has one fetched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QGridLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from umed_core.pacs.query import SeriesRow, StudyQuery, StudyRow
from umed_desktop.pacs.archive_dialog import ArchiveDialog, TransferWords
from umed_desktop.pages.form import FolderField, button
from umed_desktop.theme import GRID_PX
from umed_desktop.words import QT_TRANSLATE_NOOP

__all__ = ["ImportDialog", "shown_date"]

_COLUMNS = (
    QT_TRANSLATE_NOOP("ImportDialog", "Date"),
    QT_TRANSLATE_NOOP("ImportDialog", "Patient"),
    QT_TRANSLATE_NOOP("ImportDialog", "Number"),
    QT_TRANSLATE_NOOP("ImportDialog", "Modality"),
    QT_TRANSLATE_NOOP("ImportDialog", "Description"),
    QT_TRANSLATE_NOOP("ImportDialog", "Images"),
)
_WIDTHS_PX = (110, 200, 120, 90, 280)
_MODALITIES = ("CT", "MR", "CR", "DX", "MG", "US", "XA", "NM", "PT", "ES", "SR")
_STUDY, _SERIES = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


class ImportDialog(ArchiveDialog):
    searched = Signal(str, object)
    """(node's name, StudyQuery)"""
    opened = Signal(str, str)
    """(node's name, study UID): its series are wanted"""
    wanted = Signal(str, str, str, object)
    """(node's name, study UID, series UID or "", folder to keep it in)"""

    def __init__(self, nodes: Sequence[str], folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Import from an archive"))
        self.resize(980, 640)
        self.name = _field(self.tr("Patient's name"), self.tr("Doe*"))
        self.number = _field(self.tr("Patient's number"))
        self.date_from = _field(self.tr("From"), self.tr("YYYY-MM-DD"))
        self.date_to = _field(self.tr("To"), self.tr("YYYY-MM-DD"))
        self.modality = QComboBox()
        self.modality.setAccessibleName(self.tr("Modality"))
        self.modality.addItems([self.tr("any"), *_MODALITIES])
        self.modality.setEditable(True)
        self.accession = _field(self.tr("Accession number"))
        self.search = button(self.tr("Search"), primary=True)
        self.search.clicked.connect(self._search)
        self.search.setDefault(True)
        self.table = QTreeWidget()
        self.table.setAccessibleName(self.tr("Studies that were found"))
        self.table.setHeaderLabels([QCoreApplication.translate("ImportDialog", column) for column in _COLUMNS])
        self.table.setUniformRowHeights(True)
        self.table.header().setStretchLastSection(True)
        self.table.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in enumerate(_WIDTHS_PX):
            self.table.setColumnWidth(column, width)
        self.table.itemSelectionChanged.connect(self.enable)
        self.table.itemExpanded.connect(self._expand)
        self.table.itemDoubleClicked.connect(lambda *_: self._get())
        self.folder = FolderField(self.tr("Folder to keep it in"))
        self.folder.set_text(str(folder))
        self.get = button(self.tr("Get and open"), primary=True)
        self.get.clicked.connect(self._get)
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
        kept = QFormLayout()
        kept.setHorizontalSpacing(2 * GRID_PX)
        kept.addRow(self.tr("Keep in"), self.folder)
        words = TransferWords(
            counted=self.tr("{done} of {total} files received"),
            uncounted=self.tr("{done} files received"),
            cancelled=self.tr("Cancelled. Nothing was kept."),
        )
        self.lay_out((fields, self.table, kept), self.table, self.get, words)

    # ---------------------------------------------------------------------------------------------------- told to it
    def show_studies(self, rows: Sequence[StudyRow], limit: int) -> None:
        self.table.clear()
        for row in rows:
            modalities = row.modalities.replace("\\", ", ")
            patient = row.patient_name.replace("^", " ").strip()
            cells = (shown_date(row.date), patient, row.patient_id, modalities, row.description, _count(row.instances))
            item = QTreeWidgetItem(self.table, list(cells))
            item.setData(0, _STUDY, row.study_uid)
            item.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
        found = self.tr("%n study(ies).", "", len(rows)) if rows else self.tr("No study matches.")
        if len(rows) >= limit:
            found += " " + self.tr("There may be more than these {limit}: search for less.").format(limit=limit)
        self.show_idle(found)
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
                cells = (
                    self.tr("Series {number}").format(number=row.number).strip(),
                    "",
                    "",
                    row.modality,
                    row.description,
                    _count(row.instances),
                )
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
                modality="" if modality == self.tr("any").upper() else modality,
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

    def enable(self) -> None:
        super().enable()
        can_ask = self.node.count() > 0 and not self._is_busy
        self.search.setEnabled(can_ask)
        self.get.setEnabled(can_ask and bool(self.table.selectedItems()))


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
