"""What a person looks for among the studies, and which of them it is."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self, TypeAlias, get_args

__all__ = ["COLUMNS", "Column", "Listed", "StudyQuery", "fold", "matching", "order", "shown_date"]

Column: TypeAlias = Literal[
    "patient_name", "patient_id", "date", "modalities", "description", "series_count", "image_count", "folder"
]
COLUMNS: tuple[Column, ...] = get_args(Column)

_NUMBERS = ("series_count", "image_count")


@dataclass(frozen=True, slots=True)
class StudyQuery:
    """Every word of `words` must occur, in any field and case, with or without accents. Dates are as DICOM writes them,
    YYYYMMDD or the beginning of it: 2024 is the whole year. `modality` "" is any."""

    words: str = ""
    modality: str = ""
    date_from: str = ""
    date_to: str = ""
    sort: Column = "date"
    descending: bool = True


def fold(text: str) -> str:
    """Text without case, accents and DICOM's separators: `MÜLLER^Zoë=` and `muller zoe` are alike."""
    # Twice: a letter of another style may unfold to a capital. Source: Unicode 3.13, compatibility caseless match.
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.casefold()).casefold())
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(kept.replace("^", " ").replace("=", " ").split())


@dataclass(frozen=True, slots=True)
class Listed:
    """All studies as four lists in the rising order of one column: what a search looks at, and no more.

    It is kept in memory, the words one behind the other there: SQLite takes several times as long to scan 100,000 rows, and
    so do words that lie about (benchmarks/library.py).
    """

    ids: tuple[int, ...]
    folded: tuple[str, ...]
    dates: tuple[str, ...]
    modalities: tuple[str, ...]

    @classmethod
    def of(cls, rows: Sequence[tuple[int, str, str, str]]) -> Self:
        """(id, folded, date, modalities) a study."""
        ids, folded, dates, modalities = tuple(zip(*rows, strict=True)) or ((), (), (), ())
        return cls(ids, _side_by_side(folded), dates, modalities)


def _side_by_side(texts: Sequence[str]) -> tuple[str, ...]:
    """The same texts, made anew in one go, and so neighbours in memory. Folded, they hold no line break."""
    return tuple("\n".join(texts).split("\n")) if texts else ()


def matching(listed: Listed, query: StudyQuery) -> list[int]:
    """Ids of the studies that match, in the order of `listed`, or in the opposite one."""
    places: Sequence[int] = range(len(listed.ids))
    words = fold(query.words).split()
    if words:
        places = [place for place, text in enumerate(listed.folded) if words[0] in text]
    for word in words[1:]:
        places = [place for place in places if word in listed.folded[place]]
    if query.modality:
        places = [place for place in places if query.modality in listed.modalities[place].split()]
    if query.date_from or query.date_to:
        last = query.date_to.ljust(8, "9")  # a study without a date lies in no span
        places = [place for place in places if listed.dates[place] and query.date_from <= listed.dates[place] <= last]
    found = [listed.ids[place] for place in places]
    return found[::-1] if query.descending else found


def order(column: Column) -> str:
    """SQL of a column's order, rising; studies that are alike in it stay in a fixed one."""
    return f"{column}{'' if column in _NUMBERS else ' COLLATE NOCASE'}, id"


def shown_date(date: str) -> str:
    """20240102 -> 2024-01-02; anything else as it is."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdigit() else date
