"""What a person does to findings, in the session: edits with their times, undo of each, and what comes of deletion."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.errors import InputError
from umed_core.geometry import NormalizedBox, PixelBox
from umed_core.images.medical_image import MedicalImage
from umed_core.images.volume import Series, Study
from umed_core.vlm.messages import Answer, AttentionRow, LabelledBox, Loaded, TextDelta
from umed_desktop.findings.box_drag import dragged, grip_at, spanned
from umed_desktop.session.conversation import BoxRef
from umed_desktop.session.opening import Listing
from umed_desktop.session.session import Change, Session

BOX = NormalizedBox(0.5, 0.25, 0.25, 0.5)
TEXT = "A stone at [bbox_start] 0.5, 0.25, 0.25, 0.5 [bbox_end]."
SHA = "ab" * 32


@pytest.fixture
def session() -> Session:
    """A study of two series; the first, three slices of 40 x 20 pixels, is shown. The clock moves a minute a look."""
    moments = (datetime(2026, 11, 22, 12, 0, tzinfo=UTC) + timedelta(minutes=n) for n in range(1000))
    made = Session(clock=lambda: next(moments))
    first = Series("1", (Path("a.dcm"),), "CT", frame_count=3)
    second = Series("2", (Path("b.dcm"),), "CT")
    made.show_listing(Listing((Study("s", (first, second)),)))
    made.choose(0)
    made.show_image("a.dcm", MedicalImage(np.zeros((3, 20, 40), np.uint8), "a.dcm"))
    made.receive(Loaded("fake", SHA, "fake", "CPU", 0, 0.0, classes=("stone",), layers=2))
    return made


def answered(session: Session) -> BoxRef:
    """One answer with one box; its word "stone" looks left in layer 0 and right in layer 1."""
    ask, _ = session.ask("Where?")
    rows = (
        AttentionRow(1, 2, (0.25, 0.25)),
        AttentionRow(1, 2, (0.5, 0.0), layer=0),
        AttentionRow(1, 2, (0.0, 0.5), layer=1),
    )
    session.receive(TextDelta(ask.ask_id, 0, "A stone", 0, 7, rows))
    session.receive(TextDelta(ask.ask_id, 1, TEXT[7:], 7, len(TEXT)))
    session.receive(Answer(ask.ask_id, TEXT, (LabelledBox("stone", BOX, 11, len(TEXT) - 1),), 1.0, 2))
    return BoxRef(ask.ask_id, 0)


# --------------------------------------------------------------------------------------------------- edits and undo
def test_another_class_is_an_edit_that_the_model_is_not_charged_with(session: Session):
    ref = answered(session)
    session.name_class(ref, "  renal   cyst ")
    finding = session.finding(ref)
    assert (finding.label, finding.status) == ("renal cyst", "edited")
    assert finding.exchange is not None and finding.exchange.boxes[0].label == "stone"  # what the model wrote stands
    assert [deed.words for deed in finding.deeds] == ["Class changed from “stone” to “renal cyst”."]
    assert finding.deeds[0].at == "2026-11-22T12:01:00+00:00"  # the question took the first minute


def test_another_place_is_told_in_pixels(session: Session):
    ref = answered(session)
    session.place_box(ref, NormalizedBox(0.0, 0.0, 0.5, 0.5))
    assert session.finding(ref).deeds[0].words == "Box changed from (20, 5)–(30, 15) px to (0, 0)–(20, 10) px."


def test_each_deed_is_undone_and_redone_by_itself(session: Session):
    ref = answered(session)
    session.judge(ref, "accepted")
    session.name_class(ref, "cyst")
    session.place_box(ref, NormalizedBox(0, 0, 0.5, 0.5))
    drawn = session.draw_box(NormalizedBox(0.75, 0.5, 0.25, 0.5), "mass")
    session.delete_finding(ref)
    names = []
    while session.undo_name:
        names.append(session.undo_name)
        session.undo()
    assert names == ["Delete finding", "Draw box", "Move box", "Change class", "Accept box"]
    assert [(f.label, f.box, f.status, f.deeds) for f in session.findings()] == [("stone", BOX, "open", ())]
    while session.redo_name:
        session.redo()
    assert [(f.ref, f.label, f.status) for f in session.findings()] == [(drawn, "mass", "added")]


def test_a_deed_that_changes_nothing_leaves_no_trace(session: Session):
    ref = answered(session)
    heard: list[Change] = []
    session.subscribe(heard.append)
    session.name_class(ref, "stone")
    session.place_box(ref, BOX)
    session.judge(ref, "open")
    assert (session.undo_name, session.finding(ref).deeds, heard) == ("", (), [])


def test_an_edited_box_that_is_put_back_is_no_longer_edited(session: Session):
    ref = answered(session)
    session.name_class(ref, "cyst")
    session.name_class(ref, "stone")
    assert session.finding(ref).status == "open"
    assert len(session.finding(ref).deeds) == 2  # but what was done stays on record


def test_a_box_off_the_image_is_refused_and_one_over_its_edge_is_cut(session: Session):
    with pytest.raises(InputError, match="does not lie on the image"):
        session.draw_box(NormalizedBox(1.5, 0, 0.2, 0.2))
    ref = session.draw_box(NormalizedBox(0.75, 0.5, 0.5, 0.25))
    assert session.finding(ref).box == NormalizedBox(0.75, 0.5, 0.25, 0.25)


def test_a_box_needs_an_image(session: Session):
    session.choose(1)
    with pytest.raises(InputError, match="No image is open"):
        session.draw_box(BOX)


# ------------------------------------------------------------------------------------------------------- what is shown
def test_a_drawn_box_belongs_to_its_slice_and_series(session: Session):
    session.show_frame(1)
    ref = session.draw_box(BOX, "mass")
    assert session.visible_boxes() == (ref,)
    session.show_frame(0)
    session.choose_box(None)
    assert session.visible_boxes() == ()
    session.choose(1)
    assert session.findings() == ()


def test_a_deleted_box_of_a_model_counts_as_rejected_in_an_export_and_a_drawn_one_is_gone(session: Session):
    ref = answered(session)
    drawn = session.draw_box(BOX)
    session.delete_finding(ref)
    session.delete_finding(drawn)
    assert session.findings() == ()
    assert [(f.ref, f.status) for f in session.findings_to_export()] == [(ref, "rejected")]
    assert session.draw_box(BOX) == BoxRef(0, 1)  # the name of the deleted one is not given again


def test_a_deleted_answer_takes_its_findings_with_it(session: Session):
    ref = answered(session)
    session.judge(ref, "accepted")
    session.choose_box(ref)
    session.remove(ref.exchange)
    assert (session.findings(), session.chosen) == ((), None)
    session.undo()
    assert [f.status for f in session.findings()] == ["accepted"]


def test_a_rejected_box_is_no_longer_in_hand(session: Session):
    ref = answered(session)
    session.choose_box(ref)
    session.judge(ref, "rejected")
    assert session.chosen is None
    assert session.visible_boxes() == ()
    session.choose_box(ref)  # by its row: it is shown, as rejected
    assert session.visible_boxes() == (ref,)


def test_the_share_inside_follows_the_box_that_was_moved(session: Session):
    ref = answered(session)
    session.select_word(ref.exchange, 2, 7)
    before = session.attention()
    assert before is not None and before.in_box == pytest.approx(0.125)  # a quarter of the right half, which has half
    session.place_box(ref, NormalizedBox(0.5, 0, 0.5, 1))
    after = session.attention()
    assert after is not None and after.in_box == pytest.approx(0.5)


def test_a_layer_is_shown_alone(session: Session):
    ref = answered(session)
    session.place_box(ref, NormalizedBox(0.5, 0, 0.5, 1))
    session.select_word(ref.exchange, 2, 7)
    shares = []
    for layer in (-1, 0, 1, 7):  # there is no eighth: the mean is shown
        session.show_layer(layer)
        looked = session.attention()
        assert looked is not None and looked.layers == (0, 1)
        shares.append((looked.layer, looked.in_box))
    assert shares == [(-1, pytest.approx(0.5)), (0, 0.0), (1, 1.0), (-1, pytest.approx(0.5))]


# ------------------------------------------------------------------------------------------------------- under the hand
SIZE = (100, 80)
HELD = PixelBox(20, 30, 60, 50)


@pytest.mark.parametrize(
    ("place", "grip"),
    [((20, 30), "nw"), ((61, 51), "se"), ((40, 29), "n"), ((58, 40), "e"), ((30, 31), "move"), ((40, 40), None),
     ((10, 40), None)],
)  # fmt: skip
def test_what_a_pointer_holds(place: tuple[float, float], grip: str | None):
    assert grip_at(HELD, *place, reach=3) == grip


def test_a_small_box_is_moved_by_its_inside():
    assert grip_at(PixelBox(20, 30, 24, 34), 22, 32, reach=3) == "move"
    assert grip_at(PixelBox(20, 30, 24, 34), 19, 29, reach=3) == "nw"


def test_a_corner_takes_two_edges_and_a_side_takes_one():
    assert dragged(HELD, "se", 5, 7, SIZE) == PixelBox(20, 30, 65, 57)
    assert dragged(HELD, "w", -5, 99, SIZE) == PixelBox(15, 30, 60, 50)


def test_a_corner_that_passes_the_other_turns_the_box_over():
    assert dragged(HELD, "se", -50, 0, SIZE) == PixelBox(10, 30, 20, 50)


def test_a_moved_box_keeps_its_size_and_stops_at_the_edge():
    assert dragged(HELD, "move", 500, -500, SIZE) == PixelBox(60, 0, 100, 20)


def test_a_drag_spans_whole_pixels_in_any_direction():
    assert spanned((10.9, 20.1), (4.2, 22.6), SIZE) == PixelBox(4, 20, 11, 23)
    assert spanned((-30, -30), (-10, -10), SIZE) is None


@given(
    grip=st.sampled_from(["nw", "n", "ne", "e", "se", "s", "sw", "w", "move"]),
    dx=st.floats(-300, 300), dy=st.floats(-300, 300),
    x=st.integers(0, 90), y=st.integers(0, 70), w=st.integers(1, 10), h=st.integers(1, 10),
)  # fmt: skip
def test_wherever_it_is_dragged_a_box_lies_on_the_image(grip, dx, dy, x, y, w, h):
    box = dragged(PixelBox(x, y, x + w, y + h), grip, dx, dy, SIZE)
    assert 0 <= box.x0 < box.x1 <= 100
    assert 0 <= box.y0 < box.y1 <= 80
