"""Annotated image sets in their published layouts: one file a layout, one door.

Every reader yields, lazily and in an order that does not change from run to run, a Case for each image that can be used and a
RefusedRow for each annotation that cannot; nothing is dropped in silence. Two kinds of layout differ in what an image without
annotation means. Where each picture has its own annotation file (yolo, voc, masks, kvasir, kidneystone, dicom), a picture
without one is refused. Where one table lists the pictures (csv, coco, nih, deeplesion, tbx11k), one that it does not list is no
part of the set.

Names in a set are not trusted: absolute paths, "..", and links that lead out of the set's folder are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from umed_core.errors import ConfigError, MissingFile
from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources import (
    annotated_csv,
    coco,
    deeplesion,
    dicom,
    kidneystone,
    kvasir,
    masks,
    nih,
    tbx11k,
    voc,
    yolo,
)

__all__ = ["LAYOUTS", "SOURCE_KINDS", "read_source"]

_Reader = Callable[[Path], Iterator[Case | RefusedRow]]

_READERS: dict[str, tuple[_Reader, str]] = {
    "deeplesion": (deeplesion.read_deeplesion, deeplesion.LAYOUT),
    "kidneystone": (kidneystone.read_kidneystone, kidneystone.LAYOUT),
    "nih": (nih.read_nih, nih.LAYOUT),
    "tbx11k": (tbx11k.read_tbx11k, tbx11k.LAYOUT),
    "kvasir": (kvasir.read_kvasir, kvasir.LAYOUT),
    "coco": (coco.read_coco, coco.LAYOUT),
    "yolo": (yolo.read_yolo, yolo.LAYOUT),
    "voc": (voc.read_voc, voc.LAYOUT),
    "csv": (annotated_csv.read_csv, annotated_csv.LAYOUT),
    "masks": (masks.read_masks, masks.LAYOUT),
    "dicom": (dicom.read_dicom, dicom.LAYOUT),
}

SOURCE_KINDS: tuple[str, ...] = tuple(_READERS)

LAYOUTS: Mapping[str, str] = MappingProxyType({kind: layout for kind, (_, layout) in _READERS.items()})
"""What lies in the folder of a source, in one line a kind."""


def read_source(kind: str, path: Path) -> Iterator[Case | RefusedRow]:
    """The images of the set at `path`, one at a time.

    Raises: ConfigError for an unknown kind and MissingFile for an absent path, at once; MissingFile or DataError while
        reading, where the layout is not there at all.
    """
    if kind not in _READERS:
        raise ConfigError(f"No source is called {kind!r}.", f"Choose one of {', '.join(SOURCE_KINDS)}.")
    read, layout = _READERS[kind]
    if not path.exists():
        raise MissingFile(f"{path} does not exist.", f"A {kind} source is {layout}.")
    return read(path)
