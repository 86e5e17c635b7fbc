"""A small dataset folder to review, and judgements of its records."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.builders import write_picture
from umed_core.geometry import NormalizedBox
from umed_core.mau.dataset import write_dataset
from umed_core.mau.datasheet import Datasheet, SplitFigures
from umed_core.prompts import format_box
from umed_core.records import Finding, MauRecord, Turn

BOX = NormalizedBox(0.2, 0.2, 0.4, 0.4)
MOVED = NormalizedBox(0.5, 0.5, 0.4, 0.4)


def polyp_record(number: int, box: NormalizedBox = BOX) -> MauRecord:
    """Record `number` of a set of polyps, one patient each two records."""
    answer = f"An abnormal area is seen at {format_box(box)}, which is a polyp."
    turns = (Turn("user", "What is abnormal in this image?"), Turn("assistant", answer))
    findings = (Finding("polyp", box),)
    return MauRecord(image_name(number), "kvasir", f"kvasir-{number // 2:04d}", findings, turns, "endoscopy")


def normal_record(number: int) -> MauRecord:
    """Record `number` of an image without an abnormality, of a patient of its own."""
    turns = (
        Turn("user", "What is abnormal in this image?"),
        Turn("assistant", "Nothing abnormal is seen in this image."),
    )
    return MauRecord(image_name(number), "kvasir", f"kvasir-{1000 + number}", (), turns, "endoscopy")


def image_name(number: int) -> str:
    """Also the record's id."""
    return f"images/kvasir/{number:06d}.png"


def write_folder(folder: Path, count: int = 6) -> Path:
    """Records 0 .. count - 1, the last one normal and on the test side, with a 16 x 16 picture of its own each."""
    records = [*map(polyp_record, range(count - 1)), normal_record(count - 1)]
    (folder / "images" / "kvasir").mkdir(parents=True)
    for number, record in enumerate(records):
        write_picture(folder / record.image, np.full((16, 16), number, np.uint8))
    write_dataset(folder, records[:-1], records[-1:], a_sheet())
    return folder


def a_sheet() -> Datasheet:
    """What a build with the template would say."""
    return Datasheet("0.0", "template", True, {}, SplitFigures(0, 0.2, "none", 0, 0, 1), "0" * 64)


def ticking() -> Callable[[], str]:
    """A clock that moves on by a second at each look."""
    seconds = itertools.count()
    return lambda: f"2026-01-01T00:00:{next(seconds) % 60:02d}+00:00"
