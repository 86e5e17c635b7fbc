"""What is looked for: folded words, dates and their beginnings, a modality, an order."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.library.shelves import file_of, names
from umed_core.images.medical_image import StudyTags
from umed_core.images.wire import FileHeader
from umed_core.library.index import StudyIndex
from umed_core.library.search import COLUMNS, StudyQuery, fold, shown_date

PEOPLE = (
    # name, number, date, modality, description
    ("MÜLLER^Zoë", "A-1", "20240102", "CT", "Thorax 100%"),
    ("Yamada^Tarou=山田^太郎", "A-2", "20240531", "MR", "Knee_left"),
    ("O'Hara^Scarlett", "B-3", "20231231", "CR", "Chest"),
    ("", "C-4", "", "CT", "Unnamed"),
)


@pytest.fixture
def index(tmp_path: Path):
    with StudyIndex(tmp_path / "library.db") as made:
        headers = [header_of(number, *person) for number, person in enumerate(PEOPLE)]
        made.store(Path("/data"), True, [file_of(header) for header in headers])
        yield made


def header_of(number: int, name: str, patient: str, date: str, modality: str, description: str) -> FileHeader:
    tags = StudyTags(
        patient_name=name,
        patient_id=patient,
        study_date=date,
        study_description=description,
        study_instance_uid=f"1.{number}",
        series_instance_uid=f"1.{number}.1",
    )
    return FileHeader(f"/data/{number}.dcm", "dicom", modality=modality, rows=4, columns=6, tags=tags)


def test_accents_case_and_carets_are_folded_away() -> None:
    assert fold("MÜLLER^Zoë=") == "muller zoe"
    assert fold("Straße") == "strasse"


@given(st.text())
def test_what_is_folded_stays_so(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("muller", {0}),
        ("zoe MÜL", {0}),  # every word, in any order, the beginning or the middle of one
        ("山田", {1}),
        ("a-", {0, 1}),
        ("2024-01-02", {0}),
        ("202401", {0}),
        ("100%", {0}),
        ("knee_", {1}),
        ("%", {0}),  # a letter, and no wildcard
        ("_", {1}),
        ("muller chest", set()),
        ("", {0, 1, 2, 3}),
    ],
)
def test_every_word_must_occur_somewhere(index: StudyIndex, words: str, found: set[int]) -> None:
    assert names(index, words) == sorted(PEOPLE[number][0] for number in found)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"modality": "CT"}, {0, 3}),
        ({"modality": "C"}, set()),
        ({"date_from": "2024"}, {0, 1}),
        ({"date_to": "2023"}, {2}),  # a study without a date is in no span
        ({"date_from": "20240101", "date_to": "202401"}, {0}),
        ({"date_from": "20240102", "date_to": "20240102"}, {0}),
    ],
)
def test_dates_may_be_begun_only(index: StudyIndex, query: dict[str, str], found: set[int]) -> None:
    assert names(index, **query) == sorted(PEOPLE[number][0] for number in found)


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_sorts_both_ways(index: StudyIndex, column: str) -> None:
    up = [getattr(s, column) for s in index.search(StudyQuery(sort=column, descending=False)).studies]
    down = [getattr(s, column) for s in index.search(StudyQuery(sort=column, descending=True)).studies]
    folded = [value.lower() if isinstance(value, str) else value for value in up]
    assert folded == sorted(folded)
    assert down == up[::-1]


def test_an_answer_comes_in_pages(index: StudyIndex) -> None:
    query = StudyQuery(sort="patient_id", descending=False)
    first, rest = index.search(query, limit=3), index.search(query, limit=3, skip=3)
    assert [s.patient_id for s in (*first.studies, *rest.studies)] == ["A-1", "A-2", "B-3", "C-4"]
    assert first.total == rest.total == 4


def test_modalities_are_those_that_occur(index: StudyIndex) -> None:
    assert index.modalities() == ("CR", "CT", "MR")


def test_a_date_is_shown_with_dashes() -> None:
    assert shown_date("20240102") == "2024-01-02"
    assert shown_date("2024") == "2024"
