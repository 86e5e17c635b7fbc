"""Which images an arm sees, and which it is asked about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.experiments.small import small_recipe
from umed_core.errors import DataError
from umed_core.experiments.arms import Selection
from umed_core.experiments.arms import TestSet as AskedTest
from umed_core.experiments.columns import asked_records, open_columns, selected, store_test, store_training
from umed_core.records import MauRecord, read_jsonl


@pytest.fixture(scope="module")
def columns(tmp_path_factory):
    root = tmp_path_factory.mktemp("columns")
    return open_columns(small_recipe(root), root / "sets", lambda line: None)


def images(records) -> set[str]:
    return {record.image for record in records}


def test_no_image_is_on_both_sides(columns):
    for column in columns.values():
        assert not images(column.split.train) & images(column.split.test)
        assert column.split.train and column.split.test


def test_a_smaller_share_is_held_by_a_greater_one(columns):
    whole = Selection(("polyps",))
    parts = [images(selected(columns["polyps"], replace(whole, share=share), 0)) for share in (0.2, 0.6, 1.0)]
    assert parts[0] < parts[1] < parts[2] == images(columns["polyps"].split.train)
    other_seed = images(selected(columns["polyps"], replace(whole, share=0.6), 1))
    assert len(other_seed) == len(parts[1]) and other_seed != parts[1]


def test_a_class_left_out_is_in_no_training_image(columns):
    ct = columns["phantom-ct"]
    label = ct.split.train[0].findings[0].label if ct.split.train[0].findings else ct.split.train[1].findings[0].label
    kept = selected(ct, Selection(("phantom-ct",), (AskedTest("phantom-ct", label),)), 0)
    assert 0 < len(kept) < len(ct.split.train)
    assert label not in {finding.label for record in kept for finding in record.findings}


def test_a_column_that_is_not_selected_gives_nothing(columns):
    assert selected(columns["polyps"], Selection(("phantom-ct",)), 0) == ()


def test_training_images_are_stored_by_paths_that_open_and_a_digest_that_moves_with_nothing(columns, tmp_path):
    column = columns["polyps"]
    stored = store_training(column, column.split.train, tmp_path)
    read = list(read_jsonl(stored.path, MauRecord))
    assert stored.count == len(read) == len(column.split.train)
    assert all(Path(record.image).is_file() for record in read)
    moved = store_training(replace(column, folder=Path("elsewhere")), column.split.train, tmp_path / "moved")
    assert moved.digest == stored.digest
    assert store_training(column, column.split.train[1:], tmp_path).digest != stored.digest


def test_a_test_set_is_limited_the_same_way_each_time(columns, tmp_path):
    column, test = columns["polyps"], AskedTest("polyps")
    three = asked_records(column, test, 3)
    assert len(three) == 3 and three == asked_records(column, test, 3)
    assert store_test(three, tmp_path).count == 3
    with pytest.raises(DataError, match="shows a ghost"):
        asked_records(column, AskedTest("polyps", "a ghost"), 3)


def test_phantoms_are_drawn_once(columns, tmp_path_factory):
    folder = columns["phantom-ct"].folder
    said = []
    again = open_columns(small_recipe(folder.parent.parent), folder.parent, said.append)
    assert said == [] and again["phantom-ct"].split == columns["phantom-ct"].split
