"""What a dataset tells of its making, less what would name a person, a file or a server."""

from __future__ import annotations

import re
from collections.abc import Mapping

from umed_core.mau.cases import Case
from umed_core.mau.datasheet import Tally
from umed_core.mau.teacher import Teacher

__all__ = ["kind_of_reason", "privacy_notes", "public_identity", "published_provenance", "tallied"]

_PARTICULAR = re.compile(
    r"""\[bbox_start\].*?\[bbox_end\] | '(?:\\.|[^'\\])*' | "(?:\\.|[^"\\])*" | -?\d[\d.,]*""", re.VERBOSE | re.DOTALL
)
"""A quotation as Python's repr writes it, in which a quote may stand behind a backslash."""

_IMAGE_SUFFIX = re.compile(r"\.(?:png|jpe?g|tiff?|bmp|gif|dcm|nii)\b", re.IGNORECASE)


def privacy_notes(scan_policy: str) -> tuple[str, ...]:
    """What was done so that a picture tells of nobody, and what was not."""
    scanned = {
        "skip": "Text burned into pictures was not looked for, save where a DICOM file states that there is some.",
        "blank": "Text that was found burned into a picture was painted over.",
        "refuse": "Pictures in which burned-in text was found were left out.",
    }
    return (
        "Pictures carry no header, EXIF or comment; files, patients and groups have numbers in place of names.",
        scanned[scan_policy],
    )


def published_provenance(case: Case) -> dict[str, str]:
    """What the source says of where an image is from, less the file names that some sources write into it."""
    cleaned = {key: _without_file_names(value, case.image.stem) for key, value in case.provenance.items()}
    return {key: value for key, value in cleaned.items() if value}


def _without_file_names(words: str, stem: str) -> str:
    # Most values name no file: to compile a pattern for each case would cost more than to write its record.
    if words.isascii() and stem.isascii() and stem.lower() not in words.lower() and not _IMAGE_SUFFIX.search(words):
        return " ".join(words.split())
    names = re.compile(rf"\S*(?:{re.escape(stem)}|{_IMAGE_SUFFIX.pattern})\S*", re.IGNORECASE)
    return " ".join(names.sub(" ", words).split())


def public_identity(teacher: Teacher) -> str:
    """The teacher as the dataset names it: a server's address is nobody's business, unless everybody knows it."""
    return re.sub(r" server=(?!api\.openai\.com)\S+", "", teacher.identity)


def kind_of_reason(reason: str) -> str:
    """A reason less what is particular to one case, for counting: boxes, numbers and quotations become an ellipsis."""
    return _PARTICULAR.sub("\N{HORIZONTAL ELLIPSIS}", reason)


def tallied(counts: Mapping[str, int]) -> tuple[Tally, ...]:
    """Most frequent first."""
    return tuple(Tally(what, count) for what, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
