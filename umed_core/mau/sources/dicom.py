"""DICOM: a folder of images with structured reports or presentation states that refer to them by SOP Instance UID.

The class is the finding's code meaning (report) or the text beside the graphic (presentation state); the patient is PatientID.
Of an image of several frames, each frame that is drawn on is a Case; a graphic that names no frame is on all of them (PS3.3
C.17.5.1), which nobody has looked at one by one, and is refused. An image that nothing refers to is refused too: no report says
that it is normal. Every file is read in the limited child process.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from umed_core.errors import DataError, InputError, NoImages
from umed_core.images.limits import DecodeLimits
from umed_core.images.sandbox import borrowed_decoder
from umed_core.images.wire import FileHeader
from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources.dicom_shapes import DicomMark
from umed_core.mau.sources.files import list_files, read_headers
from umed_core.mau.sources.marks import Mark, Unusable, box_from_pixels, settle
from umed_core.records import Finding

__all__ = ["LAYOUT", "read_dicom"]

LAYOUT = (
    "a folder of DICOM images with structured reports (SR) or presentation states (PR) that refer to them; of an image of"
    " several frames, each frame that is drawn on is a case"
)

_DOCUMENT_LIMITS = DecodeLimits(file_bytes=64 << 20, inflated_bytes=256 << 20)
_AT_ONCE = 64
"""Headers that are asked for in one go."""

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
        yield from _cases(folder, image, drawn)


def _sort(folder: Path) -> _Contents:
    contents = _Contents({}, [], [])
    keys = list_files(folder)
    for key, header in zip(keys, _headers(folder, keys), strict=True):
        if isinstance(header, str):
            contents.refused.append(RefusedRow(0, key, header))
        elif header.kind != "dicom":
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


def _headers(folder: Path, keys: list[str]) -> Iterator[FileHeader | str]:
    for start in range(0, len(keys), _AT_ONCE):
        yield from read_headers([folder / key for key in keys[start : start + _AT_ONCE]])


def _add_image(contents: _Contents, key: str, header: FileHeader) -> None:
    uid = header.tags.sop_instance_uid
    if not uid or uid in contents.images:
        reason = f"the same SOP Instance UID as {contents.images[uid].key!r}" if uid else "no SOP Instance UID"
        contents.refused.append(RefusedRow(0, key, reason))
        return
    group = header.tags.patient_id or header.tags.study_instance_uid or key
    contents.images[uid] = _Image(key, header.columns, header.rows, header.frame_count, group, _modality(header))


def _modality(header: FileHeader) -> str:
    if header.modality in _X_RAYS:
        return "chest X-ray" if header.tags.body_part_examined.upper() in _CHEST else "X-ray"
    return _MODALITY_WORDS.get(header.modality, "")


def _document_marks(folder: Path, key: str, modality: str) -> Iterator[DicomMark | RefusedRow]:
    from pydicom.dataset import Dataset

    from umed_core.mau.sources.dicom_presentation import presentation_marks
    from umed_core.mau.sources.dicom_report import report_marks

    try:
        with borrowed_decoder(_DOCUMENT_LIMITS) as decoder:
            written = decoder.document(folder / key)
    except InputError:
        yield RefusedRow(0, key, "a report or presentation state that is damaged or too large")
        return
    # pydicom warns of odd values that the marks below refuse, each with its reason.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = report_marks if modality == "SR" else presentation_marks
        found = list(read(Dataset.from_json(written), key))
    yield from found or [RefusedRow(0, key, "no region in this document")]


def _cases(folder: Path, image: _Image, drawn: list[DicomMark]) -> Iterator[Case | RefusedRow]:
    """One case of a single image; of several frames, one of each that is drawn on."""
    blank = Case(image.key, folder / image.key, (), image.group, image.modality)
    if image.frame_count == 1:
        yield from settle(blank, (_settled(mark, image, 1) for mark in drawn))
        return
    by_frame: dict[int, list[DicomMark]] = {}
    for mark in drawn:
        if not mark.frames:
            yield _refused(mark, image, f"drawn on all of {image.frame_count} frames: name those that show the finding")
        for number in dict.fromkeys(mark.frames):
            by_frame.setdefault(number, []).append(mark)
    for number, marks in sorted(by_frame.items()):
        frame = replace(blank, key=f"{image.key}#{number}", frame=number - 1)
        yield from settle(frame, (_settled(mark, image, number) for mark in marks))


def _settled(mark: DicomMark, image: _Image, number: int) -> Mark | RefusedRow:
    """The mark on frame `number`, which counts from 1."""
    try:
        if mark.frames and number not in mark.frames:
            raise Unusable(f"drawn on frame {mark.frames[0]} of a single image")
        if not 1 <= number <= image.frame_count:
            raise Unusable(f"drawn on frame {number} of {image.frame_count}")
        box = mark.box
        return Mark(
            0, Finding(mark.label, box_from_pixels(box.x0, box.y0, box.x1, box.y1, (image.columns, image.rows)))
        )
    except Unusable as problem:
        return _refused(mark, image, problem.reason)


def _refused(mark: DicomMark, image: _Image, reason: str) -> RefusedRow:
    return RefusedRow(0, image.key, f"in {mark.document!r}: {reason}")
