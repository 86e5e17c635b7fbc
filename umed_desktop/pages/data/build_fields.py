"""The fields of a build beside its sources: teacher, how many, at what cost, where to."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLabel, QLineEdit, QVBoxLayout, QWidget

from umed_desktop.pages.data.build_form import BuildForm, SourceRow
from umed_desktop.pages.form import FIELD_PX, FolderField, form_layout, number_field, title
from umed_desktop.theme import GRID_PX, inset, styled
from umed_desktop.words import QT_TRANSLATE_NOOP

__all__ = ["BuildFields"]

_TEACHERS = (
    (QT_TRANSLATE_NOOP("BuildFields", "Template: offline, from a table of general facts"), "template"),
    (QT_TRANSLATE_NOOP("BuildFields", "Server with OpenAI's interface"), "openai"),
    (QT_TRANSLATE_NOOP("BuildFields", "Model on this machine"), "local"),
)
_SCANS = (
    (QT_TRANSLATE_NOOP("BuildFields", "As the teacher needs it"), "auto"),
    (QT_TRANSLATE_NOOP("BuildFields", "Do not look for it"), "off"),
    (QT_TRANSLATE_NOOP("BuildFields", "Paint over it"), "blank"),
    (QT_TRANSLATE_NOOP("BuildFields", "Leave such pictures out"), "refuse"),
)


class BuildFields(QWidget):
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.teacher = _choice(self.tr("Teacher"), _TEACHERS)
        self.model = QLineEdit()
        self.model.setAccessibleName(self.tr("Teacher's model"))
        self.server = QLineEdit()
        self.server.setAccessibleName(self.tr("Teacher's server"))
        self.server.setPlaceholderText("https://api.openai.com/v1")
        self.key_words = styled(
            QLabel(self.tr("The key comes from OPENAI_API_KEY or the system's keyring."), wordWrap=True), "muted"
        )
        self.max_tokens = number_field(self.tr("Most tokens in all"), 2_000_000_000, self.tr("no limit"))
        self.price_in, self.price_out, self.budget = (
            _dollars(name) for name in (self.tr("Price of prompts"), self.tr("Price of answers"), self.tr("Budget"))
        )
        self.limit = number_field(self.tr("Cases of each source"), 10_000_000, self.tr("all"))
        self.paper = QCheckBox(self.tr("The paper's numbers of each public set"))
        self.paper.setAccessibleName(self.paper.text())
        self.seed = number_field(self.tr("Seed"), 1_000_000)
        self.scan = _choice(self.tr("Text burned into pictures"), _SCANS)
        self.out = FolderField(self.tr("Dataset's folder"), self.tr("where it is written"))
        self._form = form_layout()
        for words, field in (
            (self.tr("Teacher"), self.teacher),
            (self.tr("Model"), self.model),
            (self.tr("Server"), self.server),
            ("", self.key_words),
            (self.tr("Stop at tokens"), self.max_tokens),
            (self.tr("$ per million prompt tokens"), self.price_in),
            (self.tr("$ per million answer tokens"), self.price_out),
            (self.tr("Stop at $"), self.budget),
            (self.tr("Cases of each source"), self.limit),
            ("", self.paper),
            (self.tr("Text burned into pictures"), self.scan),
            (self.tr("Seed of split and sample"), self.seed),
            (self.tr("Dataset's folder"), self.out),
        ):
            if words:
                self._form.addRow(words, field)
            else:
                self._form.addRow(field)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID_PX // 2)
        column.addWidget(title(self.tr("Teacher and options")))
        column.addLayout(self._form)
        for choice in (self.teacher, self.scan):
            choice.currentIndexChanged.connect(lambda _: self._show())
        for line in (self.model, self.server, self.out.line):
            line.textChanged.connect(lambda _: self.changed.emit())
        for number in (self.max_tokens, self.limit, self.seed):
            number.valueChanged.connect(lambda _: self.changed.emit())
        for price in (self.price_in, self.price_out, self.budget):
            price.valueChanged.connect(lambda _: self.changed.emit())
        self.paper.toggled.connect(lambda _: self.changed.emit())
        self._show()

    def form(self, sources: Sequence[SourceRow]) -> BuildForm:
        teacher = self.teacher.currentData()
        asks = teacher == "openai"
        return BuildForm(
            sources=tuple(sources),
            out=str(self.out.path()) if self.out.text() else "",
            teacher=teacher,
            model=self.model.text().strip() if teacher != "template" else "",
            base_url=self.server.text().strip() if asks else "",
            limit=self.limit.value(),
            seed=self.seed.value(),
            paper_counts=self.paper.isChecked(),
            scan_text=self.scan.currentData(),
            max_tokens=self.max_tokens.value() if asks else 0,
            price_in=self.price_in.value() if asks else 0.0,
            price_out=self.price_out.value() if asks else 0.0,
            budget=self.budget.value() if asks else 0.0,
        )

    def _show(self) -> None:
        """The fields that the teacher has a use for."""
        teacher = self.teacher.currentData()
        self._form.setRowVisible(self.model, teacher != "template")
        self.model.setPlaceholderText(
            self.tr("its name on the server") if teacher == "openai" else self.tr("a model folder")
        )
        for field in (self.server, self.key_words, self.max_tokens, self.price_in, self.price_out, self.budget):
            self._form.setRowVisible(field, teacher == "openai")
        self.changed.emit()


def _choice(name: str, options: Sequence[tuple[str, str]]) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.view().setAccessibleName(name)
    for words, value in options:
        box.addItem(QCoreApplication.translate("BuildFields", words), value)
    return box


def _dollars(name: str) -> QDoubleSpinBox:
    box = inset(QDoubleSpinBox())
    box.setAccessibleName(name)
    box.setRange(0.0, 1_000_000.0)
    box.setDecimals(2)
    box.setMinimumHeight(FIELD_PX)
    box.setSpecialValueText(QCoreApplication.translate("BuildFields", "not given"))
    return box
