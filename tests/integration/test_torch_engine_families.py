"""The torch engine on other families, saved and opened as a person's folders are: LLaVA, Qwen2.5-VL, Idefics3."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

pytest.importorskip("torch")

import torch

from tests import tiny_vlm
from umed_core.errors import WorkerError
from umed_core.prompts import BOX_START, about_images, parse_boxes
from umed_core.records import Turn
from umed_core.vlm.attention import ATTENTION
from umed_core.vlm.decoding import Step
from umed_core.vlm.families import answer_tokens, load_model
from umed_core.vlm.messages import Answer, AskOptions, TextDelta
from umed_core.vlm.pixels import as_rgb
from umed_core.vlm.protocol import KEPT_IMAGES
from umed_core.vlm.torch_engine import TorchEngine, open_torch_engine, token_pieces

pytestmark = pytest.mark.torch

WIDE: NDArray[np.uint8] = np.random.default_rng(0).integers(0, 256, (64, 128), dtype=np.uint8)
SQUARE: NDArray[np.uint8] = np.random.default_rng(1).integers(0, 256, (60, 60, 3), dtype=np.uint8)
QUESTION = Turn("user", "Where is it?")
DRAWN = AskOptions(max_new_tokens=8, temperature=1.0, seed=2)

SAVERS: dict[str, Callable[[Path], Path]] = {
    "llava": tiny_vlm.save_llava,
    "qwen2_5_vl": tiny_vlm.save_qwen,
    "idefics3": tiny_vlm.save_idefics,
}
# Rows and columns over the whole image: LLaVA's 4 x 4 tokens cover the middle square; Qwen keeps proportions, 28 px a
# token, 64 x 128 becoming 56 x 140; Idefics3 cuts 2 x 1 tiles of 2 x 2 tokens out of it.
WIDE_GRIDS = {"llava": (4, 8), "qwen2_5_vl": (2, 5), "idefics3": (2, 4)}
SQUARE_GRIDS = {"llava": (4, 4), "qwen2_5_vl": (2, 2), "idefics3": (4, 4)}


@pytest.fixture(scope="module", params=list(SAVERS))
def family(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def folder(family: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return SAVERS[family](tmp_path_factory.mktemp("models") / family)


@pytest.fixture(scope="module")
def engine(folder: Path) -> TorchEngine:
    return open_torch_engine(folder, "cpu")


def ask(
    engine: TorchEngine,
    turns: Sequence[Turn] = (QUESTION,),
    options: AskOptions = DRAWN,
    images: Sequence[NDArray[np.uint8]] = (WIDE,),
    names: Sequence[str] = ("wide",),
) -> tuple[list[TextDelta], Answer]:
    *deltas, answer = engine.answer(1, images, names, turns, options, lambda: False)
    assert isinstance(answer, Answer)
    assert "".join(delta.text for delta in deltas) == answer.text
    return deltas, answer


def as_transformers_has_it(processor: Any, images: Sequence[NDArray[np.uint8]]) -> tuple[str, list[Image.Image]]:
    """The conversation by the processor's own template, and its pictures."""
    words = {"type": "text", "text": about_images(QUESTION.text, len(images))}
    messages = [{"role": "user", "content": [*[{"type": "image"}] * len(images), words]}]
    # A processor that was saved with its tokenizer's template has none of its own.
    template = processor.chat_template or processor.tokenizer.chat_template
    text = processor.apply_chat_template(messages, chat_template=template, add_generation_prompt=True)
    return text, [Image.fromarray(as_rgb(image)) for image in images]


def test_it_streams_an_answer_with_rows_over_the_whole_image(engine: TorchEngine, family: str) -> None:
    deltas, answer = ask(engine)
    assert answer.token_count == len(deltas) == 8
    for delta in deltas:
        (row,) = delta.attention
        assert (row.rows, row.columns) == WIDE_GRIDS[family]
        assert 0 < sum(row.weights) < 1
    # Otherwise the test below, that rows are the model's own, would hold of anything.
    assert len({delta.attention[0].weights for delta in deltas}) == 8


def test_only_what_llava_cropped_away_has_no_weight(engine: TorchEngine, family: str) -> None:
    deltas, _ = ask(engine)
    weights = sum(np.array(delta.attention[0].weights).reshape(WIDE_GRIDS[family]) for delta in deltas)
    dark = np.flatnonzero(weights.max(axis=0) == 0).tolist()
    assert dark == ([0, 1, 6, 7] if family == "llava" else [])


def test_the_row_of_a_token_is_eager_attention_of_the_position_before(engine: TorchEngine) -> None:
    deltas, _ = ask(engine, images=[SQUARE], names=["rows"])
    inputs = engine._inputs((QUESTION,), [SQUARE])
    ids = torch.tensor([engine._ids])
    if "mm_token_type_ids" in inputs:
        kinds = inputs["mm_token_type_ids"]
        inputs["mm_token_type_ids"] = torch.cat([kinds, kinds.new_zeros(1, ids.shape[1] - kinds.shape[1])], dim=1)
    del inputs["input_ids"]
    try:
        engine._decoder.set_attn_implementation("eager")
        collected: list[torch.Tensor] = []
        hook = engine._decoder.register_forward_hook(lambda module, args, output: collected.extend(output.attentions))
        before = engine._decoder.register_forward_pre_hook(
            lambda module, args, kwargs: (args, {**kwargs, "output_attentions": True}), with_kwargs=True
        )
        with torch.inference_mode():
            engine._model(input_ids=ids, **inputs)
        hook.remove()
        before.remove()
    finally:
        engine._decoder.set_attn_implementation(ATTENTION)
    (mosaic,) = engine._mosaics
    mean = torch.stack(collected).mean(dim=(0, 2))[0]
    for place, delta in enumerate(deltas):
        expected = mosaic.on_image(mean[ids.shape[1] - 9 + place, mosaic.positions].double().numpy())
        assert np.allclose(delta.attention[0].weights, expected.ravel(), atol=1e-5)


def test_a_later_turn_reuses_the_cache_and_changes_nothing(engine: TorchEngine) -> None:
    _, first = ask(engine)
    turns = (QUESTION, Turn("assistant", first.text), Turn("user", "And?"))
    kept_deltas, kept = ask(engine, turns)
    ask(engine, images=[SQUARE], names=["square"])
    fresh_deltas, fresh = ask(engine, turns)
    assert fresh.reused_tokens == 0 < kept.reused_tokens
    assert kept.text == fresh.text
    for warm, cold in zip(kept_deltas, fresh_deltas, strict=True):
        assert np.allclose(warm.attention[0].weights, cold.attention[0].weights, atol=1e-5)


def test_two_images_have_a_row_each(engine: TorchEngine, family: str) -> None:
    deltas, _ = ask(engine, images=[WIDE, SQUARE], names=["wide", "square"])
    for delta in deltas:
        first, second = delta.attention
        assert (first.image, second.image) == (0, 1)
        assert (first.rows, first.columns) == WIDE_GRIDS[family]
        assert (second.rows, second.columns) == SQUARE_GRIDS[family]
        assert 0 < sum(first.weights) + sum(second.weights) < 1


def test_it_says_that_it_takes_several_images(engine: TorchEngine) -> None:
    assert engine.info.max_images == KEPT_IMAGES
    with pytest.raises(WorkerError, match="answers about 16 images at a time, not 17"):
        ask(engine, images=[SQUARE] * 17, names=["square"] * 17)


def test_what_is_too_long_with_several_images_may_be_asked_about_fewer(engine: TorchEngine) -> None:
    with pytest.raises(WorkerError, match="longer than the model can read") as refused:
        ask(engine, (Turn("user", "Q" * 600),), images=[WIDE, SQUARE], names=["wide", "square"])
    assert "fewer images" in refused.value.hint


def assert_as_transformers_answers(engine: TorchEngine, folder: Path, images: dict[str, NDArray[np.uint8]]) -> None:
    """Prompt and greedy answer, token for token."""
    model, processor = load_model(folder)
    text, pictures = as_transformers_has_it(processor, list(images.values()))
    inputs = processor(text=[text], images=pictures, return_tensors="pt")
    ends, never = answer_tokens(model, processor.tokenizer)
    made = model.generate(**inputs, max_new_tokens=24, do_sample=False, suppress_tokens=list(never))
    prompt = inputs["input_ids"].shape[1]
    expected = [token for token in made[0, prompt:].tolist() if token not in ends]

    greedy = AskOptions(max_new_tokens=24, grammar=False)
    _, answer = ask(engine, options=greedy, images=list(images.values()), names=list(images))
    assert engine._ids[:prompt] == inputs["input_ids"][0].tolist()
    assert engine._ids[prompt:][: answer.token_count] == expected
    assert len(set(expected)) > 3  # a model that says one token again and again would prove little


def test_two_images_are_answered_token_for_token_as_by_transformers(engine: TorchEngine, folder: Path) -> None:
    assert_as_transformers_answers(engine, folder, {"wide": WIDE, "square": SQUARE})


@pytest.mark.parametrize("names", [("wide",), ("wide", "square")])
def test_llava_onevision_answers_as_by_transformers(names: tuple[str, ...], tmp_path: Path) -> None:
    """Its processor is read without its video part and keeps its own settings; where its tiles lie is not told."""
    folder = tiny_vlm.save_llava_onevision(tmp_path / "onevision")
    engine = open_torch_engine(folder, "cpu")
    assert engine.info.max_images == KEPT_IMAGES
    assert engine._processor.num_image_tokens == 16
    assert_as_transformers_answers(engine, folder, {name: {"wide": WIDE, "square": SQUARE}[name] for name in names})


def test_the_first_word_is_told_from_both_images_in_their_order(
    engine: TorchEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, processor = load_model(folder)
    text, pictures = as_transformers_has_it(processor, [WIDE, SQUARE])
    with torch.inference_mode():
        expected = model(**processor(text=[text], images=pictures, return_tensors="pt")).logits[0, -1].numpy()

    steps: list[Step] = []
    feed = engine._feed
    monkeypatch.setattr(engine, "_feed", lambda ids, inputs: steps.append(feed(ids, inputs)) or steps[-1])
    once = AskOptions(max_new_tokens=1, grammar=False)
    ask(engine, options=once, images=[WIDE, SQUARE], names=["wide", "square"])
    in_order = steps[0].logits
    steps.clear()
    ask(engine, options=once, images=[SQUARE, WIDE], names=["square", "wide"])
    assert np.allclose(in_order, expected, atol=1e-5)
    assert not np.allclose(steps[0].logits, expected, atol=1e-5)


def test_a_second_question_about_the_same_images_reuses_them_and_changes_nothing(engine: TorchEngine) -> None:
    both = {"images": [WIDE, SQUARE], "names": ["wide", "square"]}
    _, first = ask(engine, **both)
    turns = (QUESTION, Turn("assistant", first.text), Turn("user", "And?"))
    kept_deltas, kept = ask(engine, turns, **both)
    ask(engine)
    fresh_deltas, fresh = ask(engine, turns, **both)
    assert fresh.reused_tokens == 0
    assert kept.reused_tokens > sum(len(mosaic.positions) for mosaic in engine._mosaics)
    assert kept.text == fresh.text
    for warm, cold in zip(kept_deltas, fresh_deltas, strict=True):
        for kept_row, fresh_row in zip(warm.attention, cold.attention, strict=True):
            assert np.allclose(kept_row.weights, fresh_row.weights, atol=1e-5)


def test_a_question_without_an_image_forgets_the_last_one(engine: TorchEngine) -> None:
    ask(engine, images=[], names=[], turns=(Turn("user", "Hello"),))
    deltas, fresh = ask(engine, images=[], names=[])
    ask(engine)
    _, after_image = ask(engine, images=[], names=[])
    assert after_image.text == fresh.text
    assert deltas[0].attention == ()


@pytest.mark.parametrize("mark", ["<image>", "<|image_pad|>", "</s><|im_end|><end_of_utterance>", "<row_1_col_1>"])
def test_a_persons_words_are_never_the_models_marks(engine: TorchEngine, mark: str) -> None:
    ask(engine, (Turn("user", f"What is {mark} here?"),))


def test_boxes_spelt_digit_by_digit_can_be_read(engine: TorchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = token_pieces(engine._tokenizer, engine._size)
    bracket = [BOX_START[place : place + 1] for place in range(len(BOX_START))]
    script = [pieces.index(letter) for letter in bracket]
    feed, fed = engine._feed, [0]

    def begins_a_box(ids: Sequence[int], inputs: object) -> object:
        step = feed(ids, inputs)  # type: ignore[arg-type]
        if fed[0] < len(script):
            step.logits[script[fed[0]]] += 100.0
        fed[0] += 1
        return step

    monkeypatch.setattr(engine, "_feed", begins_a_box)
    _, answer = ask(engine, options=AskOptions(80, 1.0, 1.0, 1, attention="none"))
    assert answer.text.lstrip().startswith(BOX_START)
    assert len(parse_boxes(answer.text)) == answer.text.count(BOX_START) == len(answer.boxes)


def test_the_pieces_of_the_vocabulary_are_what_it_writes(engine: TorchEngine) -> None:
    pieces = token_pieces(engine._tokenizer, engine._size)
    ids = engine._tokenizer.encode(tiny_vlm.TEXTS[1], add_special_tokens=False)
    assert "".join(pieces[i] for i in ids).lstrip() == tiny_vlm.TEXTS[1]
    assert len(pieces) == engine._size
