"""C-ECHO and C-FIND: is the node there, and what does it hold?

Source: PS3.4 Annexes A (Verification) and C.4.1 (Study Root).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pynetdicom import build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelFind as StudyRootFind,
)
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from umed_core.errors import NodeError
from umed_core.images.dicom_file import text_of
from umed_core.pacs.association import PENDING, SUCCESS, Talk, associated, failure_of
from umed_core.pacs.guard import Guard
from umed_core.pacs.nodes import DicomNode
from umed_core.pacs.query import (
    SERIES_KEYWORDS,
    STUDY_KEYWORDS,
    SeriesRow,
    StudyQuery,
    StudyRow,
    check_uid,
    series_row,
    study_row,
)

__all__ = ["StudyRootFind", "c_echo", "c_find_series", "c_find_studies", "classes_in_study"]


def c_echo(node: DicomNode, guard: Guard) -> None:
    """Raises: NodeError and its kinds where the node does not answer that it is there."""
    with associated(node, guard, [build_context(Verification)]) as talk:
        status = talk.assoc.send_c_echo()
        if not status:
            raise talk.lost()
        if status.Status != SUCCESS:
            raise failure_of(node, "C-ECHO", status.Status)


def c_find_studies(node: DicomNode, guard: Guard, query: StudyQuery) -> tuple[StudyRow, ...]:
    """At most `query.limit` studies. Raises: ConfigError; NodeError and its kinds."""
    rows = _find(node, guard, "STUDY", query.keys(), STUDY_KEYWORDS, query.limit)
    return tuple(study_row(text) for text in rows)


def c_find_series(node: DicomNode, guard: Guard, study_uid: str, limit: int = 1000) -> tuple[SeriesRow, ...]:
    """The series of one study. Raises: ConfigError; NodeError and its kinds."""
    keys = {"StudyInstanceUID": check_uid(study_uid)}
    return tuple(series_row(text) for text in _find(node, guard, "SERIES", keys, SERIES_KEYWORDS, limit))


def classes_in_study(talk: Talk, study_uid: str) -> tuple[str, ...]:
    """SOP class UIDs that the study holds; empty where the node does not tell. Raises: NodeError and its kinds."""
    identifier = _identifier("STUDY", {"StudyInstanceUID": study_uid}, ("StudyInstanceUID", "SOPClassesInStudy"))
    found: set[str] = set()
    try:
        for text in _answers(talk, identifier):
            found |= {uid.strip() for uid in text("SOPClassesInStudy").split("\\") if uid.strip()}
    except NodeError:
        if not talk.assoc.is_established:
            raise
    return tuple(sorted(found))


def _find(
    node: DicomNode, guard: Guard, level: str, keys: dict[str, str], wanted: tuple[str, ...], limit: int
) -> list[Callable[[str], str]]:
    rows: list[Callable[[str], str]] = []
    with associated(node, guard, [build_context(StudyRootFind)]) as talk:
        for text in _answers(talk, _identifier(level, keys, wanted)):
            rows.append(text)
            if len(rows) >= limit:
                talk.assoc.abort()  # a node may go on for long after a C-CANCEL
                break
    return rows


def _identifier(level: str, keys: dict[str, str], wanted: tuple[str, ...]) -> Dataset:
    identifier = Dataset()
    identifier.SpecificCharacterSet = "ISO_IR 192"
    identifier.QueryRetrieveLevel = level
    for keyword in wanted:
        setattr(identifier, keyword, None)
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return identifier


def _answers(talk: Talk, identifier: Dataset) -> Iterator[Callable[[str], str]]:
    """For each match, what gives the text of its keywords."""
    talk.waiting()
    for status, match in talk.assoc.send_c_find(identifier, StudyRootFind):
        if not status:
            raise talk.lost()
        if status.Status in PENDING:
            talk.waiting()
            if match is not None:
                yield _reader(match)
        elif status.Status != SUCCESS:
            raise failure_of(talk.node, "C-FIND", status.Status)


def _reader(match: Dataset) -> Callable[[str], str]:
    def text(keyword: str) -> str:
        try:
            value = match.get(keyword)
        except (BytesLengthException, ValueError, LookupError, AttributeError, TypeError):
            return ""
        if type(value).__name__ == "MultiValue":
            return "\\".join(str(part) for part in value)
        return text_of(match, keyword)

    return text
