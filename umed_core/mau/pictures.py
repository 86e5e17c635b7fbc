"""The cleaned picture of every case, once: identifiers gone, stored under its own hash in work/pictures."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec
from PIL import Image

from umed_core.errors import DataError, InputError, StorageError
from umed_core.mau.build_store import BuildStore, NamedCase, Picture
from umed_core.mau.conversing import Talk
from umed_core.mau.near_duplicates import perceptual_hash
from umed_core.mau.privacy.burned_in_text import TextScan
from umed_core.mau.privacy.clean_image import clean_image
from umed_core.records import write_atomic

__all__ = ["PictureShelf", "clean_pictures", "link_picture", "remove_unfinished", "remove_unlisted"]

_THREADS = 3
"""One of them mostly waits for the disk. No more: the images room keeps three decoders and would start others each time."""
_AHEAD = 9
"""Pictures under way at a time: enough to keep the threads busy, few enough to hold in memory."""


@dataclass(frozen=True, slots=True)
class PictureShelf:
    """Where cleaned pictures lie, and how text in them is looked for."""

    folder: Path
    scan: TextScan

    def path(self, picture: Picture) -> Path:
        return self.folder / picture.sha256[:2] / f"{picture.sha256}{picture.suffix}"

    def fingerprint(self, named: NamedCase) -> str:
        """What decides whether a picture must be cleaned again: its file, how it is shown, how text is looked for."""
        case = named.case
        try:
            state = case.image.stat()
        except OSError:
            return f"missing {case.image}"
        # Text that touches a finding is refused, so a scanned picture depends on its boxes too.
        facts = (
            str(case.image),
            state.st_size,
            state.st_mtime_ns,
            case.grey,
            case.frame,
            case.findings,
            self.scan.policy,
        )
        return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()


def clean_pictures(store: BuildStore, shelf: PictureShelf, shown: Callable[[int], None]) -> None:
    """Cleans what is not cleaned yet; a picture that cannot be used is kept with its reason. `shown(done)`.

    Raises: StorageError where a picture cannot be written; what cannot be read or must not be used raises nothing.
    """
    under_way: deque[tuple[str, Future[Picture]]] = deque()

    def keep_oldest() -> None:
        mark, picture = under_way.popleft()
        store.keep_picture(mark, picture.result())

    with ThreadPoolExecutor(_THREADS, "clean") as threads:
        try:
            for mark, named in _not_yet_clean(store, shelf, shown):
                under_way.append((mark, threads.submit(_cleaned, named, shelf)))
                if len(under_way) >= _AHEAD:
                    keep_oldest()
            while under_way:
                keep_oldest()
        finally:
            for _, picture in under_way:
                picture.cancel()


def _not_yet_clean(
    store: BuildStore, shelf: PictureShelf, shown: Callable[[int], None]
) -> Iterator[tuple[str, NamedCase]]:
    for done, (named, mark, picture) in enumerate(store.cases()):
        shown(done)
        if picture is None or (not picture.refused and not shelf.path(picture).exists()):
            yield mark, named


def _cleaned(named: NamedCase, shelf: PictureShelf) -> Picture:
    try:
        clean = clean_image(named.case, shelf.scan)
    except (InputError, DataError) as error:
        return Picture(refused=error.message)
    with Image.open(io.BytesIO(clean.content)) as opened:
        likeness = perceptual_hash(opened)
    picture = Picture("", clean.sha256, clean.suffix, clean.width, clean.height, likeness, clean.removed, clean.blanked)
    if not shelf.path(picture).exists():
        write_atomic(shelf.path(picture), clean.content)
    return picture


def link_picture(folder: Path, talk: Talk) -> str:
    """Puts a talk's picture into the dataset's images/, sharing the file where the disk can; its name there.

    Raises: StorageError.
    """
    target = folder / talk.image_name
    if target.exists() and target.samefile(talk.picture_path):
        return talk.image_name
    beside = target.with_name(f".{target.name}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)
        try:
            os.link(talk.picture_path, beside)
        except OSError:  # another file system, or one without links
            shutil.copyfile(talk.picture_path, beside)
        beside.replace(target)
    except OSError as problem:
        raise StorageError(
            f"Could not write {target}: {problem.strerror or problem}.", "Free some space or choose another folder."
        ) from problem
    return talk.image_name


def remove_unfinished(work: Path) -> None:
    """Removes what a killed run was writing in work/: temporary files, and a batch's file on its way up or down.

    Only while this folder's build is ours. Raises: StorageError.
    """
    try:
        for path in work.rglob(".*.tmp"):
            path.unlink()
        for path in (work / "batches").glob("*"):
            if path.suffix != ".keys":
                path.unlink()
    except OSError as problem:
        raise StorageError(
            f"Could not tidy {work}: {problem.strerror or problem}.", "Close what holds it."
        ) from problem


def remove_unlisted(images: Path, listed: Collection[str]) -> None:
    """Removes what an earlier build left in images/ and this one does not hold. Raises: StorageError."""
    try:
        for path in images.rglob("*"):
            if path.is_file() and path.relative_to(images.parent).as_posix() not in listed:
                path.unlink()
    except OSError as problem:
        raise StorageError(
            f"Could not tidy {images}: {problem.strerror or problem}.", "Close what holds it."
        ) from problem
