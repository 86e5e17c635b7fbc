"""The fast path for umed-mini gives what its own processor gives; labels stay in line whatever the padding."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the [train] extra")
pytest.importorskip("transformers", reason="needs the [train] extra")

from tests import tiny_vlm
from tests.tiny_aar import SAVERS, tiny_policy
from tests.tiny_sft import ellipse
from umed_core.errors import ConfigError, CorruptImage
from umed_core.geometry import NormalizedBox
from umed_core.prompts import format_box
from umed_core.records import Finding, Turn
from umed_core.training.aar_batches import PromptReader
from umed_core.training.batches import Collator, MicroBatches
from umed_core.training.data import Sample
from umed_core.training.encoding import IGNORED, NO_BOX
from umed_core.vlm.chat import CHAT_TEMPLATE
from umed_core.vlm.families import load_model
from umed_core.vlm.pixels import as_rgb

LEFT = Finding("kidney stone", NormalizedBox(0.1, 0.2, 0.3, 0.4))
RIGHT = Finding("polyp", NormalizedBox(0.6, 0.6, 0.2, 0.2))


def sample(*findings: Finding, pairs: int = 1) -> Sample:
    said = " and ".join(f"a {f.label} at {format_box(f.box)}" for f in findings) or "nothing"
    turns = (Turn("user", "What is there?"), Turn("assistant", f"There is {said}."))
    turns += (Turn("user", "Is that all?"), Turn("assistant", "Yes.")) * (pairs - 1)
    box = findings[0].box if findings else NormalizedBox(0.4, 0.4, 0.2, 0.2)
    return Sample(as_rgb(ellipse(box)), findings, turns, "test")


SAMPLES = [sample(LEFT), sample(), sample(RIGHT, LEFT, pairs=3)]


@pytest.fixture(scope="module")
def processor():
    made = tiny_vlm.medvint("grid")[1]
    made.chat_template = CHAT_TEMPLATE  # a saved folder's processor has it
    return made


@pytest.fixture(scope="module")
def llava(tmp_path_factory):
    return load_model(tiny_vlm.save_llava(tmp_path_factory.mktemp("llava")))


@pytest.fixture(scope="module")
def collate(processor):
    return Collator(processor, max_text_tokens=500, is_medvint=True, image_size=tiny_vlm.IMAGE_SIZE)


def answers(tokenizer, batch, row):
    chosen = batch.labels[row] != IGNORED
    return tokenizer.decode(batch.labels[row][chosen])


def test_the_fast_path_equals_the_processor(processor, collate):
    fast = collate(SAMPLES)
    slow = Collator(processor, 500, is_medvint=False, image_size=0)(SAMPLES)
    for name in ("input_ids", "attention_mask"):
        assert torch.equal(fast.inputs[name], slow.inputs[name]), name
    torch.testing.assert_close(fast.inputs["pixel_values"], slow.inputs["pixel_values"], atol=1e-5, rtol=0)
    for name in ("labels", "box_of", "names_class", "boxes", "owners"):
        assert torch.equal(getattr(fast, name), getattr(slow, name)), name


def test_labels_are_the_ids_in_their_own_place(collate, processor):
    batch = collate(SAMPLES)
    ids = batch.inputs["input_ids"]
    chosen = batch.labels != IGNORED
    assert torch.equal(batch.labels[chosen], ids[chosen])
    for row, one in enumerate(SAMPLES):
        expected = "".join(f"{turn.text}<end>" for turn in one.turns if turn.role == "assistant")
        assert answers(processor.tokenizer, batch, row) == expected


def test_padding_is_on_the_right_and_never_learnt(collate):
    batch = collate(SAMPLES)
    mask = batch.inputs["attention_mask"]
    lengths = mask.sum(dim=1)
    assert len(set(lengths.tolist())) == 3, "the samples must differ in length"
    for row, length in enumerate(lengths.tolist()):
        assert mask[row, :length].all() and not mask[row, length:].any()
        assert (batch.labels[row, length:] == IGNORED).all() and (batch.box_of[row, length:] == NO_BOX).all()


def test_boxes_are_counted_through_the_batch(collate, processor):
    batch = collate(SAMPLES)
    assert batch.owners.tolist() == [0, 2, 2]
    torch.testing.assert_close(batch.boxes[1], torch.tensor([0.6, 0.6, 0.2, 0.2]))
    spelt = [processor.tokenizer.decode(batch.inputs["input_ids"][batch.box_of == i]) for i in range(3)]
    assert spelt == [" 0.100 0.200 0.300 0.400", " 0.600 0.600 0.200 0.200", " 0.100 0.200 0.300 0.400"]


def test_a_batch_is_its_samples_one_by_one(collate):
    together = collate(SAMPLES)
    for row, one in enumerate(SAMPLES):
        alone = collate([one])
        length = alone.inputs["input_ids"].shape[1]
        assert torch.equal(together.inputs["input_ids"][row, :length], alone.inputs["input_ids"][0])
        assert torch.equal(together.labels[row, :length], alone.labels[0])
        assert torch.equal(together.names_class[row, :length], alone.names_class[0])


def test_a_batch_without_findings_has_no_boxes(collate):
    batch = collate([sample()])
    assert batch.boxes.shape == (0, 4) and batch.owners.shape == (0,)
    assert (batch.box_of == NO_BOX).all() and not batch.names_class.any()


def test_a_long_conversation_loses_its_last_turns_and_never_its_first(processor):
    long = sample(LEFT, pairs=6)
    for most in (1, 60, 1000):
        batch = Collator(processor, most, True, tiny_vlm.IMAGE_SIZE)([long])
        text = answers(processor.tokenizer, batch, 0)
        assert text.startswith(f"{long.turns[1].text}<end>")
        assert text.count("<end>") == {1: 1, 1000: 6}.get(most, text.count("<end>"))
    assert batch.inputs["input_ids"].shape[1] > 60


def test_llava_learns_whole_answers_and_nothing_of_the_image(llava):
    """Through its own template and processor, which writes sixteen tokens for the image."""
    _, processor = llava
    batch = Collator(processor, 500, is_medvint=False, image_size=0)([SAMPLES[0], SAMPLES[2]])
    for row, one in enumerate((SAMPLES[0], SAMPLES[2])):
        said = answers(processor.tokenizer, batch, row).split("</s>")
        assert [text.strip() for text in said] == [*(t.text for t in one.turns if t.role == "assistant"), ""]
    assert (batch.labels[batch.inputs["input_ids"] == processor.image_token_id] == IGNORED).all()


def test_a_processor_that_spells_otherwise_is_refused(processor):
    class Shouting:
        tokenizer = processor.tokenizer
        chat_template = processor.chat_template
        apply_chat_template = staticmethod(processor.apply_chat_template)

        def __call__(self, text, **kwargs):
            return processor(text=[one.replace("There", "THERE") for one in text], **kwargs)

    with pytest.raises(ConfigError, match="other tokens"):
        Collator(Shouting(), 500, is_medvint=False, image_size=0)([SAMPLES[0]])


def test_a_model_without_chat_template_is_refused():
    bare = tiny_vlm.medvint("grid")[1]
    bare.tokenizer.chat_template = None
    with pytest.raises(ConfigError, match="no chat template"):
        Collator(bare, 500, is_medvint=False, image_size=0)([SAMPLES[0]])


def test_micro_batches_follow_one_another_and_hand_over_an_error(collate):
    class Stream:
        def __len__(self):
            return 4

        def __getitem__(self, index):
            if index == 3:
                raise CorruptImage("003.png is torn.", "Copy it again.")
            return SAMPLES[index]

    pairs = MicroBatches(Stream(), collate, 2)
    assert len(pairs) == 2
    assert np.array_equal(pairs[0].labels, collate(SAMPLES[:2]).labels)
    assert isinstance(pairs[1], CorruptImage) and pairs[1].hint == "Copy it again."


@pytest.mark.parametrize("family", SAVERS)
def test_training_writes_what_asking_writes(family, tmp_path):
    """Up to the answer, the row that is trained on is the prompt that the model is asked with, the first token included."""
    SAVERS[family](tmp_path)
    policy = tiny_policy(tmp_path)
    one = sample(LEFT)
    batch = Collator(policy.processor, 500, policy.is_medvint, policy.image_size)([one])
    trained, labels = batch.inputs["input_ids"][0], batch.labels[0]
    asked = PromptReader(policy).encode(one)["input_ids"][0]
    assert torch.equal(trained[: len(asked)], asked)
    assert bool((labels[: len(asked)] == IGNORED).all()) and bool((labels[len(asked) :] != IGNORED).any())
    begins = policy.processor.tokenizer.bos_token_id
    assert trained.tolist().count(begins) == (family == "llava"), "one first token where the family has one"


def test_a_first_token_leaves_the_labels_where_they_were(llava):
    """LLaVA's `<s>` moves every row by one; what is learnt stays the answers and the token that ends each."""
    processor = llava[1]
    batch = Collator(processor, 500, False, 0)(SAMPLES)
    for row, one in enumerate(SAMPLES):
        for turn in one.turns[1::2]:
            assert turn.text in answers(processor.tokenizer, batch, row)
