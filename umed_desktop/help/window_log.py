"""The window's log: which errors came up, where in umed they were raised, and what ran. Free of Qt.

No word of an error is written, since messages name files and files name patients: an error is logged by its kind and by
the lines of umed that raised it. A log can therefore be passed on as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from umed_core import __version__
from umed_core.errors import StorageError, UmedError
from umed_desktop.words import translate

if TYPE_CHECKING:
    from logging import Logger

    from umed_core.vlm.messages import Loaded

__all__ = ["LAST_LINES", "WindowLog", "last_lines", "log_file", "where_raised"]

LAST_LINES = 200
"""What is passed on to whoever helps."""
_BYTES = 256 * 1024
_OLDER_KEPT = 3
_DEEPEST = 6
_OURS = ("umed_core", "umed_desktop", "umed_cli", "umed_assets")


def log_file(settings_path: Path) -> Path:
    """Beside the settings, in a folder of its own, since older logs lie beside the newest."""
    return settings_path.parent / "logs" / "desktop.log"


class WindowLog:
    """Writes to `path`, from its first line on; `None` writes nothing. A log that cannot be written stops no work."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    @cached_property
    def _logger(self) -> Logger:
        """Made at the first line: logging's handlers would cost the window its quick start."""
        import logging

        from umed_desktop.help.rotating_log import RotatingLog

        logger = logging.Logger("umed.desktop")  # of its own: what libraries log may name files
        logger.addHandler(logging.NullHandler())  # without any, warnings go to stderr
        if self.path is not None:
            with suppress(OSError):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                handler = RotatingLog(self.path, maxBytes=_BYTES, backupCount=_OLDER_KEPT, encoding="utf-8", delay=True)
                handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
                logger.addHandler(handler)
        return logger

    def note_start(self) -> None:
        import platform

        self._logger.info(
            "started: umed %s, Python %s, Qt %s, %s",
            __version__, platform.python_version(), _version("PySide6-Essentials"), platform.platform(),
        )  # fmt: skip

    def note_error(self, error: BaseException) -> None:
        """Its kind, what caused it, and where; `umed_core.errors` alone are a person's matter, all else is a bug."""
        kinds: list[str] = []
        link: BaseException | None = error
        while link is not None and len(kinds) < _DEEPEST:
            kinds.append(type(link).__name__)
            link = link.__cause__
        say = self._logger.warning if isinstance(error, UmedError) else self._logger.error
        say("%s at %s", " from ".join(kinds), where_raised(error) or "elsewhere")

    def note_refused(self, errors: Iterable[UmedError]) -> None:
        """How many files were not opened, by the kind of error."""
        kinds = Counter(error.code for error in errors)
        if kinds:
            counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
            self._logger.warning("not opened: %s", counts)

    def note_model(self, model: Loaded) -> None:
        """By its hash and runtime: its name is that of a person's folder."""
        self._logger.info(
            "model %s… on %s by %s: %d MiB, loaded in %.1f s",
            model.sha256[:12], model.device, model.engine, model.memory_mb, model.seconds,
        )  # fmt: skip

    def note(self, event: str) -> None:
        """An event in words of this program's own, without anything of a person's."""
        self._logger.info("%s", event)

    def close(self) -> None:
        if "_logger" in self.__dict__:  # a line was written
            for handler in self._logger.handlers[1:]:
                self._logger.removeHandler(handler)
                handler.close()


def where_raised(error: BaseException) -> str:
    """The lines of umed that the error came through, the raising one last, as module:line; "" for one without any."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    ours = [(_module(frame.filename), frame.lineno) for frame in frames]
    return " > ".join(f"{module}:{line}" for module, line in ours if module)[-400:]


def last_lines(path: Path, count: int = LAST_LINES) -> str:
    """The newest `count` lines, "" where nothing was logged yet. Raises: StorageError for a file that cannot be read."""
    try:
        lines = path.read_text("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    except OSError as problem:
        raise StorageError(
            translate("Errors", "The log could not be read: {problem}.").format(problem=problem),
            "Check the folder's permissions.",
        ) from problem
    return "\n".join(lines[-count:])


def _module(filename: str) -> str:
    """umed_core/images/dicom.py as umed_core.images.dicom; "" for a file that is not umed's."""
    parts = Path(filename).with_suffix("").parts
    rooms = [place for place, part in enumerate(parts) if part in _OURS]
    return ".".join(parts[rooms[-1] :]) if rooms else ""


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
