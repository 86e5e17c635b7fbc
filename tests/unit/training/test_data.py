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
from umed_core.mau.dataset import write_dataset
from umed_core.mau.datasheet import Datasheet, SplitFigures
from umed_core.mau.split import is_test_group
from umed_core.phantoms import TRAINING_SEEDS, write_phantoms
from umed_core.prompts import format_box, parse_boxes
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


@pytest.fixture
def mau(tmp_path) -> Path:
    """Three pictures to train on and one of the test side, each with a conversation of its own."""
    write_box_set(tmp_path / "mau", 4)
    records = [
        MauRecord(
            f"images/{number:03}.png", "polyps", f"polyps-{number}", (Finding("polyp", box),),
            (Turn("user", "Where is it?"), Turn("assistant", f"It lies at {format_box(box)}: a polyp.")),
        )
        for number, box in enumerate(r.findings[0].box for r in boxes_of(tmp_path / "mau"))
    ]  # fmt: skip
    sheet = Datasheet("0", "template", True, {}, SplitFigures(0, 0.25, "dhash", 20, 0, 1), "")
    write_dataset(tmp_path / "mau", records[:3], records[3:], sheet)
    return tmp_path / "mau"


def boxes_of(folder: Path) -> tuple[MauRecord, ...]:
    source = SourceConfig(name="polyps", kind="box_set", path=str(folder))
    return training_records(source, DataConfig(sources=(source,), test_share=0.0))


@pytest.mark.parametrize("path", ["mau", "mau/train.jsonl"])
def test_of_a_mau_folder_the_train_side_is_read(mau, path):
    source = SourceConfig(name="mau", kind="records", path=path)
    config = DataConfig(sources=(source,), root=str(mau.parent))
    assert [record.image for record in training_records(source, config)] == [
        str(mau / f"images/00{number}.png") for number in range(3)
    ]
    assert real_samples(config) == 3


def test_a_folder_that_is_no_dataset_or_not_a_whole_one_is_refused(mau):
    source = SourceConfig(name="mau", kind="records", path=str(mau))
    (mau / "train.jsonl").write_bytes((mau / "train.jsonl").read_bytes() + b"\n")
    with pytest.raises(DataError, match="is not the file that datasheet"):
        training_records(source, DataConfig(sources=(source,)))
    (mau / "datasheet.json").unlink()
    with pytest.raises(MissingFile, match="is no dataset"):
        training_records(source, DataConfig(sources=(source,)))


def test_a_conversation_follows_its_picture_through_augmentation(mau):
    """The box in the answer frames what is bright in the sample, and few samples stand where the record stands."""
    source = SourceConfig(name="mau", kind="records", path=str(mau))
    stream = SampleStream(DataConfig(sources=(source,)), 30, 64, 0)
    written = {turn.text for record in training_records(source, stream.config) for turn in record.turns[1:]}
    moved = 0
    for index in range(len(stream)):
        sample = stream[index]
        (parsed,) = parse_boxes(sample.turns[1].text)
        bright = sample.pixels[..., 0] > 125
        columns, rows = np.flatnonzero(bright.any(axis=0)), np.flatnonzero(bright.any(axis=1))
        seen = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
        framed = parsed.box.pixels(64, 64)
        assert seen == pytest.approx((framed.x0, framed.y0, framed.x1, framed.y1), abs=3)
        moved += sample.turns[1].text not in written
    assert moved > 15


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
