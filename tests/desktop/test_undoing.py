"""One Undo over several histories, in the order of the deeds."""

from __future__ import annotations

from umed_desktop.session.undoing import Undoing


class Part:
    """A part whose deeds are words; another study hides its history."""

    def __init__(self) -> None:
        self.past: list[str] = []
        self.future: list[str] = []
        self.is_hidden = False

    @property
    def undo_name(self) -> str:
        return self.past[-1] if self.past and not self.is_hidden else ""

    @property
    def redo_name(self) -> str:
        return self.future[-1] if self.future and not self.is_hidden else ""

    def undo(self) -> None:
        self.future.append(self.past.pop())

    def redo(self) -> None:
        self.past.append(self.future.pop())

    def do(self, undoing: Undoing, deed: str) -> None:
        self.past.append(deed)
        self.future.clear()
        undoing.note(self)


def test_deeds_of_two_parts_are_taken_back_in_their_order():
    undoing, boxes, lengths = Undoing(lambda: None), Part(), Part()
    boxes.do(undoing, "accept")
    lengths.do(undoing, "draw")
    boxes.do(undoing, "move")
    for name in ("move", "draw", "accept"):
        assert undoing.undo_name == name
        undoing.undo()
    assert undoing.undo_name == ""
    for name in ("accept", "draw", "move"):
        assert undoing.redo_name == name
        undoing.redo()


def test_a_new_deed_ends_what_could_be_brought_back():
    undoing, boxes = Undoing(lambda: None), Part()
    boxes.do(undoing, "accept")
    undoing.undo()
    boxes.do(undoing, "reject")
    assert (undoing.undo_name, undoing.redo_name) == ("reject", "")


def test_deeds_of_a_study_that_is_put_away_wait_for_it():
    """While another study is open only the lengths can be taken back; then the box can be again."""
    undoing, boxes, lengths = Undoing(lambda: None), Part(), Part()
    lengths.do(undoing, "draw")
    boxes.do(undoing, "accept")
    boxes.is_hidden = True
    assert undoing.undo_name == "draw"
    undoing.undo()
    assert undoing.undo_name == ""
    boxes.is_hidden = False
    assert undoing.undo_name == "accept"
    undoing.undo()
    assert boxes.past == []
