"""The worker's loop in this process, over real pipes: order, Stop, errors, images, the end of the stream."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.errors import MissingModel, UnusableModel
from umed_core.records import Turn
from umed_core.vlm.fake import FakeEngine, open_fake_engine
from umed_core.vlm.messages import (
    Answer,
    Ask,
    AskOptions,
    Event,
    Failed,
    Load,
    Loaded,
    Request,
    Shutdown,
    Stop,
    TextDelta,
    Unload,
    Unloaded,
    encode,
)
from umed_core.vlm.protocol import KEPT_IMAGES, EventBuffer, put_image
from umed_core.vlm.worker import OpenEngine, default_memory_mb, open_engine, serve

BRIGHT = np.zeros((10, 10), np.uint8)
BRIGHT[2:4, 5:9] = 255
IMAGE = put_image(BRIGHT)
FAKE = Load("/models/fake", "cpu")


class Talk:
    """`serve` on a thread of its own, and both pipes to it."""

    def __init__(self, opener: OpenEngine) -> None:
        requests_read, requests_write = os.pipe()
        events_read, events_write = os.pipe()
        self.requests = os.fdopen(requests_write, "wb")
        self.events = os.fdopen(events_read, "rb")
        self.ended = threading.Event()

        def run() -> None:
            # Closing flushes, and what a gone reader was to be told is still there to be flushed.
            requests, events = os.fdopen(requests_read, "rb"), os.fdopen(events_write, "wb")
            with suppress(BrokenPipeError), requests, events:
                serve(requests, events, opener)
                self.ended.set()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def send(self, *requests: Request) -> None:
        self.send_bytes(b"".join(encode(request) for request in requests))

    def send_bytes(self, data: bytes) -> None:
        self.requests.write(data)
        self.requests.flush()

    def hear(self) -> Event:
        (event,) = EventBuffer().feed(self.events.readline())
        return event

    def hear_answer(self) -> tuple[list[TextDelta], Answer]:
        deltas: list[TextDelta] = []
        while isinstance(event := self.hear(), TextDelta):
            deltas.append(event)
        assert isinstance(event, Answer), event
        return deltas, event

    def close(self) -> None:
        self.requests.close()
        self.thread.join(10)
        self.events.close()


@pytest.fixture
def talk() -> Iterator[Talk]:
    talk = Talk(open_fake_engine)
    yield talk
    talk.close()


def question(ask_id: int, text: str = "what?") -> Ask:
    return Ask(ask_id, (IMAGE.image_id,), (Turn("user", text),))


def test_load_put_ask_gives_pieces_that_add_up_to_the_answer(talk):
    talk.send(FAKE, IMAGE, question(7))
    loaded = talk.hear()
    assert isinstance(loaded, Loaded) and loaded.model == "fake" and loaded.seconds >= 0
    deltas, answer = talk.hear_answer()
    assert {event.ask_id for event in [*deltas, answer]} == {7}
    assert [delta.index for delta in deltas] == list(range(len(deltas)))
    assert "".join(delta.text for delta in deltas) == answer.text
    assert all(answer.text[delta.start : delta.end] == delta.text for delta in deltas)
    # Rows 2..3 and columns 5..8 of 10 are bright.
    (box,) = answer.boxes
    assert (box.label, box.box.x, box.box.y, box.box.w, box.box.h) == ("kidney stone", 0.5, 0.2, 0.4, 0.2)


class Endless(FakeEngine):
    """Never finishes an answer unless it is stopped."""

    def answer(
        self,
        ask_id: int,
        images: Sequence[np.ndarray],
        image_ids: Sequence[str],
        turns: Sequence[Turn],
        options: AskOptions,
        stopped: Callable[[], bool],
    ) -> Iterator[TextDelta | Answer]:
        for index in itertools.count():
            if stopped():
                break
            yield TextDelta(ask_id, index, "x", index, index + 1)
        yield Answer(ask_id, "x" * index, (), 0.0, index, stopped=True)


def endless(path: Path, device: str) -> Endless:
    return Endless()


def test_stop_is_heard_while_an_answer_runs_and_the_next_question_is_answered():
    talk = Talk(endless)
    talk.send(FAKE, IMAGE, question(1))
    talk.hear()
    assert isinstance(talk.hear(), TextDelta)
    talk.send(Stop(1))
    _, answer = talk.hear_answer()
    assert answer.stopped and answer.ask_id == 1
    talk.send(question(2), Stop(2))
    _, answer = talk.hear_answer()
    assert answer.stopped and answer.ask_id == 2
    talk.close()
    assert talk.ended.is_set()


def test_a_stop_for_an_answer_that_is_over_stops_nothing(talk):
    talk.send(FAKE, IMAGE, question(1))
    talk.hear()
    talk.hear_answer()
    talk.send(Stop(1), Stop(2), question(1), question(2))
    assert not talk.hear_answer()[1].stopped
    assert not talk.hear_answer()[1].stopped


def test_the_end_of_the_stream_stops_an_answer_that_would_never_end():
    talk = Talk(endless)
    talk.send(FAKE, IMAGE, question(1))
    talk.hear()
    talk.requests.close()
    assert talk.hear_answer()[1].stopped
    assert talk.ended.wait(10)
    talk.close()


def test_shutdown_ends_the_loop(talk):
    talk.send(Shutdown())
    assert talk.ended.wait(10)


def test_an_error_of_the_tree_is_an_event_and_the_worker_goes_on(talk):
    talk.send(FAKE, IMAGE, question(1, "fail"), question(2))
    talk.hear()
    for _ in range(3):
        assert isinstance(talk.hear(), TextDelta)
    assert talk.hear() == Failed("UnusableModel", "The fake engine was told to fail.", "Ask something else.", 1)
    assert talk.hear_answer()[1].ask_id == 2


def test_a_model_that_does_not_load_leaves_none(talk):
    talk.send(FAKE, IMAGE, Load("/models/missing"), question(1))
    assert isinstance(talk.hear(), Loaded)
    missing, none = talk.hear(), talk.hear()
    assert isinstance(missing, Failed) and (missing.code, missing.ask_id) == ("MissingModel", 0)
    assert isinstance(none, Failed) and none.message == "No model is loaded." and none.ask_id == 1


def test_an_unloaded_model_is_gone_from_memory(talk):
    alive: list[int] = []

    class Counted(FakeEngine):
        def __init__(self) -> None:
            super().__init__()
            alive.append(1)

        def __del__(self) -> None:
            alive.pop()

    talk.close()
    talk = Talk(lambda path, device: Counted())
    talk.send(FAKE)
    assert isinstance(talk.hear(), Loaded) and alive == [1]
    talk.send(IMAGE, question(1))
    talk.hear_answer()
    talk.send(Unload())
    assert talk.hear() == Unloaded() and alive == []
    talk.close()


def test_running_out_of_memory_is_an_event():
    def greedy(path: Path, device: str) -> FakeEngine:
        raise MemoryError

    talk = Talk(greedy)
    talk.send(FAKE)
    event = talk.hear()
    assert isinstance(event, Failed) and event.message == "There was not enough memory for loading the model."
    assert event.hint
    talk.close()


def test_an_image_that_fell_off_the_shelf_is_asked_for_again(talk):
    others = [put_image(np.full((1, 1), value, np.uint8)) for value in range(KEPT_IMAGES)]
    talk.send(FAKE, IMAGE, *others, question(1))
    talk.hear()
    event = talk.hear()
    assert isinstance(event, Failed) and event.ask_id == 1 and "again" in event.hint


def test_pixels_that_do_not_fit_their_size_are_refused(talk):
    talk.send_bytes(encode(IMAGE).replace(b'"width":10', b'"width":11'))
    event = talk.hear()
    assert isinstance(event, Failed) and "11 x 10" in event.message


@given(st.binary(max_size=60).filter(lambda line: b"\n" not in line and not line.startswith(b'{"type"')))
def test_garbage_is_answered_and_survived(garbage):
    talk = Talk(open_fake_engine)
    talk.send_bytes(garbage + b"\n")
    talk.send(question(1))
    refused, answered = talk.hear(), talk.hear()
    assert isinstance(refused, Failed) and refused.code == "WorkerError" and refused.ask_id == 0
    assert isinstance(answered, Failed) and answered.ask_id == 1
    talk.close()


def test_a_reader_that_is_gone_ends_the_loop():
    talk = Talk(endless)
    talk.send(FAKE, IMAGE, question(1))
    talk.hear()
    talk.events.close()
    assert talk.ended.wait(10)
    talk.requests.close()


def test_no_folder_is_a_missing_model(tmp_path):
    with pytest.raises(MissingModel, match="nowhere"):
        open_engine(tmp_path / "nowhere", "cpu")


def test_a_folder_without_a_model_is_unusable_and_says_what_is_missing(tmp_path):
    with pytest.raises(UnusableModel, match=r"umed\.json"):
        open_engine(tmp_path, "cpu")


def test_a_runtime_that_is_not_installed_is_named_with_how_to_get_it(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setitem(__import__("sys").modules, "umed_core.vlm.torch_engine", None)
    with pytest.raises(UnusableModel) as caught:
        open_engine(tmp_path, "cpu")
    assert "pip install" in caught.value.hint


def test_the_default_limit_is_most_of_the_machine():
    import psutil

    total_mb = psutil.virtual_memory().total / 2**20
    assert 0.75 * total_mb < default_memory_mb() < 0.85 * total_mb
