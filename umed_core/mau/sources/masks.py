"""Mask folders: images/ beside masks/ with the same stems, or masks/<class>/ with one folder a class.

Each connected part of a mask (pixels that touch at a side or a corner) becomes one box. Parts below MIN_PART_PX are refused as
specks, which JPEG masks are full of. An empty mask states that its class is not there; a picture without any mask is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from umed_core.errors import CorruptImage, InputError, MissingFile
from umed_core.images.open_image import open_image
from umed_core.mau.box_sets import group_from_name, label_from_class, modality_of
from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources.files import PictureHeader, Pictures, is_picture, list_pictures, picture_header, read_headers
from umed_core.mau.sources.marks import Mark, Size, Unusable, box_from_pixels, settle
from umed_core.mau.sources.sized import Found, Unsized, sized
from umed_core.records import Finding

__all__ = ["LAYOUT", "MIN_PART_PX", "mask_cases", "read_masks"]

LAYOUT = "images/ beside masks/ (or masks/<class>/), a mask called like its picture"

MIN_PART_PX = 16
"""Least area of a part of a mask, in pixels of the mask."""

MAX_PARTS = 256
"""A mask in more parts than this is noise or no mask."""

_INSIDE = 128
_FULL = 200
"""A mask whose brightest pixel reaches this is black and white with soft edges; any other holds numbers of classes."""


def read_masks(folder: Path) -> Iterator[Case | RefusedRow]:
    """Pictures in the order of their paths; the class is the folder's name, or that of each folder in masks/.

    Raises: MissingFile.
    """
    yield from mask_cases(folder, label_from_class(folder.resolve().name), "", {})


def mask_cases(folder: Path, label: str, modality: str, provenance: dict[str, str]) -> Iterator[Case | RefusedRow]:
    """The same with a given class for masks that lie in masks/ itself; "" modality: as the class suggests."""
    pictures = list_pictures(folder)
    masks = _masks_by_stem(pictures, label)
    paths = [path for path in pictures.paths if path.startswith("images/") and is_picture(path)]
    if not paths or not masks:
        raise MissingFile(f"{folder} lacks images/ or masks/ with pictures.", f"Expected: {LAYOUT}.")
    yield from sized(_found(pictures, paths, masks, modality, provenance))


def _found(
    pictures: Pictures,
    paths: list[str],
    masks: dict[str, list[tuple[str, Path]]],
    modality: str,
    provenance: dict[str, str],
) -> Iterator[Found]:
    used: set[str] = set()
    for path in paths:
        stem = _stem(path, "images/")
        found = masks.get(stem, [])
        if stem in used or not found:
            yield RefusedRow(0, path, "a second picture of that name" if found else "no mask for this picture")
            continue
        used.add(stem)
        kind = modality or next((modality_of(name) for name, _ in found if modality_of(name)), "")
        yield _waiting(Case(path, pictures.root / path, (), group_from_name(path), kind, None, provenance), found)
    for stem, orphans in masks.items():
        if stem not in used:
            yield from (RefusedRow(0, mask.name, "a mask without its picture") for _, mask in orphans)


def _masks_by_stem(pictures: Pictures, label: str) -> dict[str, list[tuple[str, Path]]]:
    """Stem -> class and path of each mask."""
    masks: dict[str, list[tuple[str, Path]]] = {}
    for path in pictures.paths:
        if path.startswith("masks/") and is_picture(path):
            below = path.removeprefix("masks/")
            written, is_nested, _ = below.partition("/")
            named = label_from_class(written) if is_nested else label
            stem = _stem(path, f"masks/{written}/" if is_nested else "masks/")
            masks.setdefault(stem, []).append((named, pictures.root / path))
    return masks


def _stem(path: str, folder: str) -> str:
    return path.removeprefix(folder).rpartition(".")[0]


def _waiting(blank: Case, masks: list[tuple[str, Path]]) -> Unsized:
    def settled(header: PictureHeader) -> Iterator[Case | RefusedRow]:
        return settle(blank, _marks(blank, masks, header.size))

    return Unsized(blank, None, settled, lambda reason: [RefusedRow(0, blank.key, reason)])


def _marks(blank: Case, masks: list[tuple[str, Path]], size: Size) -> Iterator[Mark | RefusedRow]:
    for label, path in masks:
        try:
            yield from _parts(blank, label, _read_mask(path, size))
        except Unusable as problem:
            yield RefusedRow(0, blank.key, f"mask of {label}: {problem.reason}")


def _parts(blank: Case, label: str, inside: NDArray[np.bool_]) -> Iterator[Mark | RefusedRow]:
    """A box around each connected part of `inside` (H, W)."""
    from scipy import ndimage

    numbered, count = ndimage.label(inside, structure=np.ones((3, 3), dtype=int))
    if count > MAX_PARTS:
        raise Unusable(f"{count} separate parts, more than {MAX_PARTS}")
    areas = np.bincount(numbered.ravel(), minlength=count + 1)[1:]
    specks = int((areas < MIN_PART_PX).sum())
    if specks:
        yield RefusedRow(0, blank.key, f"mask of {label}: {specks} specks of less than {MIN_PART_PX} pixels")
    height, width = inside.shape
    for area, (rows, columns) in zip(areas, ndimage.find_objects(numbered), strict=True):
        if area >= MIN_PART_PX:
            box = box_from_pixels(columns.start, rows.start, columns.stop, rows.stop, (width, height))
            yield Mark(0, Finding(label, box))


def _read_mask(path: Path, size: Size) -> NDArray[np.bool_]:
    """(H, W), true inside; decoded in the limited child process. Raises: Unusable."""
    [header] = read_headers([path])
    if isinstance(header, str):
        raise Unusable(header)
    width, height = picture_header(header).size
    if (width, height) != size:
        raise Unusable(f"it has {width} x {height} pixels, its picture {size[0]} x {size[1]}")
    try:
        mask = open_image(path)
    except InputError as problem:
        raise Unusable("a damaged picture" if isinstance(problem, CorruptImage) else "a picture too large") from problem
    if mask.frame_count != 1:
        raise Unusable(f"it has {mask.frame_count} frames")
    values = np.asarray(Image.fromarray(mask.pixels[0]).convert("L") if mask.is_color else mask.pixels[0])
    brightest = int(values.max(initial=0))
    if _FULL <= brightest <= 255:
        return np.asarray(values >= _INSIDE)
    if len(np.unique(values[values > 0])) > 1:
        raise Unusable("several values, as if for several classes: write one black and white mask a class")
    return np.asarray(values > 0)
