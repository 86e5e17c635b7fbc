"""Before the first call: what `--dry-run` and `--preview` say, and that neither writes anything."""

from __future__ import annotations

from pathlib import Path

from tests.integration.annotated_pictures import write_annotated
from umed_core.mau.build import MauConfig
from umed_core.mau.collecting import parse_source
from umed_core.mau.rehearsal import outlook, previews


def config(tmp_path: Path, **changes: object) -> MauConfig:
    source = write_annotated(tmp_path / "squares", 6, 2)
    return MauConfig((parse_source(f"csv={source}"),), tmp_path / "mau", **changes)


def test_the_outlook_counts_two_calls_a_case_and_writes_nothing(tmp_path: Path):
    found = outlook(config(tmp_path))
    assert (found.cases, found.refused_rows, found.estimate.calls) == ({"squares": 8}, 0, 16)
    assert not (tmp_path / "mau").exists()


def test_a_limit_lowers_the_estimate(tmp_path: Path):
    found = outlook(config(tmp_path, limit=3))
    assert (found.cases, found.estimate.calls) == ({"squares": 3}, 6)


def test_a_preview_is_the_request_without_any_name_and_skips_what_would_be_refused(tmp_path: Path):
    settings = config(tmp_path)
    (tmp_path / "squares/images/case_0000.png").write_bytes(b"no picture")
    shown = list(previews(settings, "openai model=m", 2))
    assert len(shown) == 2
    for text in shown:
        assert "polyp" in text and "[bbox_start]" in text and "SHA-256" in text
        assert "case_" not in text and "patient-" not in text and str(tmp_path) not in text
    assert not (tmp_path / "mau").exists()
