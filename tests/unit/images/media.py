"""Media directories as pydicom writes and reads them: the second opinion on ours."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from pydicom.dataset import Dataset
from pydicom.fileset import FileSet

__all__ = ["listed_by_pydicom", "write_medium"]


def write_medium(folder: Path, datasets: Sequence[Dataset]) -> Path:
    """The DICOMDIR of a new medium with these datasets."""
    with _staging():
        files = FileSet()
        for dataset in datasets:
            files.add(dataset)
        files.write(folder)
    return folder / "DICOMDIR"


def listed_by_pydicom(directory: Path) -> dict[str, Path]:
    """SOP Instance UID -> file."""
    with _staging():
        return {str(instance.SOPInstanceUID): Path(instance.path) for instance in FileSet(directory)}


@contextmanager
def _staging() -> Iterator[None]:
    """pydicom leaves its staging folders to a finalizer that warns; these are removed here."""
    made: list[str] = []

    def new() -> SimpleNamespace:
        made.append(tempfile.mkdtemp())
        return SimpleNamespace(name=made[-1], cleanup=lambda: None)

    with patch("pydicom.fileset.TemporaryDirectory", new):
        yield
    for folder in made:
        shutil.rmtree(folder)
