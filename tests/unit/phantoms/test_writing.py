"""Folders of phantoms: reproducible, resumable, whole after an interruption, and listed like the public sets."""

from __future__ import annotations

import csv
import hashlib
import os
from pathlib import Path

import pytest
from PIL import Image

from umed_core.errors import ConfigError, StorageError, UmedError
from umed_core.phantoms import make_phantom, write_phantoms
from umed_core.records import MauRecord, read_jsonl

FAST = ("renal", "endoscopy")


def digests(out: Path) -> dict[str, str]:
    files = sorted(p for p in out.rglob("*") if p.is_file())
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_a_run_leaves_one_image_and_one_record_a_phantom(tmp_path: Path):
    report = write_phantoms(tmp_path, 5, 0, FAST)
    assert report.by_kind == {"renal": 3, "endoscopy": 2}
    assert "5 synthetic phantoms" in str(report)
    records = list(read_jsonl(tmp_path / "records.jsonl", MauRecord))
    assert [r.dataset for r in records] == ["phantom-renal", "phantom-endoscopy"] * 2 + ["phantom-renal"]
    assert all((tmp_path / r.image).is_file() for r in records)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["annotations.csv", "images", "records.jsonl"]


def test_a_record_tells_the_seed_that_draws_its_findings_again(tmp_path: Path):
    write_phantoms(tmp_path, 4, 3, FAST, normal_share=0.5)
    for record in read_jsonl(tmp_path / "records.jsonl", MauRecord):
        origin = record.provenance
        phantom = make_phantom(origin["kind"], int(origin["seed"]), origin["normal"] == "true")
        assert phantom.findings == record.findings
        assert origin["synthetic"] == "true"


def test_the_same_seed_gives_the_same_bytes_and_another_shares_no_image(tmp_path: Path):
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_phantoms(tmp_path / folder, 3, seed, FAST)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert not {r.image for r in read_jsonl(tmp_path / "a/records.jsonl", MauRecord)} & {
        r.image for r in read_jsonl(tmp_path / "c/records.jsonl", MauRecord)
    }


def test_a_folders_seeds_are_its_own(tmp_path: Path):
    """Those of `--seed 0` begin where training (below 1,000,000) and evaluation (below 2,000,000) have ended."""
    for seed, first in ((0, 2_000_000), (7, 9_000_000)):
        write_phantoms(tmp_path / str(seed), 2, seed, ("renal",))
        drawn = [int(r.provenance["seed"]) for r in read_jsonl(tmp_path / str(seed) / "records.jsonl", MauRecord)]
        assert drawn == [first, first + 1]


def test_a_rerun_draws_only_what_is_missing(tmp_path: Path):
    write_phantoms(tmp_path, 4, 0, FAST)
    before = digests(tmp_path)
    images = sorted((tmp_path / "images").iterdir())
    for image in images:
        os.utime(image, (1, 1))
    images[0].unlink()
    report = write_phantoms(tmp_path, 4, 0, FAST)
    assert report.skipped == 3
    assert digests(tmp_path) == before
    assert [p.stat().st_mtime == 1 for p in images] == [False, True, True, True]


def test_a_torn_image_is_drawn_again(tmp_path: Path):
    write_phantoms(tmp_path, 3, 0, FAST)
    before = digests(tmp_path)
    torn = sorted((tmp_path / "images").iterdir())[1]
    torn.write_bytes(torn.read_bytes()[:1000])
    assert write_phantoms(tmp_path, 3, 0, FAST).skipped == 2
    assert digests(tmp_path) == before


def test_a_longer_run_goes_on_from_a_shorter_one(tmp_path: Path):
    write_phantoms(tmp_path / "a", 2, 0, FAST)
    assert write_phantoms(tmp_path / "a", 4, 0, FAST).skipped == 2
    write_phantoms(tmp_path / "b", 4, 0, FAST)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_another_normal_share_draws_again_what_it_changes(tmp_path: Path):
    write_phantoms(tmp_path, 2, 0, FAST, normal_share=0)
    report = write_phantoms(tmp_path, 2, 0, FAST, normal_share=1)
    assert (report.skipped, report.normal) == (0, 2)


def test_after_an_interruption_every_file_is_whole_and_a_rerun_goes_on(tmp_path: Path):
    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_phantoms(tmp_path / "a", 4, 0, FAST, progress=stop)
    assert len(list((tmp_path / "a/images").iterdir())) == 2
    assert not (tmp_path / "a/records.jsonl").exists()
    with (tmp_path / "a/.records.partial").open("ab") as journal:
        journal.write(b'{"record":{"image":"torn')
    assert write_phantoms(tmp_path / "a", 4, 0, FAST).skipped == 2
    write_phantoms(tmp_path / "b", 4, 0, FAST)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_annotations_have_the_columns_of_the_public_sets_and_a_row_a_box(tmp_path: Path):
    write_phantoms(tmp_path, 6, 0, FAST, normal_share=0.4)
    with (tmp_path / "annotations.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "image",
        "width",
        "height",
        "class",
        "x",
        "y",
        "w",
        "h",
        "patient_or_group_id",
        "source",
        "licence",
    ]
    records = list(read_jsonl(tmp_path / "records.jsonl", MauRecord))
    assert len(rows) == sum(max(1, len(r.findings)) for r in records)
    normal = {Path(r.image).name for r in records if not r.findings}
    assert normal
    assert {row["image"] for row in rows if row["class"] == "" and row["x"] == ""} == normal


def test_a_png_says_that_it_is_synthetic(tmp_path: Path):
    write_phantoms(tmp_path, 1, 0, ("renal",), format="png")
    (path,) = (tmp_path / "images").iterdir()
    with Image.open(path) as image:
        assert (image.size, image.mode) == ((391, 320), "L")
        assert "SYNTHETIC" in image.info["Comment"]


def test_progress_counts_up_to_the_total(tmp_path: Path):
    seen: list[tuple[int, int]] = []
    write_phantoms(tmp_path, 3, 0, FAST, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"kinds": ("mri",)}, "mri"),
        ({"kinds": ()}, "none"),
        ({"format": "bmp"}, "bmp"),
        ({"count": 0}, "0 phantoms"),
        ({"seed": -1}, "-1"),
        ({"normal_share": 1.5}, "1.5"),
        ({"workers": 0}, "0 workers"),
    ],
)
def test_an_unusable_option_is_refused_before_anything_is_written(
    tmp_path: Path, options: dict[str, object], named: str
):
    with pytest.raises(ConfigError, match=named) as refused:
        write_phantoms(tmp_path / "out", **({"count": 1, "seed": 0} | options))
    assert refused.value.hint
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file_is_a_storage_error(tmp_path: Path):
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(StorageError) as refused:
        write_phantoms(tmp_path / "out", 1, 0, FAST)
    assert isinstance(refused.value, UmedError)
    assert refused.value.exit_code == 9
