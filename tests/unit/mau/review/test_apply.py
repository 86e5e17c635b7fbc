"""The dataset that a review leaves."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.unit.mau.review.review_cases import MOVED, image_name, normal_record, polyp_record, write_folder
from umed_core.errors import ConfigError, DataError, StorageError
from umed_core.mau.dataset import read_dataset
from umed_core.mau.datasheet import ReviewFigures, images_digest
from umed_core.mau.review.apply import FIGURES_NAME, LEFT_OUT_NAME, LeftOut, apply_reviews
from umed_core.mau.review.events import ReviewEvent
from umed_core.mau.review.figures import ReviewReport
from umed_core.mau.review.folder import ReviewFolder
from umed_core.records import Finding, MauRecord, read_jsonl


@pytest.fixture
def folder(tmp_path: Path) -> ReviewFolder:
    return ReviewFolder(write_folder(tmp_path / "mau"))


def judged(folder: ReviewFolder, number: int, verdict: str, reviewer: str = "anna", **fields: object) -> ReviewEvent:
    name = image_name(number)
    return ReviewEvent(name, reviewer, "2026-01-01T00:00:00+00:00", verdict, folder.shown_sha256(name), **fields)


def review(folder: ReviewFolder) -> list[ReviewEvent]:
    """0 accepted, 1 corrected, 2 rejected, 3 disputed, 4 nobody, 5 (normal, test side) accepted."""
    moved = polyp_record(1, MOVED)
    return [
        judged(folder, 0, "accept"),
        judged(folder, 1, "correct", turns=moved.turns, findings=moved.findings),
        judged(folder, 2, "reject", comment="blurred"),
        judged(folder, 3, "accept"),
        judged(folder, 3, "reject", "ben"),
        judged(folder, 5, "accept"),
    ]


def test_accepted_and_corrected_are_kept_the_rest_is_listed(folder, tmp_path):
    out = tmp_path / "reviewed"
    applied = apply_reviews(folder, review(folder), out)
    assert (applied.train, applied.test, applied.left_out) == (2, 1, 3)
    train, test = (list(read_jsonl(out / f"{side}.jsonl", MauRecord)) for side in ("train", "test"))
    assert train == [
        replace(polyp_record(0), provenance={"review": "accepted"}),
        replace(polyp_record(1, MOVED), provenance={"review": "corrected"}),
    ]
    assert test == [replace(normal_record(5), provenance={"review": "accepted"})]
    assert list(read_jsonl(out / LEFT_OUT_NAME, LeftOut)) == [
        LeftOut(image_name(2), "rejected", "1 reject"),
        LeftOut(image_name(3), "disputed", "no majority: 1 accept, 1 reject"),
        LeftOut(image_name(4), "unreviewed", "nobody has judged it"),
    ]
    pictures = sorted(path.relative_to(out).as_posix() for path in (out / "images").rglob("*.png"))
    assert pictures == [image_name(0), image_name(1), image_name(5)]
    assert (out / image_name(1)).read_bytes() == (folder.path / image_name(1)).read_bytes()


def test_what_is_written_is_a_whole_dataset_whose_sheet_tells_of_the_review(folder, tmp_path):
    apply_reviews(folder, review(folder), tmp_path / "out")
    sheet = read_dataset(tmp_path / "out").sheet
    assert sheet.review == ReviewFigures(reviewers=2, accepted=2, corrected=1, rejected=1)
    assert (sheet.train, sheet.test) == (2, 1)
    digests = [hashlib.sha256((tmp_path / "out" / image_name(n)).read_bytes()).hexdigest() for n in (5, 1, 0)]
    assert sheet.images_sha256 == images_digest(digests)
    assert "Research use only" in (tmp_path / "out" / "README.md").read_text()


def test_a_dataset_changed_by_hand_is_not_built_upon(folder, tmp_path):
    with (folder.path / "test.jsonl").open("a") as file:
        file.write("\n")
    with pytest.raises(DataError, match="not the file that"):
        apply_reviews(folder, review(folder), tmp_path / "out")


def test_the_figures_go_with_it_and_no_name_does(folder, tmp_path):
    out = tmp_path / "reviewed"
    applied = apply_reviews(folder, review(folder), out)
    assert msgspec.json.decode((out / FIGURES_NAME).read_bytes(), type=ReviewReport) == applied.figures
    assert applied.figures.corrected == 1
    everything = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert b"anna" not in everything and b"blurred" not in everything


def test_the_bytes_depend_on_what_stands_only(folder, tmp_path):
    events = review(folder)
    late = [replace(event, time="2027-06-01T12:00:00+00:00") for event in reversed(events)]
    apply_reviews(folder, events, tmp_path / "a")
    apply_reviews(folder, late, tmp_path / "b")
    for path in (tmp_path / "a").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_what_nobody_judged_can_be_kept(folder, tmp_path):
    applied = apply_reviews(folder, review(folder), tmp_path / "out", keep_unreviewed=True)
    assert (applied.train, applied.left_out) == (3, 2)
    kept = list(read_jsonl(tmp_path / "out" / "train.jsonl", MauRecord))
    assert kept[-1] == replace(polyp_record(4), provenance={"review": "unreviewed"})


def test_a_correction_with_a_fault_does_not_get_in(folder, tmp_path):
    events = [judged(folder, 0, "accept"), judged(folder, 1, "correct", findings=(Finding("polyp", MOVED),))]
    assert apply_reviews(folder, events, tmp_path / "out").train == 1
    (left_out, *_) = read_jsonl(tmp_path / "out" / LEFT_OUT_NAME, LeftOut)
    assert left_out.record == image_name(1) and left_out.reason.startswith("its correction has a fault: The box")


def test_a_folder_that_exists_is_never_touched(folder, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(ConfigError, match="exists already"):
        apply_reviews(folder, review(folder), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_review_that_leaves_nothing(folder, tmp_path):
    with pytest.raises(DataError, match="leaves no record"):
        apply_reviews(folder, [], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_write_that_fails_leaves_no_half_of_a_dataset(folder, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    with pytest.raises(StorageError):
        apply_reviews(folder, review(folder), blocked / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "mau"]


def test_a_picture_without_hard_links_is_copied(folder, tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError("no hard links here")

    monkeypatch.setattr("os.link", refuse)
    apply_reviews(folder, review(folder), tmp_path / "out")
    assert (tmp_path / "out" / image_name(0)).read_bytes() == (folder.path / image_name(0)).read_bytes()
