"""The model's process, seen from the window: requests out, events in, and word of its death. Never blocks."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from umed_core.errors import WorkerCrashed, WorkerTimeout
from umed_core.vlm.messages import Ask, Load, PutImage, Request, Shutdown, Stop, TextDelta, Unload, encode
from umed_core.vlm.protocol import EventBuffer, ImageShelf, crash_error, images_to_put, worker_command

__all__ = ["EngineProcess"]

_STOP_WITHIN_MS = 5000
_LAST_STDERR = 8192
_FAREWELL_MS = 300


class EngineProcess(QObject):
    """One worker process. `received` carries each event; `lost` the reason why it is gone, at most once a start."""

    received = Signal(object)
    lost = Signal(object)

    def __init__(self, command: Sequence[str] = (), parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._command = list(command)
        self._process: QProcess | None = None
        self._buffer = EventBuffer()
        self._shelf: ImageShelf[None] = ImageShelf()
        self._stderr = b""
        self._doing = "starting"
        self._impatience = QTimer(self, singleShot=True, interval=_STOP_WITHIN_MS)
        self._impatience.timeout.connect(self._give_up_on_stop)

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def start(self, load: Load) -> None:
        """Starts a fresh process, ending the old one, and has it load a model."""
        self._end(farewell_ms=0)
        self._buffer, self._shelf, self._stderr, self._doing = EventBuffer(), ImageShelf(), b"", "loading the model"
        process = QProcess(self)
        process.setProcessEnvironment(_environment())
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_errors)
        process.finished.connect(self._ended)
        process.errorOccurred.connect(self._failed_to_start)
        self._process = process
        program, *arguments = self._command or worker_command()
        process.start(program, arguments)
        self._send(load)

    def ask(self, ask: Ask, pictures: Sequence[PutImage]) -> None:
        """Sends the images that the worker does not have, and the question."""
        self._doing = "answering"
        by_name = {picture.image_id: picture for picture in pictures}
        for name in images_to_put(self._shelf, ask.image_ids):
            self._send(by_name[name])
        self._send(ask)

    def stop(self, ask_id: int) -> None:
        """Has the answer end; a process that stays deaf for five seconds is killed and reported as lost."""
        self._send(Stop(ask_id))
        self._impatience.start()

    def unload(self) -> None:
        """Frees the model's memory; the process stays and says Unloaded."""
        self._send(Unload())

    def close(self) -> None:
        """Ends the process, kindly for a moment, and waits for it."""
        self._end(_FAREWELL_MS)

    def _end(self, farewell_ms: int) -> None:
        """Without a farewell the window waits for nothing but the system: a hanging process would answer none."""
        process, self._process = self._process, None
        self._impatience.stop()
        if process is None:
            return
        process.blockSignals(True)  # an end that was asked for is no loss
        if process.state() != QProcess.ProcessState.NotRunning:
            if farewell_ms:
                process.write(encode(Shutdown()))
                process.closeWriteChannel()
            if not farewell_ms or not process.waitForFinished(farewell_ms):
                process.kill()
                process.waitForFinished()
        process.deleteLater()

    def _send(self, request: Request) -> None:
        if self._process is not None:
            self._process.write(encode(request))

    def _read(self) -> None:
        if self._process is None:
            return
        try:
            events = self._buffer.feed(bytes(self._process.readAllStandardOutput().data()))
        except WorkerCrashed as broken:
            self.close()
            self.lost.emit(broken)
            return
        for event in events:
            if not isinstance(event, TextDelta):  # an Answer, a failure: the worker listens
                self._impatience.stop()
            self.received.emit(event)

    def _read_errors(self) -> None:
        if self._process is not None:
            said = bytes(self._process.readAllStandardError().data())
            self._stderr = (self._stderr + said)[-_LAST_STDERR:]

    def _ended(self, exit_code: int, status: QProcess.ExitStatus) -> None:
        if self._process is None:
            return
        self._read()
        self._read_errors()
        # Qt gives the signal's number as the exit code of a crash.
        code = -exit_code if status == QProcess.ExitStatus.CrashExit else exit_code
        self._forget()
        self.lost.emit(crash_error(code, self._stderr, self._doing))

    def _failed_to_start(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            reason = self._process.errorString()
            self._forget()
            self.lost.emit(
                WorkerCrashed(
                    self.tr("The model's process did not start: {reason}.").format(reason=reason),
                    self.tr("Reinstall umed."),
                )
            )

    def _give_up_on_stop(self) -> None:
        self._end(farewell_ms=0)
        self.lost.emit(
            WorkerTimeout(
                self.tr("The model did not stop within five seconds and was ended."),
                self.tr("Restart it; the chat is kept."),
            )
        )

    def _forget(self) -> None:
        process, self._process = self._process, None
        self._impatience.stop()
        if process is not None:
            process.deleteLater()


def _environment() -> QProcessEnvironment:
    """This program's, with its import path, so that the worker runs the same umed."""
    environment = QProcessEnvironment.systemEnvironment()
    environment.insert("PYTHONPATH", os.pathsep.join(entry for entry in sys.path if entry))
    return environment
