"""Connects the model panel and the model's chip to the model's process: what it needs, what runs, unload, restart, choose."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from umed_core.errors import UmedError
from umed_desktop.background import Job
from umed_desktop.model_panel.report import (
    Estimates,
    Report,
    device_warning,
    estimate_rows,
    fit_warning,
    running_rows,
)
from umed_desktop.session.session import Change
from umed_desktop.translation import words_of_error

if TYPE_CHECKING:
    from umed_desktop.model_panel.model_panel import ModelPanel
    from umed_desktop.window.main_window import MainWindow

__all__ = ["ModelWiring"]


class ModelWiring(QObject):
    """`candidate` is a model that was chosen and not loaded yet, as the settings name it; None without one.

    `reason` is why the model stopped, or could not be loaded, the last time that it did.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window, self.session = window, window.session
        self.panel: ModelPanel | None = None
        self.candidate: str | None = None
        self.reason: UmedError | None = None
        self._found: Estimates | None = None
        self._problem: UmedError | None = None
        self._asked_for = ""
        self.session.subscribe(self._changed)

    def press_chip(self) -> None:
        """The chip of a model that stopped starts it again, as it says; any other opens the panel."""
        if self.session.model_state == "lost":
            self.window.start_model()
        else:
            self.open()

    def show(self) -> None:
        self.open()

    def open(self) -> ModelPanel:
        if self.panel is None:
            from umed_desktop.model_panel.model_panel import ModelPanel

            self.panel = panel = ModelPanel(self.window)
            panel.load_wanted.connect(self._load)
            panel.unload_wanted.connect(self.unload)
            panel.restart_wanted.connect(self.window.start_model)
            panel.choose_wanted.connect(self.choose)
            panel.built_in_wanted.connect(partial(self._consider, ""))
            panel.finished.connect(self._closed)
        self._look()
        self.panel.show()
        self.panel.activateWindow()
        return self.panel

    def unload(self) -> None:
        """Frees the model's memory; the next question, or Load, brings it back."""
        engine = self.window.engine
        if engine is not None and engine.is_running and self.session.model_state == "ready":
            self.window.stop()  # an answer that is being given would be waited for
            engine.unload()

    # ---------------------------------------------------------------------------------------------------- what is shown
    def _changed(self, change: Change) -> None:
        if change is not Change.MODEL:
            return
        warning = device_warning(self.window.settings.device, self.session.model)
        if warning and self.session.model_state == "ready":
            self.window.parts.show_model_state("fallback")
            self.window.parts.model_chip.setToolTip(warning)
        if self.session.model_state == "ready" and self.session.model is not None:
            self.window.log.note_model(self.session.model)
        if self.panel is not None:
            self._look()

    def _look(self) -> None:
        """Asks the folder and the machine anew, in the background, and shows what is known meanwhile."""
        try:
            folder = self._folder()
        except UmedError as missing:
            self._found, self._problem = None, missing
            self._show()
            return
        if str(folder) != self._asked_for:
            self._found = self._problem = None
        self._asked_for = str(folder)
        work, done = partial(_looked_at, folder), partial(self._got, str(folder))
        self.window.door.run(self.tr("Looking at the model"), work, done, self._failed)
        self._show()

    def _got(self, folder: str, found: Estimates) -> None:
        if folder == self._asked_for:
            self._found, self._problem = found, None
            self._show()

    def _failed(self, problem: UmedError) -> None:
        self._found, self._problem = None, problem
        self._show()

    def _show(self) -> None:
        if self.panel is not None:
            self.panel.show_report(self._report())

    def _report(self) -> Report:
        session, settings, found = self.session, self.window.settings, self._found
        is_other = self._is_other()
        model = session.model if not is_other and session.model_state == "ready" else None
        gpu = found.machine.gpu.name if found is not None else ""
        warnings = [device_warning(settings.device, model, gpu)]
        if found is not None and model is None:
            warnings.append(fit_warning(found, settings.device))
        if self.reason is not None and session.model_state == "lost" and not is_other:
            warnings.append(" ".join(words_of_error(self.reason)))
        if self._problem is not None:
            warnings.append(" ".join(words_of_error(self._problem)))
        name = model.model if model is not None else Path(self._asked_for).name
        return Report(
            name=name or self.tr("No model"),
            state=session.model_state,
            state_words=self.tr("Not loaded yet: this is what it would take.") if is_other else self._state_words(),
            needs=estimate_rows(found) if found is not None else (),
            running=running_rows(model) if model is not None else (),
            warnings=tuple(warning for warning in warnings if warning),
            is_candidate=is_other,
        )

    def _state_words(self) -> str:
        match self.session.model_state:
            case "ready":
                return self.tr("Loaded, in a process of its own.")
            case "loading":
                return self.tr("Being loaded…")
            case "lost":
                return self.tr("It stopped. Restart it; the conversation is kept.")
            case _:
                return self.tr("Not loaded. A question loads it.")

    # --------------------------------------------------------------------------------------------------- what is wanted
    def choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self.window, self.tr("Choose a model folder"), self.window.settings.model
        )
        if folder:
            self._consider(folder)

    def _consider(self, folder: str) -> None:
        """Shows what a model would take; it is loaded when the person says so."""
        self.candidate = folder
        self.open()

    def _load(self) -> None:
        wanted, self.candidate = self._wanted(), None
        self.window.use_model(wanted)

    def _wanted(self) -> str:
        return self.window.settings.model if self.candidate is None else self.candidate

    def _is_other(self) -> bool:
        return self._wanted() != self.window.settings.model

    def _folder(self) -> Path:
        """Raises: MissingModel where the built-in model is meant and did not come along."""
        from umed_assets import embedded_model

        wanted = self._wanted()
        return Path(wanted) if wanted else embedded_model()

    def _closed(self) -> None:
        self.panel = self.candidate = None


def _looked_at(folder: Path, _job: Job) -> Estimates:
    from umed_core.vlm.memory import estimate_memory
    from umed_desktop.model_panel.machine import look_at_machine

    return Estimates(folder, estimate_memory(folder), estimate_memory(folder, "cuda"), look_at_machine())
