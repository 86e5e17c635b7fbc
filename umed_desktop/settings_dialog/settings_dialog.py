"""The settings, in five tabs. What is changed holds at once; Cancel brings back what held before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from umed_desktop.pages.form import title
from umed_desktop.settings import Settings
from umed_desktop.settings_dialog.fields import FieldForm
from umed_desktop.settings_dialog.kept_panel import KeptPanel, KeptRow
from umed_desktop.theme import GRID_PX, styled
from umed_desktop.viewer.cine import FASTEST_FPS, SLOWEST_FPS

__all__ = ["EDITED", "SettingsDialog"]

EDITED = (
    "theme", "language", "model", "device", "volumes_mb", "cine_fps", "cine_loops", "links_scroll", "links_window",
    "attention_colors", "attention_opacity", "keep_days", "remember_studies", "last_folder", "export_folder", "received_folder",
    "reviewer", "review_folder", "data_folder", "run_folder", "eval_folder",
)  # fmt: skip
"""The settings that this dialog changes; the others are remembered by themselves."""

_LEAST_MB, _MOST_MB = 64, 1024 * 1024
_MOST_DAYS = 3650


class SettingsDialog(QDialog):
    """It changes nothing itself: it tells what the person wants."""

    changed = Signal(object)
    """Values by the name of the setting, to hold from now on."""
    cleared = Signal(str)
    archives_wanted = Signal()

    def __init__(self, settings: Settings, kept: Sequence[KeptRow], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Settings"))
        self._before = self._now = {name: getattr(settings, name) for name in EDITED}
        self._forms: list[FieldForm] = []
        self.fields: dict[str, QWidget] = {}
        self.kept = KeptPanel(kept)
        self.kept.cleared.connect(self.cleared)
        self.archives = QPushButton(self.tr("Archives (PACS)…"))
        self.archives.clicked.connect(self.archives_wanted)
        self._archive_count = styled(QLabel(self.tr("They have a dialog of their own.")), "muted")
        self._language_word = styled(QLabel(self.tr("The language changes when umed is started again.")), "muted")
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(self.tr("Settings"))
        for name, page in (
            (self.tr("General"), self._general()),
            (self.tr("Model"), self._model()),
            (self.tr("Viewing"), self._viewing()),
            (self.tr("Remembering"), self._remembering()),
            (self.tr("Folders"), self._folders()),
        ):
            self.tabs.addTab(page, name)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(2 * GRID_PX)
        column.addWidget(self.tabs, 1)
        column.addWidget(self._buttons())
        self._show(self._now)
        self.resize(600, 520)

    def show_kept(self, name: str, much: str, is_empty: bool) -> None:
        self.kept.show_much(name, much, is_empty)

    def show_nodes(self, names: Sequence[str]) -> None:
        """The archives that are written down."""
        self._archive_count.setText(self.tr("%n archive(s) written down", "", len(names)))

    def reject(self) -> None:
        """As it was when the dialog was opened; what was cleared stays so."""
        back = {name: value for name, value in self._before.items() if value != self._now[name]}
        if back:
            self.changed.emit(back)
        super().reject()

    # ------------------------------------------------------------------------------------------------------- the tabs
    def _general(self) -> QWidget:
        form = self._form()
        form.add_choice("theme", self.tr("&Theme"), [("dark", self.tr("Dark")), ("light", self.tr("Light"))])
        languages = [("system", self.tr("As the system")), ("en", "English"), ("de", "Deutsch")]
        form.add_choice("language", self.tr("&Language"), languages)
        form.addRow("", self._language_word)
        form.addRow(self.archives, self._archive_count)
        return self._page(form)

    def _model(self) -> QWidget:
        form = self._form()
        form.add_folder("model", self.tr("&Model folder"), self.tr("The built-in model"))
        form.add_choice(
            "device",
            self.tr("Runs &on"),
            [
                ("auto", self.tr("CUDA where there is one, else the CPU")),
                ("cpu", self.tr("The CPU")),
                ("cuda", self.tr("CUDA, and nothing else")),
            ],
        )
        form.addRow("", self._word(self.tr("Another model or device is loaded at once. The conversation is kept.")))
        return self._page(form)

    def _viewing(self) -> QWidget:
        form = self._form()
        form.add_number("volumes_mb", self.tr("&Memory for series"), _LEAST_MB, _MOST_MB, self.tr(" MiB"))
        form.add_number("cine_fps", self.tr("&Film"), SLOWEST_FPS, FASTEST_FPS, self.tr(" frames a second"))
        form.add_check("cine_loops", "", self.tr("&Begin again after the last slice"))
        form.add_check("links_scroll", self.tr("Viewports"), self.tr("Turn &slices together"))
        form.add_check("links_window", "", self.tr("Share &window and level"))
        colors = [("inferno", self.tr("Inferno")), ("viridis", self.tr("Viridis")), ("cool", self.tr("Cool"))]
        form.add_choice("attention_colors", self.tr("&Attention, colours"), colors)
        form.add_share("attention_opacity", self.tr("Attention, &opacity"))
        return self._page(form)

    def _remembering(self) -> QWidget:
        form = self._form()
        days = self.tr(" days after their last change")
        form.add_number("keep_days", self.tr("&Keep conversations"), 0, _MOST_DAYS, days, self.tr("always"))
        form.addRow("", self._word(self.tr("Findings go with their conversations. Older ones go when umed starts.")))
        form.add_check("remember_studies", self.tr("Study browser"), self.tr("Remember &studies that were opened"))
        return self._page(form, title(self.tr("Kept on this machine")), self.kept)

    def _folders(self) -> QWidget:
        form = self._form()
        none = self.tr("None yet")
        for name, label in (
            ("last_folder", self.tr("&Images")),
            ("export_folder", self.tr("&Exports")),
            ("received_folder", self.tr("From &archives")),
            ("review_folder", self.tr("&Review")),
            ("data_folder", self.tr("&Datasets")),
            ("run_folder", self.tr("&Trainings")),
            ("eval_folder", self.tr("E&valuations")),
        ):
            form.add_folder(name, label, none)
        form.add_line("reviewer", self.tr("Reviewer's &name"))
        return self._page(form)

    def _form(self) -> FieldForm:
        form = FieldForm(self._change)
        self._forms.append(form)
        return form

    def _page(self, form: FieldForm, *below: QWidget) -> QWidget:
        self.fields |= form.fields
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(GRID_PX, 2 * GRID_PX, GRID_PX, 0)
        column.setSpacing(GRID_PX)
        column.addLayout(form)
        for widget in below:
            column.addWidget(widget)
        column.addStretch(1)
        return page

    def _word(self, text: str) -> QLabel:
        word = styled(QLabel(text), "muted")
        word.setWordWrap(True)
        return word

    def _buttons(self) -> QDialogButtonBox:
        kinds = QDialogButtonBox.StandardButton
        box = QDialogButtonBox(kinds.Ok | kinds.Cancel | kinds.RestoreDefaults)
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        self.defaults = box.button(kinds.RestoreDefaults)
        self.defaults.setText(self.tr("Restore defaults"))
        self.defaults.clicked.connect(self._restore_defaults)
        return box

    # ---------------------------------------------------------------------------------------------------- the values
    def _change(self, name: str, value: Any) -> None:
        if value != self._now[name]:
            self._now = {**self._now, name: value}
            self._show({name: value})
            self.changed.emit({name: value})

    def _restore_defaults(self) -> None:
        plain = Settings()
        new = {name: getattr(plain, name) for name in EDITED if getattr(plain, name) != self._now[name]}
        if new:
            self._now = {**self._now, **new}
            self._show(new)
            self.changed.emit(new)

    def _show(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            form = next(form for form in self._forms if name in form.fields)
            form.show_value(name, value)
        self._language_word.setVisible(self._now["language"] != self._before["language"])
