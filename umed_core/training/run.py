"""A run folder: the recipe as run, metrics.jsonl, checkpoints, the final model. Torch-free, so that a bench can watch it.

run/
  in_use.lock, in_use.json    held by the process that trains here, and which one that is
  config.json                 the whole recipe after overrides
  split.json                  which images were held, as counts and a hash
  metrics.jsonl               one line a logged step
  checkpoints/step-000200/    whole or not there at all; the newest is resumed from
  model/                      the trained model, in transformers' form
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from umed_core.errors import StorageError, TrainingError
from umed_core.living import born_at, is_alive
from umed_core.records import write_atomic

if TYPE_CHECKING:
    import filelock

__all__ = ["Holder", "Progress", "RunFolder", "StepReport", "step_of_checkpoint", "storing"]

KEPT_CHECKPOINTS = 2

FREE = {"run": ("out", "threads", "log_every", "checkpoint_every"), "judge": ("timeout_s", "tries")}
"""What of a recipe may change between a run and its resume: none of it changes a weight."""

BURIAL_S = 15.0
"""How long a lock may outlive its process: what that one had started, as loaders of data, holds it until they end, too."""


class Holder(msgspec.Struct, frozen=True):
    """The process that trains in a run folder; `born` is its start in seconds since 1970."""

    pid: int
    born: float


@dataclass(frozen=True)
class StepReport:
    """One update, as progress shows it."""

    step: int
    total_steps: int
    metrics: Mapping[str, float]
    seconds_left: float


Progress = Callable[[StepReport], None]


@contextmanager
def storing(what: str) -> Iterator[None]:
    """Turns a failed write inside the block into an error that names `what`. Raises: StorageError."""
    try:
        yield
    except OSError as problem:
        raise StorageError(
            f"Could not write {what}: {problem.strerror or problem}.",
            "Free some space and start again: the run resumes from its last checkpoint.",
        ) from problem


class RunFolder:
    """The files of one run. Raises: TrainingError where `path` holds another run's recipe; StorageError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metrics_file = path / "metrics.jsonl"
        self.model_folder = path / "model"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """No other process trains here meanwhile; the system itself ends the claim of a process that dies.

        Raises: TrainingError where another one does; StorageError.
        """
        import filelock

        # Kept after the run, as filelock wants it: whoever waits for a file that is removed waits for nothing.
        lock = filelock.FileLock(self.path / "in_use.lock")
        with storing(str(self.path)):
            self.path.mkdir(parents=True, exist_ok=True)
            self._acquire(lock)
        try:
            write_atomic(self._holder_file, msgspec.json.encode(Holder(os.getpid(), born_at())))
            yield
        finally:
            with suppress(OSError):
                self._holder_file.unlink()
            lock.release()

    def _acquire(self, lock: filelock.BaseFileLock) -> None:
        import filelock

        end = time.monotonic() + BURIAL_S
        while True:
            try:
                lock.acquire(blocking=False)
                return
            except filelock.Timeout:
                holder = self.holder()
                if holder is not None or time.monotonic() > end:
                    who = f"process {holder.pid}" if holder is not None else "another process"
                    raise TrainingError(
                        f"{self.path} is being trained in by {who}.",
                        "Wait for it, or stop it with Ctrl-C where it runs; or choose another --set run.out=FOLDER.",
                    ) from None
            time.sleep(0.1)

    def holder(self) -> Holder | None:
        """The process that trains here now, None where none does."""
        try:
            holder = msgspec.json.decode(self._holder_file.read_bytes(), type=Holder)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return holder if is_alive(holder.pid, holder.born) else None

    @property
    def _holder_file(self) -> Path:
        return self.path / "in_use.json"

    def open(self, config: msgspec.Struct, split: Mapping[str, object]) -> None:
        """Creates the folder, or checks that it was made by the same recipe (where it runs from aside)."""
        self.check(config)
        write_atomic(self.path / "config.json", msgspec.json.format(msgspec.json.encode(config)))
        write_atomic(self.path / "split.json", json.dumps(split, indent=2).encode())

    def check(self, config: msgspec.Struct) -> None:
        """Raises: TrainingError where the folder holds a run of another recipe."""
        known = self.path / "config.json"
        if not known.exists():
            return
        try:
            # Read as a recipe, so that a field which an older umed did not know counts as its default.
            same = _comparable(msgspec.json.decode(known.read_bytes(), type=type(config))) == _comparable(config)
        except msgspec.MsgspecError:
            same = False
        if not same:
            raise TrainingError(
                f"{self.path} holds a run of another recipe.", "Choose another --set run.out=FOLDER, or remove it."
            )

    def latest_checkpoint(self) -> Path | None:
        """The newest whole checkpoint."""
        return max(self._checkpoints(), default=None, key=step_of_checkpoint)

    def _checkpoints(self) -> Iterator[Path]:
        folder = self.path / "checkpoints"
        if folder.is_dir():
            yield from (path for path in folder.iterdir() if re.fullmatch(r"step-\d{6,}", path.name))

    @contextmanager
    def new_checkpoint(self, step: int) -> Iterator[Path]:
        """A folder to write into; it takes its name only when all is on disk, and older ones go only then."""
        target = self.path / "checkpoints" / f"step-{step:06d}"
        temporary = target.with_name(f".{target.name}.tmp")
        shutil.rmtree(temporary, ignore_errors=True)
        try:
            with storing(f"the checkpoint of step {step}"):
                temporary.mkdir(parents=True)
                yield temporary
                for file in temporary.rglob("*"):
                    if file.is_file():
                        with file.open("r+b") as written:  # Windows syncs only what is open for writing
                            os.fsync(written.fileno())
                shutil.rmtree(target, ignore_errors=True)
                temporary.replace(target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        for old in sorted(self._checkpoints(), key=step_of_checkpoint)[:-KEPT_CHECKPOINTS]:
            shutil.rmtree(old, ignore_errors=True)

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Appends one line to metrics.jsonl. Raises: StorageError."""
        with storing(str(self.metrics_file)), self.metrics_file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"step": step, **metrics}) + "\n")

    def forget_after(self, step: int) -> None:
        """Drops metrics past `step`: the resumed run writes them again."""
        if self.metrics_file.exists():
            kept = [line for line in self.metrics_file.read_text().splitlines() if _step_of(line) <= step]
            write_atomic(self.metrics_file, "".join(line + "\n" for line in kept).encode())


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (json.JSONDecodeError, KeyError, TypeError):
        return float("inf")  # a line that a kill cut short


def step_of_checkpoint(path: Path) -> int:
    """The step after which a checkpoint was written, by its name."""
    return int(path.name.removeprefix("step-"))


def _comparable(config: msgspec.Struct) -> dict[str, Any]:
    """The recipe without what may change between a run and its resume."""
    recipe = msgspec.to_builtins(config)
    return {name: {k: v for k, v in part.items() if k not in FREE.get(name, ())} for name, part in recipe.items()}
