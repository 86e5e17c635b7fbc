"""A DICOM dataset without its identifiers: PS3.15 Annex E, Basic Application Level Confidentiality Profile.

The table of attributes (E.1-1, edition 2026c) comes from Kitware's `dicom-anonymizer`. Its own program is not used: it
leaves nested items alone, puts dummy dates where the table says "remove" and draws UIDs that differ from run to run.

    X    removed
    Z    emptied
    D    replaced by a dummy of the same VR
    U    replaced by a keyed hash: equal UIDs stay equal, so references still hold

Where the table leaves a choice to the object's definition ("X/Z/D"), the one is taken that keeps any object well formed.
Beyond the table go private and unknown elements, and every date, time, age, person name, network address or long text
that the table does not list.
"""

from __future__ import annotations

import copy
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement, empty_value_for_VR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.uid import UID

from umed_core.errors import ConfigError
from umed_core.images.dicom_file import DICOM_FAILURES

__all__ = ["PRIVATE", "UNKNOWN", "UNREADABLE", "deidentified", "replaced_uid", "telling_keywords"]

Action: TypeAlias = Literal["X", "Z", "D", "U"]

PRIVATE = "private elements"
UNKNOWN = "unknown elements"
UNREADABLE = "unreadable elements"
"""What stands in the list of keywords for elements that have none of their own."""

_ACTION_OF: Mapping[str, Action] = {
    "D_TAGS": "D",
    "Z_TAGS": "Z",
    "X_TAGS": "X",
    "U_TAGS": "U",
    "Z_D_TAGS": "D",
    "X_Z_TAGS": "Z",
    "X_D_TAGS": "D",
    "X_Z_D_TAGS": "D",
    "X_Z_U_STAR_TAGS": "U",
}
_TELLING_VRS = frozenset(("AE", "AS", "DA", "DT", "LT", "PN", "ST", "TM", "UC", "UN", "UR", "UT"))
_DUMMY_TEXT = "ANONYMIZED"
_DUMMIES: Mapping[str, object] = {
    **dict.fromkeys(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"), _DUMMY_TEXT),
    **dict.fromkeys(("DS", "IS"), "0"),
    **dict.fromkeys(("FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"), 0),
    "AS": "000Y",
    "DA": "19000101",
    "DT": "19000101000000",
    "TM": "000000",
    "UR": "http://anonymized.invalid",
}
_KEPT_META = ("TransferSyntaxUID", "MediaStorageSOPClassUID")
_SESSION_KEY = secrets.token_bytes(32)


@dataclass(frozen=True, slots=True)
class _Table:
    """Actions by tag, and for repeating groups (overlays, curves) by tag and mask."""

    single: Mapping[int, Action]
    repeating: tuple[tuple[int, int, Action], ...]

    def action(self, tag: BaseTag) -> Action | None:
        found = self.single.get(int(tag))
        if found is not None:
            return found
        return next((action for value, mask, action in self.repeating if tag & mask == value & mask), None)


def deidentified(dataset: Dataset, key: bytes = _SESSION_KEY) -> tuple[Dataset, tuple[str, ...]]:
    """A new dataset after the profile, and the keywords that it acted on, sorted; pixels pass unchanged.

    The same `key` gives the same UIDs; without one they are the same within this process only, and nobody can redo them.
    Text that is burned into the pixels stays there: see `mau.privacy`.
    Raises: ConfigError where `dicom-anonymizer` is not installed.
    Source: PS3.15 E.1.1, E.2, E.3.
    """
    table = _profile_table()
    acted: set[str] = set()
    clean = _cleaned(dataset, table, key, acted)
    _state_what_was_done(clean)
    meta = getattr(dataset, "file_meta", None)
    if meta is not None:
        clean.file_meta = _clean_meta(meta, clean)
    return clean, tuple(sorted(acted))


def telling_keywords(dataset: Dataset) -> tuple[str, ...]:
    """Keywords on the top level that the profile would act on, sorted, judged by their tags; no value is converted.

    For a caller who drops the whole header and reports what was in it: pydicom warns of an odd value by quoting it.
    Raises: ConfigError where `dicom-anonymizer` is not installed.
    """
    table = _profile_table()
    found: set[str] = set()
    for tag in dataset.keys():  # noqa: SIM118 - as in _cleaned
        if tag.is_private:
            found.add(PRIVATE)
        elif not dictionary_has_tag(tag):
            found.add(UNKNOWN)
        elif table.action(tag) or dictionary_VR(tag) in _TELLING_VRS:
            found.add(keyword_for_tag(tag) or UNKNOWN)
    return tuple(sorted(found))


def replaced_uid(uid: str, key: bytes) -> UID:
    """The UID that stands for `uid` under `key`, in the form that PS3.5 B.2 derives from 128 bits."""
    digest = hashlib.blake2b(uid.encode(), key=key[:64], digest_size=16).digest()
    return UID(f"2.25.{int.from_bytes(digest, 'big')}")


@cache
def _profile_table() -> _Table:
    try:
        from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as profile
    except ImportError as problem:
        raise ConfigError(
            "The DICOM confidentiality profile needs the package dicom-anonymizer.", 'Run: pip install "umed[mau]".'
        ) from problem
    single: dict[int, Action] = {}
    repeating: list[tuple[int, int, Action]] = []
    for name, action in _ACTION_OF.items():
        for group, element, *mask in getattr(profile, name):
            tag = group << 16 | element
            if mask:
                repeating.append((tag, mask[0] << 16 | mask[1], action))
            else:
                single[tag] = action
    return _Table(single, tuple(repeating))


def _cleaned(dataset: Dataset, table: _Table, key: bytes, acted: set[str]) -> Dataset:
    clean = Dataset()
    for tag in dataset.keys():  # noqa: SIM118 - iterating a Dataset itself converts elements, and a damaged one raises
        if tag.is_private:
            acted.add(PRIVATE)
            continue
        try:
            element = dataset[tag]
            kept = _kept(element, table, key, acted)
        except DICOM_FAILURES:
            acted.add(UNREADABLE)  # what cannot be read cannot be judged
            continue
        if kept is not None:
            clean.add(kept)
    return clean


def _kept(element: DataElement, table: _Table, key: bytes, acted: set[str]) -> DataElement | None:
    """What stays of an element; None where it goes."""
    if not dictionary_has_tag(element.tag):
        acted.add(UNKNOWN)
        return None
    action = table.action(element.tag)
    if action is None and element.VR in _TELLING_VRS:
        action = "X"
    if action is None or (action == "U" and element.VR == "SQ"):
        return _with_clean_items(element, table, key, acted) if element.VR == "SQ" else copy.copy(element)
    if element.is_empty and action != "X":
        return copy.copy(element)
    if action == "X":
        acted.add(keyword_for_tag(element.tag) or UNKNOWN)
        return None
    value = _replacement(element, action, key)
    if value != element.value:
        acted.add(keyword_for_tag(element.tag) or UNKNOWN)
    return DataElement(element.tag, element.VR, value)


def _replacement(element: DataElement, action: Action, key: bytes) -> object:
    if element.VR == "UI" and action != "Z":
        several = isinstance(element.value, MultiValue)
        return [replaced_uid(uid, key) for uid in element.value] if several else replaced_uid(element.value, key)
    if element.VR == "SQ":
        return Sequence() if action == "Z" else Sequence([Dataset()])
    if action == "Z":
        return empty_value_for_VR(element.VR)
    return _DUMMIES.get(element.VR, b"\x00\x00")


def _with_clean_items(element: DataElement, table: _Table, key: bytes, acted: set[str]) -> DataElement:
    items = [_cleaned(item, table, key, acted) for item in element.value]
    return DataElement(element.tag, "SQ", Sequence(items))


def _state_what_was_done(clean: Dataset) -> None:
    """Source: PS3.15 E.1.1 step 6; PS3.3 C.7.1.1 and C.12.1.1; CID 7050."""
    code = Dataset()
    code.CodeValue = "113100"
    code.CodingSchemeDesignator = "DCM"
    code.CodeMeaning = "Basic Application Confidentiality Profile"
    clean.PatientIdentityRemoved = "YES"
    clean.DeidentificationMethod = "umed: PS3.15 E Basic Profile, 2026c"
    clean.DeidentificationMethodCodeSequence = Sequence([code])
    clean.LongitudinalTemporalInformationModified = "REMOVED"


def _clean_meta(meta: Dataset, clean: Dataset) -> FileMetaDataset:
    """How the file is encoded, and nothing of who sent it; the preamble is not carried over."""
    kept = FileMetaDataset()
    for keyword in _KEPT_META:
        if keyword in meta:
            setattr(kept, keyword, meta[keyword].value)
    if "SOPInstanceUID" in clean:
        kept.MediaStorageSOPInstanceUID = clean.SOPInstanceUID
    return kept
