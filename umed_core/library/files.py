"""What the library notes of a file on disk: its stamp, and the small picture that was drawn of it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from umed_core.images.archive import archive_above
from umed_core.images.volume import Series, Study

__all__ = ["Stamp", "Thumbnail", "absolute", "holder_of", "middle_of", "stamp_of"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where either number differs, the file has changed. `mtime_ns` -1 is that of no file."""

    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """Drawn of a file as `stamp` says; `png` is b"" for a file that cannot be drawn."""

    stamp: Stamp
    png: bytes


def stamp_of(path: str) -> Stamp | None:
    """None for what is no regular file, or not there. A member of an archive has its archive's."""
    try:
        seen = os.stat(path)  # noqa: PTH116 - a Path for each of 100,000 files takes seconds
    except OSError:
        above = archive_above(Path(path))
        return stamp_of(str(above[0])) if above is not None else None
    return Stamp(seen.st_size, seen.st_mtime_ns) if stat.S_ISREG(seen.st_mode) else None


def absolute(path: Path | str) -> Path:
    """Without `..`; links stay as the person gave them."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def holder_of(study: Study) -> Path:
    """The folder that holds all files of a study; of one within an archive, the archive."""
    folder = Path(os.path.commonpath({path.parent for series in study.series for path in series.files}))
    above = archive_above(folder)
    return above[0] if above is not None else folder


def middle_of(series: Series) -> tuple[Path, int]:
    """The file of the middle slice, and the number of that slice within the file."""
    return series.files[len(series.files) // 2], series.frame_count // 2 if len(series.files) == 1 else 0
