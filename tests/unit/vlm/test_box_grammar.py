"""A box that is started under the grammar always parses, has area and lies on the image."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.errors import UnusableModel
from umed_core.geometry import NormalizedBox
from umed_core.prompts import BOX_END, BOX_START, format_box, parse_boxes
from umed_core.vlm.box_grammar import LONGEST_BOX, BoxGrammar, BoxState, piece_text

MARKERS = [BOX_START, BOX_END]
WORDS = ["", "polyp", " here", "]", "] and", "[", ".", " ."]
COORDINATES = [f"{k / 1000:.3f}" for k in range(1001)]
ONE_TOKEN_A_COORDINATE = [*MARKERS, "", "polyp", ", ", ",", *COORDINATES]
SPACED_COORDINATES = [*MARKERS, " [bbox_end]", ",", " ", *(f" {c}" for c in COORDINATES)]
SPACED_END = [
    BOX_START,
    " [bbox_end]",
    *"0123456789.",
    ",",
    " ",
    ", ",
    "0.5 ",
    ", 0.1 ",
    *(f" {c}" for c in COORDINATES),
]
HUNDREDTHS = [*MARKERS, ",", *(f"{k / 100:.2f}" for k in range(100))]
DIGITS = [*MARKERS, *WORDS, *"0123456789", ",", " ", " 0", ", ", "  "]
BPE = [*WORDS, *"0123456789", ",", " ", "0.", " 0.", ", 0.", ",1", "12", "123", "999", "000", "5, 0.2", "-1",
       "bbox", "_", "start", "end", "b", "o", "x", "[bbox", "_end", "_start] 0", "end] of", "end] [bbox_start]", "] [",
       "0 [bbox_end]."]  # fmt: skip
TOKENIZERS = {
    "coordinates": ONE_TOKEN_A_COORDINATE,
    "spaced": SPACED_COORDINATES,
    "spaced end": SPACED_END,
    "hundredths": HUNDREDTHS,
    "digits": DIGITS,
    "bpe": BPE,
}
GRAMMARS = {name: BoxGrammar(pieces) for name, pieces in TOKENIZERS.items()}
NAMES = st.sampled_from(sorted(TOKENIZERS))


def write_box(name: str, choose: Callable[[list[int]], int]) -> tuple[str, int]:
    """The text of one box, each token picked from the allowed ones, and how many tokens it took."""
    pieces, grammar = TOKENIZERS[name], GRAMMARS[name]
    text, state, steps = "a ", grammar.start(), 0
    for piece in [BOX_START] if BOX_START in pieces else ["[bbox", "_", "start", "]"]:
        state = grammar.advance(state, pieces.index(piece))
        text += piece
    while state.phase != "outside":
        mask = grammar.allowed(state)
        assert mask is not None and mask.any(), f"dead end after {text!r}"
        token_id = choose(np.flatnonzero(mask).tolist())
        text, state, steps = text + pieces[token_id], grammar.advance(state, token_id), steps + 1
        assert steps <= LONGEST_BOX
        if text.endswith("[bbox_start]"):
            break  # a piece that closes this box and opens the next
    return text, steps


def assert_one_good_box(text: str) -> None:
    (parsed,) = parse_boxes(text)
    box = parsed.box
    assert box.w >= 0.001 and box.h >= 0.001
    assert round(box.x + box.w, 6) <= 1 and round(box.y + box.h, 6) <= 1


@given(NAMES, st.integers(0, 2**32))
def test_random_choices_parse(name: str, seed: int) -> None:
    text, _ = write_box(name, random.Random(seed).choice)
    assert_one_good_box(text)


@pytest.mark.parametrize("name", sorted(TOKENIZERS))
@pytest.mark.parametrize("seed", range(20))
def test_a_fixed_preference_parses_as_greedy_decoding_would(name: str, seed: int) -> None:
    liking = np.random.default_rng(seed).normal(size=len(TOKENIZERS[name]))
    text, _ = write_box(name, lambda allowed: max(allowed, key=lambda i: liking[i]))
    assert_one_good_box(text)


@pytest.mark.parametrize("name", sorted(TOKENIZERS))
def test_the_largest_numbers_everywhere_stay_on_the_image(name: str) -> None:
    text, _ = write_box(name, lambda allowed: max(allowed, key=lambda i: TOKENIZERS[name][i]))
    assert_one_good_box(text)


@pytest.mark.parametrize("name", sorted(TOKENIZERS))
def test_the_smallest_numbers_everywhere_keep_area(name: str) -> None:
    text, _ = write_box(name, lambda allowed: min(allowed, key=lambda i: TOKENIZERS[name][i]))
    assert_one_good_box(text)


def allowed_after(name: str, text: str) -> set[str]:
    """Pieces allowed after `text`, spelled with the longest pieces that fit."""
    pieces, grammar = TOKENIZERS[name], GRAMMARS[name]
    state = grammar.start()
    while text:
        piece = max((p for p in pieces if p and text.startswith(p)), key=len)
        state, text = grammar.advance(state, pieces.index(piece)), text[len(piece) :]
    mask = grammar.allowed(state)
    return set(pieces) if mask is None else {pieces[i] for i in np.flatnonzero(mask)}


def test_width_after_x_of_point_nine_is_at_most_a_tenth() -> None:
    allowed = allowed_after("coordinates", "[bbox_start]0.900, 0.200, ")
    assert allowed == {f"{k / 1000:.3f}" for k in range(1, 101)}


def test_digits_after_x_of_point_nine() -> None:
    assert allowed_after("digits", "[bbox_start]0.9,0.2,0") == {"."}
    assert allowed_after("digits", "[bbox_start]0.9,0.2,0.") == {"0", "1"}
    assert allowed_after("digits", "[bbox_start]0.9,0.2,0.1") == {"0", ",", " ", ", "}
    assert allowed_after("digits", "[bbox_start]0.9,0.2,0.00") == set("123456789")


def test_only_the_whole_image_may_be_a_unit_wide() -> None:
    assert "1" in allowed_after("digits", "[bbox_start]0,0,")
    assert "1" not in allowed_after("digits", "[bbox_start]0.001,0,")


def test_a_size_closes_with_the_end_marker_and_a_position_with_a_comma() -> None:
    assert allowed_after("coordinates", "[bbox_start]0.100") == {",", ", "}
    assert allowed_after("coordinates", "[bbox_start]0.100, 0.100, 0.100, 0.100") == {BOX_END}


def test_coarse_coordinates_leave_room_for_the_smallest_size() -> None:
    assert "0.99" in allowed_after("hundredths", "[bbox_start]")
    assert allowed_after("hundredths", "[bbox_start]0.99,0.00,") == {"0.01"}


def test_outside_a_box_everything_is_allowed() -> None:
    assert GRAMMARS["digits"].allowed(BoxState()) is None
    assert GRAMMARS["coordinates"].allowed(GRAMMARS["coordinates"].start()) is None


def test_a_piece_that_opens_a_box_and_runs_on_is_refused() -> None:
    assert "_start] 0" not in allowed_after("bpe", "[bbox")
    assert "_" in allowed_after("bpe", "[bbox")
    assert "] and" not in allowed_after("bpe", "[bbox_start")


def test_the_end_marker_may_be_spelled_in_pieces() -> None:
    box = "[bbox_start]0.5,0.5,0.1,0.1"
    assert allowed_after("bpe", box + "[bbox") == {"_", "_end"}
    assert allowed_after("bpe", box + "[bbox_") == {"end", "end] of", "end] [bbox_start]"}


def test_what_format_box_writes_is_allowed_at_each_step() -> None:
    pieces, grammar = TOKENIZERS["digits"], GRAMMARS["digits"]
    state = grammar.advance(grammar.start(), pieces.index(BOX_START))
    for piece in [*format_box(NormalizedBox(0.123, 0.456, 0.1, 0.2)).split(BOX_START)[1].split(BOX_END)[0], BOX_END]:
        mask = grammar.allowed(state)
        assert mask is not None and mask[pieces.index(piece)], piece
        state = grammar.advance(state, pieces.index(piece))
    assert state == grammar.start()


@given(NAMES, st.integers(0, 2**32))
def test_the_mask_admits_nothing_that_advance_rejects(name: str, seed: int) -> None:
    """The mask is computed by intervals, advance by spelling: along a random box they agree on every piece."""
    pieces, grammar, chance = TOKENIZERS[name], GRAMMARS[name], random.Random(seed)
    state = BoxState("number")
    for _ in range(chance.randrange(12)):
        mask = grammar.allowed(state)
        if state.phase != "number" or mask is None:
            return
        for token_id in np.flatnonzero(mask).tolist():
            after = grammar.advance(state, token_id)
            assert after.phase in ("number", "end") or pieces[token_id].strip().endswith((BOX_END, BOX_END + "."))
        state = grammar.advance(state, chance.choice(np.flatnonzero(mask).tolist()))


def test_a_token_that_breaks_the_box_leads_outside() -> None:
    grammar = GRAMMARS["digits"]
    inside = grammar.advance(grammar.start(), DIGITS.index(BOX_START))
    assert grammar.advance(inside, DIGITS.index("polyp")) == grammar.start()
    assert grammar.advance(grammar.advance(inside, DIGITS.index("1")), DIGITS.index(",")) == grammar.start()


@pytest.mark.parametrize(
    "pieces",
    [
        ["polyp"],
        [*MARKERS, "0.500"],
        [BOX_START, ",", *COORDINATES],
        [*MARKERS, ",", "1.000"],
        [*MARKERS, ",", "0.000"],
    ],
)
def test_a_vocabulary_that_cannot_spell_a_box_is_refused(pieces: list[str]) -> None:
    with pytest.raises(UnusableModel, match="cannot spell a box"):
        BoxGrammar(pieces)


def test_raw_tokens_become_text() -> None:
    assert [piece_text(t) for t in ("▁0", "Ġ0", "0")] == [" 0", " 0", "0"]


SPELLINGS = {
    **{f"0.{k:0{n}d}": k * 10 ** (3 - n) for n in (1, 2, 3) for k in range(10**n)},
    "0": 0,
    "1": 1000,
    "1.0": 1000,
    "1.00": 1000,
    "1.000": 1000,
}
"""Every spelling of a number in a box, and its thousandths."""


@given(st.sampled_from(["digits", "bpe"]), st.integers(0, 2**32))
def test_exactly_the_pieces_that_lead_to_a_number_in_range_are_allowed(name: str, seed: int) -> None:
    """A second opinion by brute force: a piece may follow if some spelling in range begins so, or ends here."""
    pieces, grammar, chance = TOKENIZERS[name], GRAMMARS[name], random.Random(seed)
    x, y = chance.choice([0, 1, 500, 899, 990, 999]), chance.randrange(1000)
    values = (x, y, 1)[: chance.randrange(4)]
    low, high = [(0, 999), (0, 999), (1, 1000 - x), (1, 1000 - y)][len(values)]
    fitting = [spelling for spelling, value in SPELLINGS.items() if low <= value <= high]
    chosen = chance.choice(fitting)
    digits = chosen[: chance.randrange(len(chosen) + 1)]
    mask = grammar.allowed(BoxState("number", values=values, digits=digits))
    assert mask is not None
    for token_id, piece in enumerate(pieces):
        if piece and set(piece) <= set("0123456789."):
            expected = any(spelling.startswith(digits + piece) for spelling in fitting)
        elif piece in (",", BOX_END, "[bbox"):
            expected = digits in fitting and (piece == ",") == (len(values) < 3)
        else:
            continue
        assert mask[token_id] == expected, (values, digits, piece)


def test_once_warm_a_step_walks_no_piece_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Why a step costs less than a token of the model: of 150,000 pieces, those that spell numbers are walked once a shape."""
    words = [f"word{k}" for k in range(150_000)]
    numeric = [".", ",", " ", *"0123456789"]
    grammar, chance = BoxGrammar([*MARKERS, *numeric, *words]), random.Random(0)
    walked: list[str] = []
    walk = BoxGrammar._spans

    def spans(self: BoxGrammar, before: BoxState, piece: str) -> object:
        walked.append(piece)
        return walk(self, before, piece)

    monkeypatch.setattr(BoxGrammar, "_spans", spans)
    for count in (100, 10):
        before = len(walked)
        for _ in range(count):
            state = BoxState("number")
            while state.phase != "outside":
                mask = grammar.allowed(state)
                assert mask is not None
                state = grammar.advance(state, chance.choice(np.flatnonzero(mask[:15]).tolist()))
    assert set(walked) <= {*numeric, *MARKERS}
    assert 0 < before == len(walked) < 100 * len({*numeric, *MARKERS})
