"""Measurements as frozen values in image pixels (edges at integers, y down), and how a hand reshapes them. Free of Qt."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal, TypeAlias
from uuid import uuid4

import msgspec

from umed_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from umed_core.images.medical_image import MedicalImage
    from umed_core.images.volume import Series

__all__ = [
    "BOX_KINDS",
    "KIND_WORDS",
    "POINTS_OF",
    "Kind",
    "Measurement",
    "Place",
    "Point",
    "handles_of",
    "moved",
    "place_of",
    "study_key",
    "with_handle",
]

Kind: TypeAlias = Literal["length", "angle", "ellipse", "rectangle", "probe"]
Point: TypeAlias = tuple[float, float]

POINTS_OF: dict[Kind, int] = {"length": 2, "angle": 3, "ellipse": 2, "rectangle": 2, "probe": 1}
"""How many points a kind has: ends; end, corner, end; two opposite corners of its rectangle; the place itself."""
KIND_WORDS: dict[Kind, str] = {
    "length": QT_TRANSLATE_NOOP("Kinds", "Length"),
    "angle": QT_TRANSLATE_NOOP("Kinds", "Angle"),
    "ellipse": QT_TRANSLATE_NOOP("Kinds", "Ellipse"),
    "rectangle": QT_TRANSLATE_NOOP("Kinds", "Rectangle"),
    "probe": QT_TRANSLATE_NOOP("Kinds", "Probe"),
}
BOX_KINDS = ("ellipse", "rectangle")
_SAME_PLACE_MM = 0.01


class Place(msgspec.Struct, frozen=True):
    """The slice that a measurement lies on, told so that it is found again when more or fewer files are open.

    `series` and `file` are hashes of the SeriesInstanceUID (or a picture's path) and of the file's name: what is stored
    names nobody. `frame` counts within the file. `position_mm` lies along the normal of `orientation`.
    """

    series: str
    file: str
    frame: int
    columns: int
    rows: int
    orientation: tuple[float, ...] = ()
    position_mm: float | None = None

    def is_at(self, other: Place) -> bool:
        """By position in the patient where both state one, else by file and frame."""
        if (self.series, self.columns, self.rows) != (other.series, other.columns, other.rows):
            return False
        if self.position_mm is not None and other.position_mm is not None:
            return self.orientation == other.orientation and abs(self.position_mm - other.position_mm) < _SAME_PLACE_MM
        return (self.file, self.frame) == (other.file, other.frame)


class Measurement(msgspec.Struct, frozen=True):
    """`points` in pixels of the image at `place`, as many as POINTS_OF says; `study` is a study_key."""

    id: str
    study: str
    place: Place
    kind: Kind
    points: tuple[Point, ...]

    @classmethod
    def new(cls, study: str, place: Place, kind: Kind, points: tuple[Point, ...]) -> Measurement:
        return cls(uuid4().hex, study, place, kind, points)


def study_key(series: Series) -> str:
    """A hash of the StudyInstanceUID, or of the path of an image that belongs to no DICOM study."""
    return _hashed(series.tags.study_instance_uid or str(series.files[0].absolute()))


def place_of(series: Series, image: MedicalImage, frame: int) -> Place:
    """The place of `frame` of `image`, which is all or the first of `series`."""
    is_one_a_file = len(series.files) == image.frame_count
    placed = len(image.slice_positions_mm) == image.frame_count and image.orientation is not None
    return Place(
        series=_hashed(series.uid or str(series.files[0].absolute())),
        file=_hashed(series.files[frame if is_one_a_file else 0].name),
        frame=0 if is_one_a_file else frame,
        columns=image.width,
        rows=image.height,
        orientation=tuple(round(value, 3) + 0.0 for value in image.orientation or ()) if placed else (),
        position_mm=image.slice_positions_mm[frame] if placed else None,
    )


def handles_of(kind: Kind, points: tuple[Point, ...]) -> tuple[Point, ...]:
    """Where a hand can take hold: the points; the corners of a rectangle; the four outermost points of an ellipse."""
    if kind not in BOX_KINDS or len(points) < 2:
        return points
    (x0, y0), (x1, y1) = points
    if kind == "rectangle":
        return (x0, y0), (x1, y0), (x1, y1), (x0, y1)
    return (x0, (y0 + y1) / 2), (x1, (y0 + y1) / 2), ((x0 + x1) / 2, y0), ((x0 + x1) / 2, y1)


def with_handle(kind: Kind, points: tuple[Point, ...], handle: int, x: float, y: float) -> tuple[Point, ...]:
    """The points after a handle was pulled to (x, y); what lies opposite stays."""
    if kind not in BOX_KINDS:
        return (*points[:handle], (x, y), *points[handle + 1 :])
    (x0, y0), (x1, y1) = points
    if kind == "rectangle":
        corners = [(x, y, x1, y1), (x0, y, x, y1), (x0, y0, x, y), (x, y0, x1, y)]
    else:
        corners = [(x, y0, x1, y1), (x0, y0, x, y1), (x0, y, x1, y1), (x0, y0, x1, y)]
    a, b, c, d = corners[handle]
    return (a, b), (c, d)


def moved(points: tuple[Point, ...], dx: float, dy: float, size: tuple[int, int]) -> tuple[Point, ...]:
    """The points shifted, as far as the image of `size` (width, height) lets all of them."""
    dx = min(max(dx, -min(x for x, _ in points)), size[0] - max(x for x, _ in points))
    dy = min(max(dy, -min(y for _, y in points)), size[1] - max(y for _, y in points))
    return tuple((x + dx, y + dy) for x, y in points)


def _hashed(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:32]
