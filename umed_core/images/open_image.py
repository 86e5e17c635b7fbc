"""The images room's door: paths in, MedicalImage out. Every file is decoded in a limited child process."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO

from umed_core.errors import (
    Cancelled,
    CorruptImage,
    ImageTooLarge,
    NoImages,
    UmedError,
    UnsupportedImage,
)
from umed_core.images.archive import archive_above, what_lies_at
from umed_core.images.gathering import Gathering
from umed_core.images.limits import DecodeLimits
from umed_core.images.medical_image import MedicalImage
from umed_core.images.sandbox import borrowed_decoder
from umed_core.images.volume import Series, Study, side_by_side, sort_into_studies, stack_slices
from umed_core.images.wire import FileHeader

__all__ = [
    "ImageListing",
    "find_images",
    "check_belongs",
    "index_folder",
    "iterate_series",
    "open_bytes",
    "open_image",
    "open_series",
]

_CHILDREN = 2


@dataclass(frozen=True, slots=True)
class ImageListing:
    """Image files in sorted order, and the files that are none, each with its reason."""

    images: tuple[Path, ...]
    refused: tuple[tuple[Path, UmedError], ...] = ()


def open_image(path: Path, limits: DecodeLimits = DecodeLimits()) -> MedicalImage:  # noqa: B008 - frozen
    """Decodes one file of any kind that umed reads, by content. May be called from any thread.

    `path` may lead into a ZIP archive, as `find_images` and `index_folder` name what they find there.
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
    """The image files among `paths` and, recursively, in folders and ZIP archives among them, judged by content.

    Hidden files are skipped. Beside a DICOMDIR, the files are those that it names.
    `progress(done, total)` is called as files are judged.
    Raises: MissingFile; NoImages where no file is an image; Cancelled.
    """
    gathered = Gathering(limits, progress or _ignore, cancelled or _never)
    for path in paths:
        gathered.look_at(Path(path))
    if not gathered.headers:
        raise _no_images(paths, gathered.refused)
    images = dict.fromkeys(Path(header.path) for header in gathered.headers)
    return ImageListing(tuple(images), tuple(gathered.refused))


def index_folder(
    path: Path,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    refused: Callable[[Path, UmedError], None] | None = None,
    limits: DecodeLimits = DecodeLimits(),  # noqa: B008
    found: Callable[[Sequence[FileHeader]], None] | None = None,
) -> list[Study]:
    """Studies and series of a folder, a ZIP archive, a DICOMDIR or a file, by headers alone.

    `refused(path, why)` is called for each file that is no image.
    `found` gets the images' headers a batch at a time, while the rest is still to be read.
    Raises: MissingFile; NoImages where no file is an image; Cancelled.
    """
    gathered = Gathering(limits, progress or _ignore, cancelled or _never, found or _ignore)
    gathered.look_at(Path(path))
    if refused is not None:
        for where, problem in gathered.refused:
            refused(where, problem)
    if not gathered.headers:
        raise _no_images([path], gathered.refused)
    return sort_into_studies(gathered.headers)


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
    moved = side_by_side(len(wanted.files))
    for image in iterate_series(wanted, limits):
        check_belongs(image, series)
        if image.pixels.nbytes * len(wanted.files) > limits.pixel_bytes:  # said at the first slice, not after hundreds
            raise ImageTooLarge(
                f"The series of {image.source} takes more than {limits.pixel_bytes >> 20} MiB.",
                "Open fewer of its slices.",
            )
        slices.append(moved(image))
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


def check_belongs(image: MedicalImage, series: Series) -> None:
    """Raises: CorruptImage for an image of another series than a DICOMDIR, or an older look at the file, said."""
    stated = image.tags.series_instance_uid
    if stated and series.uid and stated != series.uid:
        raise CorruptImage(
            f"{image.source} belongs to another series than its DICOMDIR says, or was exchanged meanwhile.",
            "Open the file by itself.",
        )


def open_bytes(path: Path, limits: DecodeLimits = DecodeLimits()) -> IO[bytes]:  # noqa: B008
    """The file itself, or a member of an archive, to be read as bytes.

    Raises: OSError for a file; InputError and its kinds for a member; WorkerCrashed.
    """
    if archive_above(path) is None:
        return path.open("rb")
    with borrowed_decoder(limits) as decoder:
        return io.BytesIO(decoder.content(path))


def _ignore(*_: object) -> None:
    """For who wants no progress."""


def _never() -> bool:
    return False


def _require(path: Path) -> None:
    """Refuses early what needs no child process to judge."""
    if what_lies_at(path) == "folder":
        raise UnsupportedImage(f"{path} is a folder.", "Open it as a folder, or name one file in it.")


def _no_images(paths: Sequence[Path], refused: Sequence[tuple[Path, UmedError]]) -> UmedError:
    if len(refused) == 1 and len(paths) == 1 and refused[0][0] == Path(paths[0]):
        return refused[0][1]
    names = ", ".join(str(path) for path in paths) or "Nothing"
    count = "1 file was" if len(refused) == 1 else f"{len(refused)} files were"
    seen = f"{count} looked at; the first: {refused[0][1].message}" if refused else "It holds no files."
    hints = {problem.hint for _, problem in refused}
    choose = "Choose a folder or a ZIP archive with DICOM, NIfTI, PNG, JPEG or TIFF files."
    return NoImages(f"{names} holds no readable image. {seen}", hints.pop() if len(hints) == 1 else choose)
