"""Codes of findings: standard terms where they mean the same, else umed's own; each reads back as the class."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.sr._concepts_dict import concepts

from umed_core.exporting.codes import Term, finding_term, own_term, short_text
from umed_core.exporting.reading import UNNAMED
from umed_core.mau.box_sets import label_from_class
from umed_core.mau.knowledge import CLASSES

IN_THE_STANDARD = {
    "edema": "Edema",
    "fibrosis": "Fibrosis",
    "ground glass opacity": "Ground glass opacity",
    "infiltration": "Infiltrate",
    "mass": "Mass",
    "nodule": "Nodule",
    "pleural effusion": "Pleural effusion",
    "pneumothorax": "Pneumothorax",
}
"""Classes whose code DICOM itself lists (PS3.16), with the meaning that it gives there."""


@pytest.mark.parametrize(("label", "meaning"), IN_THE_STANDARD.items())
def test_a_code_that_the_standard_lists_is_the_standards(label: str, meaning: str) -> None:
    """Second opinion: pydicom's copy of the dictionary of PS3.16."""
    term = finding_term(label)
    meanings = [entry[term.value][0] for entry in concepts[term.scheme].values() if term.value in entry]
    assert meaning in meanings


def test_codes_known_by_heart() -> None:
    assert finding_term("kidney stone") == Term("95570007", "SCT", "Kidney stone")
    assert finding_term("pneumonia") == Term("233604007", "SCT", "Pneumonia")
    assert finding_term("hernia") == Term("HERNIA", "99UMED", "Hernia")


def test_every_class_reads_back_as_itself_and_no_two_share_a_code() -> None:
    terms = [finding_term(label) for label in CLASSES]
    assert [label_from_class(term.meaning) for term in terms] == list(CLASSES)
    assert len({(term.scheme, term.value) for term in terms}) == len(CLASSES)


def test_words_too_long_for_a_code_are_told_apart() -> None:
    left, right = own_term("nodule of the upper left lobe"), own_term("nodule of the upper left lung")
    assert left.value != right.value
    assert left.value.startswith("NODUL_")
    assert own_term(UNNAMED).meaning == UNNAMED


def test_a_text_is_cut_with_a_mark_and_keeps_to_one_line() -> None:
    assert short_text("one\ntwo\\three\x00", 64) == "one two/three"
    assert short_text("abcdef", 4) == "abc…"


@given(st.text(min_size=1, max_size=200))
def test_any_words_give_a_term_that_dicom_can_hold(words: str) -> None:
    term = finding_term(words)
    assert term == finding_term(words)
    assert 1 <= len(term.value) <= 16
    assert set(term.value) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
    assert len(term.meaning) <= 64
    assert "\\" not in term.meaning
    assert term.meaning.isprintable()
