"""The template teacher: what is known, in words that the build accepts, the same each time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from umed_core.geometry import NormalizedBox
from umed_core.mau.knowledge import CLASSES, KNOWLEDGE
from umed_core.mau.teacher import Stage, TeacherRequest, Tokens
from umed_core.mau.teachers.template import MOST_FOLLOW_UPS, TemplateTeacher
from umed_core.mau.validate import faults_of
from umed_core.prompts import class_named, parse_boxes, parse_conversation
from umed_core.records import Finding

BOX = NormalizedBox(0.25, 0.5, 0.125, 0.25)
STONE = Finding("kidney stone", BOX)


def asked(*found: Finding, case: str = "set/000001", stage: Stage = "reflection") -> TeacherRequest:
    return TeacherRequest("key", case, stage, 0, (), Path("none.png"), found, "CT")


def answer(request: TeacherRequest) -> str:
    reply = asyncio.run(TemplateTeacher().answer(request))
    assert reply.refusal == "" and reply.tokens == Tokens()
    return reply.text


def test_a_diagnosis_states_box_class_and_a_fact():
    text = answer(asked(STONE, stage="diagnosis"))
    assert [parsed.box for parsed in parse_boxes(text)] == [BOX]
    assert class_named(text, "kidney stone") and KNOWLEDGE["kidney stone"].definition[0] in text


def test_an_answer_depends_on_the_case_and_on_nothing_else():
    first = answer(asked(STONE))
    assert answer(replace(asked(STONE), key="other", attempt=2, image=Path("other.png"))) == first
    assert len({answer(asked(STONE, case=f"set/{n:06}")) for n in range(20)}) > 10


def test_an_image_without_abnormality_gets_no_box():
    turns = parse_conversation(answer(asked()))
    assert faults_of(turns, ()) == () and not parse_boxes(turns[1].text)


def test_a_class_that_nobody_knows_works():
    unknown = Finding("Zahnstein (links)", BOX)
    turns = parse_conversation(answer(asked(unknown)))
    assert class_named(turns[1].text, "Zahnstein (links)") or "Zahnstein (links)" in turns[1].text
    assert "Zahnstein" in answer(asked(unknown, stage="diagnosis"))


def test_there_are_at_most_two_further_pairs_and_all_counts_occur():
    pairs = {len(parse_conversation(answer(asked(STONE, case=f"set/{n}")))) // 2 for n in range(60)}
    assert pairs == set(range(1, MOST_FOLLOW_UPS + 2))


CORNER = st.floats(0, 0.6)
SIDE = st.floats(0.02, 0.4)
BOXES = st.builds(NormalizedBox, CORNER, CORNER, SIDE, SIDE)


@given(st.sampled_from(CLASSES), st.lists(BOXES, min_size=1, max_size=4), st.integers(0, 10**6))
def test_the_build_accepts_every_conversation(label, boxes, number):
    found = tuple(Finding(label, box) for box in boxes)
    assert faults_of(parse_conversation(answer(asked(*found, case=f"set/{number:06}"))), found) == ()


def test_it_stays_at_home():
    teacher = TemplateTeacher()
    assert not teacher.is_remote and teacher.identity.startswith("template ")
