"""A ZIP archive as a folder: its members are paths below it, `study.zip/ct/1.dcm`, and are read where they lie.

Nothing is unpacked onto the disk: no member's name ever becomes a file's name, a patient's images leave no trace when the
program dies, and a header costs the inflating of its first 64 KiB alone. Everything but `archive_above`, `what_lies_at` and
`is_archive` reads what a stranger wrote and belongs in the limited child.
"""

from __future__ import annotations

import lzma
import stat
import struct
import tempfile
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, BinaryIO, Literal, cast

from umed_core.errors import CorruptImage, ImageTooLarge, MissingFile, UmedError, UnsupportedImage
from umed_core.images.disk import disk_refusal
from umed_core.images.limits import DecodeLimits

__all__ = [
    "MEMBER_FAILURES",
    "archive_above",
    "close_archives",
    "is_archive",
    "list_members",
    "member_damaged",
    "open_member",
    "read_member",
    "what_lies_at",
]

MEMBER_FAILURES = (
    EOFError,
    NotImplementedError,
    RuntimeError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What zipfile raises while it inflates a damaged member, beside OSError and ValueError."""

_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_MOST_MEMBERS = 100_000
_MOST_BYTES = 256 << 30
_BOMB_BYTES = 64 << 20
_BOMB_RATIO = 300
"""Beyond 64 MiB, what grows this much is no picture (as in deflated DICOM)."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_ENCRYPTED = 0x1
_UNIX = 3
_DOCUMENT_MARKS = frozenset(("[Content_Types].xml", "META-INF/MANIFEST.MF", "META-INF/container.xml"))
"""Members that only office documents, Java programs and electronic books have: their pictures are no images to read."""
_HELD_IN_MEMORY = 32 << 20
_KEPT_OPEN = 4
_UNPACK = "Unpack it with the program that made it and open the folder."


class _OnDisk:
    """A file that is open only while it is read: meanwhile it may be moved, and the stick that it lies on taken out."""

    def __init__(self, path: Path) -> None:
        self._path, self._place = path, 0
        self._file: BinaryIO | None = path.open("rb")

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._opened().seek(offset, whence)

    def tell(self) -> int:
        return self._opened().tell()

    def read(self, size: int | None = -1, /) -> bytes:
        return self._opened().read(-1 if size is None else size)

    def close(self) -> None:
        """Until it is read again."""
        if self._file is not None:
            self._place = self._file.tell()
            self._file.close()
            self._file = None

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._file = self._path.open("rb")
            self._file.seek(self._place)
        return self._file


@dataclass(frozen=True, slots=True)
class _Archive:
    """`members` by their names as paths below the archive; `refused` are those that are not read, each with its reason."""

    key: tuple[object, ...]
    path: Path
    source: _OnDisk | IO[bytes]
    opened: zipfile.ZipFile
    members: dict[str, zipfile.ZipInfo] = field(default_factory=dict)
    refused: list[tuple[Path, UmedError]] = field(default_factory=list)


def is_archive(head: bytes) -> bool:
    """Whether a file that begins so is a ZIP archive."""
    return head.startswith(_MAGIC)


def archive_above(path: Path) -> tuple[Path, str] | None:
    """The file on disk that `path` leads into, and the name in it; None for a path that leads into no file."""
    try:
        if path.exists():
            return None
        for above in path.parents:
            if above.is_file():
                return above, path.relative_to(above).as_posix()
            if above.exists():
                return None
    except (OSError, ValueError):  # a name that no system takes
        return None
    return None


def what_lies_at(path: Path) -> Literal["folder", "file", "member"]:
    """What a path leads to; whether an archive holds such a member is not asked.

    Raises: MissingFile; UnsupportedImage for what may not be looked at.
    """
    try:
        if path.is_dir():
            return "folder"
        if path.exists():
            return "file"
    except PermissionError as problem:
        raise disk_refusal(path, problem) from problem
    except (OSError, ValueError) as problem:
        raise MissingFile(f"{path} is no usable path: {_one_line(problem)}.", "Check the path.") from problem
    if archive_above(path) is not None:
        return "member"
    raise MissingFile(f"{path} does not exist.", "Check the path.")


def list_members(path: Path, limits: DecodeLimits) -> tuple[list[Path], list[tuple[Path, UmedError]]]:
    """Sorted paths of an archive's members, and those that are not read, each with its reason; hidden ones are left out.

    `path` is an archive on disk or one that lies in it; deeper ones are refused.
    Raises: UnsupportedImage, CorruptImage, ImageTooLarge, MissingFile.
    """
    above = archive_above(path)
    if above is None:
        archive = _archive_on_disk(path)
    else:
        outer = _archive_on_disk(above[0])
        if above[1] not in outer.members:
            raise UnsupportedImage(f"{path} is an archive in an archive in an archive.", _UNPACK)
        archive = _archive_inside(outer, above[1], limits)
    return sorted(path / name for name in archive.members), archive.refused


def open_member(path: Path, limits: DecodeLimits) -> BinaryIO:
    """A member, to be read; what it holds more than it states is never inflated.

    Raises: UnsupportedImage, CorruptImage, ImageTooLarge, MissingFile; reading it may raise MEMBER_FAILURES.
    """
    archive, info = _find(path, limits)
    if info.file_size > limits.file_bytes:
        raise ImageTooLarge(f"{path} takes {info.file_size >> 20} MiB.", f"The limit is {limits.file_bytes >> 20} MiB.")
    try:
        return cast(BinaryIO, archive.opened.open(info))
    except (*MEMBER_FAILURES, OSError, ValueError) as problem:
        raise member_damaged(path, problem) from problem


def read_member(path: Path, limits: DecodeLimits) -> bytes:
    """All of a member. Raises: as `open_member`, and CorruptImage where it cannot be inflated."""
    with open_member(path, limits) as opened:
        try:
            return opened.read()
        except (*MEMBER_FAILURES, OSError, ValueError) as problem:
            raise member_damaged(path, problem) from problem


def close_archives() -> None:
    """Lets go of the files; what was read of their directories is kept for the next member."""
    for archive in _opened.values():
        if isinstance(archive.source, _OnDisk):
            archive.source.close()


def member_damaged(path: Path, problem: BaseException) -> CorruptImage:
    """What to say of a member that could not be inflated."""
    return CorruptImage(
        f"{path} could not be read from its archive: {_one_line(problem)}.", "Copy the archive again from its source."
    )


# ------------------------------------------------------------------------------------------------------ open archives
_opened: dict[tuple[object, ...], _Archive] = {}
"""The last few, since each member is asked for by itself; in the memory of this process, which is the child."""


def _find(path: Path, limits: DecodeLimits) -> tuple[_Archive, zipfile.ZipInfo]:
    above = archive_above(path)
    if above is None:
        raise MissingFile(f"{path} does not exist.", "Check the path.")
    archive, name = _archive_on_disk(above[0]), above[1]
    if name not in archive.members:
        inner = next((str(p) for p in PurePosixPath(name).parents if str(p) in archive.members), "")
        if inner:
            archive, name = _archive_inside(archive, inner, limits), name[len(inner) + 1 :]
    if name not in archive.members:
        why = next((problem for refused, problem in archive.refused if refused == archive.path / name), None)
        raise why or MissingFile(f"{path} does not exist: the archive holds no such file.", "Check the path.")
    return archive, archive.members[name]


def _archive_on_disk(path: Path) -> _Archive:
    try:
        state = path.stat()
        key = (str(path), state.st_size, state.st_mtime_ns)
        archive = _opened.pop(key, None) or _read_directory(key, path, _OnDisk(path), state.st_size)
    except OSError as problem:
        raise disk_refusal(path, problem) from problem
    return _kept(archive)


def _archive_inside(outer: _Archive, name: str, limits: DecodeLimits) -> _Archive:
    path, key = outer.path / name, (*outer.key, name)
    archive = _opened.pop(key, None)
    if archive is None:
        # In memory, or beyond that in an unnamed file, which goes with the process.
        held = tempfile.SpooledTemporaryFile(_HELD_IN_MEMORY)  # noqa: SIM115 - open as long as the archive is
        held.write(read_member(path, limits))
        held.seek(0)
        archive = _read_directory(key, path, held, outer.members[name].file_size)
    return _kept(archive)


def _kept(archive: _Archive) -> _Archive:
    """The archive, as the one that was asked for last; the one that waits longest is closed."""
    _opened[archive.key] = archive
    if len(_opened) > _KEPT_OPEN:
        gone = _opened.pop(next(iter(_opened)))
        gone.opened.close()
        gone.source.close()
    return archive


# ------------------------------------------------------------------------------------------------ what an archive says
def _read_directory(key: tuple[object, ...], path: Path, source: _OnDisk | IO[bytes], size: int) -> _Archive:
    try:
        opened = zipfile.ZipFile(source)
    except (*MEMBER_FAILURES, OSError, ValueError) as problem:
        source.close()
        raise CorruptImage(
            f"{path} is a damaged ZIP archive: {_one_line(problem)}.", "Copy it again from where it came from."
        ) from problem
    entries = opened.infolist()
    total = sum(entry.file_size for entry in entries)
    too_much = ""
    if len(entries) > _MOST_MEMBERS:
        too_much = f"holds {len(entries)} files; the limit is {_MOST_MEMBERS}"
    elif total > _MOST_BYTES:
        too_much = f"unpacks to {total >> 30} GiB; the limit is {_MOST_BYTES >> 30} GiB"
    elif total > _BOMB_BYTES and total > size * _BOMB_RATIO:
        too_much = f"holds {size} bytes that unpack to {total >> 20} MiB: it is made to fill a computer"
    if too_much or _DOCUMENT_MARKS & {entry.filename for entry in entries}:
        opened.close()
        source.close()
        if too_much:
            raise ImageTooLarge(f"{path} {too_much}.", "Ask the sender for the images by another way.")
        raise UnsupportedImage(f"{path} is a document or a program in the form of a ZIP archive.", "Open images.")
    archive = _Archive(key, path, source, opened)
    for entry in entries:
        _sort_in(archive, entry)
    return archive


def _sort_in(archive: _Archive, entry: zipfile.ZipInfo) -> None:
    name = entry.filename.replace("\\", "/")  # some programs of Windows write it so
    parts = PurePosixPath(name).parts
    if entry.is_dir() or not parts or "__MACOSX" in parts:
        return
    if any(part.startswith(".") and part != ".." for part in parts):
        return
    if _leads_elsewhere(name):
        inside = "/".join(part for part in PurePosixPath(name.lstrip("/")).parts if part != "..")
        shown = archive.path / (inside.replace(":", "_") or "unnamed")
        words = f"{shown} is called {name!r}, a name that leads out of the archive."
        archive.refused.append((shown, UnsupportedImage(words, "Do not trust the archive.")))
        return
    name = "/".join(parts)
    path = archive.path / name
    why = _why_not(path, entry, name in archive.members)
    if why is None:
        archive.members[name] = entry
    else:
        archive.refused.append((path, why))


def _leads_elsewhere(name: str) -> bool:
    windows = PureWindowsPath(name)
    return name.startswith("/") or bool(windows.drive or windows.root) or ".." in windows.parts


def _why_not(path: Path, entry: zipfile.ZipInfo, is_there: bool) -> UmedError | None:
    kind = stat.S_IFMT(entry.external_attr >> 16) if entry.create_system == _UNIX else 0
    if is_there:
        return CorruptImage(f"{path} is in the archive twice; the first is read.", "Ask the sender for the original.")
    if kind not in (0, stat.S_IFREG):
        return UnsupportedImage(f"{path} is a link and no file.", "Ask the sender for the file that it stands for.")
    if entry.flag_bits & _ENCRYPTED:
        return UnsupportedImage(f"{path} is encrypted.", "Unpack the archive with its password and open the folder.")
    if entry.compress_type not in _METHODS:
        method = zipfile.compressor_names.get(entry.compress_type, str(entry.compress_type))  # type: ignore[attr-defined]
        return UnsupportedImage(f"{path} is packed by the method {method}.", _UNPACK)
    if entry.file_size > _BOMB_BYTES and entry.file_size > entry.compress_size * _BOMB_RATIO:
        grown = f"{entry.compress_size} bytes that unpack to {entry.file_size >> 20} MiB"
        return ImageTooLarge(f"{path} holds {grown}.", "The file is damaged or hostile; ask for the original.")
    return None


def _one_line(problem: BaseException) -> str:
    words = str(getattr(problem, "strerror", None) or problem)  # an OSError would repeat the path
    return " ".join(words.split()).rstrip(".")[:200] or type(problem).__name__
