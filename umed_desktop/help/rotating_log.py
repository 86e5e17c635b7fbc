"""The log's file. Imported at the log's first line, since logging's handlers draw in sockets and pickle. Free of Qt."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler

__all__ = ["RotatingLog"]


class RotatingLog(RotatingFileHandler):
    """A disk that takes nothing loses lines of a log, and nothing else."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass
