"""What two answers have in common."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.evaluation.agreement import agreement_of, classes_named
from umed_core.geometry import NormalizedBox, mean_matched_iou
from umed_core.vlm.messages import LabelledBox


def box(x: float, label: str = "polyp", w: float = 0.5) -> LabelledBox:
    return LabelledBox(label, NormalizedBox(x, 0.0, w, 1.0), 0, 0)


def test_two_boxes_that_share_a_third_of_their_union_are_a_pair_of_one_third():
    # 0..0.5 and 0.25..0.75 share 0.25 of 0.75.
    found = agreement_of("a polyp", [box(0.0)], "polyps", [box(0.25)])
    (pair,) = found.pairs
    assert (pair.a, pair.b, pair.same_class) == (0, 0, True)
    assert pair.iou == pytest.approx(1 / 3)
    assert (found.both, found.only_a, found.only_b) == (("polyp",), (), ())
    assert (found.unmatched_a, found.unmatched_b) == ((), ())


def test_boxes_that_do_not_touch_are_unmatched_and_count_nought():
    found = agreement_of("", [box(0.0, w=0.25), box(0.5, w=0.25)], "", [box(0.5, w=0.25)])
    assert [(pair.a, pair.b) for pair in found.pairs] == [(1, 0)]
    assert (found.unmatched_a, found.unmatched_b) == ((0,), ())
    assert found.mean_iou == pytest.approx(0.5)
    assert found.box_count == (2, 1)


def test_neither_has_a_box():
    found = agreement_of("Nothing is abnormal.", [], "No polyp is seen.", [])
    assert found.mean_iou is None
    assert (found.both, found.only_a, found.only_b) == ((), (), ())


def test_a_class_that_is_denied_is_not_named():
    found = agreement_of("No polyp is seen.", [], "A polyp and a kidney stone.", [])
    assert (found.both, found.only_a, found.only_b) == ((), (), ("kidney stone", "polyp"))


def test_synonyms_are_one_class():
    assert classes_named("Signs of TB.", [box(0.0, "tuberculosis")], ("pulmonary tuberculosis",)) == {
        "pulmonary tuberculosis"
    }
    assert agreement_of("renal calculus", [], "Kidney stones.", []).both == ("kidney stone",)


def test_a_class_of_the_models_own_is_looked_for():
    assert classes_named("A whorl at the left.", [], ("whorl",)) == {"whorl"}
    assert classes_named("A whorl at the left.", []) == frozenset()


def test_one_place_with_two_classes_is_a_pair_that_differs():
    (pair,) = agreement_of("", [box(0.0, "polyp")], "", [box(0.0, "nodule")]).pairs
    assert (pair.iou, pair.same_class) == (1.0, False)
    (unnamed,) = agreement_of("", [box(0.0, "")], "", [box(0.0, "")]).pairs
    assert not unnamed.same_class  # no class is no agreement on one


boxes = st.lists(
    st.builds(
        lambda x, w, label: LabelledBox(label, NormalizedBox(x, 0.0, w, 1.0), 0, 0),
        st.floats(0, 0.5),
        st.floats(0.125, 0.5),
        st.sampled_from(("polyp", "nodule", "")),
    ),
    max_size=4,
)


@given(boxes, boxes)
def test_exchanging_the_models_exchanges_the_sides(a, b):
    one, other = agreement_of("", a, "", b), agreement_of("", b, "", a)
    assert (one.both, one.only_a, one.only_b) == (other.both, other.only_b, other.only_a)
    assert sum(p.iou for p in one.pairs) == pytest.approx(sum(p.iou for p in other.pairs))
    assert len(one.pairs) + len(one.unmatched_a) == len(a)


@given(boxes, boxes)
def test_the_mean_is_the_one_of_the_geometry(a, b):
    found = agreement_of("", a, "", b)
    if a or b:
        assert found.mean_iou == pytest.approx(mean_matched_iou([x.box for x in a], [x.box for x in b]))


@given(boxes)
def test_an_answer_agrees_with_itself(a):
    found = agreement_of("", a, "", a)
    assert found.mean_iou in (None, pytest.approx(1.0))
    assert not (found.only_a or found.only_b or found.unmatched_a or found.unmatched_b)
