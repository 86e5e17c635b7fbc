"""A small dataset folder for the tests of what reads one: three images of two sets, drawn here."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from umed_core.geometry import NormalizedBox
from umed_core.mau.datasheet import Datasheet, SplitFigures, Tally
from umed_core.records import Finding, MauRecord, Turn

STONE = MauRecord(
    "images/kidneystone/000001.png",
    "kidneystone",
    "kidneystone-0001",
    (Finding("kidney stone", NormalizedBox(0.25, 0.5, 0.125, 0.25)),),
    (
        Turn("user", "What is this?"),
        Turn("assistant", "At [bbox_start] 0.250, 0.500, 0.125, 0.250 [bbox_end]: a stone."),
    ),
    "CT",
    {"source": "TEZ", "licence": "CC BY 4.0"},
)
NORMAL = MauRecord(
    "images/kidneystone/000002.png",
    "kidneystone",
    "kidneystone-0002",
    (),
    (Turn("user", "Anything?"), Turn("assistant", "No abnormality is annotated.")),
    "CT",
    {"licence": "CC BY 4.0"},
)
CHEST = MauRecord(
    "images/nih/000001.png",
    "nih",
    "nih-0001",
    (
        Finding("mass", NormalizedBox(0.0, 0.0, 0.5, 0.5)),
        Finding("nodule", NormalizedBox(0.5, 0.5, 0.25, 0.125)),
        Finding("mass", NormalizedBox(0.5, 0.0, 0.5, 0.5)),
    ),
    (
        Turn("user", "What is seen?"),
        Turn("assistant", "Two masses."),
        Turn("user", "Is <image> a word?"),
        Turn("assistant", "It is."),
    ),
    "chest X-ray",
    {},
)
TRAIN, TEST = (NORMAL, CHEST), (STONE,)

SHEET = Datasheet(
    umed_version="0.0.1",
    teacher="template 1",
    template_written=True,
    prompts={"reflection": "2", "diagnosis": "1"},
    split=SplitFigures(7, 0.2, "dhash", 20, 4, 3),
    images_sha256="ab" * 32,
    removed=(Tally("PatientName", 12),),
    quarantined=(Tally("no box in the answer", 1),),
    refused=(Tally("missing file", 2),),
)


def write_images(folder: Path) -> None:
    """80 x 40 pixels each, so that a box's pixels are easily told."""
    for record in (*TRAIN, *TEST):
        path = folder / record.image
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (80, 40), 90).save(path)
