"""What a source of annotated images yields: cases that can be used, and rows that can't, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from umed_core.images.medical_image import Window
from umed_core.records import Finding

__all__ = ["Case", "GreyScale", "RefusedRow"]


@dataclass(frozen=True, slots=True)
class GreyScale:
    """How a plain grey image turns into modality values and a picture: value = stored + offset, shown through `window`.

    For formats that hide CT values in a PNG (DeepLesion: stored - 32768 = HU, window from DL_info.csv).
    """

    offset: float
    window: Window


@dataclass(frozen=True, slots=True)
class Case:
    """One annotated image, as its source gives it; `findings` is empty for an image stated to be without abnormality.

    `key` names the case inside its source and is stable from run to run: the image's path relative to the source's
    folder, with forward slashes. `group` is the patient or family of augmented copies that a split keeps together; like
    `key` and `image` it may hold an identifier, so none of the three leaves the machine or enters the dataset.
    `modality` is in words ("CT", "chest X-ray", "X-ray", "endoscopy") or "". `provenance` may be published: source, licence.
    `frame` counts from 0 and is set for one frame of several; a case without it needs a file of one frame.
    """

    key: str
    image: Path
    findings: tuple[Finding, ...]
    group: str
    modality: str = ""
    grey: GreyScale | None = None
    provenance: dict[str, str] = field(default_factory=dict)
    frame: int | None = None


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row or file of the annotations that could not be used; `line` counts from 1, 0 where the format has no lines.

    `reason` is counted in the datasheet, less numbers and what stands in quotes: a name may be in it in quotes only.
    """

    line: int
    image: str
    reason: str
