"""DICOM: regions of reports and presentation states find their image by UID, in the corner convention of pixel edges."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import (
    BasicTextSRStorage,
    Comprehensive3DSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
)

from tests.builders import tiny_dicom, write_dicom
from umed_core.errors import DataError
from umed_core.geometry import NormalizedBox, PixelBox
from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.privacy.burned_in_text import no_scan
from umed_core.mau.privacy.clean_image import clean_image
from umed_core.mau.sources import read_source
from umed_core.mau.sources.dicom_shapes import box_around
from umed_core.mau.sources.marks import Unusable
from umed_core.records import Finding

UID = "2.25.77.1"
QUARTER = (4.0, 8.0, 12.0, 8.0, 12.0, 24.0, 4.0, 24.0, 4.0, 8.0)
"""x 4..12, y 8..24 of 16 x 32 pixels: the box .25, .25, .5, .5."""
BOX = NormalizedBox(0.25, 0.25, 0.5, 0.5)


def item(**keywords: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in keywords.items():
        setattr(dataset, keyword, value)
    return dataset


def code(value: str, meaning: str, scheme: str = "DCM") -> list[Dataset]:
    return [item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)]


def finding(meaning: str = "Kidney stone") -> Dataset:
    return item(
        RelationshipType="CONTAINS",
        ValueType="CODE",
        ConceptNameCodeSequence=code("121071", "Finding"),
        ConceptCodeSequence=code("95570007", meaning, "SCT"),
    )


def image_item(uid: str = UID, **reference: object) -> Dataset:
    references = [item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID=uid, **reference)]
    return item(RelationshipType="SELECTED FROM", ValueType="IMAGE", ReferencedSOPSequence=references)


def region(
    *below: Dataset, data: tuple[float, ...] = QUARTER, kind: str = "POLYLINE", value: str = "SCOORD"
) -> Dataset:
    return item(
        RelationshipType="CONTAINS",
        ValueType=value,
        ConceptNameCodeSequence=code("111030", "Image Region"),
        GraphicData=list(data) if data else None,
        GraphicType=kind,
        ContentSequence=list(below or [image_item()]),
    )


def group(*below: Dataset) -> Dataset:
    """A measurement group of TID 1500."""
    return item(
        RelationshipType="CONTAINS",
        ValueType="CONTAINER",
        ConceptNameCodeSequence=code("125007", "Measurement Group"),
        ContentSequence=list(below),
    )


def document(sop_class: str, modality: str, **keywords: object) -> Dataset:
    plain = {"Rows": None, "Columns": None, "PixelData": None}
    dataset = tiny_dicom(SOPClassUID=sop_class, SOPInstanceUID="2.25.77.99", Modality=modality, **plain)
    dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.update(item(**keywords))
    return dataset


def report(*groups: Dataset) -> Dataset:
    measurements = item(
        RelationshipType="CONTAINS",
        ValueType="CONTAINER",
        ConceptNameCodeSequence=code("126010", "Imaging Measurements"),
        ContentSequence=list(groups),
    )
    return document(Comprehensive3DSRStorage, "SR", ValueType="CONTAINER", ContentSequence=[measurements])


Put = Callable[..., None]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Writes an image of 16 x 32 pixels, of patient P1, and the documents given."""

    def write(*documents: Dataset, frames: int = 0, **keywords: Any) -> None:
        shape = (frames, 32, 16) if frames else (32, 16)
        image = tiny_dicom(np.zeros(shape, np.uint8), PatientID="P1", SOPInstanceUID=UID, **keywords)
        write_dicom(tmp_path / "image.dcm", image)
        for number, dataset in enumerate(documents):
            write_dicom(tmp_path / f"report{number}", dataset)

    return write


def test_a_region_takes_the_class_of_its_group_and_the_patient_of_its_image(put: Put, read) -> None:
    circle = region(data=(8.0, 16.0, 12.0, 16.0), kind="CIRCLE")
    put(report(group(finding(), region()), group(circle, finding("Nodule"))), Modality="DX", BodyPartExamined="CHEST")
    (case,), refused = read("dicom")
    assert case.findings == (
        Finding("kidney stone", BOX),
        Finding("nodule", NormalizedBox(0.25, 0.375, 0.5, 0.25)),
    )
    assert (case.key, case.group, case.modality, refused) == ("image.dcm", "P1", "chest X-ray", [])


def test_a_region_may_point_to_its_image_by_its_place_in_the_tree(put: Put, read) -> None:
    pointer = item(RelationshipType="SELECTED FROM", ReferencedContentItemIdentifier=[1, 1, 1, 2])
    put(report(group(finding(), image_item(), region(pointer))))
    (case,), refused = read("dicom")
    assert (case.findings, refused) == ((Finding("kidney stone", BOX),), [])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (group(region()), "a region without a finding code"),
        (group(finding(), region(kind="POINT", data=(4.0, 8.0))), "a POINT, which has no area"),
        (group(finding(), region(data=(4.0, 8.0, 9.0, 9.0))), "a line, which has no area"),
        (group(finding(), region(data=())), "a POLYLINE without proper coordinates"),
        (group(finding(), region(image_item("2.25.5"))), "a graphic on an image that is not in the folder"),
        (group(finding(), region(finding())), "a region that refers to 0 images, not one"),
        (
            group(finding(), region(value="SCOORD3D")),
            "a region in patient space (SCOORD3D): write it as SCOORD on its images",
        ),
        (
            group(finding(), region(item(ReferencedContentItemIdentifier=[1, 9]))),
            "a region that points to no item of the report",
        ),
        (group(finding()), "no region in this document"),
        (group(finding(), region(data=tuple(9 * v for v in QUARTER))), "in 'report0': a box that leaves the image"),
        (
            group(finding(), region(image_item(ReferencedFrameNumber=2))),
            "in 'report0': drawn on frame 2 of a single image",
        ),
    ],
)
def test_a_region_that_cannot_be_used_is_listed(put: Put, read, content: Dataset, reason: str) -> None:
    put(report(content))
    cases, refused = read("dicom")
    assert cases == []
    assert refused[0].reason == reason


def test_each_frame_that_is_drawn_on_is_a_case_of_its_own(put: Put, tmp_path: Path) -> None:
    on_two = region(image_item(ReferencedFrameNumber=2))
    on_both = region(image_item(ReferencedFrameNumber=[2, 3]), data=(8.0, 16.0, 12.0, 16.0), kind="CIRCLE")
    beyond = region(image_item(ReferencedFrameNumber=4))
    on_all = region(image_item())
    put(report(group(finding(), on_two, beyond, on_all), group(finding("Nodule"), on_both)), frames=3)
    stone, nodule = Finding("kidney stone", BOX), Finding("nodule", NormalizedBox(0.25, 0.375, 0.5, 0.25))
    items = list(read_source("dicom", tmp_path))
    cases = [item for item in items if isinstance(item, Case)]
    assert [(case.key, case.frame, case.findings, case.group) for case in cases] == [
        ("image.dcm#2", 1, (stone, nodule), "P1"),
        ("image.dcm#3", 2, (nodule,), "P1"),
    ]
    assert [item.reason for item in items if isinstance(item, RefusedRow)] == [
        "in 'report0': drawn on all of 3 frames: name those that show the finding",
        "in 'report0': drawn on frame 4 of 3",
    ]


def test_a_graphic_of_a_presentation_state_finds_its_frame(put: Put, tmp_path: Path) -> None:
    drawn = graphic("PIXEL")
    drawn.ReferencedImageSequence[0].ReferencedFrameNumber = 3
    put(state(drawn), frames=3)
    (case,) = read_source("dicom", tmp_path)
    assert isinstance(case, Case)
    assert (case.frame, case.findings) == (2, (Finding("nodule", BOX),))


def test_the_picture_of_a_frame_is_that_frame(tmp_path: Path) -> None:
    pixels = np.stack([np.full((4, 6), value, np.uint8) for value in (10, 20, 30)])
    image = write_dicom(tmp_path / "a.dcm", tiny_dicom(pixels, WindowCenter=128, WindowWidth=256))
    for frame, value in enumerate((10, 20, 30)):
        clean = clean_image(Case("a.dcm", image, (), "P1", frame=frame), no_scan)
        with Image.open(io.BytesIO(clean.content)) as opened:
            assert opened.size == (6, 4) and opened.getextrema() == (value, value)
    with pytest.raises(DataError, match="3 frames, and the annotations do not say"):
        clean_image(Case("a.dcm", image, (), "P1"), no_scan)
    with pytest.raises(DataError, match="frame 4 is none of them"):
        clean_image(Case("a.dcm", image, (), "P1", frame=3), no_scan)


def graphic(units: str, data: tuple[float, ...] = QUARTER, text: str = "Nodule", **more: object) -> Dataset:
    drawn = item(
        GraphicAnnotationUnits=units,
        GraphicDimensions=2,
        NumberOfGraphicPoints=len(data) // 2,
        GraphicData=list(data),
        GraphicType="POLYLINE",
    )
    drawn_on = [item(ReferencedSOPInstanceUID=UID)]
    texts = [item(UnformattedTextValue=text)] if text else []
    return item(ReferencedImageSequence=drawn_on, GraphicObjectSequence=[drawn], TextObjectSequence=texts, **more)


def area(first: tuple[int, int], last: tuple[int, int]) -> Dataset:
    return item(DisplayedAreaTopLeftHandCorner=list(first), DisplayedAreaBottomRightHandCorner=list(last))


def state(*graphics: Dataset, **keywords: object) -> Dataset:
    kind = GrayscaleSoftcopyPresentationStateStorage
    return document(kind, "PR", GraphicAnnotationSequence=list(graphics), **keywords)


def test_pixel_units_are_image_pixels_and_display_units_shares_of_the_area_shown(put: Put, read) -> None:
    put(state(graphic("PIXEL")))
    (case,), _ = read("dicom")
    assert case.findings == (Finding("nodule", BOX),)
    # The area shows columns 3..10 and rows 1..16 (from 1): pixel edges 2..10 and 0..16.
    corners = (0.25, 0.5, 0.75, 0.5, 0.75, 1.0, 0.25, 1.0, 0.25, 0.5)
    put(state(graphic("DISPLAY", corners), DisplayedAreaSelectionSequence=[area((3, 1), (10, 16))]))
    (case,), refused = read("dicom")
    assert case.findings[0].box == PixelBox(4, 8, 8, 16).normalized(16, 32)
    assert refused == []


@pytest.mark.parametrize(
    ("dataset", "reason"),
    [
        (state(graphic("PIXEL", text="")), "a graphic with 0 texts beside it, not one that names its class"),
        (
            state(graphic("PIXEL", text="Mr Smith")),
            "its text 'mr smith' is no class that umed knows, and free text may name a person",
        ),
        (state(graphic("MATRIX")), "a graphic in MATRIX units, where PIXEL and DISPLAY are read"),
        (state(graphic("DISPLAY")), "a graphic in DISPLAY units without a displayed area"),
        (
            state(graphic("DISPLAY"), ImageRotation=90),
            "a graphic in DISPLAY units of an image that is shown turned or mirrored: draw it in PIXEL units",
        ),
    ],
)
def test_a_graphic_that_cannot_be_used_is_listed(put: Put, read, dataset: Dataset, reason: str) -> None:
    put(dataset)
    cases, refused = read("dicom")
    assert cases == []
    assert refused[0].reason == reason


def test_an_image_that_nothing_draws_on_and_a_copy_are_refused(put: Put, read, tmp_path: Path) -> None:
    put(report(group(finding(), region())), document(BasicTextSRStorage, "SR", ValueType="CONTAINER"))
    write_dicom(tmp_path / "other.dcm", tiny_dicom(SOPInstanceUID="2.25.8"))
    write_dicom(tmp_path / "zcopy.dcm", tiny_dicom(SOPInstanceUID=UID))
    (tmp_path / "notes.txt").write_text("a text")
    cases, refused = read("dicom")
    assert [case.key for case in cases] == ["image.dcm"]
    assert {row.image: row.reason for row in refused} == {
        "notes.txt": "no picture that umed knows",
        "zcopy.dcm": "the same SOP Instance UID as 'image.dcm'",
        "report1": "no region in this document",
        "other.dcm": "no report or presentation state draws on this image",
    }


def test_images_without_any_document_are_no_annotated_set(put: Put, read) -> None:
    put()
    with pytest.raises(DataError, match="no structured report"):
        read("dicom")


def test_the_box_around_an_ellipse_is_reached_by_its_outline() -> None:
    """Second opinion: the outline of a turned ellipse (half axes 5 and 2, turned by 30 degrees), walked point by point."""
    turn = np.deg2rad(30)
    major, minor = 5 * np.array([np.cos(turn), np.sin(turn)]), 2 * np.array([-np.sin(turn), np.cos(turn)])
    center = np.array([20.0, 30.0])
    ends = np.concatenate([center - major, center + major, center - minor, center + minor])
    angle = np.linspace(0, 2 * np.pi, 100_001)[:, None]
    outline = center + np.cos(angle) * major + np.sin(angle) * minor
    box = box_around("ELLIPSE", ends.tolist())
    assert (box.x0, box.y0) == pytest.approx(tuple(outline.min(axis=0)), abs=1e-6)
    assert (box.x1, box.y1) == pytest.approx(tuple(outline.max(axis=0)), abs=1e-6)


@pytest.mark.parametrize("kind", ["", "ELLIPSE", "CIRCLE", "SPHERE", "POLYLINE"])
def test_a_shape_with_the_wrong_number_of_points_is_refused(kind: str) -> None:
    for data in ((), (1.0,), (1.0, 2.0), (1.0, 2.0, 3.0, float("nan"))):
        with pytest.raises(Unusable):
            box_around(kind, data)
