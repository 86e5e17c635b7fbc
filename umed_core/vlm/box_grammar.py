"""Which tokens may come next inside a box, so that every box a model starts can be read.

The grammar works on the *text* of tokens, so one class serves a tokenizer with a token a coordinate ("0.123"), one that
spells digits, and any BPE in between. Inside a box it admits only

    [bbox_start] x, y, w, h [bbox_end]      numbers 0..1 with at most three decimals, w and h at least .001

with x + w <= 1 and y + h <= 1. A number is known digit by digit, so what can still become of it is an interval of
thousandths; a token is admitted when that interval meets what the field allows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from umed_core.errors import UnusableModel
from umed_core.prompts import BOX_END, BOX_START

__all__ = ["LONGEST_BOX", "BoxGrammar", "BoxState", "piece_text"]

LONGEST_BOX = 4 * len("  0.123 ,") + len(BOX_END)
"""No box takes more tokens than this after its `[bbox_start]`: each token adds at least one character."""

_PIECE = re.compile(r" ?[0-9.]* ?(?:, ?[0-9.]* ?|\[(?:b.*)?)?", re.DOTALL)
_PARTIAL = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")
_WHOLE = re.compile(r"0(\.\d{1,3})?|1(\.0{1,3})?")
_ANY = (0, 1000)

_Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BoxState:
    """How far a text has come. Outside a box only the characters of a begun `[bbox_start]` matter.

    `matched` counts the characters of the marker at hand; `values` are the finished numbers in thousandths, `digits`
    the text of the one being written, `spaces` the run of spaces before it or after it.
    """

    phase: Literal["outside", "number", "end"] = "outside"
    matched: int = 0
    values: tuple[int, ...] = ()
    digits: str = ""
    spaces: int = 0


@dataclass(frozen=True, slots=True)
class _Table:
    """What each numeric piece does to a number of one shape: intervals in thousandths, relative to the number so far.

    Shapes: all (C,), one entry a candidate piece. `next_*` is the interval of the following number, where one is begun.
    """

    alive: _Mask
    low: NDArray[np.int32]
    high: NDArray[np.int32]
    next_low: NDArray[np.int32]
    next_high: NDArray[np.int32]


class BoxGrammar:
    """A finite-state machine over the pieces of one tokenizer.

    `vocabulary[token_id]` is the text that the token adds to the answer, so joining pieces gives the text: a
    sentence-piece "▁0" is " 0" here (`piece_text`), a control token is "".
    Raises: UnusableModel where the pieces cannot spell a box.
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._pieces = tuple(vocabulary)
        self._spells_digits = {*"0123456789.,"} <= set(self._pieces)
        numeric = [i for i, piece in enumerate(self._pieces) if piece and "  " not in piece and _PIECE.fullmatch(piece)]
        self._candidates: NDArray[np.intp] = np.array(numeric, dtype=np.intp)
        self._openers = [i for i, piece in enumerate(self._pieces) if "]" in piece]
        self._closers = [i for i, piece in enumerate(self._pieces) if _may_close(piece)]
        self._live_end = _live_offsets([self._pieces[i] for i in self._closers])
        self._smallest = self._smallest_size()
        self._tables: dict[tuple[str, int, bool], _Table] = {}
        self._masks: dict[BoxState, _Mask | None] = {}

    def start(self) -> BoxState:
        """The state before the first token of an answer."""
        return BoxState()

    def advance(self, state: BoxState, token_id: int) -> BoxState:
        """The state after one more token; one that breaks the box (so it was not allowed) leads outside."""
        after = _spell_all(state, self._pieces[token_id])
        return after if after and self._fits(after) else BoxState()

    def allowed(self, state: BoxState) -> _Mask | None:
        """True for each token that may follow, or None where every token may. Shapes: (V,), read-only."""
        if state.phase == "number":
            return self._number_mask(state)
        if state not in self._masks:
            self._masks[state] = self._end_mask(state) if state.phase == "end" else self._outside_mask(state)
        return self._masks[state]

    def _fits(self, state: BoxState) -> bool:
        reaches = [(value, value) for value in state.values]
        if state.digits:
            reaches.append(_reach(state.digits, closed=state.spaces > 0))
        limits = [self._limits(state.values, field) for field in range(len(reaches))]
        return all(low <= top and high >= least for (low, high), (least, top) in zip(reaches, limits, strict=True))

    def _number_mask(self, state: BoxState) -> _Mask:
        field = len(state.values)
        key = (_shape(state.digits), state.spaces, field == 3)
        if key not in self._tables:
            self._tables[key] = self._table(*key)
        table = self._tables[key]
        low, high = self._limits(state.values, field)
        next_low, next_high = self._limits(state.values, field + 1)
        so_far = _reach(state.digits, closed=True)[0]
        fits = table.alive & (table.low <= high - so_far) & (table.high >= low - so_far)
        fits &= (table.next_low <= next_high) & (table.next_high >= next_low)
        return self._mask(self._candidates[fits])

    def _limits(self, values: tuple[int, ...], field: int) -> tuple[int, int]:
        """Least and greatest thousandths of a field: a position leaves room for a size, no size leaves the image."""
        if field < 2:
            return 0, 1000 - self._smallest
        return (1, 1000 - values[field - 2]) if field < 4 else _ANY

    def _table(self, shape: str, spaces: int, last: bool) -> _Table:
        """Walks every numeric piece once from a number of this shape, without regard to the limits."""
        before = BoxState("number", values=(0,) * (3 if last else 0), digits=shape, spaces=spaces)
        zero = _reach(shape, closed=True)[0]
        rows = []
        for token_id in self._candidates:
            spans = self._spans(before, self._pieces[token_id])
            (low, high), following = spans if spans else (_ANY, _ANY)
            rows.append((spans is not None, low - zero, high - zero, *following))
        columns = np.array(rows, dtype=np.int32).reshape(-1, 5).T
        return _Table(columns[0].astype(bool), *columns[1:])

    def _spans(self, before: BoxState, piece: str) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """The intervals of the number at hand and of the next one after `piece`; None where it cannot follow."""
        if piece == " " and (before.spaces or not self._spells_digits):
            return None  # a run of spaces must end, and must leave room for a piece that brings its own
        number, bracket, _ = piece.partition("[")
        after = _spell_all(before, number)
        if after is None or (bracket and not self._closes(after, piece[len(number) :])):
            return None
        if not self._spells_digits and not self._is_whole(before, after):
            return None
        if not bracket and after.digits and after.spaces and 0 not in self._live_end:
            return None  # the end marker brings the space itself, and only one fits
        if bracket:
            return _reach(after.digits, closed=True), _ANY
        closed = after.spaces > 0 or not self._spells_digits
        reach = _reach(after.digits, closed) if after.digits else _ANY
        if len(after.values) > len(before.values):
            return (after.values[-1], after.values[-1]), reach
        return reach, _ANY

    def _closes(self, state: BoxState, marker: str) -> bool:
        after = _spell_all(state, marker)
        return after.matched in self._live_end if after and after.phase == "end" else _opens_cleanly(after)

    def _is_whole(self, before: BoxState, after: BoxState) -> bool:
        """Whether no number is left half-spelled: a vocabulary without digits could not finish it."""
        if before.digits:
            goes_on = len(after.values) > len(before.values)
            kept = after.values[-1] == _reach(before.digits, True)[0] if goes_on else after.digits == before.digits
            if not kept:
                return False
        return not after.digits or _WHOLE.fullmatch(after.digits) is not None

    def _end_mask(self, state: BoxState) -> _Mask:
        return self._mask([i for i in self._closers if self._closes(state, self._pieces[i])])

    def _outside_mask(self, state: BoxState) -> _Mask | None:
        """Outside, only a piece that opens a box and goes on with something else is refused."""
        refused = [i for i in self._openers if not _opens_cleanly(_spell_all(state, self._pieces[i]))]
        return self._mask(np.setdiff1d(np.arange(len(self._pieces)), refused)) if refused else None

    def _mask(self, token_ids: Sequence[int] | NDArray[np.intp]) -> _Mask:
        mask = np.zeros(len(self._pieces), dtype=np.bool_)
        mask[token_ids] = True
        mask.flags.writeable = False
        return mask

    def _smallest_size(self) -> int:
        """The least positive coordinate that can be written, in thousandths. Raises: UnusableModel."""
        stripped = {self._pieces[i].strip() for i in self._candidates}
        whole = {_reach(text, closed=True)[0] for text in stripped if _WHOLE.fullmatch(text)}
        smallest = 1 if self._spells_digits else min(whole - {0}, default=0)
        spellable = self._spells_digits or any(value <= 1000 - smallest for value in whole)
        closable = 0 in self._live_end or f" {BOX_END}" in self._pieces
        if not (smallest and spellable and closable and "," in stripped):
            raise UnusableModel(
                f"The tokenizer cannot spell a box: it needs coordinates or digits, a comma and {BOX_END}.",
                f"Add {BOX_START} and {BOX_END} to the tokenizer, or ask without the box grammar.",
            )
        return smallest


def piece_text(token: str) -> str:
    """The text of a tokenizer's raw token: sentence-piece and byte-level spaces become spaces."""
    return token.replace("▁", " ").replace("Ġ", " ")


def _reach(digits: str, closed: bool) -> tuple[int, int]:
    """Least and greatest value, in thousandths, that a number begun with `digits` can still take."""
    lead, _, decimals = digits.partition(".")
    if lead == "1":
        return 1000, 1000
    low = int(decimals.ljust(3, "0"))
    return (low, low) if closed else (low, int(decimals.ljust(3, "9")))


def _shape(digits: str) -> str:
    """The number with its decimals blanked: numbers of one shape continue alike."""
    lead, dot, decimals = digits.partition(".")
    return lead + dot + "0" * len(decimals)


def _spell(state: BoxState, char: str) -> BoxState | None:
    """One character further by spelling alone; None where it breaks the box."""
    if state.phase == "outside":
        return _spell_outside(state, char)
    if state.phase == "end":
        if char != BOX_END[state.matched]:
            return None
        return replace(state, matched=state.matched + 1) if state.matched + 1 < len(BOX_END) else BoxState()
    if char == " ":
        room = (1 if _WHOLE.fullmatch(state.digits) else 0) if state.digits else 2
        return replace(state, spaces=state.spaces + 1) if state.spaces < room else None
    if char in "0123456789.":
        digits = state.digits + char
        if (state.digits and state.spaces) or not _PARTIAL.fullmatch(digits):
            return None
        return replace(state, digits=digits, spaces=0)
    if not _WHOLE.fullmatch(state.digits):
        return None
    values = (*state.values, _reach(state.digits, closed=True)[0])
    if char == "," and len(values) < 4:
        return BoxState("number", values=values)
    return BoxState("end", 1, values) if char == BOX_END[0] and len(values) == 4 else None


def _spell_outside(state: BoxState, char: str) -> BoxState:
    if char != BOX_START[state.matched]:
        # "[" occurs only first in the marker, so a broken match can restart with this character and no earlier.
        return BoxState(matched=int(char == BOX_START[0]))
    opened = state.matched + 1 == len(BOX_START)
    return BoxState("number") if opened else BoxState(matched=state.matched + 1)


def _spell_all(state: BoxState, text: str) -> BoxState | None:
    """The state after `text`; None where it misspells a box. Limits are not looked at."""
    here: BoxState | None = state
    for char in text:
        here = _spell(here, char) if here else None
    return here


def _opens_cleanly(state: BoxState | None) -> bool:
    """Whether a piece that may have opened a box went no further than a space."""
    return state is not None and (state.phase == "outside" or not (state.digits or state.values or state.spaces > 1))


def _may_close(piece: str) -> bool:
    suffixes = (BOX_END[k:] for k in range(len(BOX_END)))
    return bool(piece) and (piece in BOX_END or any(piece.startswith(suffix) for suffix in suffixes))


def _live_offsets(closers: Sequence[str]) -> frozenset[int]:
    """Offsets into `[bbox_end]` from which the pieces can spell the rest."""
    live = {len(BOX_END)}
    for offset in range(len(BOX_END) - 1, -1, -1):
        rest = BOX_END[offset:]
        if any(p.startswith(rest) or (rest.startswith(p) and offset + len(p) in live) for p in closers):
            live.add(offset)
    return frozenset(live)
