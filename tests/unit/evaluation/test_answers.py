"""Answers survive the program that collected them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from umed_core.errors import DataError, StorageError
from umed_core.evaluation.answers import AnswerStore, GivenAnswer

POLYP = GivenAnswer("kvasir", "images/a.jpg", "What is it?", "abc", "greedy", "A polyp. Ünïcode\n", 0.5)


def test_an_answer_is_found_again_by_the_next_run(tmp_path: Path) -> None:
    AnswerStore(tmp_path / "new" / "answers.jsonl").add(POLYP)
    assert AnswerStore(tmp_path / "new" / "answers.jsonl").get(POLYP.key) == POLYP


@pytest.mark.parametrize("field", ["dataset", "image", "question", "model_sha256", "decoding"])
def test_an_answer_holds_for_nothing_else(tmp_path: Path, field: str) -> None:
    store = AnswerStore(tmp_path / "answers.jsonl")
    store.add(POLYP)
    assert store.get(replace(POLYP, **{field: "other"}).key) is None


def test_the_later_of_two_answers_holds(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "answers.jsonl")
    store.add(POLYP)
    store.add(replace(POLYP, text="Nothing."))
    again = AnswerStore(tmp_path / "answers.jsonl")
    assert len(again) == 1
    assert again.get(POLYP.key) == replace(POLYP, text="Nothing.")


def test_a_line_cut_off_by_a_crash_is_asked_again_and_the_rest_kept(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    store = AnswerStore(path)
    other = replace(POLYP, image="images/b.jpg")
    store.add(POLYP)
    store.add(other)
    path.write_bytes(path.read_bytes()[:-20])
    store = AnswerStore(path)
    assert (store.get(POLYP.key), store.get(other.key)) == (POLYP, None)
    store.add(other)
    assert AnswerStore(path).get(other.key) == other


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text('{"a": 1}\n')
    with pytest.raises(DataError, match="line 1"):
        AnswerStore(tmp_path / "answers.jsonl")


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="Could not write"):
        AnswerStore(tmp_path / "file" / "answers.jsonl").add(POLYP)
