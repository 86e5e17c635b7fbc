"""A reading as DICOM SR: Comprehensive SR with a Measurement Report, one group for each finding.

Each box is a closed POLYLINE of five points, the one shape that viewers draw alike. Coordinates are float32, as the
standard stores them (PS3.3 C.18.6.1), so a box is off by 2^-24 of its coordinate at most.
Source: PS3.16 TID 1500, 1410, 4019; PS3.3 A.35.3.
"""

from __future__ import annotations

import numpy as np
from highdicom import sr
from numpy.typing import NDArray
from pydicom.sr.codedict import codes

import umed_core
from umed_core.errors import DataError
from umed_core.exporting.authorship import (
    DEVICE_UID,
    authorship,
    coded,
    disclaimer,
    file_bytes,
    person_name,
    refused_by_the_library,
    tracking_uid,
)
from umed_core.exporting.codes import finding_term, own_term
from umed_core.exporting.reading import Provenance, ReadFinding, Reading
from umed_core.exporting.source import DicomSource, read_source
from umed_core.geometry import PixelBox

__all__ = ["closed_outline", "structured_report"]

_COMMENT = sr.CodedConcept.from_code(codes.DCM.Comment)
_STATUS = {
    "open": "Proposed by the model; not reviewed by a person",
    "accepted": "Proposed by the model; accepted by a person",
    "edited": "Proposed by the model; changed by a person",
    "added": "Added by a person",
}


def structured_report(reading: Reading) -> bytes:
    """The SR document as a file: partial, preliminary and unverified, whatever a person has accepted.

    Raises: UnsupportedImage; CorruptImage; DataError where no finding is left: a report without one would pass for a
        statement that the image is normal.
    """
    if not reading.reported:
        raise DataError(
            f"There is no finding to report on {reading.image.name} ({reading.rejected_count} rejected).",
            "A report without findings would pass for a normal one. Export JSON to keep the rejections on record.",
        )
    source = read_source(reading)
    made = authorship(reading, source, "report", series_number=9901)
    with refused_by_the_library(reading):
        document = sr.ComprehensiveSR(
            evidence=[source.header],
            content=_measurement_report(reading, source),
            is_complete=False,
            is_final=False,
            is_verified=False,
            **made,
        )
    document.SeriesDescription = "umed findings, research use only"
    return file_bytes(document, reading)


def closed_outline(box: PixelBox) -> NDArray[np.float64]:
    """The corners of a box, clockwise from the top left one and back to it. Shapes: (5, 2) of x and y."""
    x0, y0, x1, y1 = box.x0, box.y0, box.x1, box.y1
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)])


def _measurement_report(reading: Reading, source: DicomSource) -> sr.MeasurementReport:
    groups = [_group(number, finding, reading, source) for number, finding in enumerate(reading.reported, 1)]
    report = sr.MeasurementReport(
        observation_context=_observers(reading),
        procedure_reported=codes.SCT.ImagingProcedure,
        imaging_measurements=groups,
    )
    report[0].ContentSequence.append(_text(_COMMENT, disclaimer(reading)))
    return report


def _observers(reading: Reading) -> sr.ObservationContext:
    device = sr.ObserverContext(
        codes.DCM.Device,
        sr.DeviceObserverIdentifyingAttributes(
            DEVICE_UID, name="umed", manufacturer_name="umed", model_name=f"umed {umed_core.__version__}"
        ),
    )
    name = person_name(reading)
    if name is None:
        return sr.ObservationContext(observer_device_context=device)
    person = sr.ObserverContext(codes.DCM.Person, sr.PersonObserverIdentifyingAttributes(name))
    return sr.ObservationContext(observer_person_context=person, observer_device_context=device)


def _group(
    number: int, finding: ReadFinding, reading: Reading, source: DicomSource
) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    reference = source.reference
    image = sr.SourceImageForRegion(
        reference.sop_class_uid, reference.sop_instance_uid, [reference.frame] if reference.frame else None
    )
    region = sr.ImageRegion(sr.GraphicTypeValues.POLYLINE, closed_outline(reading.pixel_box(finding)), image)
    group = sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=tracking_uid(finding, source), identifier=f"Finding {number}"),
        referenced_region=region,
        finding_type=coded(finding_term(finding.name)),
        algorithm_id=_algorithm(finding.provenance) if finding.provenance else None,
    )
    group[0].ContentSequence.extend(_history(finding))
    return group


def _algorithm(model: Provenance) -> sr.AlgorithmIdentification:
    return sr.AlgorithmIdentification(
        name=f"umed: {model.model}",
        version=umed_core.__version__,
        parameters=[f"weights sha256 {model.model_sha256}"],
        manufacturer="umed",
    )


def _history(finding: ReadFinding) -> list[sr.TextContentItem]:
    items = [_own_text("Review status", _STATUS[finding.status])]
    if finding.provenance is not None:
        items += [_own_text("Question", finding.provenance.question), _own_text("Answer", finding.provenance.answer)]
        if finding.provenance.images:
            lines = (f"Image {number}: {name}" for number, name in enumerate(finding.provenance.images, 1))
            items.append(_own_text("Images asked about", "\n".join(lines)))
    return items + [_own_text("Edit", edit) for edit in finding.edits]


def _own_text(meaning: str, text: str) -> sr.TextContentItem:
    return _text(coded(own_term(meaning)), text)


def _text(name: sr.CodedConcept, text: str) -> sr.TextContentItem:
    # UT keeps line breaks and backslashes, but an empty value is none.
    clean = "".join(c for c in text if c.isprintable() or c in "\n\t").strip() or "(empty)"
    return sr.TextContentItem(name, clean.replace("\n", "\r\n"), relationship_type=sr.RelationshipTypeValues.CONTAINS)
