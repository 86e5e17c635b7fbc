"""What is exported: one frame of one image, what was found on it, by whom, and what the person made of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from umed_core.errors import DataError
from umed_core.geometry import NormalizedBox, PixelBox
from umed_core.images.medical_image import Window

__all__ = ["UNNAMED", "AttentionMap", "FindingStatus", "ImageReference", "Provenance", "ReadFinding", "Reading"]

FindingStatus: TypeAlias = Literal["open", "accepted", "edited", "rejected", "added"]
"""Not judged yet; taken as the model wrote it; taken with another box or class; refused; drawn by the person."""

UNNAMED = "abnormality of no stated class"
"""How a finding without a class is called wherever a name has to stand."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """The answer that a finding comes from: the model, the hash of its weights, and the exchange in full.

    `images` names the images of a question about several, in the order in which the model saw them.
    """

    model: str
    model_sha256: str
    question: str
    answer: str
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadFinding:
    """A finding with its history; `provenance` is None for one that a person added.

    `edits` are sentences that say what the person changed, oldest first.
    """

    label: str
    box: NormalizedBox
    status: FindingStatus = "open"
    provenance: Provenance | None = None
    edits: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The label, or UNNAMED."""
        return self.label.strip() or UNNAMED


@dataclass(frozen=True, eq=False, slots=True)
class AttentionMap:
    """Where the model looked while it wrote `word`.

    Shapes: weights (rows, columns) over the whole image, at most 1 in sum. Raises: DataError for anything but such a grid.
    """

    word: str
    weights: NDArray[np.float64]
    provenance: Provenance

    def __post_init__(self) -> None:
        grid = self.weights
        if grid.ndim != 2 or not grid.size or not bool((np.isfinite(grid) & (grid >= 0)).all()):
            raise DataError(f"The attention of {self.word!r} is no grid of weights.", "Ask the question again.")


@dataclass(frozen=True, slots=True)
class ImageReference:
    """The image as DICOM names it. `frame` counts from 1; 0 where the file holds a single image."""

    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    rows: int
    columns: int
    frame: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class Reading:
    """One frame of the file `image` as it was read; `frame` counts from 0.

    Shapes: pixels (H, W) or (H, W, 3) uint8, the display values of the whole frame.
    `window` is what they were shown through, None for the file's own. `written` is the date of the export, which the caller
    states so that equal readings give equal bytes. `reader` is the person who judged, "" if nobody is named.
    """

    image: Path
    pixels: NDArray[np.uint8]
    written: datetime
    findings: tuple[ReadFinding, ...] = ()
    frame: int = 0
    window: Window | None = None
    attention: tuple[AttentionMap, ...] = ()
    reader: str = ""

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def reported(self) -> tuple[ReadFinding, ...]:
        """The findings that an export carries: all but the rejected ones."""
        return tuple(finding for finding in self.findings if finding.status != "rejected")

    @property
    def rejected_count(self) -> int:
        return len(self.findings) - len(self.reported)

    @property
    def models(self) -> tuple[Provenance, ...]:
        """One provenance for each model that a reported finding or a map comes from, in their order."""
        sources = [f.provenance for f in self.reported] + [a.provenance for a in self.attention]
        named: dict[tuple[str, str], Provenance] = {}
        for source in sources:
            if source is not None:
                named.setdefault((source.model, source.model_sha256), source)
        return tuple(named.values())

    def pixel_box(self, finding: ReadFinding) -> PixelBox:
        """The finding's box in pixels, cut to the image. Raises: DataError for a box without area on it."""
        box = finding.box
        if not all(math.isfinite(value) for value in (box.x, box.y, box.w, box.h)) or not box.is_valid():
            raise DataError(
                f"The box of {finding.name!r} does not lie on {self.image.name}.", "Draw it again, or reject it."
            )
        whole = box.pixels(self.width, self.height)
        return PixelBox(max(0.0, whole.x0), max(0.0, whole.y0), min(self.width, whole.x1), min(self.height, whole.y1))
