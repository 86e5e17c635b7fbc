"""A cache that grows in place holds what transformers' own holds, whatever is done to it."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the [train] extra")
pytest.importorskip("transformers", reason="needs the [train] extra")

from hypothesis import given
from hypothesis import strategies as st
from transformers.cache_utils import DynamicLayer

from umed_core.training.answer_cache import ROOM, RoomyLayer

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.sampled_from([1, 1, 1, 3, ROOM + 2])),
        st.tuples(st.just("repeat"), st.integers(1, 3)),
        st.tuples(st.just("select"), st.integers(1, 4)),
    ),
    max_size=8,
)


def put(layer, states):
    return layer.update(*states)


@given(first=st.integers(1, 9), steps=STEPS, seed=st.integers(0, 99))
def test_it_holds_what_the_joined_cache_holds(first, steps, seed):
    generator = torch.Generator().manual_seed(seed)
    ours, theirs = RoomyLayer(), DynamicLayer()

    def states(batch, tokens):
        return tuple(torch.randn(batch, 2, tokens, 4, generator=generator) for _ in range(2))

    given_first = states(1, first)
    for layer in (ours, theirs):
        put(layer, given_first)
    for what, number in steps:
        batch = theirs.keys.shape[0]
        if what == "append":
            more = states(batch, number)
            for mine, other in zip(put(ours, more), put(theirs, more), strict=True):
                assert torch.equal(mine, other)
        elif what == "repeat":
            for layer in (ours, theirs):
                layer.batch_repeat_interleave(number)
        else:
            kept = torch.arange(min(number, batch))
            for layer in (ours, theirs):
                layer.batch_select_indices(kept)
        assert ours.get_seq_length() == theirs.get_seq_length()
        assert torch.equal(ours.keys, theirs.keys)
        assert torch.equal(ours.values, theirs.values)


def test_a_token_behind_the_prompt_moves_nothing_that_is_there():
    """The first token makes room; the next 63 find it."""
    layer = RoomyLayer()
    put(layer, (torch.zeros(1, 1, 5, 2), torch.zeros(1, 1, 5, 2)))
    place = None
    for _ in range(ROOM):
        keys, _ = put(layer, (torch.ones(1, 1, 1, 2), torch.ones(1, 1, 1, 2)))
        place = place or keys.data_ptr()
        assert keys.data_ptr() == place
    assert keys.shape[2] == 5 + ROOM


def test_the_prompts_own_tensors_are_left_as_they_are():
    prompt = torch.zeros(1, 1, 3, 2)
    layer = RoomyLayer()
    put(layer, (prompt, prompt.clone()))
    put(layer, (torch.ones(1, 1, 1, 2), torch.ones(1, 1, 1, 2)))
    assert prompt.shape == (1, 1, 3, 2)
    assert (prompt == 0).all()
