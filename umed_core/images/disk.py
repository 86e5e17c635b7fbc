"""What a disk does not give, said the same way wherever a file is read."""

from __future__ import annotations

from pathlib import Path

from umed_core.errors import CorruptImage, InputError, MissingFile, UnsupportedImage

__all__ = ["disk_refusal"]


def disk_refusal(path: Path, problem: OSError | ValueError) -> InputError:
    """UnsupportedImage for a file that one may not read, MissingFile for one that is not there, else CorruptImage."""
    if isinstance(problem, PermissionError):
        return UnsupportedImage(f"{path} may not be read by you.", "Ask its owner for permission to read it.")
    if isinstance(problem, FileNotFoundError):
        return MissingFile(f"{path} does not exist.", "Check the path.")
    return CorruptImage(f"{path} could not be read from disk: {problem}.", "Check the disk and the path.")
