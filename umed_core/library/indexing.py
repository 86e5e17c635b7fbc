"""A folder into the library: look at what lies there, read what is new or changed, drop what went."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from umed_core.errors import Cancelled, InputError, MissingFile, UmedError
from umed_core.images.limits import DecodeLimits
from umed_core.images.sandbox import borrowed_decoder
from umed_core.images.volume import Study
from umed_core.images.wire import FileHeader
from umed_core.library.files import Stamp, absolute, stamp_of
from umed_core.library.index import ReadFile, StudyIndex

__all__ = ["Indexed", "index_folder", "note_opened", "refresh_study"]

_BATCH = 32
"""Files a request to the decoding child: progress moves and Cancel is quick."""
_COMMIT_EVERY_S = 1.0
_COMMIT_SHARE = 0.1
"""Of the time, at most, that goes into transactions: each makes its studies anew, and a large one takes longer each time."""
_SETTLED_NS = 600 * 10**9
"""A file that was written within these ten minutes may have been written after it was opened: it is read again."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """Numbers of files: headers that were `read`, of which `refused` held no image; `known` and unchanged; gone."""

    read: int = 0
    refused: int = 0
    known: int = 0
    gone: int = 0


def index_folder(
    index: StudyIndex,
    folder: Path,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
    limits: DecodeLimits = DecodeLimits(),  # noqa: B008 - frozen
) -> Indexed:
    """Brings the library up to date with all that lies below `folder`; a folder of which single files were opened is from
    then on known whole.

    What was read before it is cancelled is kept. Raises: MissingFile, and nothing is dropped then (a disk may be
    unplugged); Cancelled; StorageError; DataError.
    """
    folder = _existing(folder)
    known = index.stamps(folder)
    there = dict(_walk(folder, cancelled))
    gone = [path for path, stamp in known.items() if path not in there and not _is_member(path, stamp, there)]
    changed = [path for path, stamp in there.items() if known.get(path) != stamp]
    index.store(folder, True, (), gone)
    refused = _read_into(index, folder, [(path, there[path]) for path in changed], progress, cancelled, limits)
    return Indexed(len(changed), refused, len(there) - len(changed), len(gone))


def note_opened(index: StudyIndex, paths: Sequence[Path], headers: Sequence[FileHeader]) -> None:
    """Takes over what a person opened: `headers` were read from the files and folders `paths` just now."""
    folders = [absolute(path) for path in paths if path.is_dir()]
    read: dict[tuple[Path, bool], list[ReadFile]] = {(folder, True): [] for folder in folders}
    warm_since = time.time_ns() - _SETTLED_NS
    for header in headers:
        path = absolute(header.path)
        whole = next((folder for folder in folders if path.is_relative_to(folder)), None)
        read.setdefault((whole or path.parent, whole is not None), []).extend(_noted(header, str(path), warm_since))
    for (folder, is_whole), files in read.items():
        known = index.stamps(folder)
        fresh = {file.path for file in files}
        gone = [path for path in known if path not in fresh and stamp_of(path) is None]
        index.store(folder, is_whole, [file for file in files if known.get(file.path) != file.stamp], gone)


def refresh_study(
    index: StudyIndex,
    study: int,
    limits: DecodeLimits = DecodeLimits(),  # noqa: B008
) -> tuple[Study, tuple[FileHeader, ...]]:
    """A found study as it lies on disk now: only files that changed are read. Raises: MissingFile where all of it went."""
    known = index.stamps(study=study)
    now = {path: stamp_of(path) for path in known}
    gone = [path for path, stamp in now.items() if stamp is None]
    changed = [(path, stamp) for path, stamp in now.items() if stamp is not None and stamp != known[path]]
    folder = Path(os.path.commonpath([Path(path).parent for path in known])) if known else Path()
    if gone and len(gone) == len(known):
        raise MissingFile(
            f"The files of this study are no longer in {folder}.",
            "Connect the disk, or forget the study; if it was moved, add its new folder.",
        )
    if gone or changed:
        index.store(folder, False, (), gone)
        _read_into(index, folder, changed, lambda _done, _total: None, lambda: False, limits, is_whole=False)
    made, headers = index.study(study)
    if made is None:
        raise MissingFile("This study is no longer in the library.", "Add its folder again.")
    return made, headers


def _read_into(
    index: StudyIndex,
    folder: Path,
    files: Sequence[tuple[str, Stamp]],
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
    limits: DecodeLimits,
    is_whole: bool = True,
) -> int:
    """Reads headers a batch at a time and stores them every second or so; the number of files that hold no image."""
    waiting: list[ReadFile] = []
    refused = 0
    pause_s, stored_at = _COMMIT_EVERY_S, time.monotonic()
    progress(0, len(files))
    for start in range(0, len(files), _BATCH):
        if cancelled():
            index.store(folder, is_whole, waiting)
            raise Cancelled("Indexing was stopped; what was read is kept.")
        batch = _read(files[start : start + _BATCH], limits)
        waiting += batch
        refused += sum(file.header is None for file in batch)
        if time.monotonic() - stored_at > pause_s:
            began = time.monotonic()
            index.store(folder, is_whole, waiting)
            waiting, stored_at = [], time.monotonic()
            pause_s = max(_COMMIT_EVERY_S, (stored_at - began) / _COMMIT_SHARE)
        progress(min(start + _BATCH, len(files)), len(files))
    if waiting:
        index.store(folder, is_whole, waiting)
    return refused


def _read(files: Sequence[tuple[str, Stamp]], limits: DecodeLimits) -> list[ReadFile]:
    """The headers by way of the limited child, of an archive's members too; a file that is refused is known as such, and
    not tried again."""
    with borrowed_decoder(limits) as decoder:
        entries = decoder.headers([Path(path) for path, _ in files])
    read: list[ReadFile] = []
    for (path, stamp), entry in zip(files, entries, strict=True):
        if isinstance(entry, UmedError):
            read.append(ReadFile(path, stamp))
            continue
        read.append(ReadFile(path, stamp, entry if entry.has_pixels else None))
        if entry.kind == "archive":
            members = [(member, stamp) for member in _members(path, limits) if _can_be_stored(member)]
            for start in range(0, len(members), _BATCH):
                read += _read(members[start : start + _BATCH], limits)
    return read


def _members(archive: str, limits: DecodeLimits) -> list[str]:
    try:
        with borrowed_decoder(limits) as decoder:
            return [str(member) for member in decoder.members(Path(archive))[0]]
    except InputError:  # damaged: known as a file without an image
        return []


def _is_member(path: str, stamp: Stamp, there: Mapping[str, Stamp]) -> bool:
    """Whether a path leads into an archive that is as it was."""
    return any(there.get(str(above)) == stamp for above in Path(path).parents)


def _walk(folder: Path, cancelled: Callable[[], bool]) -> Iterator[tuple[str, Stamp]]:
    """Regular files in sorted order with their stamps; hidden ones and links to folders are left out."""
    for place, folders, names in os.walk(folder):
        if cancelled():
            raise Cancelled("Indexing was stopped.")
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = os.path.join(place, name)  # noqa: PTH118 - a Path for each of 100,000 files takes seconds
            stamp = None if name.startswith(".") else stamp_of(path)
            if stamp is not None and _can_be_stored(path):
                yield path, stamp


def _can_be_stored(path: str) -> bool:
    """Not a name in bytes that are no text, which neither SQLite nor the child's messages can carry."""
    return path.isascii() or not any("\udc80" <= letter <= "\udcff" for letter in path)


def _noted(header: FileHeader, path: str, warm_since: int) -> list[ReadFile]:
    """None for a file that went meanwhile, or that cannot be stored."""
    stamp = stamp_of(path)
    if stamp is None or not _can_be_stored(path):
        return []
    settled = stamp if stamp.mtime_ns < warm_since else Stamp(stamp.size, -1)
    return [ReadFile(path, settled, replace(header, path=path))]


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise MissingFile(f"{folder} is no folder, or not there now.", "Connect its disk, or choose another folder.")
    return absolute(folder)
