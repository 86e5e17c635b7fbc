"""What the commands say, and how."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_cli.terminal import complain, plain, remaining, say
from umed_core.errors import CorruptImage


@given(st.text())
def test_what_comes_from_outside_cannot_steer_the_terminal(text):
    assert not any(ord(c) < 32 and c not in "\n\t" for c in plain(text))
    assert "\x7f" not in plain(text) and "\x9b" not in plain(text)


def test_words_of_any_language_stay():
    assert plain("Größe 大小\tok\n") == "Größe 大小\tok\n"
    assert plain("\x1b[31mred") == "\N{REPLACEMENT CHARACTER}[31mred"


def test_an_error_is_two_lines_on_stderr(capsys):
    complain(CorruptImage("It holds\n582 bytes.", "Ask for the original."), "chest.dcm")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: chest.dcm: It holds 582 bytes.\nhint: Ask for the original.\n"


def test_a_subject_that_the_message_names_is_not_said_twice_and_no_hint_is_no_line(capsys):
    complain(CorruptImage("chest.dcm is damaged."), "chest.dcm")
    assert capsys.readouterr().err == "error: chest.dcm is damaged.\n"


@pytest.mark.parametrize(
    "done, total, elapsed, line",
    [
        (0, 20, 0.0, "[1/20]"),
        (2, 20, 4.0, "[3/20, about 36 s left]"),
        (1, 3, 60.0, "[2/3, about 2 min left]"),
        (1, 11, 3600.0, "[2/11, about 10.0 h left]"),
    ],
)
def test_time_left_is_what_the_rest_takes_at_this_pace(done, total, elapsed, line):
    assert remaining(done, total, elapsed) == line


def test_results_go_to_stdout(capsys):
    say("a", end="")
    say("b")
    assert capsys.readouterr() == ("ab\n", "")
