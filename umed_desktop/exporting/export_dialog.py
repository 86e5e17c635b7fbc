"""Asks what to export, of which slices, and where to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from umed_desktop.exporting.orders import Order
from umed_desktop.theme import GRID_PX, styled
from umed_desktop.translation import research_use_only

__all__ = ["ExportChoices", "ExportDialog"]


@dataclass(frozen=True, slots=True)
class ExportChoices:
    """What can be chosen. `impossible` says why a form cannot be had; `models` names each model with its hash."""

    forms: Mapping[str, str]
    impossible: Mapping[str, str]
    chosen: tuple[str, ...]
    folder: Path
    stem: str
    frame: int
    frame_count: int
    frames_with_findings: tuple[int, ...]
    finding_count: int
    models: tuple[str, ...]
    reader: str = ""


class ExportDialog(QDialog):
    ordered = Signal(object)
    """The Order."""

    def __init__(self, choices: ExportChoices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Export"))
        self._choices = choices
        self.boxes = {form: self._form_box(form, name) for form, name in choices.forms.items()}
        self.here = QRadioButton(self.tr("This slice ({frame})").format(frame=choices.frame + 1))
        self.everywhere = QRadioButton(
            self.tr("Every slice with findings ({count})").format(count=len(choices.frames_with_findings))
        )
        self.here.setChecked(True)
        self.everywhere.setEnabled(bool(choices.frames_with_findings))
        self.folder = QLineEdit(str(choices.folder))
        self.folder.setAccessibleName(self.tr("Folder"))
        self.stem = QLineEdit(choices.stem)
        self.stem.setAccessibleName(self.tr("Name of the files"))
        self.reader = QLineEdit(choices.reader)
        self.reader.setAccessibleName(self.tr("Read by"))
        self.reader.setPlaceholderText(self.tr("may stay empty; it is written into the files"))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.export = QPushButton(self.tr("Export"))
        self.export.setObjectName("primary")
        self.buttons.addButton(self.export, QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self._order)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        for box in self.boxes.values():
            column.addWidget(box)
        if choices.frame_count > 1:
            column.addSpacing(GRID_PX)
            column.addWidget(self.here)
            column.addWidget(self.everywhere)
        column.addSpacing(GRID_PX)
        column.addLayout(self._where())
        column.addWidget(self._about())
        column.addWidget(self.buttons)
        for changed in (self.folder.textChanged, self.stem.textChanged):
            changed.connect(self._refresh)
        for box in self.boxes.values():
            box.toggled.connect(self._refresh)
        self._refresh()
        self.setMinimumWidth(max(560, column.minimumSize().width()))

    def _form_box(self, form: str, name: str) -> QCheckBox:
        why_not = self._choices.impossible.get(form, "")
        box = QCheckBox(f"{name[:1].upper()}{name[1:]}" + (f": {why_not}" if why_not else ""))
        box.setEnabled(not why_not)
        box.setChecked(form in self._choices.chosen and not why_not)
        return box

    def _where(self) -> QFormLayout:
        browse = QPushButton(self.tr("Browse…"))
        browse.setAccessibleName(self.tr("Choose the folder"))
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(browse)
        form = QFormLayout()
        form.setHorizontalSpacing(2 * GRID_PX)
        form.addRow(self.tr("Folder"), row)
        form.addRow(self.tr("Name"), self.stem)
        form.addRow(self.tr("Read by"), self.reader)
        return form

    def _about(self) -> QLabel:
        count = self._choices.finding_count
        found = self.tr("%n finding(s)", "", count)
        models = "; ".join(self._choices.models) or self.tr("no model")
        about = QLabel(
            self.tr(
                "{found} on this slice, from {models}. Each file names the model with its hash, the question "
                "and the date, and says: {research_use} A file of the same name is replaced. The files "
                "hold what the image's own file says of the patient where their form requires it (DICOM)."
            ).format(found=found, models=models, research_use=research_use_only())
        )
        about.setWordWrap(True)
        return styled(about, "muted")

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Export to"), self.folder.text())
        if folder:
            self.folder.setText(folder)

    def _chosen(self) -> tuple[str, ...]:
        return tuple(form for form, box in self.boxes.items() if box.isChecked())

    def _refresh(self) -> None:
        stem = self.stem.text().strip()
        is_name = bool(stem) and not set(stem) & set('/\\:*?"<>|')
        self.export.setEnabled(bool(self._chosen()) and is_name and bool(self.folder.text().strip()))

    def _order(self) -> None:
        frames = self._choices.frames_with_findings if self.everywhere.isChecked() else (self._choices.frame,)
        folder = Path(self.folder.text().strip()).expanduser()
        self.ordered.emit(Order(self._chosen(), folder, self.stem.text().strip(), frames, self.reader.text().strip()))
        self.accept()
