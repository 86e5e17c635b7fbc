"""What is asked of an archive, and what it answers: studies and series, as plain text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from umed_core.errors import ConfigError

__all__ = [
    "SERIES_KEYWORDS",
    "STUDY_KEYWORDS",
    "SeriesRow",
    "StudyQuery",
    "StudyRow",
    "check_uid",
    "series_row",
    "study_row",
]

STUDY_KEYWORDS = (
    "StudyInstanceUID",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "StudyDate",
    "StudyDescription",
    "AccessionNumber",
    "ModalitiesInStudy",
    "NumberOfStudyRelatedSeries",
    "NumberOfStudyRelatedInstances",
)
SERIES_KEYWORDS = (
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "Modality",
    "SeriesDescription",
    "NumberOfSeriesRelatedInstances",
)
_GREATEST_TEXT = 256
"""Characters of a value that are kept: a row is for a table, and a node may send anything."""


@dataclass(frozen=True, slots=True)
class StudyQuery:
    """Empty fields match everything; * and ? stand for any characters. Dates are YYYYMMDD, each end may be open.

    `modality` is a code such as CT; `limit` the most rows to take.
    """

    patient_name: str = ""
    patient_id: str = ""
    date_from: str = ""
    date_to: str = ""
    modality: str = ""
    accession_number: str = ""
    study_uid: str = ""
    limit: int = 200

    def keys(self) -> dict[str, str]:
        """DICOM keyword -> what to match, less those that match everything. Raises: ConfigError for what cannot match."""
        for date in (self.date_from, self.date_to):
            if date and not re.fullmatch(r"[12]\d{3}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", date):
                raise ConfigError(f"{date} is no date.", "Write it as YYYYMMDD.")
        if self.date_from and self.date_to and self.date_from > self.date_to:
            raise ConfigError(f"{self.date_from} is after {self.date_to}.", "Give the earlier date first.")
        if self.modality and not re.fullmatch(r"[A-Z0-9]{1,16}", self.modality):
            raise ConfigError(f"{self.modality} is no modality.", "It is a code such as CT, MR, CR, DX or US.")
        if self.study_uid:
            check_uid(self.study_uid)
        between = f"{self.date_from}-{self.date_to}" if self.date_from or self.date_to else ""
        keys = {
            "PatientName": self.patient_name,
            "PatientID": self.patient_id,
            "StudyDate": between,
            "ModalitiesInStudy": self.modality,
            "AccessionNumber": self.accession_number,
            "StudyInstanceUID": self.study_uid,
        }
        if any("\\" in value or not value.isprintable() for value in keys.values()):
            raise ConfigError("A search cannot hold a backslash or a control character.", "Leave it out.")
        return {keyword: value.strip() for keyword, value in keys.items() if value.strip()}


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One study that matched; `series` and `instances` are -1 where the node does not count them."""

    study_uid: str
    patient_name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    date: str = ""
    description: str = ""
    accession_number: str = ""
    modalities: str = ""
    series: int = -1
    instances: int = -1


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One series of a study; `instances` is -1 where the node does not count them."""

    study_uid: str
    series_uid: str
    number: str = ""
    modality: str = ""
    description: str = ""
    instances: int = -1


def study_row(text: Callable[[str], str]) -> StudyRow:
    """`text` gives the value of a DICOM keyword, "" where there is none."""
    return StudyRow(
        study_uid=text("StudyInstanceUID"),
        patient_name=_shown(text("PatientName")),
        patient_id=_shown(text("PatientID")),
        birth_date=_shown(text("PatientBirthDate")),
        date=_shown(text("StudyDate")),
        description=_shown(text("StudyDescription")),
        accession_number=_shown(text("AccessionNumber")),
        modalities=_shown(text("ModalitiesInStudy")),
        series=_count(text("NumberOfStudyRelatedSeries")),
        instances=_count(text("NumberOfStudyRelatedInstances")),
    )


def series_row(text: Callable[[str], str]) -> SeriesRow:
    """As `study_row`."""
    return SeriesRow(
        study_uid=text("StudyInstanceUID"),
        series_uid=text("SeriesInstanceUID"),
        number=_shown(text("SeriesNumber")),
        modality=_shown(text("Modality")),
        description=_shown(text("SeriesDescription")),
        instances=_count(text("NumberOfSeriesRelatedInstances")),
    )


def check_uid(uid: str) -> str:
    """`uid` itself. Raises: ConfigError where it is none: a wildcard in its place would fetch other people's studies."""
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)*", uid) or len(uid) > 64:
        raise ConfigError(f"{uid[:80]!r} is no UID.", "Take it from the list that umed pacs find prints.")
    return uid


def _shown(value: str) -> str:
    return "".join(c if c.isprintable() else " " for c in value[:_GREATEST_TEXT]).strip()


def _count(value: str) -> int:
    return int(value) if re.fullmatch(r"\d{1,9}", value.strip()) else -1
