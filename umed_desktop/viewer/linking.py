"""Which slice of one series belongs beside a slice of another. Free of Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from umed_core.images.medical_image import MedicalImage

__all__ = ["frame_beside", "same_grey_scale"]

_PARALLEL = 0.999
"""Cosine of about 2.6 degrees, between the normals of two stacks."""


def frame_beside(source: MedicalImage, frame: int, other: MedicalImage) -> int | None:
    """The frame of `other` at the place of `source`'s `frame`; None where the two stacks cross each other.

    Within one frame of reference the nearest position along the common normal, in mm; otherwise, or where a file is
    silent about its place, the same share of the way from the first to the last frame.
    Source: PS3.3 C.7.4.1 (Frame of Reference UID), C.7.6.2.1.1.
    """
    if source.pixels is other.pixels:
        return frame
    facing = _facing(source, other)
    if facing is None:
        last = max(1, source.frame_count - 1)
        return round(frame / last * (other.frame_count - 1))
    if facing == 0:
        return None
    place = facing * source.slice_positions_mm[frame]
    return min(range(other.frame_count), key=lambda i: abs(other.slice_positions_mm[i] - place))


def same_grey_scale(source: MedicalImage, other: MedicalImage) -> bool:
    """Whether a window of one means the same on the other: both in HU, or both of one modality and unit."""
    if source.is_color or other.is_color:
        return False
    return source.unit == other.unit and (source.unit == "HU" or source.modality == other.modality)


def _facing(source: MedicalImage, other: MedicalImage) -> int | None:
    """1 or -1 for parallel stacks that run the same or the opposite way, 0 for stacks that cross, None if unknown."""
    shared = source.tags.frame_of_reference_uid
    if not shared or shared != other.tags.frame_of_reference_uid:
        return None
    if source.orientation is None or other.orientation is None:
        return None
    if not source.slice_positions_mm or not other.slice_positions_mm:
        return None
    cosine = sum(a * b for a, b in zip(_normal(source.orientation), _normal(other.orientation), strict=True))
    if abs(cosine) < _PARALLEL:
        return 0
    return 1 if cosine > 0 else -1


def _normal(orientation: tuple[float, ...]) -> tuple[float, float, float]:
    rx, ry, rz, cx, cy, cz = orientation
    return ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx
