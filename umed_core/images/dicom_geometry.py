"""Where the frames of a DICOM file lie in the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset, FileDataset

from umed_core.images.dicom_tags import numbers_of
from umed_core.images.placement import position_along_normal

__all__ = ["Geometry", "read_geometry"]


@dataclass(frozen=True, slots=True)
class Geometry:
    """See the fields of the same names in MedicalImage."""

    spacing_mm: tuple[float, float] | None = None
    orientation: tuple[float, ...] | None = None
    position_mm: tuple[float, float, float] | None = None
    slice_positions_mm: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()


def read_geometry(dataset: FileDataset, groups: list[list[Dataset]]) -> Geometry:
    """Geometry from functional groups or from the image plane module. Source: PS3.3 C.7.6.2, C.7.6.16.2.

    Spacing comes from Pixel Spacing only: Imager Pixel Spacing is measured at the detector, not in the patient.
    """
    first: list[Dataset] = groups[0] if groups else [dataset]
    spacing = _first(first, "PixelSpacing", 2)
    orientation = _first(first, "ImageOrientationPatient", 6)
    position = _first(first, "ImagePositionPatient", 3)
    notes: tuple[str, ...] = ()
    if spacing is not None and not (spacing[0] > 0 and spacing[1] > 0):
        spacing, notes = None, ("The file states a pixel spacing of zero or less; lengths are in pixels.",)
    elif spacing is None and _first(first, "ImagerPixelSpacing", 2):
        notes = ("The file states spacing at the detector only; lengths are in pixels.",)
    positions: list[float] = []
    if orientation is not None and position is not None:
        for group in groups:
            place, plane = _first(group, "ImagePositionPatient", 3), _first(group, "ImageOrientationPatient", 6)
            if place is not None and plane == orientation:
                positions.append(position_along_normal(place, orientation))
    return Geometry(
        spacing_mm=(spacing[0], spacing[1]) if spacing else None,
        orientation=orientation,
        position_mm=(position[0], position[1], position[2]) if position else None,
        slice_positions_mm=tuple(positions) if len(positions) == len(groups) else (),
        notes=notes,
    )


def _first(group: list[Dataset], keyword: str, count: int) -> tuple[float, ...] | None:
    for item in group:
        values = numbers_of(item, keyword)
        if len(values) == count and bool(np.isfinite(values).all()):
            return values
    return None
