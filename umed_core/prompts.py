"""Every prompt, and the grammar of a grounded answer, both ways.

A box is written as the paper writes it, `[bbox_start] x, y, w, h [bbox_end]`: top-left corner, width and height in
0..1 of the image. These text coordinates exist only here. (The paper's prompt names the numbers x1,y1,x2,y2 but
explains x2,y2 as width and height, and all its examples are xywh; reading one as xyxy is a bug. See METHOD.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from umed_core.geometry import NormalizedBox

__all__ = [
    "BOX_END",
    "BOX_START",
    "DEFAULT_QUESTION",
    "RESEARCH_USE_ONLY",
    "ParsedBox",
    "class_named",
    "format_box",
    "labelled_boxes",
    "parse_boxes",
]

BOX_START = "[bbox_start]"
BOX_END = "[bbox_end]"
DEFAULT_QUESTION = "What is abnormal in this image, and where is it?"
RESEARCH_USE_ONLY = "Research use only. Not a medical device."

_NUMBER = r"\s*(-?\d*\.?\d+)\s*"
_BOX = re.compile(re.escape(BOX_START) + ",".join([_NUMBER] * 4) + re.escape(BOX_END))

_TUBERCULOSIS = ("pulmonary tuberculosis", "tuberculosis", "tb", "ActiveTuberculosis", "ObsoletePulmonaryTuberculosis")
_EFFUSION = ("pleural effusion", "pleural effusions", "effusion", "effusions", "pleural fluid")

CLASS_SYNONYMS: dict[str, tuple[str, ...]] = {
    "kidney stone": ("kidney stone", "kidney stones", "renal stone", "renal stones", "renal calculus", "renal calculi",
                     "kidney calculus", "kidney calculi", "nephrolithiasis"),
    "pulmonary tuberculosis": _TUBERCULOSIS,
    "tuberculosis": _TUBERCULOSIS,
    "polyp": ("polyp", "polyps"),
    "bone lesion": ("bone lesion", "bone lesions", "osseous lesion", "osseous lesions"),
    "abdomen lesion": ("abdomen lesion", "abdomen lesions", "abdominal lesion", "abdominal lesions"),
    "mediastinum lesion": ("mediastinum lesion", "mediastinum lesions", "mediastinal lesion", "mediastinal lesions"),
    "liver lesion": ("liver lesion", "liver lesions", "hepatic lesion", "hepatic lesions"),
    "lung lesion": ("lung lesion", "lung lesions", "pulmonary lesion", "pulmonary lesions"),
    "kidney lesion": ("kidney lesion", "kidney lesions", "renal lesion", "renal lesions"),
    "soft tissue lesion": ("soft tissue lesion", "soft tissue lesions", "soft-tissue lesion", "soft-tissue lesions"),
    "pelvis lesion": ("pelvis lesion", "pelvis lesions", "pelvic lesion", "pelvic lesions"),
    "atelectasis": ("atelectasis", "atelectases", "atelectatic"),
    "cardiomegaly": ("cardiomegaly", "enlarged heart", "heart enlargement", "enlargement of the heart"),
    "consolidation": ("consolidation", "consolidations"),
    "edema": ("edema", "oedema"),
    "pleural effusion": _EFFUSION,
    "effusion": _EFFUSION,
    "emphysema": ("emphysema", "emphysematous"),
    "fibrosis": ("fibrosis", "fibrotic"),
    "hernia": ("hernia", "hernias", "herniation"),
    "infiltration": ("infiltration", "infiltrations", "infiltrate", "infiltrates"),
    "mass": ("mass", "masses"),
    "nodule": ("nodule", "nodules"),
    "pleural thickening": ("pleural thickening", "thickening of the pleura", "thickened pleura"),
    "pneumonia": ("pneumonia", "pneumonias"),
    "pneumothorax": ("pneumothorax", "pneumothoraces"),
    "fracture": ("fracture", "fractures", "fractured"),
    "ground glass opacity": ("ground glass opacity", "ground glass opacities", "ground-glass opacity",
                             "ground-glass opacities", "ggo"),
}  # fmt: skip
"""Spellings that count as naming a class; a class that is not listed counts by its own name."""


@dataclass(frozen=True, slots=True)
class ParsedBox:
    """A box read from an answer, and the half-open range of characters that spells it."""

    box: NormalizedBox
    start: int
    end: int


def format_box(box: NormalizedBox) -> str:
    """`[bbox_start] 0.123, 0.456, 0.100, 0.200 [bbox_end]`: three decimals, a thousandth of the image."""
    numbers = ", ".join(f"{min(max(v, 0.0), 1.0):.3f}" for v in (box.x, box.y, box.w, box.h))
    return f"{BOX_START} {numbers} {BOX_END}"


def parse_boxes(text: str) -> list[ParsedBox]:
    """Every well-formed box of an answer, in order; one without area or off the image is left out."""
    parsed = (
        ParsedBox(NormalizedBox(*(float(number) for number in found.groups())), found.start(), found.end())
        for found in _BOX.finditer(text)
    )
    return [p for p in parsed if p.box.is_valid()]


def class_named(text: str, label: str) -> bool:
    """Whether an answer names a class: whole words, case and synonyms folded. Source: the paper's ACC."""
    spellings = CLASS_SYNONYMS.get(label.lower(), (label,))
    return any(re.search(rf"\b{re.escape(s)}\b", text, re.IGNORECASE) for s in spellings)


def labelled_boxes(text: str, classes: tuple[str, ...]) -> list[tuple[str, NormalizedBox]]:
    """Boxes with the class that the answer gives each: the first class named after the box, else the last before it."""
    found: list[tuple[str, NormalizedBox]] = []
    for parsed in parse_boxes(text):
        after = _first_named(text[parsed.end :], classes)
        found.append((after or _first_named(text[: parsed.start], classes), parsed.box))
    return found


def _first_named(text: str, classes: tuple[str, ...]) -> str:
    places = {
        label: hit.start()
        for label in classes
        for spelling in CLASS_SYNONYMS.get(label.lower(), (label,))
        if (hit := re.search(rf"\b{re.escape(spelling)}\b", text, re.IGNORECASE))
    }
    return min(places, key=lambda label: places[label], default="")
