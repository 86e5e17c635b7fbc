"""The README says what the sheet holds, and nothing that it does not."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.mau.dataset_folders import SHEET, TEST, TRAIN, write_images
from umed_core.mau.dataset import write_dataset
from umed_core.mau.datasheet import Datasheet, ReviewFigures, StatedTerms, images_digest, readme

SECTIONS = ("Motivation", "Composition", "Collection", "Preprocessing", "Uses", "Distribution", "Maintenance")


@pytest.fixture
def sheet(tmp_path: Path) -> Datasheet:
    write_images(tmp_path)
    return write_dataset(tmp_path, TRAIN, TEST, SHEET)


def test_every_section_of_a_datasheet_is_there_in_order(sheet: Datasheet) -> None:
    places = [readme(sheet).index(f"\n## {section}") for section in SECTIONS]
    assert places == sorted(places)


def test_its_facts_are_told(sheet: Datasheet) -> None:
    text = readme(sheet)
    for fact in (
        "Research use only. Not a medical device.",
        "2 training and 1 test images",
        "| kidneystone | CT | 1 | 1 | 1 | 1 | 1 |",
        "| nih | chest X-ray | 2 | 1 | 0 | 1 | 0 |",
        "| kidneystone | no abnormality | 1 | 0 |",
        "| kidneystone | 2 | CC BY 4.0 | TEZ |",
        "| nih | 1 | not stated | not stated |",
        "- PatientName: 12",
        "- no box in the answer: 1",
        "- missing file: 2",
        "seed 7, a test share of 0.2",
        "Review: not reviewed.",
        f"`{sheet.train_sha256}`",
        f"`{sheet.test_sha256}`",
        "umed 0.0.1",
    ):
        assert fact in text


def test_a_template_is_owned_up_to_and_a_model_is_not_called_one(sheet: Datasheet) -> None:
    assert "written by a template" in readme(sheet)
    assert "written by a template" not in readme(replace(sheet, template_written=False, teacher="openai x"))


def test_a_review_is_told_in_figures(sheet: Datasheet) -> None:
    text = readme(replace(sheet, review=ReviewFigures(3, 90, 13, 2)))
    assert "105 records seen by 3 reviewers: 90 accepted, 13 corrected, 2 rejected" in text
    assert "not reviewed" not in text


def test_words_from_outside_cannot_break_a_table_or_the_head(sheet: Datasheet) -> None:
    hostile = StatedTerms("a|b", "free\n---\n| for all |", 1, ("x\n# y",))
    text = readme(replace(sheet, terms=(hostile,), provenance_keys=('k"\n: ]',)))
    assert "| a\\|b | 1 | free --- \\| for all \\| | x # y |" in text
    assert text.count("\n---\n") == 1
    assert '{name: "k\\"\\n: ]", dtype: string}' in text


def test_the_digest_of_images_is_by_hand_and_knows_no_order() -> None:
    assert images_digest(["b", "a"]) == images_digest(["a", "b"]) == hashlib.sha256(b"a\nb").hexdigest()
    assert images_digest(["a"]) != images_digest(["a", "b"])
