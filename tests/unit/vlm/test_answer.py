"""Reading an answer: classes of boxes, the words that name them, and attention, with numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.geometry import NormalizedBox
from umed_core.prompts import format_box
from umed_core.vlm.answer import attention_on, class_span, located_boxes, share_in_box
from umed_core.vlm.messages import AttentionRow, LabelledBox, TextDelta

CLASSES = ("kidney stone", "polyp")
BOX = NormalizedBox(0.25, 0.5, 0.25, 0.25)
SPELLED = format_box(BOX)


def test_a_box_takes_the_first_class_after_it_and_keeps_its_place():
    text = f"See {SPELLED}: kidney stones, no polyp."
    (box,) = located_boxes(text, CLASSES)
    assert box.label == "kidney stone"
    assert box.box == BOX
    assert text[box.start : box.end] == SPELLED
    start, end = class_span(text, box)
    assert text[start:end] == "kidney stones"


def test_without_a_class_after_it_the_last_before_it_names_the_box():
    text = f"A polyp, a big Polyp at {SPELLED}."
    (box,) = located_boxes(text, CLASSES)
    assert class_span(text, box) == (text.index("Polyp"), text.index("Polyp") + 5)


def test_a_box_without_a_class_has_an_empty_span():
    (box,) = located_boxes(f"Something at {SPELLED}.", CLASSES)
    assert box.label == ""
    start, end = class_span("anything", box)
    assert start == end


def test_of_two_images_each_box_has_the_class_and_the_word_of_its_own():
    text = f"Image 1: a polyp at {SPELLED}. Image 2: at {SPELLED} lies another polyp, and no kidney stone."
    first, second = located_boxes(text, CLASSES, 2)
    assert [(box.image, box.label) for box in (first, second)] == [(0, "polyp"), (1, "polyp")]
    assert class_span(text, first, 2) == (text.index("polyp"), text.index("polyp") + 5)
    assert class_span(text, second, 2) == (text.rindex("polyp"), text.rindex("polyp") + 5)


def delta(index: int, start: int, end: int, *rows: AttentionRow) -> TextDelta:
    return TextDelta(1, index, "x" * (end - start), start, end, rows)


def test_attention_is_the_mean_over_the_tokens_that_touch_the_range():
    deltas = [
        delta(0, 0, 3, AttentionRow(1, 2, (9.0, 9.0))),
        delta(1, 3, 6, AttentionRow(1, 2, (0.2, 0.4)), AttentionRow(1, 2, (5.0, 5.0), layer=0)),
        delta(2, 6, 9, AttentionRow(1, 2, (0.4, 0.0)), AttentionRow(1, 2, (7.0, 7.0), image=1)),
    ]
    assert attention_on(deltas, 4, 7).tolist() == [[pytest.approx(0.3), pytest.approx(0.2)]]
    assert attention_on(deltas, 6, 9, image=1).tolist() == [[7.0, 7.0]]


def test_no_token_and_no_row_give_no_attention():
    assert attention_on([], 0, 5).size == 0
    assert attention_on([delta(0, 0, 5)], 0, 5).size == 0
    assert attention_on([delta(0, 0, 5, AttentionRow(1, 1, (1.0,)))], 5, 5).size == 0


def test_half_of_the_attention_in_the_box_is_one_half():
    attention = np.array([[0.1, 0.1], [0.2, 0.4]])
    assert share_in_box(attention, NormalizedBox(0.5, 0.5, 0.5, 0.5)) == pytest.approx(0.5)


def test_a_cell_cut_by_the_box_counts_by_its_covered_part():
    # The box covers the left quarter of the image: half of the left cell of two.
    assert share_in_box(np.array([[0.6, 0.2]]), NormalizedBox(0, 0, 0.25, 1)) == pytest.approx(0.6 * 0.5 / 0.8)


def test_nothing_looked_at_the_image():
    assert share_in_box(np.zeros((2, 2)), NormalizedBox(0, 0, 1, 1)) == 0.0


fractions = st.floats(0, 1)


@given(fractions, fractions, fractions, fractions, st.integers(1, 6), st.integers(1, 6))
def test_uniform_attention_in_a_box_is_its_area(x, y, w, h, rows, columns):
    box = NormalizedBox(x, y, w, h).clipped()
    assert share_in_box(np.full((rows, columns), 0.3), box) == pytest.approx(box.area, abs=1e-9)


@given(st.text(max_size=80), st.sampled_from(CLASSES))
def test_a_span_always_lies_within_its_text_or_is_empty(text, label):
    start, end = class_span(text, LabelledBox(label, BOX, 0, 0))
    assert start == end or text[start:end].lower().startswith(label[:3])
