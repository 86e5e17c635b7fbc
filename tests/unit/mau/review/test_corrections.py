"""Corrections: the text form, boxes that follow, and the rules they keep."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mau.review.review_cases import BOX, MOVED, normal_record, polyp_record
from umed_core.errors import DataError
from umed_core.geometry import NormalizedBox
from umed_core.mau.review.corrections import Correction, correction_faults, form_of, read_form, with_boxes_followed
from umed_core.prompts import format_box
from umed_core.records import Finding, Turn

RECORD = polyp_record(0)
texts = st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" \n#:|"), max_size=40).map(str.strip)
fractions = st.floats(0, 1)
findings = st.builds(
    Finding,
    st.text(st.characters(categories=("L",)), min_size=1, max_size=9).filter(lambda label: label.lower() != "none"),
    st.builds(NormalizedBox, fractions, fractions, fractions, fractions),
)


@given(st.lists(st.tuples(texts, texts), max_size=3), st.lists(findings, max_size=3))
def test_an_untouched_form_brings_the_record_back(pairs, found):
    turns = tuple(turn for q, a in pairs for turn in (Turn("user", q), Turn("assistant", a)))
    record = replace(RECORD, turns=turns, findings=tuple(found))
    correction = read_form(form_of(record, faults=["The first answer is empty."]))
    assert correction == Correction(turns, tuple(found))
    assert with_boxes_followed(record, correction) == Correction()


def test_a_form_is_plain_to_read():
    lines = [line for line in form_of(RECORD).splitlines() if not line.startswith("#")]
    assert lines == [
        "finding: polyp | 0.2, 0.2, 0.4, 0.4",
        "user: What is abnormal in this image?",
        "assistant: An abnormal area is seen at [bbox_start] 0.200, 0.200, 0.400, 0.400 [bbox_end], which is a polyp.",
        "comment:",
    ]
    assert "finding: none" in form_of(normal_record(0))


def test_what_a_form_lacks_stays_and_none_clears():
    assert read_form("finding: polyp | .1,.2,.3,.4\ncomment: too high") == Correction(
        (), (Finding("polyp", NormalizedBox(0.1, 0.2, 0.3, 0.4)),), "too high"
    )
    assert read_form("finding: None").findings == ()
    assert read_form("# nothing\n\n").is_empty


@pytest.mark.parametrize(
    "written, line",
    [
        ("finding: polyp", 1),
        ("user: ?\nfinding: polyp | 1, 2, 3", 2),
        ("finding: polyp | a, b, c, d", 1),
        ("finding: polyp | nan, 0, 1, 1", 1),
        ("so what", 1),
        ("finding: none\nfinding: polyp | .1,.1,.1,.1", 1),
    ],
)
def test_a_line_that_does_not_fit_is_named(written, line):
    with pytest.raises(DataError, match=f"Line {line} "):
        read_form(written)


def test_a_moved_box_moves_in_the_answer():
    followed = with_boxes_followed(RECORD, Correction((), (Finding("polyp", MOVED),)))
    assert followed.turns[1].text == RECORD.turns[1].text.replace(format_box(BOX), format_box(MOVED))
    assert correction_faults(RECORD, followed.turns, followed.findings) == ()


def test_boxes_that_change_places_are_each_moved_once():
    two = (Finding("polyp", BOX), Finding("polyp", MOVED))
    record = replace(RECORD, findings=two, turns=(Turn("user", f"{format_box(BOX)} then {format_box(MOVED)}"),))
    followed = with_boxes_followed(record, Correction((), (Finding("polyp", MOVED), Finding("polyp", BOX))))
    assert followed.turns[0].text == f"{format_box(MOVED)} then {format_box(BOX)}"


def test_a_correction_keeps_the_rules_of_the_dataset():
    assert correction_faults(RECORD, (), None)[0].startswith("Nothing is changed")
    assert correction_faults(RECORD, RECORD.turns, RECORD.findings)[0].startswith("Nothing is changed")
    assert "none of those given" in correction_faults(RECORD, (), (Finding("polyp", MOVED),))[0]
    off = (Finding("polyp", NormalizedBox(0.9, 0.9, 0.5, 0.5)),)
    assert correction_faults(RECORD, (), off) == ("The box of the polyp is no x, y, w, h within 0..1.",)
    assert "A finding has no class." in correction_faults(RECORD, (), (Finding(" ", BOX),))
    assert correction_faults(RECORD, (), (Finding("mass", BOX),)) != ()
    assert correction_faults(RECORD, (), ()) != ()


def test_words_of_the_old_place_or_size_are_told():
    # BOX lies in the central part (its centre is at .4, .4) and is 40% wide; MOVED's centre is at .7, .7.
    told = RECORD.turns[1].text + " It lies in the central part and covers about 40% of the width."
    record = replace(RECORD, turns=(RECORD.turns[0], Turn("assistant", told)))
    followed = with_boxes_followed(record, Correction((), (Finding("polyp", MOVED),)))
    faults = correction_faults(record, followed.turns, followed.findings)
    assert faults == ('The answer still says "central part", where no box lies now.',)
    smaller = with_boxes_followed(record, Correction((), (Finding("polyp", NormalizedBox(0.2, 0.2, 0.3, 0.4)),)))
    faults = correction_faults(record, smaller.turns, smaller.findings)
    assert faults == ('The answer still says "40% of the width", which is no box\'s size now.',)
    mended = tuple(replace(turn, text=turn.text.replace("about 40%", "about 30%")) for turn in smaller.turns)
    assert correction_faults(record, mended, smaller.findings) == ()


def test_an_upper_left_part_is_no_left_part():
    left, upper_left = NormalizedBox(0.0, 0.4, 0.2, 0.2), NormalizedBox(0.0, 0.0, 0.2, 0.2)
    record = polyp_record(0, left)
    turns = with_boxes_followed(record, Correction((), (Finding("polyp", upper_left),))).turns
    new = (turns[0], Turn("assistant", turns[1].text + " It lies in the upper left part."))
    assert correction_faults(record, new, (Finding("polyp", upper_left),)) == ()


def test_an_image_called_abnormal_can_be_corrected_to_normal():
    normal = normal_record(0)
    assert correction_faults(RECORD, normal.turns, ()) == ()
    assert correction_faults(normal, RECORD.turns, RECORD.findings) == ()


def test_a_record_without_conversation_can_have_its_findings_corrected():
    silent = replace(RECORD, turns=())
    followed = with_boxes_followed(silent, read_form("finding: polyp | 0.5, 0.5, 0.4, 0.4"))
    assert correction_faults(silent, followed.turns, followed.findings) == ()
