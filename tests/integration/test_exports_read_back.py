"""DICOM exports, read back by pydicom and highdicom, and by umed's own source of annotated images."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedCTImageStorage, UltrasoundMultiFrameImageStorage

from tests.builders import tiny_ct, tiny_dicom, write_dicom
from tests.unit.exporting.readings import FINDINGS, MODEL, SHA256, WORD, WRITTEN, phantom_reading
from umed_core.errors import UmedError
from umed_core.exporting.export import ExportForm, export_bytes, export_reading
from umed_core.exporting.reading import UNNAMED, ReadFinding, Reading
from umed_core.geometry import NormalizedBox, PixelBox
from umed_core.images.medical_image import Window
from umed_core.mau.cases import Case
from umed_core.mau.sources import read_source
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_core.records import Finding
from umed_core.vlm.answer import share_in_box

FLOAT32 = 2.0**-24
"""Greatest relative error of a number that SCOORD and presentation states store as float32."""


def exported(reading: Reading, form: ExportForm) -> Dataset:
    (content,) = export_bytes(reading, form)
    return pydicom.dcmread(BytesIO(content))


def item(**keywords: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in keywords.items():
        setattr(dataset, keyword, value)
    return dataset


# --------------------------------------------------------------------------------------------- structured report
def groups(document: Dataset) -> list[Any]:
    """The measurement groups of a report as highdicom reads them."""
    report = highdicom.sr.MeasurementReport.from_sequence([document])
    return report.get_planar_roi_measurement_groups()


def texts(content: Dataset) -> dict[str, str]:
    """Text items directly below, by the meaning of their names."""
    return {
        child.ConceptNameCodeSequence[0].CodeMeaning: child.TextValue
        for child in content.ContentSequence
        if child.ValueType == "TEXT"
    }


def test_highdicom_reads_the_findings_of_the_report_on_the_same_pixels(tmp_path: Path) -> None:
    reading = phantom_reading(tmp_path)  # 391 x 320
    read = groups(exported(reading, "sr"))
    assert [group.finding_type.meaning for group in read] == ["Kidney stone", "Liver lesion", "Hernia"]
    assert [group.finding_type.scheme_designator for group in read] == ["SCT", "SCT", "99UMED"]
    corners = read[0].roi.value
    assert corners.tolist() == [[97.75, 160], [146.625, 160], [146.625, 240], [97.75, 240], [97.75, 160]]
    assert {group.roi.graphic_type.value for group in read} == {"POLYLINE"}
    assert len({group.tracking_uid for group in read}) == 3


def test_the_report_says_who_found_it_and_what_it_may_be_used_for(tmp_path: Path) -> None:
    document = exported(phantom_reading(tmp_path, reader="Müller^Zoë"), "sr")
    assert (document.CompletionFlag, document.VerificationFlag, document.PreliminaryFlag) == (
        "PARTIAL",
        "UNVERIFIED",
        "PRELIMINARY",
    )
    assert (document.ContentDate, document.ContentTime) == ("20261122", "123005")
    comment = texts(document)["Comment"]
    assert comment.startswith(RESEARCH_USE_ONLY)
    assert SHA256 in comment
    assert comment.endswith("Rejected and left out: 1.")
    names = [child.PersonName for child in document.ContentSequence if child.ValueType == "PNAME"]
    assert names == ["Müller^Zoë"]
    first, second, third = groups(document)
    said = texts(first[0])
    assert said["Algorithm Name"] == "umed: umed-mini"
    assert said["Algorithm Parameters"] == f"weights sha256 {SHA256}"
    assert said["Question"] == MODEL.question
    assert said["Answer"] == MODEL.answer.replace("\n", "\r\n")
    assert said["Review status"] == "Proposed by the model; accepted by a person"
    assert texts(second[0])["Edit"] == "Box drawn smaller."
    assert "Algorithm Name" not in texts(third[0])
    assert texts(third[0])["Review status"] == "Added by a person"


def test_the_report_belongs_to_the_study_and_names_its_evidence(tmp_path: Path) -> None:
    reading = phantom_reading(tmp_path)
    source, document = pydicom.dcmread(reading.image), exported(reading, "sr")
    for keyword in ("StudyInstanceUID", "PatientID", "PatientName", "StudyDate"):
        assert document[keyword].value == source[keyword].value
    assert document.SeriesInstanceUID != source.SeriesInstanceUID
    (study,) = document.CurrentRequestedProcedureEvidenceSequence
    (evidence,) = study.ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert evidence.ReferencedSOPInstanceUID == source.SOPInstanceUID


def test_a_name_in_another_character_set_stays_readable(tmp_path: Path) -> None:
    dataset = tiny_ct(SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Zoë")
    path = write_dicom(tmp_path / "image.dcm", dataset)
    question = replace(MODEL, question="Was ist auffällig? 异常在哪里？")
    reading = Reading(path, np.zeros((4, 6), np.uint8), WRITTEN, (replace(FINDINGS[0], provenance=question),))
    document = exported(reading, "sr")
    assert document.PatientName == "Müller^Zoë"
    assert texts(groups(document)[0][0])["Question"] == question.question


# --------------------------------------------------------------------------------------------- presentation state
def test_the_presentation_state_draws_the_same_boxes_with_their_classes(tmp_path: Path) -> None:
    state = exported(phantom_reading(tmp_path), "gsps")
    *drawn, notice = state.GraphicAnnotationSequence
    graphics = [annotation.GraphicObjectSequence[0] for annotation in drawn]
    assert graphics[0].GraphicData == [97.75, 160, 146.625, 160, 146.625, 240, 97.75, 240, 97.75, 160]
    assert {(graphic.GraphicAnnotationUnits, graphic.GraphicType) for graphic in graphics} == {("PIXEL", "POLYLINE")}
    labels = [[text.UnformattedTextValue for text in annotation.TextObjectSequence] for annotation in drawn]
    assert labels == [["kidney stone"], ["liver lesion"], ["hernia"]]
    assert notice.TextObjectSequence[0].UnformattedTextValue.startswith(RESEARCH_USE_ONLY)
    assert "GraphicObjectSequence" not in notice


def test_a_label_stands_on_the_image_and_off_its_box_where_there_is_room(tmp_path: Path) -> None:
    state = exported(phantom_reading(tmp_path), "gsps")  # 391 x 320, labels 16 pixels tall
    places = [
        (*text.BoundingBoxTopLeftHandCorner, *text.BoundingBoxBottomRightHandCorner)
        for annotation in state.GraphicAnnotationSequence[:-1]
        for text in annotation.TextObjectSequence
    ]
    assert [(place[1], place[3]) for place in places] == [(144, 160), (80, 96), (64, 80)]  # above, below, above
    assert all(0 <= left < right <= 391 for left, _, right, _ in places)


def test_the_report_and_the_presentation_state_track_the_same_findings(tmp_path: Path) -> None:
    reading = phantom_reading(tmp_path)
    drawn = exported(reading, "gsps").GraphicAnnotationSequence[:-1]
    tracked = [annotation.GraphicObjectSequence[0].TrackingUID for annotation in drawn]
    assert tracked == [group.tracking_uid for group in groups(exported(reading, "sr"))]


def test_the_window_in_force_is_kept_and_without_one_the_files_own(tmp_path: Path) -> None:
    third = Window(100 / 3, 1000 / 3, "odd", "sigmoid")
    (voi,) = exported(phantom_reading(tmp_path, window=third), "gsps").SoftcopyVOILUTSequence
    assert (voi.WindowCenter, voi.WindowWidth) == pytest.approx((third.center, third.width), rel=1e-9)
    assert (voi.VOILUTFunction, voi.WindowCenterWidthExplanation) == ("SIGMOID", "odd")
    reading = phantom_reading(tmp_path, window=None)
    (voi,) = exported(reading, "gsps").SoftcopyVOILUTSequence
    source = pydicom.dcmread(reading.image)
    assert (voi.WindowCenter, voi.WindowWidth) == (source.WindowCenter, source.WindowWidth)


@pytest.mark.parametrize(
    ("keywords", "shape"),
    [
        ({}, "IDENTITY"),
        ({"PhotometricInterpretation": "MONOCHROME1"}, "INVERSE"),
        ({"PresentationLUTShape": "INVERSE"}, "INVERSE"),
    ],
)
def test_an_image_whose_least_value_is_white_stays_so(tmp_path: Path, keywords: dict[str, str], shape: str) -> None:
    path = write_dicom(tmp_path / "image.dcm", tiny_dicom(**keywords))
    reading = Reading(path, np.zeros((4, 6), np.uint8), WRITTEN, FINDINGS, window=Window(12, 24))
    assert exported(reading, "gsps").PresentationLUTShape == shape


@pytest.mark.parametrize(
    ("keywords", "keyword", "shape"),
    [
        ({"PixelSpacing": ["0.5", "1.25"]}, "PresentationPixelSpacing", [0.5, 1.25]),
        ({"PixelAspectRatio": ["4", "3"]}, "PresentationPixelAspectRatio", [4, 3]),
        ({}, "PresentationPixelAspectRatio", [1, 1]),
    ],
)
def test_oblong_pixels_are_shown_oblong(tmp_path: Path, keywords: dict, keyword: str, shape: list[float]) -> None:
    path = write_dicom(tmp_path / "image.dcm", tiny_dicom(**keywords))
    reading = Reading(path, np.zeros((4, 6), np.uint8), WRITTEN, FINDINGS, window=Window(12, 24))
    (area,) = exported(reading, "gsps").DisplayedAreaSelectionSequence
    assert area[keyword].value == shape
    assert ("PresentationPixelSpacing" in area) != ("PresentationPixelAspectRatio" in area)


def test_a_colour_image_gets_a_colour_presentation_state(tmp_path: Path) -> None:
    state = exported(phantom_reading(tmp_path, "endoscopy"), "gsps")
    assert state.SOPClassUID.name == "Color Softcopy Presentation State Storage"
    assert state.ICCProfile[12:16] == b"scnr"


# ------------------------------------------------------------------------------------------------ parametric map
def test_the_map_lies_on_the_pixels_and_in_the_patient_where_the_source_does(tmp_path: Path) -> None:
    reading = phantom_reading(tmp_path)
    (content,) = export_bytes(reading, "map")
    image = highdicom.imread(BytesIO(content))
    (values,) = image.get_frames(apply_real_world_transform=True)
    assert values.shape == reading.pixels.shape
    # 2 x 3 cells over 320 x 391 pixels: rows part at 160, columns at 130.33 and 260.67.
    assert (values[159, 131], values[160, 129], values[160, 131], values[0, 0]) == (0.125, 0.5, 0.25, 0)
    assert (values[159, 130], values[160, 130], values[160, 261]) == (0.125, 0.25, 0)
    source = pydicom.dcmread(reading.image)
    volume = image.get_volume()
    assert image.FrameOfReferenceUID == source.FrameOfReferenceUID
    assert volume.affine[:3, 3] == pytest.approx(np.array(source.ImagePositionPatient, float))
    assert volume.pixel_spacing == pytest.approx(tuple(source.PixelSpacing))


def test_the_map_is_named_by_its_word_and_refers_to_its_source(tmp_path: Path) -> None:
    reading = phantom_reading(tmp_path)
    result = exported(reading, "map")
    shared, (frame,) = result.SharedFunctionalGroupsSequence[0], result.PerFrameFunctionalGroupsSequence
    (mapping,) = shared.RealWorldValueMappingSequence
    assert mapping.LUTLabel == "stone"
    assert result.ImageComments.startswith(RESEARCH_USE_ONLY)
    assert result.ContentQualification == "RESEARCH"
    (reference,) = frame.DerivationImageSequence[0].SourceImageSequence
    assert reference.ReferencedSOPInstanceUID == pydicom.dcmread(reading.image).SOPInstanceUID
    assert "ReferencedFrameNumber" not in reference


def test_the_share_in_a_box_is_the_same_on_the_map_as_in_the_model(tmp_path: Path) -> None:
    """Cells are not whole pixels wide, so the shares differ by less than one row and column of pixels."""
    reading = phantom_reading(tmp_path)
    (values,) = highdicom.imread(BytesIO(export_bytes(reading, "map")[0])).get_frames(apply_real_world_transform=True)
    box = reading.pixel_box(FINDINGS[0])
    inside = values[round(box.y0) : round(box.y1), round(box.x0) : round(box.x1)].sum() / values.sum()
    assert inside == pytest.approx(share_in_box(WORD.weights, FINDINGS[0].box), abs=1 / 80 + 1 / 48)


# ------------------------------------------------------------------------------------------------ several frames
def enhanced_ct(path: Path, frames: int = 3) -> Path:
    """Frame k (from 1) of 4 x 6 pixels lies at z = 10 k, has the intercept -1000 - k and the window k, 100 k."""
    dataset = tiny_ct()
    per_frame = [
        item(
            PlanePositionSequence=[item(ImagePositionPatient=[0, 0, 10 * k])],
            FrameContentSequence=[item(DimensionIndexValues=[k])],
            PixelValueTransformationSequence=[item(RescaleIntercept=-1000 - k, RescaleSlope=1, RescaleType="HU")],
            FrameVOILUTSequence=[item(WindowCenter=k, WindowWidth=100 * k)],
        )
        for k in range(1, frames + 1)
    ]
    shared = item(
        PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
        PixelMeasuresSequence=[item(PixelSpacing=[0.5, 0.5], SliceThickness=2)],
    )
    for keyword in ("PixelSpacing", "SliceThickness", "ImageOrientationPatient", "ImagePositionPatient"):
        delattr(dataset, keyword)
    for keyword in ("RescaleIntercept", "RescaleSlope", "RescaleType"):
        delattr(dataset, keyword)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = EnhancedCTImageStorage
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = "1.2.9", ""
    dataset.NumberOfFrames = frames
    dataset.PixelData = dataset.PixelData * frames
    dataset.SharedFunctionalGroupsSequence, dataset.PerFrameFunctionalGroupsSequence = [shared], per_frame
    return write_dicom(path, dataset)


@pytest.fixture
def third_frame(tmp_path: Path) -> Reading:
    path = enhanced_ct(tmp_path / "enhanced.dcm")
    return Reading(path, np.zeros((4, 6), np.uint8), WRITTEN, FINDINGS, frame=2, attention=(WORD,))


def test_every_form_names_the_frame(third_frame: Reading) -> None:
    for form in ("sr", "gsps", "map"):
        named = {
            int(dataset.ReferencedFrameNumber)
            for dataset in _items(exported(third_frame, form))
            if "ReferencedFrameNumber" in dataset
        }
        assert named == {3}, form


def test_the_window_and_the_place_are_those_of_the_frame(third_frame: Reading) -> None:
    state = exported(third_frame, "gsps")
    assert (state.RescaleIntercept, state.SoftcopyVOILUTSequence[0].WindowWidth) == (-1003, 300)
    result = exported(third_frame, "map")
    (frame,) = result.PerFrameFunctionalGroupsSequence
    assert frame.PlanePositionSequence[0].ImagePositionPatient == [0, 0, 30]
    assert result.pixel_array.shape == (4, 6)


def test_a_cine_of_an_older_kind_has_a_report_and_a_presentation_state(tmp_path: Path) -> None:
    dataset = tiny_dicom(np.zeros((3, 4, 6), np.uint8), SOPClassUID=UltrasoundMultiFrameImageStorage, Modality="US")
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    path = write_dicom(tmp_path / "cine.dcm", dataset)
    reading = Reading(path, np.zeros((4, 6), np.uint8), WRITTEN, FINDINGS, frame=1, window=Window(128, 256))
    assert {d.ReferencedFrameNumber for d in _items(exported(reading, "sr")) if "ReferencedFrameNumber" in d} == {2}
    (series,) = exported(reading, "gsps").ReferencedSeriesSequence
    assert series.ReferencedImageSequence[0].ReferencedFrameNumber == 2


def _items(dataset: Dataset) -> Iterator[Dataset]:
    for element in dataset:
        if element.VR == "SQ":
            for below in element.value:
                yield below
                yield from _items(below)


# ------------------------------------------------------------------------------------------------ the round trip
def read_again(folder: Path) -> tuple[Finding, ...]:
    (case,) = [entry for entry in read_source("dicom", folder) if isinstance(entry, Case)]
    return case.findings


@pytest.mark.parametrize("form", ["sr", "gsps"])
@pytest.mark.parametrize("kind", ["renal", "cxr", "endoscopy"])
def test_umed_reads_its_own_documents_back_to_the_same_findings(tmp_path: Path, form: ExportForm, kind: str) -> None:
    reading = phantom_reading(tmp_path, kind)
    export_reading(reading, form, tmp_path, "one")
    read = read_again(tmp_path)
    assert [finding.label for finding in read] == [finding.label for finding in reading.reported]
    for found, given_ in zip(read, reading.reported, strict=True):
        box, truth = found.box.pixels(reading.width, reading.height), reading.pixel_box(given_)
        assert corners(box) == pytest.approx(corners(truth), abs=1e-6)


def corners(box: PixelBox) -> tuple[float, float, float, float]:
    return box.x0, box.y0, box.x1, box.y1


@settings(max_examples=12)
@given(data=st.data())
def test_any_box_comes_back_to_the_last_bit_of_a_float32(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    x, y = data.draw(st.floats(0, 0.99)), data.draw(st.floats(0, 0.99))
    w, h = data.draw(st.floats(1e-3, 1 - x)), data.draw(st.floats(1e-3, 1 - y))
    finding = ReadFinding("polyp", NormalizedBox(x, y, w, h), "accepted", MODEL)
    reading = phantom_reading(tmp_path_factory.getbasetemp(), findings=(finding,))
    truth = corners(reading.pixel_box(finding))
    (group,) = groups(exported(reading, "sr"))
    outline = group.roi.value
    assert (*outline[0], *outline[2]) == pytest.approx(truth, rel=FLOAT32, abs=1e-9)
    drawn = exported(reading, "gsps").GraphicAnnotationSequence[0].GraphicObjectSequence[0].GraphicData
    assert (drawn[0], drawn[1], drawn[4], drawn[5]) == (*outline[0], *outline[2])


def test_words_that_break_values_are_carried_and_not_obeyed(tmp_path: Path) -> None:
    odd = replace(MODEL, question="back\\slash \x07 bell", answer="")
    findings = (
        ReadFinding("a\\b=c^d\n" + "x" * 90, NormalizedBox(0, 0, 1, 1), "edited", odd, ("", "two\nlines")),
        ReadFinding("", NormalizedBox(0, 0, 0.5, 0.5), "open", MODEL),
    )
    reading = phantom_reading(tmp_path, findings=findings, reader="O'Neil = X\\Y")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = groups(exported(reading, "sr"))
        exported(reading, "gsps"), exported(reading, "map")
    assert read[0].finding_type.meaning.startswith("A/b=c^d xxx")
    assert texts(read[0][0])["Question"] == "back\\slash  bell"
    assert read[1].finding_type.meaning == UNNAMED.capitalize()


@pytest.mark.timeout(600)  # eighty exports; a busy machine has taken 160 s
@settings(max_examples=20)
@given(data=st.data())
def test_a_damaged_header_ends_in_an_export_or_a_reason(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    reading = phantom_reading(tmp_path_factory.mktemp("damaged"))
    content = bytearray(reading.image.read_bytes())
    pixels = len(content) - reading.pixels.size * 2
    for place in data.draw(st.lists(st.integers(132, pixels - 1), min_size=1, max_size=6)):
        content[place] = data.draw(st.sampled_from([0, 255, ord("x"), ord("\\"), 1]))
    reading.image.write_bytes(content)
    for form in ("json", "sr", "gsps", "map"):
        with suppress(UmedError):
            export_bytes(reading, form)
