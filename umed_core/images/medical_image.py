"""One image type for every format: frames of modality values, and what is needed to show them.

Pixel values are *stored* (in the file), *modality* (HU, ...; what `pixels` holds) or *display* (0..255).
The chain is stored -> Modality LUT or rescale -> VOI LUT or window -> MONOCHROME1 inversion last (PS3.3 C.11).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["MedicalImage", "StudyTags", "VoiFunction", "VoiLut", "Window"]

VoiFunction: TypeAlias = Literal["linear", "linear_exact", "sigmoid"]


@dataclass(frozen=True, slots=True)
class Window:
    """A grey-level window in modality units; width >= 1 if linear, else > 0. Source: PS3.3 C.11.2.1.2 and C.11.2.1.3."""

    center: float
    width: float
    name: str = ""
    function: VoiFunction = "linear"


@dataclass(frozen=True, slots=True)
class VoiLut:
    """A VOI lookup table: `values[k]` is shown for modality value `first + k`; `bits` per entry. Source: PS3.3 C.11.2.1.1."""

    first: int
    bits: int
    values: NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class StudyTags:
    """Who and what, as the file states it; every field is "" where the file is silent. Names are DICOM keywords."""

    patient_name: str = ""
    patient_id: str = ""
    patient_birth_date: str = ""
    patient_sex: str = ""
    study_instance_uid: str = ""
    study_date: str = ""
    study_description: str = ""
    series_instance_uid: str = ""
    series_number: str = ""
    series_description: str = ""
    sop_instance_uid: str = ""
    sop_class_uid: str = ""
    instance_number: str = ""
    body_part_examined: str = ""
    laterality: str = ""
    patient_orientation: str = ""
    frame_of_reference_uid: str = ""


@dataclass(frozen=True, slots=True)
class MedicalImage:
    """Frames of one file or of one series, in modality values.

    Shapes: pixels (F, H, W) grey, any integer or float32 dtype; or (F, H, W, 3) uint8 RGB.
    `spacing_mm` is (row, column) distance between pixel centres, None where the file gives none (then lengths are in px).
    `slice_positions_mm` has one entry a frame for a sorted volume, along its normal. `orientation` is
    ImageOrientationPatient, six numbers; `position_mm` is ImagePositionPatient of frame 0.
    `frame_windows` has one entry a frame where frames have windows of their own. `padding` is the modality value of
    background that was never measured. `notes` are sentences for the person: what is unusual about this file.
    """

    pixels: NDArray[np.generic]
    source: str
    modality: str = ""
    unit: str = ""
    windows: tuple[Window, ...] = ()
    voi_lut: VoiLut | None = None
    inverted: bool = False
    spacing_mm: tuple[float, float] | None = None
    orientation: tuple[float, ...] | None = None
    slice_positions_mm: tuple[float, ...] = ()
    position_mm: tuple[float, float, float] | None = None
    frame_windows: tuple[Window, ...] = ()
    padding: float | None = None
    transfer_syntax: str = ""
    tags: StudyTags = field(default_factory=StudyTags)
    notes: tuple[str, ...] = ()

    @property
    def frame_count(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[2])

    @property
    def is_color(self) -> bool:
        return self.pixels.ndim == 4

    def display(self, frame: int = 0, window: Window | None = None) -> NDArray[np.uint8]:
        """Display values of one frame: (H, W) or (H, W, 3) uint8, through `window` or the file's own VOI transform."""
        from umed_core.images.windowing import to_display

        return to_display(self, frame, window)
