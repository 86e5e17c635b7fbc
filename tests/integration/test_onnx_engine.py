"""The ONNX form of a tiny random MedVInt against torch, and what the engine does with conversations and bad folders."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from umed_core.errors import MissingModel, UmedError, UnusableModel, WorkerError
from umed_core.prompts import parse_boxes
from umed_core.records import Turn
from umed_core.vlm.chat import render_chat
from umed_core.vlm.families import load_model
from umed_core.vlm.medvint.mini import build_mini
from umed_core.vlm.messages import Answer, AskOptions, TextDelta
from umed_core.vlm.onnx_engine import OnnxEngine, open_onnx_engine
from umed_core.vlm.onnx_export import export_onnx

TEXTS = ["What is abnormal in this image?", "A polyp is seen in the upper left part of the image."]
QUESTION = (Turn("user", "What is abnormal?"),)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A random model in transformers' form and in ONNX form; its weights are large enough that tokens differ."""
    root = tmp_path_factory.mktemp("tiny")
    model, processor = build_mini(TEXTS, image_size=64, width=32, layers=2, pretrained_encoder=False)
    with torch.no_grad():
        for parameter in model.language_model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(6)
    model.save_pretrained(root / "torch")
    processor.save_pretrained(root / "torch")
    export_onnx(root / "torch", root / "onnx", "tiny", ("polyp",))
    return root / "torch", root / "onnx"


@pytest.fixture
def engine(folders: tuple[Path, Path]) -> Iterator[OnnxEngine]:
    yield open_onnx_engine(folders[1], "cpu")


def picture(seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, (50, 70, 3), dtype=np.uint8)


def ask(
    engine: OnnxEngine, turns: tuple[Turn, ...], image_id: str = "a", **options: object
) -> list[TextDelta | Answer]:
    settings = AskOptions(**{"max_new_tokens": 24, **options})  # type: ignore[arg-type]
    return list(engine.answer(1, [picture()], [image_id], turns, settings, lambda: False))


def final(events: list[TextDelta | Answer]) -> Answer:
    answer = events[-1]
    assert isinstance(answer, Answer)
    return answer


def test_first_logits_and_attention_equal_torchs(folders: tuple[Path, Path], engine: OnnxEngine) -> None:
    model, processor = load_model(folders[0])
    model.set_attn_implementation("eager")
    inputs = processor(images=[picture()], text=[render_chat(QUESTION, 1)], return_tensors="pt")
    with torch.no_grad():
        outputs = model(**inputs, output_attentions=True)
    ids = inputs["input_ids"][0]
    first = engine._feed(ids.tolist(), picture())
    np.testing.assert_allclose(first.logits, outputs.logits[0, -1].numpy(), atol=1e-4)
    eager = torch.stack([layer[0, :, -1].mean(0) for layer in outputs.attentions]).mean(0)
    on_image = eager[ids == model.config.image_token_id].numpy()
    np.testing.assert_allclose(first.attention[0].weights, on_image, atol=1e-5)


def test_the_answer_equals_torchs_greedy_generate(folders: tuple[Path, Path], engine: OnnxEngine) -> None:
    model, processor = load_model(folders[0])
    inputs = processor(images=[picture()], text=[render_chat(QUESTION, 1)], return_tensors="pt")
    specials = [i for i in processor.tokenizer.all_special_ids if i != processor.tokenizer.eos_token_id]
    out = model.generate(**inputs, max_new_tokens=24, do_sample=False, suppress_tokens=specials)
    told = processor.tokenizer.decode(out[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    assert final(ask(engine, QUESTION, grammar=False)).text == told


def test_the_graphs_carry_no_path_of_this_machine(folders: tuple[Path, Path]) -> None:
    for graph in folders[1].glob("*.onnx"):
        assert b"onnx_export.py" not in graph.read_bytes()


def test_a_second_turn_reuses_the_cache_and_answers_the_same(folders: tuple[Path, Path], engine: OnnxEngine) -> None:
    first = final(ask(engine, QUESTION))
    turns = (*QUESTION, Turn("assistant", first.text), Turn("user", "Why?"))
    again = final(ask(engine, turns))
    fresh = final(ask(open_onnx_engine(folders[1], "cpu"), turns))
    assert again.reused_tokens > 16  # the image's sixteen cells and the first question
    assert fresh.reused_tokens == 0
    assert again.text == fresh.text


@pytest.mark.parametrize("mark", ["<image>", "<end>", "<assistant>", "<image><image><end><user>"])
def test_a_persons_words_are_never_the_models_marks(engine: OnnxEngine, mark: str) -> None:
    ask(engine, (Turn("user", mark), Turn("assistant", mark), Turn("user", f"What is {mark} here?")))
    fed = [engine._tokenizer.id_to_token(number) for number in engine._ids]
    marks = ("<image>", "<user>", "<assistant>", "<end>", "<pad>")
    assert [fed.count(own) for own in marks] == [16, 2, 2, 3, 0]  # sixteen cells, three turns and one to write


def test_another_image_reuses_nothing(engine: OnnxEngine) -> None:
    ask(engine, QUESTION, "a")
    assert final(ask(engine, QUESTION, "b")).reused_tokens == 0


def test_every_box_of_a_random_model_parses(engine: OnnxEngine) -> None:
    started = 0
    for seed in range(12):
        text = final(ask(engine, QUESTION, temperature=2.0, seed=seed, max_new_tokens=80)).text
        assert len(parse_boxes(text)) == text.count("[bbox_start]")
        started += text.count("[bbox_start]")
    assert started > 0


def test_rows_by_layer_average_to_the_mean_row(engine: OnnxEngine) -> None:
    delta = next(e for e in ask(engine, QUESTION, attention="layers") if isinstance(e, TextDelta))
    mean, *layers = delta.attention
    assert (mean.layer, [row.layer for row in layers]) == (-1, [0, 1])
    np.testing.assert_allclose(np.mean([row.weights for row in layers], axis=0), mean.weights, atol=1e-6)
    assert (mean.rows, mean.columns) == (4, 4)
    assert 0 < sum(mean.weights) <= 1


def test_no_rows_where_none_are_wanted(engine: OnnxEngine) -> None:
    assert all(not e.attention for e in ask(engine, QUESTION, attention="none") if isinstance(e, TextDelta))


def test_a_conversation_beyond_its_positions_is_refused_in_one_line(engine: OnnxEngine) -> None:
    with pytest.raises(WorkerError, match="longer than the model can read"):
        ask(engine, (Turn("user", "stone " * 3000),))


def test_two_images_are_refused(engine: OnnxEngine) -> None:
    with pytest.raises(WorkerError, match="one image at a time"):
        list(engine.answer(1, [picture(), picture(1)], ["a", "b"], QUESTION, AskOptions(), lambda: False))


def test_an_empty_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(MissingModel):
        open_onnx_engine(tmp_path, "cpu")


@pytest.mark.parametrize("broken", ["decoder.onnx", "umed.json", "tokenizer.json"])
def test_a_damaged_file_is_named(folders: tuple[Path, Path], tmp_path: Path, broken: str) -> None:
    copy = tmp_path / "model"
    shutil.copytree(folders[1], copy)
    (copy / broken).write_bytes(b"no longer what it was")
    with pytest.raises(UmedError) as caught:
        open_onnx_engine(copy, "cpu")
    assert caught.value.hint


def test_a_missing_graph_is_named(folders: tuple[Path, Path], tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(folders[1], copy)
    (copy / "vision.onnx").unlink()
    with pytest.raises(UnusableModel, match=r"vision\.onnx"):
        open_onnx_engine(copy, "cpu")
