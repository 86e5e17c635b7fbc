"""Paths to series and series to images, as jobs for the background door: they report, can be cancelled, and show nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from umed_core.errors import Cancelled, NoImages, UmedError
from umed_desktop.words import translate

if TYPE_CHECKING:
    from umed_core.images.medical_image import MedicalImage
    from umed_core.images.volume import Series, Study
    from umed_core.images.wire import FileHeader

__all__ = ["Early", "Listing", "is_there", "list_studies", "read_series"]

_EARLY_TRIES = 3
"""Files that are decoded in search of one to show before the index ends; where so many fail, the index comes first."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a person's `paths` hold, and the files that could not be opened, each with its reason.

    `headers` are those that the studies were made of, for the library; none where it is the library that knows them.
    """

    studies: tuple[Study, ...]
    refused: tuple[tuple[Path, UmedError], ...] = ()
    paths: tuple[Path, ...] = ()
    headers: tuple[FileHeader, ...] = ()


@dataclass(frozen=True, slots=True)
class Early:
    """The first image that could be read, as a study of its own, while the index goes on."""

    study: Study
    image: MedicalImage


def is_there(path: Path) -> bool:
    """Whether a path leads to something that could be opened: a folder, a file, or into a file."""
    from umed_core.images.archive import what_lies_at

    try:
        what_lies_at(path)
    except UmedError:
        return False
    return True


def list_studies(
    paths: Sequence[Path],
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
    early: Callable[[Early], None] = lambda _: None,
) -> Listing:
    """Studies of files, folders and ZIP archives, by headers alone.

    `early` is called at most once, with the first readable image.
    Raises: the reason for a single path that holds nothing; NoImages where several hold nothing; Cancelled.
    """
    from umed_core.images.open_image import index_folder

    studies: list[Study] = []
    refused: list[tuple[Path, UmedError]] = []
    headers: list[FileHeader] = []
    show_first = _first_readable(early, cancelled)

    def found(batch: Sequence[FileHeader]) -> None:
        headers.extend(batch)
        show_first(batch)

    for path in paths:
        try:
            studies += index_folder(
                path, progress, cancelled, lambda where, why: refused.append((where, why)), found=found
            )
        except Cancelled:
            raise
        except UmedError as problem:
            if len(paths) == 1:
                raise
            if not any(where == path for where, _ in refused):
                refused.append((path, problem))
    if not studies:
        raise NoImages(
            translate(
                "Errors", "None of the {count} files and folders holds a readable image. The first: {problem}"
            ).format(count=len(paths), problem=refused[0][1].message),
            "Choose DICOM, NIfTI, PNG, JPEG or TIFF files, or a folder or a ZIP archive that holds some.",
        )
    return Listing(tuple(studies), tuple(refused), tuple(paths), tuple(headers))


def _first_readable(
    early: Callable[[Early], None], cancelled: Callable[[], bool]
) -> Callable[[Sequence[FileHeader]], None]:
    """What decodes the first of the headers it is called with, tries the next ones where that fails, then does nothing."""
    from umed_core.images.open_image import open_image
    from umed_core.images.volume import sort_into_studies

    tries = _EARLY_TRIES

    def found(headers: Sequence[FileHeader]) -> None:
        nonlocal tries
        for header in headers[:tries]:
            if cancelled():
                return
            tries -= 1
            try:
                image = open_image(Path(header.path))
            except UmedError:  # said when its series is opened
                continue
            tries = 0
            early(Early(sort_into_studies([header])[0], image))
            return

    return found


def read_series(
    series: Series,
    partly: Callable[[MedicalImage], None] | None,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> MedicalImage:
    """The whole series; `partly` gets its first slice as soon as that is decoded, None for one that is shown already.

    Raises: InputError and its kinds; Cancelled.
    """
    from umed_core.images.open_image import check_belongs, open_image, open_series

    if len(series.files) == 1 or partly is not None:
        first = open_image(series.files[0])
        check_belongs(first, series)
        if len(series.files) == 1:
            return first
        assert partly is not None
        partly(first)
    return open_series(series, progress=progress, cancelled=cancelled)
