"""An answer in pieces: what is shown, and which characters of the answer each piece stands for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from umed_core.geometry import NormalizedBox
from umed_core.vlm.messages import LabelledBox
from umed_desktop.session.answer_text import pieces_of, sentence_around

BOX = "[bbox_start] 0.5, 0.2, 0.2, 0.2 [bbox_end]"
TEXT = f"A stone at {BOX} here."
LABELLED = (LabelledBox("stone", NormalizedBox(0.5, 0.2, 0.2, 0.2), 11, 11 + len(BOX)),)


def test_a_box_is_shown_by_its_number():
    shown = "".join(piece.shown for piece in pieces_of(TEXT, LABELLED))
    assert shown == "A stone at box 1 here."


def test_a_word_stands_for_its_own_characters():
    stone = next(piece for piece in pieces_of(TEXT, LABELLED) if piece.shown == "stone")
    assert (stone.kind, TEXT[stone.start : stone.end]) == ("word", "stone")


def test_a_box_still_being_written_is_being_located():
    assert pieces_of("At [bbox_start] 0.5, 0.", ())[-1].shown == "locating"


def test_a_box_that_is_no_box_is_called_unusable():
    assert pieces_of("At [bbox_start] 2, 2, 0, 0 [bbox_end]", ())[-1].kind == "unusable"


@given(st.text(alphabet="ab. ,é-[]\n", max_size=40), st.text(alphabet="ab. \n", max_size=20))
def test_pieces_cover_the_answer_without_gaps(before: str, after: str):
    text = before + BOX + after
    ends = [0]
    for piece in pieces_of(text, ()):
        assert piece.start == ends[-1]
        ends.append(piece.end)
    assert ends[-1] == len(text)


def test_the_points_inside_a_box_end_no_sentence():
    text = f"One. Two at {BOX} is. Three."
    start, end = sentence_around(text, text.index("is"))
    assert text[start:end] == f"Two at {BOX} is."


def test_the_last_sentence_needs_no_full_stop():
    assert sentence_around("One. Two", 6) == (5, 8)
