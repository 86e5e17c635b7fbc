"""How a finding is named in codes: SNOMED CT or DICOM terms where a class has one that means the same, else our own.

Sources of the terms: PS3.16 context groups as published in pydicom's dictionary (CID 645, 6014, 6102, 6335); the others are
SNOMED CT concepts whose preferred term or synonym is the class. A class of mixed content ("bone lesion", "hernia" of any
kind) has no concept of the same meaning: a nearly fitting code would say more than the model did.
Each code's meaning is umed's own word for the class, as the standard permits (PS3.3 8.3), so that it reads back the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["OWN_SCHEME", "Term", "finding_term", "own_term", "short_text"]

OWN_SCHEME = "99UMED"
"""Designator of umed's private terms; "99" marks a private scheme (PS3.16 8.2)."""


@dataclass(frozen=True, slots=True)
class Term:
    """A coded concept: value, scheme designator and meaning."""

    value: str
    scheme: str
    meaning: str


_STANDARD: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "kidney stone": ("95570007", "SCT"),
        "pulmonary tuberculosis": ("154283005", "SCT"),
        "polyp": ("41329004", "SCT"),
        "liver lesion": ("300331000", "SCT"),
        "atelectasis": ("46621007", "SCT"),
        "cardiomegaly": ("8186001", "SCT"),
        "consolidation": ("95436008", "SCT"),
        "edema": ("79654002", "SCT"),
        "pleural effusion": ("60046008", "SCT"),
        "emphysema": ("87433001", "SCT"),
        "fibrosis": ("112674009", "SCT"),
        "infiltration": ("112121", "DCM"),
        "mass": ("4147007", "SCT"),
        "nodule": ("27925004", "SCT"),
        "pneumonia": ("233604007", "SCT"),
        "pneumothorax": ("36118008", "SCT"),
        "fracture": ("72704001", "SCT"),
        "ground glass opacity": ("112120", "DCM"),
    }
)

_MEANING_LENGTH = 64
_VALUE_LENGTH = 16


def finding_term(label: str) -> Term:
    """The code of a class; a class of no standard gets one of ours, the same for the same words."""
    words = " ".join(label.split())
    code = _STANDARD.get(words.lower())
    if code is None:
        return own_term(words[:1].upper() + words[1:])
    return Term(*code, words.capitalize())


def own_term(meaning: str) -> Term:
    """A term of umed's own scheme; its value tells upper and lower case of `meaning` not apart."""
    text = short_text(meaning, _MEANING_LENGTH)
    plain = re.sub(r"[^A-Z0-9]+", "_", meaning.upper()).strip("_")
    if plain and len(plain) <= _VALUE_LENGTH and meaning.isascii():
        return Term(plain, OWN_SCHEME, text)
    # Longer words would meet in their first letters.
    digest = hashlib.blake2b(meaning.lower().encode(), digest_size=5).hexdigest().upper()
    return Term(f"{plain[: _VALUE_LENGTH - 11]}_{digest}".lstrip("_"), OWN_SCHEME, text)


def short_text(text: str, length: int) -> str:
    """`text` on one line of at most `length` characters, without the backslash that parts DICOM values."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text.replace("\\", "/")).split())
    return words if len(words) <= length else words[: length - 1].rstrip() + "…"
