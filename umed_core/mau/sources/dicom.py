"""DICOM: a folder of images with structured reports or presentation states that refer to them by SOP Instance UID.

The class is the finding's code meaning (report) or the text beside the graphic (presentation state); the patient is PatientID.
A Case is one file, so a graphic on one frame of several is refused. An image that nothing refers to is refused too: no report
says that it is normal.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from umed_core.errors import DataError, InputError, NoImages
from umed_core.images.headers import read_header
from umed_core.images.limits import DecodeLimits
from umed_core.images.wire import FileHeader
from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources.dicom_shapes import DicomMark
from umed_core.mau.sources.files import list_files, read_bounded
from umed_core.mau.sources.marks import Mark, Unusable, box_from_pixels, settle
from umed_core.records import Finding

__all__ = ["LAYOUT", "read_dicom"]

LAYOUT = "a folder of DICOM images with structured reports (SR) or presentation states (PR) that refer to them"

MAX_DOCUMENT_BYTES = 64 << 20

_MODALITY_WORDS = {"CT": "CT", "MR": "MR", "US": "ultrasound", "ES": "endoscopy", "MG": "mammography"}
_X_RAYS = ("CR", "DX", "RG", "XR")
_CHEST = ("CHEST", "LUNG", "THORAX")


@dataclass(frozen=True, slots=True)
class _Image:
    key: str
    columns: int
    rows: int
    frame_count: int
    group: str
    modality: str


@dataclass(frozen=True, slots=True)
class _Contents:
    """What a folder holds: images by SOP Instance UID, documents by kind, and what is neither."""

    images: dict[str, _Image]
    documents: list[tuple[str, str]]
    refused: list[RefusedRow]


def read_dicom(folder: Path) -> Iterator[Case | RefusedRow]:
    """Images in the order of their paths. Raises: MissingFile; NoImages."""
    contents = _sort(folder)
    if not contents.images:
        raise NoImages(f"{folder} holds no DICOM image.", f"Expected: {LAYOUT}.")
    if not contents.documents:
        raise DataError(f"{folder} holds no structured report and no presentation state.", f"Expected: {LAYOUT}.")
    yield from contents.refused
    marks: dict[str, list[DicomMark]] = {}
    for key, modality in contents.documents:
        for mark in _document_marks(folder, key, modality):
            if isinstance(mark, RefusedRow):
                yield mark
            elif mark.sop_instance_uid not in contents.images:
                yield RefusedRow(0, key, "a graphic on an image that is not in the folder")
            else:
                marks.setdefault(mark.sop_instance_uid, []).append(mark)
    for uid, image in contents.images.items():
        drawn = marks.get(uid, [])
        if not drawn:
            yield RefusedRow(0, image.key, "no report or presentation state draws on this image")
            continue
        blank = Case(image.key, folder / image.key, (), image.group, image.modality)
        yield from settle(blank, (_settled(mark, image) for mark in drawn))


def _sort(folder: Path) -> _Contents:
    contents = _Contents({}, [], [])
    for key in list_files(folder):
        try:
            header = read_header(folder / key, DecodeLimits())
        except InputError as problem:
            contents.refused.append(RefusedRow(0, key, problem.message))
            continue
        if header.kind != "dicom":
            contents.refused.append(RefusedRow(0, key, "no DICOM file"))
        elif header.object_name == "DICOMDIR":
            continue
        elif header.has_pixels:
            _add_image(contents, key, header)
        elif header.modality in ("SR", "PR"):
            contents.documents.append((key, header.modality))
        else:
            name = header.object_name or header.modality or "DICOM object of unknown kind"
            contents.refused.append(RefusedRow(0, key, f"a {name}, which holds no region that is read"))
    return contents


def _add_image(contents: _Contents, key: str, header: FileHeader) -> None:
    uid = header.tags.sop_instance_uid
    if not uid or uid in contents.images:
        reason = f"the same SOP Instance UID as {contents.images[uid].key}" if uid else "no SOP Instance UID"
        contents.refused.append(RefusedRow(0, key, reason))
        return
    group = header.tags.patient_id or header.tags.study_instance_uid or key
    contents.images[uid] = _Image(key, header.columns, header.rows, header.frame_count, group, _modality(header))


def _modality(header: FileHeader) -> str:
    if header.modality in _X_RAYS:
        return "chest X-ray" if header.tags.body_part_examined.upper() in _CHEST else "X-ray"
    return _MODALITY_WORDS.get(header.modality, "")


def _document_marks(folder: Path, key: str, modality: str) -> Iterator[DicomMark | RefusedRow]:
    from umed_core.images.dicom_file import read_dataset
    from umed_core.mau.sources.dicom_presentation import presentation_marks
    from umed_core.mau.sources.dicom_report import report_marks

    try:
        # pydicom warns of odd values that the marks below refuse, each with its reason.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = read_dataset(read_bounded(folder / key, MAX_DOCUMENT_BYTES), key, DecodeLimits())
            read = report_marks if modality == "SR" else presentation_marks
            found = list(read(dataset, key))
    except (InputError, DataError) as problem:
        yield RefusedRow(0, key, problem.message)
        return
    yield from found or [RefusedRow(0, key, "no region in this document")]


def _settled(mark: DicomMark, image: _Image) -> Mark | RefusedRow:
    try:
        if image.frame_count > 1:
            which = ", ".join(str(number) for number in mark.frames) or "all"
            raise Unusable(f"drawn on frame {which} of {image.frame_count}: store that frame as a file of its own")
        if any(number != 1 for number in mark.frames):
            raise Unusable(f"drawn on frame {mark.frames[0]} of a single image")
        box = mark.box
        return Mark(
            0, Finding(mark.label, box_from_pixels(box.x0, box.y0, box.x1, box.y1, (image.columns, image.rows)))
        )
    except Unusable as problem:
        return RefusedRow(0, image.key, f"{mark.document}: {problem.reason}")
