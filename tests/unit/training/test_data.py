"""The stream of samples: pure, in its shares, each image once a pass, and nothing that is held back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="needs the [train] extra")

from tests.tiny_sft import tiny_config, write_box_set
from umed_core.config import DataConfig, SourceConfig
from umed_core.errors import ConfigError, CorruptImage, DataError, MissingFile
from umed_core.geometry import NormalizedBox
from umed_core.mau.split import is_test_group
from umed_core.phantoms import TRAINING_SEEDS, write_phantoms
from umed_core.records import Finding, MauRecord, Turn, write_jsonl
from umed_core.training import data
from umed_core.training.data import SampleStream, real_samples, source_of_sample, training_records

COUNT = 20


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sets")
    write_box_set(folder / "polyps", COUNT)
    return folder


def same(a, b) -> bool:
    return np.array_equal(a.pixels, b.pixels) and (a.findings, a.turns) == (b.findings, b.turns)


def test_sample_i_is_a_function_of_i(root):
    """In any order, from any stream of the same recipe, after any other sample."""
    config = tiny_config(root, root / "run").data
    forwards, backwards = (SampleStream(config, 12, 64, seed=3) for _ in range(2))
    first = [forwards[i] for i in range(12)]
    assert all(same(backwards[i], first[i]) for i in reversed(range(12)))
    assert not same(SampleStream(config, 12, 64, seed=4)[0], first[0])


def test_a_longer_run_of_one_source_begins_with_the_same_samples(root):
    config = tiny_config(root, root / "run").data
    short, long = SampleStream(config, 4, 64, 0), SampleStream(config, 40, 64, 0)
    assert all(same(short[i], long[i]) for i in range(4))


def test_each_pass_shows_each_training_image_once_and_no_held_image_ever(root, monkeypatch):
    config = tiny_config(root, root / "run").data
    kept = [i for i in range(COUNT) if not is_test_group(f"patient-{i}", config.test_share, config.split_seed)]
    assert 0 < len(kept) < COUNT, "the split must hold something back for this test to say anything"
    read: list[str] = []
    decode = data.decode_file
    monkeypatch.setattr(data, "decode_file", lambda path, limits: read.append(path.name) or decode(path, limits))
    stream = SampleStream(config, 3 * len(kept), 64, 0)
    for index in range(len(stream)):
        stream[index]
    passes = [read[i * len(kept) : (i + 1) * len(kept)] for i in range(3)]
    assert [sorted(names) for names in passes] == [[f"{i:03}.png" for i in kept]] * 3
    assert passes[0] != passes[1] != passes[2]
    assert real_samples(config) == len(kept)


def test_a_fifth_of_the_patients_is_held_back(tmp_path):
    write_box_set(tmp_path / "polyps", 400)
    config = tiny_config(tmp_path, tmp_path / "run").data
    assert real_samples(config) == pytest.approx(320, abs=24)  # three standard deviations of 400 draws


def sources(*shares):
    return tuple(
        SourceConfig(name=str(i), kind="phantoms", phantom_kind="ct", share=a, share_end=b)
        for i, (a, b) in enumerate(shares)
    )


def test_shares_go_linearly_from_their_start_to_their_end():
    drawn = source_of_sample(sources((1.0, 0.0), (0.0, 1.0)), 40_000, seed=0)
    tenths = drawn.reshape(10, -1).mean(axis=1)  # the share of source 1 in each tenth of the run
    assert tenths == pytest.approx(np.arange(0.05, 1, 0.1), abs=0.03)


@given(st.lists(st.floats(0.01, 5), min_size=1, max_size=5), st.integers(0, 99))
def test_shares_need_not_add_up_to_one(shares, seed):
    drawn = source_of_sample(sources(*((s, None) for s in shares)), 4000, seed)
    seen = np.bincount(drawn, minlength=len(shares)) / 4000
    assert seen == pytest.approx(np.array(shares) / sum(shares), abs=0.05)


def test_shares_that_add_up_to_nothing_are_refused():
    for shares in [((0.0, None),), ((-0.1, None), (1.0, None)), ((1.0, 0.0),)]:
        with pytest.raises(ConfigError, match="shares"):
            source_of_sample(sources(*shares), 10, 0)


def test_phantoms_of_training_have_seeds_that_evaluation_never_draws(monkeypatch):
    drawn = []
    make = data.make_phantom
    monkeypatch.setattr(data, "make_phantom", lambda kind, seed, normal: drawn.append(seed) or make(kind, 0, normal))
    config = DataConfig(sources=sources((1.0, None)))
    stream = SampleStream(config, 12, 32, 0)
    for index in range(12):
        stream[index]
    assert len(set(drawn)) == 12 and all(seed in TRAINING_SEEDS for seed in drawn)


def test_a_share_of_the_phantoms_is_normal():
    normal = DataConfig(sources=(SourceConfig(name="n", kind="phantoms", phantom_kind="renal", normal_share=1.0),))
    sample = SampleStream(normal, 1, 32, 0)[0]
    assert sample.findings == () and sample.pixels.shape == (32, 32, 3)


def test_records_keep_their_own_conversation_and_image(root, tmp_path):
    turns = (Turn("user", "Which organ?"), Turn("assistant", "The colon."))
    write_jsonl(
        tmp_path / "mau.jsonl",
        [MauRecord(str(root / "polyps/images/000.png"), "mau", "p", (), turns, "endoscopy")],
    )
    source = SourceConfig(name="mau", kind="records", path="mau.jsonl", augment=False)
    config = DataConfig(sources=(source,), root=str(tmp_path))
    sample = SampleStream(config, 1, 32, 0)[0]
    assert sample.turns == turns
    assert sample.pixels.shape == (64, 64, 3), "without augmentation the processor resizes"


def test_a_folder_of_dicom_phantoms_can_be_trained_on(tmp_path):
    """What `umed phantoms` writes by default."""
    write_phantoms(tmp_path / "demo", 2, 0, ("renal",), 0.0, "dicom", lambda done, total: None, 1)
    source = SourceConfig(name="demo", kind="box_set", path="demo")
    config = DataConfig(sources=(source,), root=str(tmp_path), test_share=0.0)
    assert SampleStream(config, 1, 64, 0)[0].pixels.shape == (64, 64, 3)


def test_bad_data_is_said_before_or_where_it_is_met(root, tmp_path):
    config = tiny_config(root, root / "run").data
    with pytest.raises(DataError, match="no training sample"):
        training_records(config.sources[0], DataConfig(sources=config.sources, root=str(root), test_share=1.0))
    with pytest.raises(MissingFile):
        training_records(config.sources[0], DataConfig(sources=config.sources, root=str(tmp_path)))
    write_box_set(tmp_path / "polyps", 1)
    (tmp_path / "polyps/images/000.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    torn = DataConfig(sources=config.sources, root=str(tmp_path), test_share=0.0)
    with pytest.raises(CorruptImage):
        SampleStream(torn, 1, 64, 0)[0]


def test_a_record_without_finding_in_a_box_set_teaches_nothing(tmp_path):
    write_box_set(tmp_path / "polyps", 3)
    table = tmp_path / "polyps" / "annotations.csv"
    lines = table.read_text().splitlines()
    lines[1] = "000.png,64,64,,,,,,patient-0,,"
    table.write_text("\n".join(lines))
    source = SourceConfig(name="polyps", kind="box_set", path="polyps")
    records = training_records(source, DataConfig(sources=(source,), root=str(tmp_path), test_share=0.0))
    assert [Path(record.image).name for record in records] == ["001.png", "002.png"]
    assert all(isinstance(record.findings[0], Finding) for record in records)
    assert isinstance(records[0].findings[0].box, NormalizedBox)
