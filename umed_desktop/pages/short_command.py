"""A command of umed whose words a page waits for; it ends with the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment

from umed_core.errors import UmedError
from umed_desktop.pages.detached import environment, umed_command
from umed_desktop.pages.job_log import ending_of

__all__ = ["ShortCommand"]


class ShortCommand(QObject):
    """One command at a time: a new one ends the last."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._done: Callable[[str], None] = lambda _: None
        self._failed: Callable[[UmedError], None] = lambda _: None

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def run(self, arguments: Sequence[str], done: Callable[[str], None], failed: Callable[[UmedError], None]) -> None:
        """`done` gets what `umed ARGUMENTS` printed, `failed` its error."""
        self.end()
        self._done, self._failed = done, failed
        process = QProcess(self)
        variables = QProcessEnvironment()
        for name, value in environment().items():
            variables.insert(name, value)
        process.setProcessEnvironment(variables)
        process.setStandardInputFile(QProcess.nullDevice())
        process.finished.connect(self._ended)
        process.errorOccurred.connect(self._not_started)
        self._process = process
        program, *rest = umed_command(arguments)
        process.start(program, rest)

    def end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.blockSignals(True)
            process.kill()
            process.waitForFinished()
            process.deleteLater()

    def _ended(self, exit_code: int) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        printed = bytes(process.readAllStandardOutput().data()).decode("utf-8", "replace")
        complained = bytes(process.readAllStandardError().data()).decode("utf-8", "replace")
        process.deleteLater()
        if exit_code == 0:
            self._done(printed)
            return
        ending = ending_of(complained)
        self._failed(UmedError(ending.message, ending.hint))

    def _not_started(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            reason, self._process = self._process.errorString(), None
            self._failed(
                UmedError(
                    self.tr("umed could not be started: {reason}.").format(reason=reason), self.tr("Reinstall umed.")
                )
            )
