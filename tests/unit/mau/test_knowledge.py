"""The table of facts is whole, short, and each fact speaks of its own class."""

from __future__ import annotations

import pytest

from umed_core.geometry import NormalizedBox
from umed_core.mau.knowledge import CLASSES, KNOWLEDGE, noun_phrase
from umed_core.mau.sources.deeplesion import LESION_TYPES
from umed_core.mau.validate import faults_of
from umed_core.prompts import CLASS_SYNONYMS, class_named, format_box
from umed_core.records import Finding, Turn

FACTS = ("definition", "symptoms", "diagnosis", "next_steps", "danger")


def test_the_classes_are_those_of_the_datasets():
    assert len(CLASSES) == len(set(CLASSES)) == 27  # 3 of the paper, 8 of DeepLesion, 14 of NIH, fracture, opacity
    assert {"kidney stone", "pulmonary tuberculosis", "polyp", "fracture", "ground glass opacity"} <= set(CLASSES)
    assert sum(label.endswith(" lesion") for label in CLASSES) == 8


def test_every_label_of_deeplesion_and_nih_s_bare_effusion_have_facts_though_they_are_no_classes():
    assert set(LESION_TYPES.values()) <= set(KNOWLEDGE)
    assert set(KNOWLEDGE) - set(CLASSES) == {"lesion", "effusion"}
    assert (noun_phrase("lesion"), noun_phrase("effusion")) == ("a lesion", "an effusion")


def test_the_word_lesion_is_no_second_class_beside_a_polyp():
    box = NormalizedBox(0.1, 0.2, 0.3, 0.4)
    answer = f"A lesion is seen at {format_box(box)}. The lesion looks like a polyp."
    assert faults_of((Turn("user", "What is it?"), Turn("assistant", answer)), (Finding("polyp", box),)) == ()


@pytest.mark.parametrize("label", KNOWLEDGE)
@pytest.mark.parametrize("fact", FACTS)
def test_every_fact_is_one_or_two_short_sentences_that_name_the_class(label: str, fact: str):
    wordings = getattr(KNOWLEDGE[label], fact)
    assert 1 <= len(wordings) == len(set(wordings)) <= 2
    for wording in wordings:
        assert 4 <= len(wording.split()) <= 25
        assert label in wording.lower()
        assert class_named(wording, label)
        assert wording[0].isupper() and wording.endswith(".")


@pytest.mark.parametrize("label", KNOWLEDGE)
def test_every_danger_says_whether_it_can_be_passed_on(label: str):
    for wording in KNOWLEDGE[label].danger:
        assert any(word in wording for word in ("contagious", "passed on", "spread"))


@pytest.mark.parametrize("label", CLASSES)
def test_every_class_is_a_synonym_of_itself_and_its_noun_names_it(label: str):
    assert label in CLASS_SYNONYMS[label]
    assert class_named(noun_phrase(label), label)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("a renal calculus", "kidney stone"),
        ("likely TB", "pulmonary tuberculosis"),
        ("obsolete tuberculosis", "pulmonary tuberculosis"),
        ("ActiveTuberculosis", "tuberculosis"),
        ("a left-sided effusion", "pleural effusion"),
        ("pulmonary oedema", "edema"),
        ("Ground-glass opacities", "ground glass opacity"),
    ],
)
def test_usual_spellings_count_as_the_class(text: str, label: str):
    assert class_named(text, label)


def test_a_spelling_belongs_to_one_class_only():
    owners: dict[str, set[str]] = {}
    for label in CLASSES:
        for spelling in CLASS_SYNONYMS[label]:
            owners.setdefault(spelling, set()).add(label)
    assert {spelling: labels for spelling, labels in owners.items() if len(labels) > 1} == {}


def test_nouns_carry_the_right_article():
    assert noun_phrase("polyp") == "a polyp"
    assert noun_phrase("abdomen lesion") == "an abdomen lesion"
    assert noun_phrase("pneumonia") == "pneumonia"
    assert noun_phrase("something else") == "something else"
