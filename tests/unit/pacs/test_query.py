"""What a search sends, and what a row keeps of an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.errors import ConfigError
from umed_core.pacs.query import StudyQuery, check_uid, series_row, study_row


def test_only_what_was_asked_for_is_sent():
    assert StudyQuery().keys() == {}
    query = StudyQuery(patient_name="Doe*", date_from="20240101", modality="CT")
    assert query.keys() == {"PatientName": "Doe*", "StudyDate": "20240101-", "ModalitiesInStudy": "CT"}
    assert StudyQuery(date_to="20240131").keys() == {"StudyDate": "-20240131"}
    assert StudyQuery(date_from="20240101", date_to="20240131").keys() == {"StudyDate": "20240101-20240131"}


@pytest.mark.parametrize(
    "query",
    [
        StudyQuery(date_from="2024"),
        StudyQuery(date_from="20241301"),
        StudyQuery(date_from="20240201", date_to="20240101"),
        StudyQuery(modality="ct scan"),
        StudyQuery(patient_name="a\\b"),
        StudyQuery(patient_id="a\nb"),
        StudyQuery(study_uid="1.2.*"),
    ],
)
def test_what_cannot_match_is_said(query: StudyQuery):
    with pytest.raises(ConfigError):
        query.keys()


@pytest.mark.parametrize("uid", ["", "*", "1.2.?", "1.2\\3.4", "../1", "1..2", "1" * 65, "1.2\n"])
def test_a_wildcard_is_no_uid(uid: str):
    """In a retrieval it would fetch other people's studies, and in an address it would lead elsewhere."""
    with pytest.raises(ConfigError, match="is no UID"):
        check_uid(uid)


def test_a_uid_is_one():
    assert check_uid("1.2.840.10008.1") == "1.2.840.10008.1"


@given(st.dictionaries(st.sampled_from(["PatientName", "NumberOfStudyRelatedInstances", "StudyDate"]), st.text()))
def test_a_row_is_short_and_printable_whatever_the_node_says(said: dict[str, str]):
    row = study_row(lambda keyword: said.get(keyword, ""))
    assert row.patient_name.isprintable() and len(row.patient_name) <= 256
    assert row.instances >= -1


def test_counts_that_are_missing_are_minus_one():
    said = {"SeriesInstanceUID": "1.2", "NumberOfSeriesRelatedInstances": "12"}
    assert series_row(lambda keyword: said.get(keyword, "")).instances == 12
    assert series_row(lambda keyword: "").instances == -1
