"""What is to be sent: files judged by content, with what each holds, or without who it is about.

Nothing leaves here. A person is told the node and the count first (`consent_line`), and agrees or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, UID, ImplicitVRLittleEndian

from umed_core.errors import CorruptImage, ImageTooLarge, MissingFile, UmedError, UnsupportedImage
from umed_core.images.dicom_file import DAMAGED, end_of_meta, read_dataset, text_of
from umed_core.images.limits import DecodeLimits
from umed_core.images.sandbox import borrowed_decoder
from umed_core.images.sniff import describe, sniff
from umed_core.pacs.nodes import Node

__all__ = ["Manifest", "Parcel", "consent_line", "look_through", "packed"]

_HEAD_BYTES = 4096
_PREAMBLE = b"\x00" * 128
_BATCH = 32


@dataclass(frozen=True, slots=True)
class Parcel:
    """One DICOM object that can be sent: what it is, and how it is encoded."""

    path: Path
    study_uid: str
    sop_class_uid: str
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The DICOM objects among a person's files and folders, and what cannot be sent, each with its reason."""

    parcels: tuple[Parcel, ...]
    refused: tuple[tuple[Path, UmedError], ...] = ()

    @property
    def studies(self) -> int:
        return len({parcel.study_uid for parcel in self.parcels})


def look_through(paths: Sequence[Path]) -> Manifest:
    """Headers are read by the sandboxed decoder. Raises: MissingFile; UnsupportedImage where nothing can be sent."""
    parcels: list[Parcel] = []
    refused: list[tuple[Path, UmedError]] = []
    candidates: dict[Path, str] = {}
    for path in _files(paths):
        with path.open("rb") as opened:
            head = opened.read(_HEAD_BYTES)
        if sniff(head) == "dicom":
            candidates[path] = _syntax(head)
        else:
            refused.append((path, _no_dicom(path, head)))
    for start in range(0, len(candidates), _BATCH):
        batch = list(candidates)[start : start + _BATCH]
        with borrowed_decoder(DecodeLimits()) as decoder:
            headers = decoder.headers(batch)
        for path, header in zip(batch, headers, strict=True):
            if isinstance(header, UmedError):
                refused.append((path, header))
            elif not header.tags.sop_instance_uid or not header.tags.sop_class_uid:
                refused.append((path, CorruptImage(f"{path} does not say which DICOM object it is.", DAMAGED)))
            else:
                tags = header.tags
                parcels.append(Parcel(path, tags.study_instance_uid, tags.sop_class_uid, candidates[path]))
    if not parcels:
        raise refused[0][1] if refused else MissingFile("There is nothing to send.", "Name DICOM files or folders.")
    return Manifest(tuple(parcels), tuple(refused))


def consent_line(node: Node, manifest: Manifest, deidentify: bool) -> str:
    """What a person agrees to: which node, how many files, and whether names go along."""
    count = len(manifest.parcels)
    files = "1 file" if count == 1 else f"{count} files"
    studies = "1 study" if manifest.studies == 1 else f"{manifest.studies} studies"
    line = f"{files} of {studies} would go to {node.name} ({node.address})"
    if deidentify:
        return (
            f"{line} without names, dates and numbers of patients in their headers (PS3.15 Basic Profile), and with other "
            "UIDs. Text that is burned into the pixels stays."
        )
    return f"{line} as they are, with the patients' names and every other identifier that they hold."


def packed(parcel: Parcel, deidentify: bool) -> Dataset:
    """The object as it is sent, with a complete meta header.

    Raises: InputError and its kinds; UnsupportedImage for one that says names are burned into it, if `deidentify`.
    """
    path, limits = parcel.path, DecodeLimits()
    try:
        if path.stat().st_size > limits.file_bytes:
            raise ImageTooLarge(f"{path} is larger than {limits.file_bytes >> 20} MiB.", "Send it with another tool.")
        data = path.read_bytes()
    except OSError as problem:
        raise MissingFile(f"{path} could not be read: {problem.strerror or problem}.", "Check the path.") from problem
    whole = read_dataset(data, str(path), limits)
    if not deidentify:
        return _complete(whole)
    if text_of(whole, "BurnedInAnnotation").upper() == "YES":
        raise UnsupportedImage(
            f"{path} says that text is burned into its pixels; removing names from its header would not do.",
            "Blank the text with another tool first.",
        )
    from umed_core.images.deidentify import deidentified

    clean, _ = deidentified(whole)
    return _complete(clean)


def _complete(dataset: Dataset) -> Dataset:
    """With an empty preamble (anything may hide in it) and no more in the meta header than how it is encoded."""
    meta = FileMetaDataset()
    meta.FileMetaInformationGroupLength = 0  # pydicom counts
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = UID(text_of(dataset, "SOPClassUID"))
    meta.MediaStorageSOPInstanceUID = UID(text_of(dataset, "SOPInstanceUID"))
    meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    dataset.file_meta = meta
    dataset.preamble = _PREAMBLE
    return dataset


def _syntax(head: bytes) -> str:
    """The transfer syntax that the meta header names; DICOM's default for a file without one."""
    named = end_of_meta(head)[1] if head[128:132] == b"DICM" else ""
    return named or str(ImplicitVRLittleEndian)


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """Files as they are named, folders recursively in sorted order; hidden files inside are left out."""
    for path in paths:
        if not path.exists():
            raise MissingFile(f"{path} does not exist.", "Check the path.")
        if path.is_file():
            yield path
            continue
        for inside in sorted(path.rglob("*")):
            is_hidden = any(part.startswith(".") for part in inside.relative_to(path).parts)
            if inside.is_file() and not is_hidden:
                yield inside


def _no_dicom(path: Path, head: bytes) -> UnsupportedImage:
    kind = sniff(head)
    what = {"raster": "a picture", "nifti": "a NIfTI volume"}.get(kind) or describe(head)
    return UnsupportedImage(f"{path} is no DICOM object: it is {what}.", "Export it as DICOM (SR, GSPS or map) first.")
