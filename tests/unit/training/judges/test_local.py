"""The judge that reads yes and no off a model: arithmetic by hand, then the plumbing on a tiny random model."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from transformers import LlamaForCausalLM

from tests.tiny_vlm import byte_tokenizer, save_text_model, text_config
from umed_core.errors import MissingModel, TrainingError, UnusableModel
from umed_core.training.judges.local import LocalJudge, first_tokens, open_local_judge, yes_share

pytestmark = pytest.mark.torch

QUESTION, REFERENCE = "Is there a polyp?", "Yes. A polyp lies in the upper left part of the image."
ANSWERS = ["Yes, a polyp.", "No.", "There is nothing abnormal in this image, as far as I can see.", "?"]
TEMPLATE = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}<assistant>"
NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + TEMPLATE


def test_the_score_is_the_share_of_yes():
    # Tokens 0 and 1 spell yes with e^0 + e^0, token 2 spells no with e^ln 2: an even chance. Token 3 does not count.
    logits = torch.tensor([[0.0, 0.0, math.log(2), 50.0], [math.log(3), -1e9, 0.0, 0.0]])
    torch.testing.assert_close(yes_share(logits, (0, 1), (2,)), torch.tensor([0.5, 0.75]))


def test_a_score_stays_finite_for_large_logits():
    shares = yes_share(torch.tensor([[1e4, -1e4], [-1e4, 1e4]], dtype=torch.bfloat16), (0,), (1,))
    torch.testing.assert_close(shares, torch.tensor([1.0, 0.0]))


@pytest.fixture(scope="module")
def model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = text_config(300)
    config.max_position_embeddings = 4096
    lively = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for weights in lively.parameters():
            if weights.ndim > 1:
                weights.normal_(0, 0.4)
    return lively


def judge(model: LlamaForCausalLM, template: str | None = TEMPLATE, batch_size: int = 8) -> LocalJudge:
    return LocalJudge(model, byte_tokenizer((), template, eos=None, pad=None), "tiny", batch_size)


@pytest.mark.parametrize("template", [None, TEMPLATE, NO_SYSTEM])
def test_a_batch_scores_as_one_by_one(model, template):
    together = judge(model, template).score(QUESTION, REFERENCE, ANSWERS)
    by_two = judge(model, template, batch_size=2).score(QUESTION, REFERENCE, ANSWERS)
    alone = [judge(model, template).score(QUESTION, REFERENCE, [answer])[0] for answer in ANSWERS]
    assert together == pytest.approx(alone, abs=1e-5) and by_two == pytest.approx(alone, abs=1e-5)
    assert all(0 <= score <= 1 and math.isfinite(score) for score in together)
    assert len({round(score, 4) for score in together}) == len(ANSWERS)


def test_an_empty_answer_scores_0_unread_and_equal_ones_are_read_once(model):
    seen = []
    handle = model.register_forward_pre_hook(
        lambda _, __, names: seen.append(len(names["input_ids"])), with_kwargs=True
    )
    scores = judge(model).score(QUESTION, REFERENCE, ["", "Yes.", " \n", "Yes."])
    handle.remove()
    assert scores[0] == scores[2] == 0 and scores[1] == scores[3] > 0 and seen == [1]


def test_a_byte_tokenizer_tells_yes_from_no_by_its_first_letter():
    tokenizer = byte_tokenizer((), None, eos=None, pad=None)
    yes, no = first_tokens(tokenizer)
    # The space before a word is a token of its own here, begins both, and tells nothing.
    assert {tokenizer.decode([token]) for token in yes} == {"y", "Y"}
    assert {tokenizer.decode([token]) for token in no} == {"n", "N"}


def test_a_tokenizer_that_spells_both_alike_is_refused():
    class OneToken:
        unk_token_id = None

        def __call__(self, text, add_special_tokens):
            return {"input_ids": [7]}

    with pytest.raises(UnusableModel, match="alike"):
        first_tokens(OneToken())


def test_texts_longer_than_the_model_reads_stop_the_run(model):
    with pytest.raises(TrainingError, match="4096 tokens"):
        judge(model).score(QUESTION, REFERENCE, ["polyp " * 1000])


def test_a_folder_is_opened_and_one_without_a_model_is_not(tmp_path):
    opened = open_local_judge(save_text_model(tmp_path / "judge"), "cpu")
    assert opened.identity.startswith("local model=judge sha256=") and not opened.is_remote
    with pytest.raises(MissingModel):
        open_local_judge(tmp_path, "cpu")
    (tmp_path / "judge" / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(UnusableModel):
        open_local_judge(tmp_path / "judge", "cpu")
