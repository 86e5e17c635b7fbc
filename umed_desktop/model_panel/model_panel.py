"""The panel about the model: what it needs, what runs, a plain warning, and what can be done. It shows and signals."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QFormLayout, QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from umed_desktop.model_panel.report import Report, Row
from umed_desktop.pages.form import button, title
from umed_desktop.theme import GRID_PX, styled

__all__ = ["ModelPanel"]

_NAME_PX = 14 * GRID_PX


class ModelPanel(QDialog):
    """Stays open beside the work; what is chosen is loaded only when the person has seen what it needs."""

    load_wanted = Signal()
    unload_wanted = Signal()
    restart_wanted = Signal()
    choose_wanted = Signal()
    built_in_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Model"))
        self.name = styled(QLabel(), "pageHeading")
        self.state = styled(QLabel(), "muted")
        self.warning = styled(QLabel(), "warningBox")
        self.warning.setWordWrap(True)
        self.load = button(self.tr("Load"), primary=True)
        self.unload = button(self.tr("Unload"), self.tr("Unload: frees the model's memory"))
        self.restart = button(self.tr("Restart"), self.tr("Restart the model; the conversation is kept"))
        self.choose = button(self.tr("Choose…"), self.tr("Choose a model folder"))
        self.built_in = button(self.tr("Built-in model"))
        self.load.clicked.connect(self.load_wanted)
        self.unload.clicked.connect(self.unload_wanted)
        self.restart.clicked.connect(self.restart_wanted)
        self.choose.clicked.connect(self.choose_wanted)
        self.built_in.clicked.connect(self.built_in_wanted)
        self._needs_title = title(self.tr("What it needs"))
        self._running_title = title(self.tr("What runs"))
        self._needs, self._running = _rows_layout(), _rows_layout()
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        for widget in (self.name, self.state, self.warning):
            column.addWidget(widget)
        column.addWidget(self._scrolled(), 1)
        column.addLayout(self._buttons())
        # A SHA-256 is one word of 64 letters, which no line breaks.
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance("8" * 64) + _NAME_PX + 8 * GRID_PX)
        self.resize(self.minimumWidth(), 560)

    def show_report(self, report: Report) -> None:
        self.name.setText(report.name)
        self.state.setText(report.state_words)
        self.warning.setText("\n".join(report.warnings))
        self.warning.setAccessibleName(self.warning.text())
        self.warning.setVisible(bool(report.warnings))
        self._fill(self._needs, report.needs)
        self._fill(self._running, report.running)
        self._needs_title.setVisible(bool(report.needs))
        self._running_title.setVisible(bool(report.running))
        self.load.setVisible(report.is_candidate or report.state == "none")
        self.unload.setVisible(not report.is_candidate)
        self.unload.setEnabled(report.state == "ready")
        self.restart.setVisible(not report.is_candidate and report.state != "none")
        self.restart.setEnabled(report.state != "loading")

    def _scrolled(self) -> QScrollArea:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID_PX)
        column.addWidget(self._needs_title)
        column.addLayout(self._needs)
        column.addWidget(self._running_title)
        column.addLayout(self._running)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName(self.tr("About the model"))
        area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return area

    def _buttons(self) -> QHBoxLayout:
        close = button(self.tr("Close"))
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.setSpacing(GRID_PX)
        for one in (self.load, self.unload, self.restart, self.choose, self.built_in):
            one.setAutoDefault(False)
            row.addWidget(one)
        row.addStretch(1)
        row.addWidget(close)
        return row

    def _fill(self, layout: QFormLayout, rows: Sequence[Row]) -> None:
        while layout.rowCount():
            layout.removeRow(0)
        for name, value in rows:
            words = QLabel(value)
            words.setWordWrap(True)
            words.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            words.setAccessibleName(f"{name}: {value}")
            said = styled(QLabel(name), "muted")
            said.setMinimumWidth(_NAME_PX)
            said.setAlignment(Qt.AlignmentFlag.AlignTop)
            layout.addRow(said, words)


def _rows_layout() -> QFormLayout:
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, GRID_PX)
    form.setHorizontalSpacing(2 * GRID_PX)
    form.setVerticalSpacing(GRID_PX // 2)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form
