"""Paths to series and series to images, as jobs for the background door: they report, can be cancelled, and show nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from umed_core.errors import Cancelled, NoImages, UmedError

if TYPE_CHECKING:
    from umed_core.images.medical_image import MedicalImage
    from umed_core.images.volume import Series, Study

__all__ = ["Listing", "list_studies", "read_series"]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a person's paths hold, and the files that could not be opened, each with its reason."""

    studies: tuple[Study, ...]
    refused: tuple[tuple[Path, UmedError], ...] = ()


def list_studies(paths: Sequence[Path], progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> Listing:
    """Studies of files and folders, by headers alone.

    Raises: the reason for a single path that holds nothing; NoImages where several hold nothing; Cancelled.
    """
    from umed_core.images.open_image import index_folder

    studies: list[Study] = []
    refused: list[tuple[Path, UmedError]] = []
    for path in paths:
        try:
            studies += index_folder(path, progress, cancelled, lambda where, why: refused.append((where, why)))
        except Cancelled:
            raise
        except UmedError as problem:
            if len(paths) == 1:
                raise
            if not any(where == path for where, _ in refused):
                refused.append((path, problem))
    if not studies:
        raise NoImages(
            f"None of the {len(paths)} files and folders holds a readable image. The first: {refused[0][1].message}",
            "Choose DICOM, NIfTI, PNG, JPEG or TIFF files, or a folder that holds some.",
        )
    return Listing(tuple(studies), tuple(refused))


def read_series(
    series: Series,
    partly: Callable[[MedicalImage], None],
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> MedicalImage:
    """The whole series; `partly` gets its first slice as soon as that is decoded.

    Raises: InputError and its kinds; Cancelled.
    """
    from umed_core.images.open_image import open_image, open_series

    if len(series.files) == 1:
        return open_image(series.files[0])
    partly(open_image(series.files[0]))
    return open_series(series, progress=progress, cancelled=cancelled)
