"""The sample studies of the first page: phantoms, drawn when they are asked for. Free of Qt.

Their small pictures are shipped (assets/umed_assets/samples, written by docs/sample_pictures.py), since to draw them would
cost the window its quick start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from umed_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["PICTURE_PX", "SAMPLES", "Sample", "draw_sample", "picture_of", "shipped_picture"]

PICTURE_PX = 176
"""Side of a shipped picture: twice what the page shows."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One phantom: `kind` and `seed` are those of `umed phantoms`; title and words are for a person, to be translated."""

    kind: str
    seed: int
    title: str
    words: str


SAMPLES = (
    Sample("cxr", 2, QT_TRANSLATE_NOOP("Samples", "Chest X-ray"), QT_TRANSLATE_NOOP("Samples", "A mass")),
    Sample("tb", 3, QT_TRANSLATE_NOOP("Samples", "Chest X-ray, TB"), QT_TRANSLATE_NOOP("Samples", "Tuberculosis")),
    Sample("ct", 5, QT_TRANSLATE_NOOP("Samples", "CT of the chest"), QT_TRANSLATE_NOOP("Samples", "A lung lesion")),
    Sample("renal", 2, QT_TRANSLATE_NOOP("Samples", "CT of the kidneys"), QT_TRANSLATE_NOOP("Samples", "A stone")),
    Sample("endoscopy", 3, QT_TRANSLATE_NOOP("Samples", "Endoscopy"), QT_TRANSLATE_NOOP("Samples", "A polyp")),
)


def draw_sample(sample: Sample, folder: Path, progress: Callable[[int, int], None]) -> Path:
    """The folder below `folder` with the sample as DICOM; what is there already is not drawn again.

    Raises: StorageError.
    """
    from umed_core.phantoms import write_phantoms

    out = folder / sample.kind
    write_phantoms(out, 1, sample.seed, (sample.kind,), normal_share=0.0, progress=progress)
    return out / "images"


def shipped_picture(sample: Sample) -> bytes:
    """PNG, PICTURE_PX square."""
    return (files("umed_assets") / "samples" / f"{sample.kind}.png").read_bytes()


def picture_of(sample: Sample) -> Image:
    """The sample as it is shipped small: its middle square, by display values."""
    from PIL import Image
    from PIL.ImageOps import fit

    from umed_core.phantoms import display, folder_seeds, make_phantom

    phantom = make_phantom(sample.kind, folder_seeds(sample.seed)[0])
    return fit(Image.fromarray(display(phantom)), (PICTURE_PX, PICTURE_PX), Image.Resampling.LANCZOS)
