"""Files sorted into studies, series and slices, and slices stacked into a volume."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from umed_core.errors import CorruptImage
from umed_core.images.medical_image import MedicalImage, StudyTags
from umed_core.images.placement import position_along_normal
from umed_core.images.wire import FileHeader

__all__ = ["Series", "Study", "side_by_side", "sort_into_studies", "stack_slices"]

_DIRECTION_DECIMALS = 3
"""Direction cosines that agree this far belong to one stack; scanners write 6 digits, with rounding noise."""
_SAME_PLACE_MM = 0.01
_GAP_FACTOR = 1.5


@dataclass(frozen=True, slots=True)
class Series:
    """Files of one stack, in the order of their slices; a file that is an image of its own is a series of one.

    `uid` may be shared by two series: a scout beside its stack, or a stack and a multi-frame file. `slice_positions_mm`
    has one entry a file where all state a position. `notes` are sentences about doubled or missing slices.
    """

    uid: str
    files: tuple[Path, ...]
    modality: str = ""
    number: str = ""
    description: str = ""
    rows: int = 0
    columns: int = 0
    frame_count: int = 1
    slice_positions_mm: tuple[float, ...] = ()
    tags: StudyTags = field(default_factory=StudyTags)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Study:
    """One examination; images that are no DICOM form one study a folder, with the folder's name as description."""

    uid: str
    series: tuple[Series, ...]
    patient_name: str = ""
    patient_id: str = ""
    date: str = ""
    description: str = ""


def sort_into_studies(headers: Sequence[FileHeader]) -> list[Study]:
    """Studies by patient and date, their series by number, their slices by place. Objects without pixels are left out."""
    by_study: dict[tuple[str, str], list[FileHeader]] = {}
    for header in headers:
        if header.has_pixels:
            folder = "" if header.kind == "dicom" else str(Path(header.path).parent)
            by_study.setdefault((header.tags.study_instance_uid, folder), []).append(header)
    studies = [_study(uid, folder, members) for (uid, folder), members in by_study.items()]
    return sorted(
        studies, key=lambda study: (study.patient_name, study.patient_id, study.date, study.description, study.uid)
    )


def side_by_side(count: int) -> Callable[[MedicalImage], MedicalImage]:
    """What moves the pixels of images that it is called with, in turn, into one array with room for `count` frames.

    `stack_slices` then copies nothing, and a volume is in memory once. An image that does not fit keeps its own pixels.
    """
    room: NDArray[np.generic] | None = None
    filled = 0

    def moved(image: MedicalImage) -> MedicalImage:
        nonlocal room, filled
        frames = image.pixels
        if room is None:
            room = np.empty((count, *frames.shape[1:]), frames.dtype)
        place = room[filled : filled + len(frames)]
        if place.shape != frames.shape or place.dtype != frames.dtype:
            return image
        filled += len(frames)
        place[:] = frames
        return replace(image, pixels=place)

    return moved


def stack_slices(slices: Sequence[MedicalImage], series: Series) -> MedicalImage:
    """One volume of single-frame images in the series' order; tags and windows are the first slice's.

    Raises: CorruptImage where a slice's size or kind differs from the first.
    """
    first = slices[0]
    if len(slices) == 1:
        return replace(first, notes=first.notes + series.notes)
    for image in slices:
        if image.pixels.shape[1:] != first.pixels.shape[1:]:
            raise CorruptImage(
                f"{image.source} is {image.width} x {image.height}, other slices of its series are"
                f" {first.width} x {first.height}.",
                "Open its files one by one.",
            )
    frames = [frame for image in slices for frame in image.pixels]
    pixels = _stacked(frames)
    windows = [image.windows[0] for image in slices for _ in range(image.frame_count) if image.windows]
    differ = len(windows) == len(frames) and len(set(windows)) > 1
    is_parallel = bool(series.slice_positions_mm) or len({image.orientation for image in slices}) == 1
    inverted = {image.inverted for image in slices}
    if len(inverted) > 1:
        raise CorruptImage(
            f"{first.source}: its series mixes MONOCHROME1 and MONOCHROME2.", "Open its files one by one."
        )
    return replace(
        first,
        pixels=pixels,
        orientation=first.orientation if is_parallel else None,
        position_mm=first.position_mm if is_parallel else None,
        frame_windows=tuple(windows) if differ else (),
        slice_positions_mm=series.slice_positions_mm[: len(frames)]
        if len(series.slice_positions_mm) >= len(frames)
        else (),
        notes=tuple(dict.fromkeys(note for image in slices for note in image.notes)) + series.notes,
    )


def _stacked(frames: Sequence[NDArray[np.generic]]) -> NDArray[np.generic]:
    """The array in which the frames lie already, one after the other, where there is one, else a new one."""
    whole = frames[0].base
    if isinstance(whole, np.ndarray) and whole.shape == (len(frames), *frames[0].shape):
        places = zip(frames, whole, strict=True)
        if all(frame.base is whole and frame.ctypes.data == place.ctypes.data for frame, place in places):
            return whole
    # Mixed slopes give mixed types; numpy's common type holds every slice's values.
    common = np.result_type(*{frame.dtype for frame in frames})
    return np.stack(frames, dtype=np.float32 if common == np.float64 else common, casting="same_kind")


def _study(uid: str, folder: str, members: Sequence[FileHeader]) -> Study:
    alike: dict[tuple[object, ...], list[FileHeader]] = {}
    for header in members:
        alike.setdefault(_kind_key(header), []).append(header)
    stacks = [stack for group in alike.values() for stack in _split_by_direction(group)]
    series = sorted((_series(stack) for stack in stacks), key=_series_order)
    tags = members[0].tags
    return Study(
        uid=uid,
        series=tuple(series),
        patient_name=tags.patient_name,
        patient_id=tags.patient_id,
        date=tags.study_date,
        description=Path(folder).name if folder else tags.study_description,
    )


def _kind_key(header: FileHeader) -> tuple[object, ...]:
    """What files of one stack share but for their direction. A file of several frames, or without a series, stands alone."""
    alone = (
        header.path if header.frame_count > 1 or header.kind != "dicom" or not header.tags.series_instance_uid else ""
    )
    return header.tags.series_instance_uid, header.rows, header.columns, header.photometric, alone


def _split_by_direction(group: Sequence[FileHeader]) -> list[list[FileHeader]]:
    """Parallel slices apart from others (a scout in three planes), unless hardly any two are parallel (a turning MIP)."""
    parallel: dict[tuple[float, ...], list[FileHeader]] = {}
    for header in group:
        parallel.setdefault(_direction(header), []).append(header)
    return [list(group)] if 2 * len(parallel) > len(group) else list(parallel.values())


def _direction(header: FileHeader) -> tuple[float, ...]:
    return tuple(round(value, _DIRECTION_DECIMALS) + 0.0 for value in header.orientation)  # + 0.0: no -0.0


def _series(stack: Sequence[FileHeader]) -> Series:
    positions = {header.path: _place(header) for header in stack}
    is_parallel = len({_direction(header) for header in stack}) == 1
    placed = is_parallel and all(place is not None for place in positions.values())
    ordered = sorted(
        stack,
        key=lambda header: (
            (positions[header.path] or 0.0) if placed else 0.0,
            _instance_number(header),
            header.path,
        ),
    )
    places = tuple(place for header in ordered if (place := positions[header.path]) is not None) if placed else ()
    first = ordered[0]
    return Series(
        uid=first.tags.series_instance_uid,
        files=tuple(Path(header.path) for header in ordered),
        modality=first.modality,
        number=first.tags.series_number,
        description=first.tags.series_description if first.kind == "dicom" else Path(first.path).name,
        rows=first.rows,
        columns=first.columns,
        frame_count=sum(header.frame_count for header in ordered),
        slice_positions_mm=places if len(places) == sum(header.frame_count for header in ordered) else (),
        tags=first.tags,
        notes=_placement_notes(places, len(ordered), is_parallel),
    )


def _place(header: FileHeader) -> float | None:
    if len(header.position_mm) != 3 or len(header.orientation) != 6:
        return None
    return position_along_normal(header.position_mm, header.orientation)


def _placement_notes(places: Sequence[float], count: int, is_parallel: bool) -> tuple[str, ...]:
    """Sentences about slices that share a place and about gaps of more than 1.5 times the usual distance."""
    if count < 2:
        return ()
    if not is_parallel:
        return ("Its images are not parallel; they are in the order of their instance numbers.",)
    if not places:
        return ("Not every slice states its position; slices are in the order of their instance numbers.",)
    steps = np.diff(np.asarray(places))
    doubled = int((steps < _SAME_PLACE_MM).sum())
    notes = [f"{doubled} slices lie at the place of another slice."] if doubled else []
    apart = steps[steps >= _SAME_PLACE_MM]
    if apart.size:
        usual = float(np.median(apart))
        gaps = apart[apart > _GAP_FACTOR * usual]
        missing = int((np.round(gaps / usual) - 1).clip(min=1).sum())
        if missing:
            notes.append(f"About {missing} slices seem to be missing: {len(gaps)} gaps exceed the usual {usual:g} mm.")
    return tuple(notes)


def _instance_number(header: FileHeader) -> int:
    text = header.tags.instance_number
    return int(text) if text.lstrip("-").isdigit() else 0


def _series_order(series: Series) -> tuple[int, str, str]:
    number = int(series.number) if series.number.isdigit() else 2**31
    return number, series.description, str(series.files[0])
