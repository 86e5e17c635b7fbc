"""What every DICOM object of ours states of itself: UIDs, dates, the equipment, and what its result may be used for."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from highdicom import ContributingEquipment
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

import umed_core
from umed_core.errors import UnsupportedImage
from umed_core.exporting.codes import OWN_SCHEME, Term, short_text
from umed_core.exporting.plain import reading_json
from umed_core.exporting.reading import Provenance, ReadFinding, Reading
from umed_core.exporting.source import DicomSource, check_frame_can_be_named
from umed_core.images.dicom_file import one_line
from umed_core.prompts import RESEARCH_USE_ONLY

__all__ = [
    "DEVICE_UID",
    "authorship",
    "coded",
    "derived_uid",
    "disclaimer",
    "file_bytes",
    "person_name",
    "refused_by_the_library",
    "tracking_uid",
]

DEVICE_UID = "2.25.23256594770904540404907273306775986445"
"""umed as an observer, whatever its version."""

_SHORT_TEXT = 1024


def authorship(reading: Reading, source: DicomSource, kind: str, series_number: int) -> dict[str, Any]:
    """The keywords that highdicom's classes share.

    The UIDs depend on the reading alone: a second export of it is the same object and not another.
    Raises: UnsupportedImage.
    """
    check_frame_can_be_named(source, reading)
    seed = (kind.encode(), reading_json(reading, source.reference))
    return {
        "series_instance_uid": derived_uid(b"series", *seed),
        "series_number": series_number,
        "sop_instance_uid": derived_uid(b"instance", *seed),
        "instance_number": 1,
        "manufacturer": "umed",
        "manufacturer_model_name": "umed",
        "software_versions": umed_core.__version__,
        "device_serial_number": "0",
        "specific_character_set": "ISO_IR 192",
        "contributing_equipment": [_model_equipment(model) for model in reading.models],
        "coding_schemes": [CodingSchemeIdentificationItem(OWN_SCHEME, name="umed", responsible_organization="umed")],
    }


def derived_uid(*parts: bytes) -> str:
    """A UID from 128 bits of a hash of `parts`. Source: PS3.5 B.2."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return f"2.25.{int.from_bytes(digest.digest(), 'big')}"


def tracking_uid(finding: ReadFinding, source: DicomSource) -> str:
    """The same for one finding in every kind of export."""
    said = finding.provenance.answer if finding.provenance else ""
    place = (source.reference.sop_instance_uid, source.reference.frame, finding.label, finding.box, said)
    return derived_uid(b"finding", repr(place).encode())


def coded(term: Term) -> CodedConcept:
    return CodedConcept(term.value, term.scheme, term.meaning)


def disclaimer(reading: Reading) -> str:
    """What a reader of the object has to know, in at most 1,024 characters."""
    models = "; ".join(f"model {m.model}, weights sha256 {m.model_sha256}" for m in reading.models)
    made = f"Written by umed {umed_core.__version__} on {reading.written:%Y-%m-%d}" + (f": {models}" if models else "")
    rejected = f" Rejected and left out: {reading.rejected_count}." if reading.rejected_count else ""
    return short_text(f"{RESEARCH_USE_ONLY} {made}.{rejected}", _SHORT_TEXT)


def person_name(reading: Reading) -> str | None:
    """The reader in DICOM's form; None without one. A name without a caret counts as a family name (PS3.5 6.2.1)."""
    name = short_text(reading.reader.replace("=", "-"), 60)
    return (name if "^" in name else f"{name}^") if name else None


@contextmanager
def refused_by_the_library(reading: Reading) -> Iterator[None]:
    """Around highdicom's constructors, which refuse a source header that lacks or contradicts something by these errors."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as problem:
        raise UnsupportedImage(
            f"The header of {reading.image.name} does not allow this export: {one_line(problem)}.",
            "Export it as JSON, COCO or PNG instead.",
        ) from problem


def file_bytes(dataset: Dataset, reading: Reading) -> bytes:
    """The Part 10 file, dated by the reading."""
    date, time = reading.written.strftime("%Y%m%d"), reading.written.strftime("%H%M%S")
    for name in ("InstanceCreation", "Content", "PresentationCreation"):
        if f"{name}Date" in dataset:
            setattr(dataset, f"{name}Date", date)
            setattr(dataset, f"{name}Time", time)
    for item in dataset.get("ContributingEquipmentSequence", []):
        if "ContributionDateTime" in item:
            item.ContributionDateTime = date + time
    if "Laterality" not in dataset and dataset.Modality != "SR":
        dataset.Laterality = None  # required, but may be empty, where a body part may be paired (PS3.3 C.7.3.1)
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _model_equipment(model: Provenance) -> ContributingEquipment:
    about = f"{RESEARCH_USE_ONLY} Weights sha256 {model.model_sha256}. Asked: {model.question}"
    return ContributingEquipment(
        "umed",
        codes.DCM.ProcessingEquipment,
        manufacturer_model_name=short_text(model.model, 64),
        software_versions=short_text(model.model_sha256 or "unknown", 64),
        contribution_description=short_text(about, _SHORT_TEXT),
    )
