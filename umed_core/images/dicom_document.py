"""A DICOM object without pixels, such as a report, as plain text and numbers that a limited child can hand over."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from umed_core.errors import CorruptImage, ImageTooLarge
from umed_core.images.decode import read_bounded
from umed_core.images.dicom_file import DAMAGED, DICOM_FAILURES, one_line, read_dataset
from umed_core.images.limits import DecodeLimits

__all__ = ["read_dicom_document"]

_BINARY = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))


def read_dicom_document(path: Path, limits: DecodeLimits) -> str:
    """The elements as JSON in DICOM's model, less binary ones and those with a value that their type does not allow.

    Raises: MissingFile, CorruptImage, ImageTooLarge, UnsupportedImage.
    """
    try:
        with warnings.catch_warnings():
            # pydicom warns of odd values; whoever reads the document judges them.
            warnings.simplefilter("ignore")
            return json.dumps(_elements(read_dataset(read_bounded(path, limits), str(path), limits)))
    except DICOM_FAILURES as problem:
        raise CorruptImage(f"{path} could not be read as DICOM: {one_line(problem)}.", DAMAGED) from problem
    except MemoryError as problem:
        raise ImageTooLarge(f"{path} needs more memory than allowed.", "Ask the sender for the original.") from problem


def _elements(dataset: Dataset) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for tag in sorted(dataset.keys()):
        try:
            element = dataset[tag]
        except DICOM_FAILURES:  # a value that is converted only now, and cannot be
            continue
        if element.VR == "SQ":
            items = [_elements(item) for item in element.value]
            found[f"{element.tag:08X}"] = {"vr": "SQ", "Value": items}
        elif element.VR not in _BINARY:
            alone = Dataset()
            alone.add(element)
            found.update(alone.to_json_dict(suppress_invalid_tags=True))
    return found
