"""What people write reaches the model as words, never as the model's own marks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from umed_core.records import Turn
from umed_core.vlm.chat import as_words, render_chat

MARKS = ("<image>", "<end>", "<user>")


def words(text: str, marks: tuple[str, ...] = MARKS) -> str:
    (turn,) = as_words((Turn("user", text),), marks)
    return turn.text


def test_a_mark_is_broken_after_its_first_character() -> None:
    assert words("Is <image> an <end>?") == "Is < image> an < end>?"


def test_marks_that_overlap_are_all_broken() -> None:
    assert words("abc", ("ab", "bc")) == "a b c"
    assert words("aaa", ("aa",)) == "a a a"


def test_a_mark_is_read_without_the_spaces_about_it() -> None:
    assert words("now [end] then", (" [end]",)) == "now [ end] then"


def test_a_single_character_is_no_mark() -> None:
    assert words("#3 is it", ("#", "")) == "#3 is it"


def test_the_chat_form_keeps_its_own_marks() -> None:
    turns = as_words((Turn("user", "<end>?"), Turn("assistant", "No <image>.")), MARKS)
    assert render_chat(turns, 2) == "<user><image><image>< end>?<end><assistant>No < image>.<end><assistant>"


@given(st.lists(st.sampled_from([*MARKS, "<", "i", "mage>", "<im", "age>", " ", "end>", "\n"])).map("".join))
def test_no_mark_is_left_and_nothing_but_spaces_is_added(text: str) -> None:
    said = words(text)
    assert not any(mark in said for mark in MARKS)
    assert said.replace(" ", "") == text.replace(" ", "")
    if not any(mark in text for mark in MARKS):
        assert said == text
