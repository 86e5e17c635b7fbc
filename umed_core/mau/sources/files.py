"""The files of a downloaded set, which nobody vouches for: names that stay inside, sizes from headers, bounded reading."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from umed_core.errors import CorruptImage, DataError, ImageTooLarge, MissingFile, UmedError
from umed_core.images.limits import DecodeLimits
from umed_core.images.sandbox import borrowed_decoder
from umed_core.images.wire import FileHeader
from umed_core.mau.sources.marks import Size, Unusable

__all__ = [
    "PictureHeader",
    "Pictures",
    "is_picture",
    "list_files",
    "list_pictures",
    "picture_header",
    "read_bounded",
    "read_headers",
    "relative_name",
]

MAX_PICTURE_PIXELS = 200_000_000
"""Beyond it a picture is refused by its header."""

MAX_NAME_BYTES = 255
"""No usual file system holds a longer name, and some answer it with an error."""

PICTURE_SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp"))
_LIMITS = DecodeLimits()
_UNKNOWN = "no picture that umed knows"


@dataclass(frozen=True)
class Pictures:
    """The files under `root`, listed once: paths relative to it with forward slashes, in the order of their names."""

    root: Path
    paths: tuple[str, ...]
    _known: frozenset[str] = field(repr=False)
    _links: tuple[str, ...] = field(repr=False)
    _by_stem: dict[str, list[str]] = field(repr=False)
    """Last part of a path, less its suffix -> the paths of all files called so."""

    def find(self, name: str, folders: tuple[str, ...] = ("",)) -> str:
        """The path of the file that an annotation calls `name`: in one of `folders`, else the only one that ends so.

        Raises: Unusable.
        """
        wanted = relative_name(name)
        for folder in folders:
            path = f"{folder}/{wanted}" if folder else wanted
            if path in self._known:
                return path
        # Every part of the name must fit: val/1.png is not the train/1.png that an annotation means.
        found = [
            path for path in self._by_stem.get(PurePosixPath(wanted).stem, ()) if f"/{path}".endswith(f"/{wanted}")
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise Unusable("several files of that name lie in the set's folder")
        is_link = any(f"{folder}/{wanted}".lstrip("/").startswith(self._links) for folder in folders)
        raise Unusable("a link, and links out of the set's folder are not followed" if is_link else "missing file")

    def of_stem(self, stem: str) -> list[str]:
        """Paths of the pictures whose name, less its suffix, is `stem`."""
        return [path for path in self._by_stem.get(stem, ()) if is_picture(path)]

    def __contains__(self, path: object) -> bool:
        return path in self._known


def list_pictures(root: Path) -> Pictures:
    """Every file under `root`, for looking up."""
    links: list[str] = []
    paths = tuple(list_files(root, links))
    by_stem: dict[str, list[str]] = {}
    for path in paths:
        by_stem.setdefault(PurePosixPath(path).stem, []).append(path)
    return Pictures(root, paths, frozenset(paths), tuple(links), by_stem)


def list_files(root: Path, links: list[str] | None = None) -> list[str]:
    """Paths of all files under `root`, sorted; hidden ones and links that lead out of `root` are passed over.

    Links to folders are not followed: a set that holds one could list the whole disk. `links` takes in what was passed over.
    Raises: MissingFile; DataError.
    """
    try:
        return sorted(_walk(root, root.resolve(), [] if links is None else links))
    except (FileNotFoundError, NotADirectoryError) as problem:
        raise MissingFile(f"{root} is no folder.", "Point to the folder that holds the set.") from problem
    except OSError as problem:
        raise DataError(f"{root} cannot be listed: {problem.strerror}.", "Check the folder's permissions.") from problem


def _walk(root: Path, home: Path, links: list[str]) -> Iterator[str]:
    pending = [""]
    while pending:
        folder = pending.pop()
        with os.scandir(root / folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                path = f"{folder}/{entry.name}" if folder else entry.name
                if not _is_unicode(entry.name):
                    # No JSON can hold such a name, so it could be neither a case's key nor a reason in a report.
                    raise DataError(f"{root} holds a file name that is no UTF-8: {path!r}.", "Rename the file.")
                if entry.is_symlink() and (entry.is_dir() or not _leads_inside(Path(entry.path), home)):
                    links.append(path)
                elif entry.is_dir():
                    pending.append(path)
                elif entry.is_file():
                    yield path


def _is_unicode(name: str) -> bool:
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def _leads_inside(link: Path, home: Path) -> bool:
    return link.resolve().is_relative_to(home)


def is_picture(path: str) -> bool:
    """Whether a file is called like a picture; what it really is shows when it is opened."""
    return PurePosixPath(path).suffix.lower() in PICTURE_SUFFIXES


def relative_name(name: str) -> str:
    """A file's name as an annotation gives it, with forward slashes. Raises: Unusable for one that leaves the set's folder."""
    slashed = name.strip().replace("\\", "/")
    if not slashed:
        raise Unusable("no image named")
    path = PurePosixPath(slashed)
    if path.is_absolute() or ".." in path.parts or slashed[1:2] == ":" or "\0" in slashed:
        raise Unusable("the image lies outside the set's folder")
    if any(len(part.encode("utf-8", "replace")) > MAX_NAME_BYTES for part in path.parts):
        raise Unusable("missing file")
    return str(path)


def read_bounded(path: Path, limit: int) -> bytes:
    """A file's bytes. Raises: MissingFile; DataError beyond `limit` bytes."""
    try:
        with path.open("rb") as opened:
            content = opened.read(limit + 1)
    except FileNotFoundError as problem:
        raise MissingFile(f"{path} does not exist.", "Check the path, or download the set again.") from problem
    except OSError as problem:
        raise DataError(f"{path} cannot be read: {problem.strerror}.", "Check the file's permissions.") from problem
    if len(content) > limit:
        raise DataError(
            f"{path} takes more than {limit >> 10} KiB.", "That is no annotation file of this kind, or split it up."
        )
    return content


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """Width and height in pixels, and Pillow's mode ("L", "I;16", "RGB"); the mode of a DICOM file is ""."""

    size: Size
    mode: str


def read_headers(paths: Sequence[Path]) -> list[FileHeader | str]:
    """For each file its header, or why there is none that umed can use; all are read in one limited child process.

    A reason names no file: it may be published. Raises: WorkerCrashed.
    """
    with borrowed_decoder(_LIMITS) as decoder:
        found = decoder.headers(paths) if paths else []
    return [_why_not(entry) if isinstance(entry, UmedError) else entry for entry in found]


def picture_header(header: FileHeader, stated: Size | None = None) -> PictureHeader:
    """What a source needs of a picture or a DICOM image, whose size must be `stated`. Raises: Unusable."""
    width, height = size = (header.columns, header.rows)
    if not header.has_pixels or not (width and height):
        raise Unusable(_UNKNOWN)
    if width * height > MAX_PICTURE_PIXELS:
        raise Unusable(f"more than {MAX_PICTURE_PIXELS // 1_000_000} million pixels")
    if header.is_turned:
        raise Unusable("the picture is turned by EXIF, and its boxes may be for either position: store it upright")
    if stated is not None and stated != size:
        raise Unusable(f"the annotation is for {stated[0]} x {stated[1]} pixels but the file has {width} x {height}")
    return PictureHeader(size, header.mode)


def _why_not(problem: UmedError) -> str:
    if isinstance(problem, MissingFile):
        return "missing file"
    if isinstance(problem, ImageTooLarge):
        return "a picture beyond the limits for one"
    return "a damaged picture" if isinstance(problem, CorruptImage) else _UNKNOWN
