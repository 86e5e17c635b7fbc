"""One error tree. Each error carries a message, a hint and an exit code; whoever talks to the person shows them.

    UmedError                          exit code  shown by: CLI line, desktop bar, worker event
    |-- InputError                     3          a file or folder that a person gave us
    |   |-- MissingFile                3          nothing at that path
    |   |-- NoImages                   3          a folder without one readable image
    |   |-- UnsupportedImage           3          a format or transfer syntax that we do not read
    |   |-- CorruptImage               3          damaged, truncated or hostile
    |   `-- ImageTooLarge              3          beyond the decode limits
    |-- ConfigError                    4          a recipe or an option with a wrong value
    |-- DataError                      5          a dataset, its annotations or its split
    |-- ModelError                     6          a model folder
    |   |-- MissingModel               6          no model at that path
    |   `-- UnusableModel              6          there, but not loadable
    |-- WorkerError                    7          the process that runs the model
    |   |-- WorkerCrashed              7          it died or broke the protocol
    |   `-- WorkerTimeout              7          it did not answer in time
    |-- TrainingError                  8          a run that cannot go on; its last checkpoint is good
    |-- TeacherError                   10         a teacher of `build-mau` that cannot be reached or will not work
    |   |-- TeacherRejected            10         it will not answer this one request; others it may
    |   |-- TeacherBusy                10         for now: too many requests, a server's fault, a time-out; try again later
    |   `-- BudgetSpent                10         the person's limit is reached; what was answered is kept
    |-- ConsentNeeded                  11         images would leave this machine, and nobody has agreed to it
    |-- NodeError                      12         an archive (PACS) that will not do what it was asked
    |   |-- NodeUnreachable            12         nobody answers there
    |   |-- NodeUntrusted              12         one side cannot prove to the other who it is (TLS)
    |   |-- NodeRefused                12         it does not let us in, or not do this
    |   |-- NodeTimeout                12         it stopped answering, or the whole took too long
    |   `-- TransferIncomplete         12         some or all of the files did not arrive
    |-- StorageError                   9          a write that failed (full disk, read-only folder); the old file is whole
    `-- Cancelled                      130        the person asked to stop

Exit code 2 is Typer's own, for a wrong command line. Anything outside the tree is a bug and keeps its traceback.
"""

from __future__ import annotations

__all__ = [
    "BudgetSpent",
    "Cancelled",
    "ConfigError",
    "ConsentNeeded",
    "CorruptImage",
    "DataError",
    "ImageTooLarge",
    "InputError",
    "MissingFile",
    "MissingModel",
    "ModelError",
    "NoImages",
    "NodeError",
    "NodeRefused",
    "NodeTimeout",
    "NodeUnreachable",
    "NodeUntrusted",
    "StorageError",
    "TeacherBusy",
    "TeacherError",
    "TeacherRejected",
    "TrainingError",
    "TransferIncomplete",
    "UmedError",
    "UnsupportedImage",
    "UnusableModel",
    "WorkerCrashed",
    "WorkerError",
    "WorkerTimeout",
    "error_from_code",
]


class UmedError(Exception):
    """A failure that a person can act on.

    `message` says in one line what is wrong with what; `hint` says what to do about it.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def code(self) -> str:
        """Stable name of the kind of failure, e.g. `CorruptImage`."""
        return type(self).__name__

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" Hint: {self.hint}" if self.hint else "")


class InputError(UmedError):
    exit_code = 3


class MissingFile(InputError):
    pass


class NoImages(InputError):
    pass


class UnsupportedImage(InputError):
    pass


class CorruptImage(InputError):
    pass


class ImageTooLarge(InputError):
    pass


class ConfigError(UmedError):
    exit_code = 4


class DataError(UmedError):
    exit_code = 5


class ModelError(UmedError):
    exit_code = 6


class MissingModel(ModelError):
    pass


class UnusableModel(ModelError):
    pass


class WorkerError(UmedError):
    exit_code = 7


class WorkerCrashed(WorkerError):
    pass


class WorkerTimeout(WorkerError):
    pass


class TrainingError(UmedError):
    exit_code = 8


class StorageError(UmedError):
    exit_code = 9


class TeacherError(UmedError):
    exit_code = 10


class TeacherRejected(TeacherError):
    pass


class TeacherBusy(TeacherError):
    """`retry_after_s` is the wait that the server asked for, 0 where it named none."""

    def __init__(self, message: str, hint: str = "", retry_after_s: float = 0.0) -> None:
        super().__init__(message, hint)
        self.retry_after_s = retry_after_s


class BudgetSpent(TeacherError):
    pass


class ConsentNeeded(UmedError):
    exit_code = 11


class NodeError(UmedError):
    exit_code = 12


class NodeUnreachable(NodeError):
    pass


class NodeUntrusted(NodeError):
    pass


class NodeRefused(NodeError):
    pass


class NodeTimeout(NodeError):
    pass


class TransferIncomplete(NodeError):
    pass


class Cancelled(UmedError):
    exit_code = 130


def error_from_code(code: str, message: str, hint: str) -> UmedError:
    """The error that another process reported by its `code`; an unknown code becomes a plain UmedError."""
    kinds: dict[str, type[UmedError]] = {}
    pending: list[type[UmedError]] = [UmedError]
    while pending:
        kind = pending.pop()
        kinds[kind.__name__] = kind
        pending.extend(kind.__subclasses__())
    return kinds.get(code, UmedError)(message, hint)
