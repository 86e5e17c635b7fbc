"""The caller's half of the protocol: bytes to events, pixels to requests, a death to an error."""

from __future__ import annotations

import itertools
import signal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from umed_core.errors import WorkerCrashed
from umed_core.vlm.messages import Answer, Ask, Failed, Loaded, PutImage, TextDelta, Unloaded, decode_request, encode
from umed_core.vlm.protocol import (
    KEPT_IMAGES,
    EventBuffer,
    ImageShelf,
    crash_error,
    image_id,
    last_words,
    pixels_of,
    put_image,
)

EVENTS = [
    Loaded("umed-mini", "ab" * 32, "onnxruntime", "CPU", 12, 0.5),
    TextDelta(3, 0, "Grüße\n", 0, 6),
    Answer(3, "Grüße\n", (), 0.1, 1),
    Failed("CorruptImage", "broken", "mend it"),
    Unloaded(),
]


def test_an_event_waits_for_its_newline():
    buffer = EventBuffer()
    line = encode(Unloaded())
    assert buffer.feed(line[:-1]) == []
    assert buffer.feed(line[-1:]) == [Unloaded()]


def test_a_line_break_inside_a_text_does_not_end_its_message():
    assert encode(EVENTS[1]).count(b"\n") == 1


@given(st.lists(st.integers(0, 400), max_size=12))
def test_however_the_bytes_are_cut_the_same_events_come(cuts):
    stream = b"".join(encode(event) for event in EVENTS)
    places = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    buffer = EventBuffer()
    pieces = [stream[a:b] for a, b in itertools.pairwise(places)]
    assert [event for piece in pieces for event in buffer.feed(piece)] == EVENTS


@given(st.binary(min_size=1, max_size=200).filter(lambda line: b"\n" not in line and line.strip()))
def test_a_line_of_garbage_is_a_broken_protocol_and_nothing_else(garbage):
    with pytest.raises(WorkerCrashed) as caught:
        EventBuffer().feed(garbage + b"\n")
    assert caught.value.hint


def test_a_request_is_no_event():
    with pytest.raises(WorkerCrashed):
        EventBuffer().feed(encode(Ask(1, (), ())))


def test_a_line_without_end_is_cut_off(monkeypatch):
    monkeypatch.setattr("umed_core.vlm.protocol.MAX_LINE_BYTES", 100)
    buffer = EventBuffer()
    buffer.feed(b"x" * 100)
    with pytest.raises(WorkerCrashed, match="more than 100 bytes"):
        buffer.feed(b"x")


@given(
    hnp.arrays(
        np.uint8, st.one_of(st.tuples(*[st.integers(1, 9)] * 2), st.tuples(*[st.integers(1, 9)] * 2, st.just(3)))
    )
)
def test_pixels_survive_the_way_to_the_worker(pixels):
    request = decode_request(encode(put_image(pixels)))
    assert isinstance(request, PutImage)
    assert np.array_equal(pixels_of(request), pixels)


def test_the_id_of_an_image_is_its_content():
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert image_id(pixels) == image_id(np.asfortranarray(pixels))
    assert image_id(pixels) != image_id(pixels.reshape(4, 3))
    assert image_id(pixels) != image_id(pixels + np.uint8(1))


@pytest.mark.parametrize("shape", [(4,), (4, 4, 4), (1, 4, 4, 3)])
def test_other_shapes_are_no_display_pixels(shape):
    with pytest.raises(ValueError, match="uint8"):
        put_image(np.zeros(shape, np.uint8))


def test_float_values_are_no_display_pixels():
    with pytest.raises(ValueError, match="float64"):
        put_image(np.zeros((4, 4)))


@pytest.mark.parametrize("width, height, channels, size", [(2, 2, 1, 3), (2, 2, 2, 8), (0, 2, 1, 0), (-1, -1, 1, 1)])
def test_a_size_that_the_data_does_not_have_is_refused(width, height, channels, size):
    with pytest.raises(ValueError, match="pixels"):
        pixels_of(PutImage("id", width, height, channels, bytes(size)))


def test_a_full_shelf_drops_what_was_put_first():
    shelf: ImageShelf[int] = ImageShelf()
    for number in range(KEPT_IMAGES):
        shelf.put(str(number), number)
    shelf.put("0", 0)  # again: now the newest
    shelf.put("new", 99)
    assert "0" in shelf and "new" in shelf and "1" not in shelf
    assert shelf["new"] == 99


@pytest.mark.parametrize(
    "line, kept",
    [
        ("OSError: 401 for hf_abcdEFGHijkl", "OSError: 401 for ***"),
        ("GET https://anna:geheim@host/x failed", "GET https://***@host/x failed"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        ("api_key='0123'", "api_key='***'"),
        ('{"access_token": "0123"}', '{"access_token": "***"}'),
        ("KeyError: 'tokens'", "KeyError: 'tokens'"),
        ("ValueError: 3 tokens are too many", "ValueError: 3 tokens are too many"),
    ],
)
def test_last_words_keep_the_sense_and_hide_the_secret(line, kept):
    assert last_words(b"earlier\n" + line.encode() + b"\n\n") == kept


def test_no_words_are_no_words():
    assert last_words(b"") == ""
    assert last_words(b"\xff\n \n") == "\N{REPLACEMENT CHARACTER}"


def test_a_death_is_told_with_its_signal_its_words_and_what_to_do():
    error = crash_error(-signal.SIGKILL, b"Killed\n", "answering")
    assert error.message == "The model's process ended (signal SIGKILL) while answering: Killed"
    assert "memory" in error.hint
    assert "memory" not in crash_error(1, b"", "answering").hint
    assert crash_error(-99, b"", "loading").message == "The model's process ended (signal 99) while loading."
