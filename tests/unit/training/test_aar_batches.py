"""Queries of stage 2: asked as the engine asks, with the true boxes on the right cells, the same after a resume."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the [train] extra")

from PIL import Image

from tests.tiny_aar import BOX, SAVERS, sample, tiny_config, tiny_policy, tiny_query
from umed_core.errors import ConfigError, CorruptImage, DataError
from umed_core.records import Turn
from umed_core.training.aar_batches import PromptReader, answer_vocabulary, query_batches
from umed_core.training.aar_samples import MOST, save_samples
from umed_core.training.processes import open_accelerator
from umed_core.vlm.torch_engine import open_torch_engine

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    return {family: save(root / family) for family, save in SAVERS.items()}


@pytest.mark.parametrize("family", list(SAVERS))
def test_a_query_is_what_the_engine_would_ask(folders, family):
    drawn = sample(96, 64)
    engine = open_torch_engine(folders[family], "cpu")
    asked = engine._inputs(drawn.turns[:1], [drawn.pixels])
    encoded = PromptReader(tiny_policy(folders[family])).encode(drawn)
    assert encoded.keys() == asked.keys()
    for name, value in asked.items():
        torch.testing.assert_close(encoded[name], value)


@pytest.mark.parametrize("family", list(SAVERS))
def test_what_may_be_said_is_what_the_engine_lets_be_said(folders, family):
    engine, vocabulary = (
        open_torch_engine(folders[family], "cpu"),
        answer_vocabulary(tiny_policy(folders[family]), False),
    )
    assert set(vocabulary.end_ids.tolist()) == engine._vocabulary.end_ids
    assert tuple(vocabulary.suppressed.tolist()) == engine._vocabulary.banned_ids


def test_the_box_lies_on_the_middle_cells(folders):
    """BOX is the middle half of the image; of umed-mini's 4 x 4 cells it covers the inner four, of 2 x 2 a quarter each."""
    grid = tiny_query(tiny_policy(folders["medvint-grid"])).prompt
    inner = torch.zeros(4, 4)
    inner[1:3, 1:3] = 1
    torch.testing.assert_close(grid.box_share.view(4, 4), inner)
    assert grid.image_positions.shape == (16,)
    queries = tiny_query(tiny_policy(folders["medvint-queries"])).prompt
    torch.testing.assert_close(queries.box_share, torch.full((4,), 0.25))
    assert queries.image_positions.shape == (6,)


def test_llavas_crop_moves_the_box(folders):
    """Of a 128 x 64 image LLaVA sees the middle square, x .25...75: the box is all of its width and the middle half of its
    height."""
    share = tiny_query(tiny_policy(folders["llava"]), 128, 64).prompt.box_share.view(4, 4)
    torch.testing.assert_close(share, torch.tensor([0.0, 1.0, 1.0, 0.0])[:, None].expand(4, 4))


def test_a_persons_words_are_never_the_models_marks(folders):
    policy = tiny_policy(folders["medvint-grid"])
    drawn = sample()
    marked = dataclasses.replace(drawn, turns=(Turn("user", "What is <image> here?"), drawn.turns[1]))
    ids = PromptReader(policy).encode(marked)["input_ids"]
    assert int((ids == policy.model.config.image_token_id).sum()) == 16


def test_a_query_keeps_what_its_answers_are_held_against(folders):
    query = tiny_query(tiny_policy(folders["medvint-grid"]))
    assert query.reference.startswith("There is a kidney stone at") and query.labels == ("kidney stone",)
    assert query.findings[0].box == BOX and query.pixels.shape == (64, 64, 3)


def test_a_sample_without_a_question_is_refused(folders):
    with pytest.raises(DataError, match="no question"):
        PromptReader(tiny_policy(folders["medvint-grid"])).encode(dataclasses.replace(sample(), turns=()))


def test_a_model_without_a_template_is_refused(folders):
    policy = tiny_policy(folders["llava"])
    policy.processor.chat_template = policy.processor.tokenizer.chat_template = None
    with pytest.raises(ConfigError, match="chat template"):
        PromptReader(policy).encode(sample())


def test_update_n_asks_the_same_from_the_start_and_after_a_resume(folders, tmp_path):
    policy = tiny_policy(folders["medvint-grid"])
    config, reader = tiny_config(folders["medvint-grid"], tmp_path), PromptReader(policy)
    alone = open_accelerator("fp32")
    whole = list(query_batches(config, policy, reader, 4, 0, alone))
    resumed = list(query_batches(config, policy, reader, 4, 2, alone))
    assert [len(update) for update in whole] == [2, 2, 2, 2] and len(resumed) == 2
    for first, second in zip(whole[2:], resumed, strict=True):
        for one, other in zip(first, second, strict=True):
            assert np.array_equal(one.pixels, other.pixels) and one.question == other.question


def test_a_torn_image_is_named(folders, tmp_path):
    from tests.tiny_sft import write_box_set

    write_box_set(tmp_path / "polyps", 4)
    for path in (tmp_path / "polyps" / "images").iterdir():
        path.write_bytes(path.read_bytes()[:60])
    policy = tiny_policy(folders["medvint-grid"])
    data = {"root": str(tmp_path), "sources": [{"name": "polyps", "kind": "box_set", "path": "polyps"}]}
    config = tiny_config(folders["medvint-grid"], tmp_path / "run", data=data)
    with pytest.raises(CorruptImage):
        next(query_batches(config, policy, PromptReader(policy), 1, 0, open_accelerator("fp32")))


def test_pictures_of_answers_tell_truth_answer_and_rewards(folders, tmp_path):
    query = tiny_query(tiny_policy(folders["medvint-grid"]))
    text = "A kidney stone at [bbox_start] 0.1, 0.1, 0.3, 0.3 [bbox_end]."
    saved = save_samples(tmp_path, 7, [(query, text, {"r_loc": 0.25})] * (MOST + 1))
    assert [path.name for path in saved] == [f"step-000007-{number}.png" for number in range(1, MOST + 1)]
    picture = Image.open(saved[0])
    assert picture.text["Answer"] == text and picture.text["Question"] == query.question
    # Two boxes in two colours: the true one and the answer's.
    colors = {color for _, color in picture.getcolors(2**20)}
    assert {(255, 196, 61), (73, 198, 229)} <= colors
    assert save_samples(tmp_path, 8, [(query, "", {})])[0].is_file()
