"""The decoding loop against a scripted stepper: what is said, where it stands, and what must never be said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.prompts import parse_boxes
from umed_core.vlm.box_grammar import LONGEST_BOX, BoxGrammar
from umed_core.vlm.decoding import Step, Vocabulary, common_prefix, decode_answer, next_token
from umed_core.vlm.messages import Answer, AskOptions, TextDelta

PIECES = ["", "[bbox_start]", " [bbox_end]", ",", *(f" {k / 1000:.3f}" for k in range(1001)), " polyp", " a"]
END, OPEN, POLYP = 0, 1, PIECES.index(" polyp")


class Script:
    """Wants to say `wanted` in turn, then END; ties go to the lowest id."""

    def __init__(self, wanted: list[int]) -> None:
        self.wanted = [*wanted, END]

    def first(self) -> Step:
        return self._next()

    def step(self, token_id: int) -> Step:
        return self._next()

    def _next(self) -> Step:
        logits = np.zeros(len(PIECES), np.float32)
        logits[self.wanted.pop(0) if self.wanted else END] = 9.0
        return Step(logits)


def vocabulary(banned: tuple[int, ...] = ()) -> Vocabulary:
    return Vocabulary(lambda ids: "".join(PIECES[i] for i in ids), frozenset({END}), banned, BoxGrammar(PIECES))


def said(
    wanted: list[int], options: AskOptions, stop_after: int = 10**6, banned: tuple[int, ...] = ()
) -> tuple[list[TextDelta], Answer]:
    script, calls = Script(wanted), iter(range(10**6))
    events = list(
        decode_answer(
            1,
            script.first(),
            script,
            vocabulary(banned),
            options,
            lambda: next(calls) >= stop_after,
            ("polyp",),
            0.0,
            0,
        )
    )
    deltas = [event for event in events if isinstance(event, TextDelta)]
    answer = events[-1]
    assert isinstance(answer, Answer)
    return deltas, answer


def coordinate(value: float) -> int:
    return PIECES.index(f" {value:.3f}")


def test_deltas_join_to_the_answer_and_know_their_place() -> None:
    deltas, answer = said([PIECES.index(" a"), POLYP], AskOptions())
    assert answer.text == " a polyp"
    assert [(d.start, d.end) for d in deltas] == [(0, 2), (2, 8)]


def test_a_box_is_read_with_its_class() -> None:
    tokens = [OPEN, coordinate(0.1), 3, coordinate(0.2), 3, coordinate(0.3), 3, coordinate(0.4), 2, POLYP]
    _, answer = said(tokens, AskOptions())
    (box,) = answer.boxes
    assert (box.label, box.box.x, box.box.h) == ("polyp", 0.1, 0.4)


def test_the_grammar_overrules_a_model_that_breaks_off_a_box() -> None:
    _, answer = said([OPEN, POLYP, POLYP, POLYP], AskOptions())
    assert len(parse_boxes(answer.text)) == 1


def test_without_the_grammar_the_model_may_break_it_off() -> None:
    _, answer = said([OPEN, POLYP], AskOptions(grammar=False))
    assert answer.text == "[bbox_start] polyp"


def test_no_box_begins_that_could_not_end() -> None:
    _, answer = said([OPEN], AskOptions(max_new_tokens=LONGEST_BOX))
    assert "[bbox_start]" not in answer.text


def test_stop_ends_after_the_token_in_hand() -> None:
    deltas, answer = said([POLYP] * 5, AskOptions(), stop_after=2)
    assert len(deltas) == 2
    assert answer.stopped


def test_banned_tokens_are_never_said() -> None:
    _, answer = said([POLYP, PIECES.index(" a")], AskOptions(), banned=(POLYP,))
    assert "polyp" not in answer.text


def test_half_a_character_is_held_back() -> None:
    whole = "é".encode()
    pieces = [b"", whole[:1], whole[1:], b"x"]
    words = Vocabulary(lambda ids: b"".join(pieces[i] for i in ids).decode(errors="replace"), frozenset({0}), (), None)
    wanted = iter([2, 3, 0])

    class Bytes:
        def step(self, token_id: int) -> Step:
            return Step(np.eye(4, dtype=np.float32)[next(wanted)])

    events = list(
        decode_answer(1, Step(np.eye(4, dtype=np.float32)[1]), Bytes(), words, AskOptions(), lambda: False, (), 0.0, 0)
    )
    assert [e.text for e in events if isinstance(e, TextDelta)] == ["", "é", "x"]


def test_greedy_takes_the_likeliest_and_top_p_the_smallest_set_that_holds_it() -> None:
    logits = np.log(np.array([0.5, 0.3, 0.2], np.float32))
    rng = np.random.default_rng(0)
    assert next_token(logits, AskOptions(), rng) == 0
    drawn = {next_token(logits, AskOptions(temperature=1.0, top_p=0.7), rng) for _ in range(200)}
    assert drawn == {0, 1}


def test_temperature_draws_in_proportion() -> None:
    logits = np.log(np.array([0.7, 0.3], np.float32))
    rng = np.random.default_rng(1)
    draws = [next_token(logits, AskOptions(temperature=1.0), rng) for _ in range(4000)]
    assert np.mean(draws) == pytest.approx(0.3, abs=0.03)


@given(st.lists(st.integers(0, 3), max_size=6), st.lists(st.integers(0, 3), max_size=6))
def test_common_prefix_is_the_longest(a: list[int], b: list[int]) -> None:
    length = common_prefix(a, b)
    assert a[:length] == b[:length]
    assert length == min(len(a), len(b)) or a[length] != b[length]
