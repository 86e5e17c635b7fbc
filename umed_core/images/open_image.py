"""The images room's door: paths in, MedicalImage out. Every file is decoded in a limited child process."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from umed_core.errors import Cancelled, ImageTooLarge, MissingFile, NoImages, UmedError, UnsupportedImage
from umed_core.images.limits import DecodeLimits
from umed_core.images.medical_image import MedicalImage
from umed_core.images.sandbox import borrowed_decoder
from umed_core.images.volume import Series, Study, sort_into_studies, stack_slices
from umed_core.images.wire import FileHeader

__all__ = [
    "ImageListing",
    "find_images",
    "index_folder",
    "iterate_series",
    "open_image",
    "open_series",
]

_BATCH = 32
"""Files a request for headers: a batch is read in about a tenth of a second, so progress moves and Cancel is quick."""

_CHILDREN = 2


@dataclass(frozen=True, slots=True)
class ImageListing:
    """Image files in sorted order, and the files that are none, each with its reason."""

    images: tuple[Path, ...]
    refused: tuple[tuple[Path, UmedError], ...] = ()


def open_image(path: Path, limits: DecodeLimits = DecodeLimits()) -> MedicalImage:  # noqa: B008 - frozen
    """Decodes one file of any kind that umed reads, by content. May be called from any thread.

    Raises: MissingFile, UnsupportedImage, CorruptImage, ImageTooLarge; WorkerCrashed where no child can be started.
    """
    _require(Path(path))
    with borrowed_decoder(limits) as decoder:
        return decoder.decode(Path(path))


def find_images(
    paths: Sequence[Path],
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    limits: DecodeLimits = DecodeLimits(),  # noqa: B008
) -> ImageListing:
    """The image files among `paths` and, recursively, in folders among them, judged by content. Hidden files are skipped.

    `progress(done, total)` is called as files are judged.
    Raises: MissingFile; NoImages where no file is an image; Cancelled.
    """
    headers, refused = _read_headers(_walk(paths), progress, cancelled, limits)
    if not headers:
        raise _no_images(paths, refused)
    return ImageListing(tuple(Path(header.path) for header in headers), tuple(refused))


def index_folder(
    path: Path,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    refused: Callable[[Path, UmedError], None] | None = None,
    limits: DecodeLimits = DecodeLimits(),  # noqa: B008
    found: Callable[[Sequence[FileHeader]], None] | None = None,
) -> list[Study]:
    """Studies and series of a folder, by headers alone. `refused(path, why)` is called for each file that is no image.

    `found` gets the images' headers a batch at a time, while the rest is still to be read.
    Raises: MissingFile; NoImages where no file is an image; Cancelled.
    """
    headers, problems = _read_headers(_walk([path]), progress, cancelled, limits, found)
    if refused is not None:
        for where, problem in problems:
            refused(where, problem)
    if not headers:
        raise _no_images([path], problems)
    return sort_into_studies(headers)


def open_series(
    series: Series,
    first: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    limits: DecodeLimits = DecodeLimits(),  # noqa: B008
) -> MedicalImage:
    """The series as one volume, or only its `first` files of it.

    Raises: InputError and its kinds for the first file that cannot be opened; Cancelled.
    """
    wanted = series if first is None else replace(series, files=series.files[:first])
    slices: list[MedicalImage] = []
    held = 0
    for image in iterate_series(wanted, limits):
        slices.append(image)
        held += image.pixels.nbytes
        if held > limits.pixel_bytes:
            raise ImageTooLarge(
                f"The series of {image.source} takes more than {limits.pixel_bytes >> 20} MiB.",
                "Open fewer of its slices.",
            )
        if progress is not None:
            progress(len(slices), len(wanted.files))
        if cancelled is not None and cancelled():
            raise Cancelled("Opening the series was stopped.")
    return stack_slices(slices, series)


def iterate_series(series: Series, limits: DecodeLimits = DecodeLimits()) -> Iterator[MedicalImage]:  # noqa: B008
    """The images of a series' files one by one, in slice order; the first is there long before the last.

    Two children decode ahead of the caller. Raises: InputError and its kinds, at the file that cannot be opened.
    """
    ahead: deque[Future[MedicalImage]] = deque()
    waiting = iter(series.files)
    with ThreadPoolExecutor(_CHILDREN, "umed-decode") as pool:
        ahead.extend(pool.submit(open_image, path, limits) for path in islice(waiting, 2 * _CHILDREN))
        try:
            while ahead:
                yield ahead.popleft().result()
                ahead.extend(pool.submit(open_image, path, limits) for path in islice(waiting, 1))
        finally:
            for future in ahead:
                future.cancel()


def _require(path: Path) -> None:
    """Refuses early what needs no child process to judge."""
    try:
        if path.is_dir():
            raise UnsupportedImage(f"{path} is a folder.", "Open it as a folder, or name one file in it.")
        if not path.exists():
            raise MissingFile(f"{path} does not exist.", "Check the path.")
    except PermissionError as problem:
        raise UnsupportedImage(
            f"{path} may not be read by you.", "Ask its owner for permission to read it."
        ) from problem
    except (OSError, ValueError) as problem:
        raise MissingFile(f"{path} is no usable path: {problem}.", "Check the path.") from problem


def _walk(paths: Sequence[Path]) -> list[Path]:
    """Files in sorted order; folders recursively, links to folders not followed (they may form a ring)."""
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        if not path.exists():
            raise MissingFile(f"{path} does not exist.", "Check the path.")
        if path.is_file():
            found[path] = None
            continue
        inside: list[Path] = []
        for folder, folders, names in os.walk(path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            inside.extend(Path(folder) / name for name in names if not name.startswith("."))
        found.update(dict.fromkeys(sorted(inside)))
    return list(found)


def _read_headers(
    files: Sequence[Path],
    progress: Callable[[int, int], None] | None,
    cancelled: Callable[[], bool] | None,
    limits: DecodeLimits,
    found: Callable[[Sequence[FileHeader]], None] | None = None,
) -> tuple[list[FileHeader], list[tuple[Path, UmedError]]]:
    headers: list[FileHeader] = []
    refused: list[tuple[Path, UmedError]] = []
    for start in range(0, len(files), _BATCH):
        if cancelled is not None and cancelled():
            raise Cancelled("Reading the folder was stopped.")
        batch = files[start : start + _BATCH]
        known = len(headers)
        with borrowed_decoder(limits) as decoder:  # a batch long: `found` may then decode with the same child
            entries = decoder.headers(batch)
        for path, entry in zip(batch, entries, strict=True):
            if isinstance(entry, UmedError):
                refused.append((path, entry))
            elif not entry.has_pixels:
                what = entry.object_name or entry.modality or "DICOM object"
                refused.append((path, UnsupportedImage(f"{path} holds no pixels: it is a {what}.", "Nothing to show.")))
            else:
                headers.append(entry)
        if found is not None and len(headers) > known:
            found(headers[known:])
        if progress is not None:
            progress(min(start + _BATCH, len(files)), len(files))
    return headers, refused


def _no_images(paths: Sequence[Path], refused: Sequence[tuple[Path, UmedError]]) -> UmedError:
    if len(refused) == 1 and len(paths) == 1 and refused[0][0] == Path(paths[0]):
        return refused[0][1]
    names = ", ".join(str(path) for path in paths) or "Nothing"
    seen = (
        f"{len(refused)} files were looked at; the first: {refused[0][1].message}" if refused else "It holds no files."
    )
    return NoImages(
        f"{names} holds no readable image. {seen}", "Choose a folder with DICOM, NIfTI, PNG, JPEG or TIFF files."
    )
