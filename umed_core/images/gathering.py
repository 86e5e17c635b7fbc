"""Paths to headers: folders, archives and media directories are looked through, and every file is judged in the child."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from umed_core.errors import Cancelled, MissingFile, UmedError, UnsupportedImage
from umed_core.images.archive import archive_above, what_lies_at
from umed_core.images.limits import DecodeLimits
from umed_core.images.sandbox import borrowed_decoder
from umed_core.images.wire import FileHeader, NamedFile

__all__ = ["Gathering"]

_BATCH = 32
"""Files a request for headers: a batch is read in about a tenth of a second, so progress moves and Cancel is quick."""
_DIRECTORY_NAME = "DICOMDIR"
"""What PS3.10 8.6 calls it, at the root of its files; what it is, its content says."""


def _nothing(*_: object) -> None:
    pass


@dataclass
class Gathering:
    """One look through a person's paths: the images' `headers` in sorted order, and what was `refused`, with its reason.

    `progress(done, total)` is called as files are judged, of which an archive brings more; `found` gets the images'
    headers a batch at a time.
    """

    limits: DecodeLimits
    progress: Callable[[int, int], None] = _nothing
    cancelled: Callable[[], bool] = lambda: False
    found: Callable[[Sequence[FileHeader]], None] = _nothing
    headers: list[FileHeader] = field(default_factory=list)
    refused: list[tuple[Path, UmedError]] = field(default_factory=list)
    _done: int = 0
    _total: int = 0

    def look_at(self, path: Path) -> None:
        """A file, a folder, an archive, a DICOMDIR or a member of an archive.

        Raises: MissingFile; UnsupportedImage for what may not be looked at; Cancelled; WorkerCrashed.
        """
        if what_lies_at(path) == "folder":
            files, closed = _walk(path)
            self.refused += closed
            self._look_through(files)
        else:
            self._judge(self._nameable([path]), follows=True)

    def _look_through(self, files: Sequence[Path]) -> None:
        """The files of a folder or an archive; of those that lie beside a DICOMDIR, the ones that it names."""
        files = self._nameable(files)
        directories = {path.parent: path for path in files if path.name.upper() == _DIRECTORY_NAME}
        beside: dict[Path, list[Path]] = {}
        rest: list[Path] = []
        for path in files:
            home = next((folder for folder in reversed(path.parents) if folder in directories), None)
            (rest if home is None else beside.setdefault(home, [])).append(path)
        for home, there in beside.items():
            if not self._follow(directories[home], there):
                self._look_through([path for path in there if path != directories[home]])
        self._judge(rest, follows=False)

    def _judge(self, files: Sequence[Path], follows: bool) -> None:
        """Reads headers; `follows` a DICOMDIR among them, which in a folder is dealt with before."""
        self._total += len(files)
        for start in range(0, len(files), _BATCH):
            self._go_on()
            batch = files[start : start + _BATCH]
            with borrowed_decoder(self.limits) as decoder:  # a batch long: `found` may then decode with the same child
                entries = decoder.headers(batch)
            images: list[FileHeader] = []
            for path, entry in zip(batch, entries, strict=True):
                if isinstance(entry, UmedError):
                    self.refused.append((path, entry))
                elif entry.has_pixels:
                    images.append(entry)
                elif entry.kind == "archive":
                    self._take(images)
                    images = []
                    self._look_into(path)
                elif entry.object_name == _DIRECTORY_NAME and follows:
                    self._follow(path, _beside(path, self.limits))
                else:
                    self._refuse_without_pixels(path, entry)
            self._take(images)
            self._advance(len(batch))

    def _nameable(self, files: Sequence[Path]) -> list[Path]:
        """Without those whose names are no text, as of a disk that another system wrote: nothing could write them down."""
        nameable = []
        for path in files:
            try:
                str(path).encode()
                nameable.append(path)
            except UnicodeEncodeError:
                shown = Path(os.fsencode(path).decode(errors="replace"))
                words = f"{shown} has a name that is no Unicode text."
                self.refused.append(
                    (shown, UnsupportedImage(words, "Rename the file, or its folder, and open it again."))
                )
        return nameable

    def _look_into(self, archive: Path) -> None:
        try:
            with borrowed_decoder(self.limits) as decoder:
                members, refused = decoder.members(archive)
        except UmedError as problem:
            self.refused.append((archive, problem))
            return
        self.refused += refused
        self._look_through(members)

    def _follow(self, directory: Path, beside: Iterable[Path]) -> bool:
        """Reads the files that a DICOMDIR names; False where it is none or names none that is there."""
        self._go_on()
        try:
            with borrowed_decoder(self.limits) as decoder:
                named = decoder.directory(directory)
        except UmedError as problem:
            self.refused.append((directory, problem))
            return False
        there, refused = _settled(directory, named, beside)
        if not there:
            what = f"names {len(named)} files, none of which is there" if named else "names no file"
            self.refused.append((directory, UnsupportedImage(f"{directory} {what}.", "Copy the whole medium again.")))
            return False
        self.refused += refused
        known = _headers_given(there)
        self._total += len(known)
        self._take(list(known.values()))
        self._advance(len(known))
        self._judge([path for path in there if path not in known], follows=False)
        return True

    def _take(self, images: Sequence[FileHeader]) -> None:
        if images:
            self.headers += images
            self.found(images)

    def _refuse_without_pixels(self, path: Path, header: FileHeader) -> None:
        what = header.object_name or header.modality or "DICOM object"
        hint = "Open it by itself to have what it names." if what == _DIRECTORY_NAME else "Nothing to show."
        self.refused.append((path, UnsupportedImage(f"{path} holds no pixels: it is a {what}.", hint)))

    def _advance(self, count: int) -> None:
        self._done += count
        self.progress(self._done, self._total)

    def _go_on(self) -> None:
        if self.cancelled():
            raise Cancelled("Reading the folder was stopped.")


def _walk(root: Path) -> tuple[list[Path], list[tuple[Path, UmedError]]]:
    """Files below a folder in sorted order, and folders that cannot be looked into, each with its reason.

    Hidden ones are skipped, links to folders not followed (they may form a ring).
    """
    inside: list[Path] = []
    closed: list[tuple[Path, UmedError]] = []

    def note(problem: OSError) -> None:
        path = Path(problem.filename)
        words = f"{path} cannot be looked into: {problem.strerror}."
        closed.append((path, UnsupportedImage(words, "Ask its owner for permission to read it.")))

    for folder, folders, names in os.walk(root, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside.extend(Path(folder) / name for name in names if not name.startswith("."))
    return sorted(inside), closed


def _beside(directory: Path, limits: DecodeLimits) -> list[Path]:
    """The files that a DICOMDIR may name: those below its folder, or below its place in an archive."""
    above = archive_above(directory)
    if above is None:
        return _walk(directory.parent)[0]
    with borrowed_decoder(limits) as decoder:
        return decoder.members(above[0])[0]


def _settled(
    directory: Path, named: Sequence[NamedFile], beside: Iterable[Path]
) -> tuple[dict[Path, NamedFile], list[tuple[Path, UmedError]]]:
    """What a DICOMDIR names and is there, by its path, and what is missing or leads out of its folder."""
    root = directory.parent
    by_name = {str(path).casefold(): path for path in beside}  # a CD may be mounted in small letters
    home = root.resolve()
    there: dict[Path, NamedFile] = {}
    refused: list[tuple[Path, UmedError]] = []
    for entry in named:
        words = "/".join(entry.file_id)
        if any(part in ("", ".", "..") or set(part) & set("/\\:\0") for part in entry.file_id):
            shown = root / re.sub(r"[^\w.-]+", "_", words)
            problem: UmedError = UnsupportedImage(
                f"{shown} is called {words!r} by {directory.name}, a name that leads out of its folder.",
                "Do not trust the medium.",
            )
            refused.append((shown, problem))
            continue
        wanted = root.joinpath(*entry.file_id)
        path = by_name.get(str(wanted).casefold())
        if path is None:
            problem = MissingFile(
                f"{wanted} is missing, though {directory.name} names it.", "Copy the whole medium again."
            )
            refused.append((wanted, problem))
        elif path.is_symlink() and not path.resolve().is_relative_to(home):
            problem = UnsupportedImage(
                f"{path} is a link that leads out of the folder of {directory.name}.", "Do not trust the medium."
            )
            refused.append((path, problem))
        else:
            there[path] = entry
    return there, refused


def _headers_given(there: Mapping[Path, NamedFile]) -> dict[Path, FileHeader]:
    """Headers that need no look at the file: of series that the directory gives in full, as a mixed one would fall apart."""
    partly = {entry.header.tags.series_instance_uid for entry in there.values() if not entry.says_all}
    return {
        path: replace(entry.header, path=str(path))
        for path, entry in there.items()
        if entry.header.tags.series_instance_uid not in partly
    }
