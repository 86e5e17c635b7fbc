"""Which tokens spell the true class: worked by hand on tokens of known letters."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the [train] extra")

from hypothesis import given
from hypothesis import strategies as st

from tests.tiny_aar import SAVERS, tiny_policy
from umed_core.prompts import class_named
from umed_core.training.class_tokens import class_tokens, named_spans, token_spans

PIECES = ["", "A ", "kid", "ney ", "stone", " and ", "renal ", "calculi", "s", ".", "pol"]


def decode(ids):
    return "".join(PIECES[i] for i in ids)


def answers(*rows):
    length = max(map(len, rows))
    tokens = torch.tensor([[*row, *[0] * (length - len(row))] for row in rows])
    mask = torch.tensor([[True] * len(row) + [False] * (length - len(row)) for row in rows])
    return tokens, mask


def test_the_tokens_of_the_class_and_of_its_synonym():
    spelt, texts = class_tokens(*answers([1, 2, 3, 4, 5, 6, 7, 9]), ["kidney stone"], decode)
    assert texts == ["A kidney stone and renal calculi."]
    assert spelt[0].tolist() == [False, True, True, True, False, True, True, False]


def test_another_class_part_of_a_word_and_padding_count_nothing():
    """ "kidney stones" is a synonym of its own; "kidney stonepol" is no word at all."""
    spelt, texts = class_tokens(*answers([2, 3, 4, 8], [2, 3, 4, 10], [4]), ["kidney stone"], decode)
    assert texts[1] == "kidney stonepol"
    assert spelt.tolist() == [[True] * 4, [False] * 4, [False] * 4]
    assert not class_tokens(*answers([2, 3, 4]), ["polyp"], decode)[0].any()
    assert not class_tokens(*answers([2, 3, 4]), [], decode)[0].any()


def test_a_class_that_is_not_listed_counts_by_its_own_name():
    assert named_spans("a rare THING", ["rare thing"]) == [(2, 12)]
    assert named_spans("two rare things", ["rare thing"]) == []


def test_a_character_in_two_tokens_belongs_to_both():
    table = {(): "", (1,): "a", (1, 2): "a\ufffd", (1, 2, 3): "aé", (1, 2, 3, 4): "aéb"}
    assert token_spans([1, 2, 3, 4], lambda ids: table[tuple(ids)]) == [(0, 1), (1, 2), (1, 2), (2, 3)]


@given(st.lists(st.integers(0, len(PIECES) - 1), max_size=12))
def test_some_token_spells_a_class_exactly_where_the_answer_names_it(ids):
    spelt, (text,) = class_tokens(
        torch.tensor([ids]).long(), torch.ones(1, len(ids), dtype=torch.bool), ["kidney stone"], decode
    )
    assert bool(spelt.any()) == class_named(text, "kidney stone")
    spans = token_spans(ids, decode)
    assert "".join(text[start:end] for start, end in spans) == text


@pytest.mark.parametrize("family", list(SAVERS))
def test_real_tokenizers_give_their_tokens_back(tmp_path, family):
    tokenizer = tiny_policy(SAVERS[family](tmp_path / "model")).processor.tokenizer
    text = "There is a kidney stone, a renal calculus."
    ids = tokenizer.encode(text, add_special_tokens=False)
    spelt, (told,) = class_tokens(
        torch.tensor([ids]), torch.ones(1, len(ids), dtype=torch.bool), ["kidney stone"],
        lambda some: tokenizer.decode(list(some), skip_special_tokens=True, clean_up_tokenization_spaces=False),
    )  # fmt: skip
    assert told == text
    words = tokenizer.decode([ids[place] for place in spelt[0].nonzero().flatten()])
    assert words.replace(" ", "") == "kidneystonerenalcalculus"
