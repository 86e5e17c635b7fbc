"""A real worker process with the fake engine, and what its client makes of its life and death."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from umed_core.errors import MissingModel, UnusableModel, WorkerCrashed, WorkerError, WorkerTimeout
from umed_core.records import Turn
from umed_core.vlm.client import WorkerClient
from umed_core.vlm.messages import Answer, Ask, Load, TextDelta, encode
from umed_core.vlm.protocol import KEPT_IMAGES, put_image
from umed_core.vlm.worker_process import WorkerProcess

FAKE_WORKER = [sys.executable, str(Path(__file__).resolve().parents[1] / "fake_worker.py")]
FAKE = Path("fake")
WAIT_S = 60.0  # a limit for a broken program, not a measure: the machine may be busy

BRIGHT = np.zeros((10, 10), np.uint8)
BRIGHT[2:4, 5:9] = 255
FIRST_ANSWER = (
    "Answer 1: a bright region at [bbox_start] 0.500, 0.200, 0.400, 0.200 [bbox_end] looks like a kidney stone."
)

unix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and limits")


@pytest.fixture
def client() -> Iterator[WorkerClient]:
    with WorkerClient(FAKE_WORKER) as client:
        client.load(FAKE)
        yield client


def asked(*texts: str) -> tuple[Turn, ...]:
    return tuple(Turn("assistant" if number % 2 else "user", text) for number, text in enumerate(texts))


def answer_to(client: WorkerClient, *texts: str, pixels: np.ndarray = BRIGHT) -> Answer:
    *_, answer = client.ask(pixels, asked(*texts), timeout_s=WAIT_S)
    assert isinstance(answer, Answer)
    return answer


def test_an_answer_comes_in_pieces(client):
    *deltas, answer = client.ask(BRIGHT, asked("what?"), timeout_s=WAIT_S)
    assert isinstance(answer, Answer) and answer.text == FIRST_ANSWER
    assert all(isinstance(delta, TextDelta) for delta in deltas)
    assert "".join(delta.text for delta in deltas) == FIRST_ANSWER


def test_one_question_goes_with_several_images_and_no_more_than_the_model_takes():
    dark = np.zeros((4, 8), np.uint8)
    with WorkerClient(FAKE_WORKER) as client:
        assert client.load(Path("several")).max_images == 3
        *deltas, answer = client.ask([dark, BRIGHT], asked("what?"), timeout_s=WAIT_S)
        assert isinstance(answer, Answer)
        assert answer.text.startswith("Answer 1. Image 1: no abnormality is seen in this image. Image 2: a bright")
        assert [box.image for box in answer.boxes] == [1]
        assert [[row.image for row in delta.attention if row.layer == -1] for delta in deltas] == [[0, 1]] * len(deltas)
        assert all(sum(sum(r.weights) for r in d.attention if r.layer == -1) <= 1 for d in deltas)
        with pytest.raises(WorkerError, match="3 images at a time, not 4"):
            list(client.ask([dark, BRIGHT, dark, BRIGHT], asked("what?")))
        assert answer_to(client, "what?").text == FIRST_ANSWER  # and one alone is asked about as ever


def test_an_image_that_falls_off_the_shelf_for_its_neighbour_is_sent_again():
    images = [np.full((2, 2), number, np.uint8) for number in range(KEPT_IMAGES + 1)]
    with WorkerClient(FAKE_WORKER) as client:
        client.load(Path("several"))
        for image in images[:KEPT_IMAGES]:
            answer_to(client, "what?", pixels=image)
        # The new one takes the place of the oldest, which the same question is about.
        *_, answer = client.ask([images[0], images[-1]], asked("what?"), timeout_s=WAIT_S)
        assert isinstance(answer, Answer) and "Image 2" in answer.text


def test_what_a_library_prints_does_not_reach_the_protocol(client):
    assert answer_to(client, "print").text == FIRST_ANSWER


@unix_only
def test_kill_9_in_the_middle_of_an_answer_and_the_conversation_goes_on(client):
    first = answer_to(client, "what?")
    pid = client.pid
    events = client.ask(BRIGHT, asked("what?", first.text, "hang"), timeout_s=WAIT_S)
    next(events)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(WorkerCrashed, match="SIGKILL"):
        list(events)
    again = answer_to(client, "what?", first.text, "and now?")
    assert again.text.startswith("Answer 2: a bright region")
    assert client.pid not in (0, pid)


@unix_only
def test_a_crash_is_told_with_its_last_words_and_without_its_secret(client):
    with pytest.raises(WorkerCrashed) as caught:
        answer_to(client, "crash")
    assert "giving up" in caught.value.message and "hf_" not in caught.value.message
    assert "conversation is kept" in caught.value.hint


def test_a_bug_in_an_engine_ends_its_process_and_says_which(client):
    with pytest.raises(WorkerCrashed, match="RuntimeError: a bug in the engine"):
        answer_to(client, "bug")
    assert answer_to(client, "what?").text == FIRST_ANSWER


def test_an_error_of_the_tree_leaves_the_process_alone(client):
    pid = client.pid
    with pytest.raises(UnusableModel, match="told to fail"):
        answer_to(client, "fail")
    assert client.pid == pid


def test_silence_ends_the_process_and_the_next_question_is_answered(client):
    pid = client.pid
    with pytest.raises(WorkerTimeout, match=r"nothing for 0\.3 s while answering"):
        list(client.ask(BRIGHT, asked("hang"), timeout_s=0.3))
    assert not psutil.pid_exists(pid) and client.pid == 0
    assert answer_to(client, "what?").text == FIRST_ANSWER


def test_a_model_that_never_loads_times_out_and_tells_how_long_it_takes():
    heard: list[float] = []
    with WorkerClient(FAKE_WORKER) as client:
        with pytest.raises(WorkerTimeout, match="loading the model"):
            client.load(Path("slow"), timeout_s=1.0, waiting=heard.append)
        assert client.pid == 0
    assert heard and heard == sorted(heard) and heard[-1] < 1.0 + WAIT_S


def test_stop_comes_between_two_pieces_and_ends_the_answer():
    with WorkerClient([*FAKE_WORKER, "--delay", "0.05"]) as client:
        client.load(FAKE)
        events = client.ask(BRIGHT, asked("what?"), timeout_s=WAIT_S)
        next(events)
        client.stop()
        *_, answer = events
        assert isinstance(answer, Answer) and answer.stopped
        assert FIRST_ANSWER.startswith(answer.text) and len(answer.text) < len(FIRST_ANSWER)
        assert answer_to(client, "what?").text == FIRST_ANSWER


def test_an_answer_that_nobody_listens_to_any_more_does_not_meet_the_next():
    with WorkerClient([*FAKE_WORKER, "--delay", "0.02"]) as client:
        client.load(FAKE)
        events = client.ask(BRIGHT, asked("what?"), timeout_s=WAIT_S)
        next(events)
        events.close()  # type: ignore[attr-defined]
        *deltas, answer = client.ask(BRIGHT, asked("what?", "...", "again?"), timeout_s=WAIT_S)
        assert isinstance(answer, Answer)
        assert "".join(delta.text for delta in deltas) == answer.text
        assert answer.text.startswith("Answer 2")


def test_an_image_is_sent_once_and_again_when_it_fell_off_the_shelf(client, monkeypatch):
    sent: list[str] = []
    send = WorkerProcess.send

    def spy(self: WorkerProcess, request: object) -> None:
        sent.append(type(request).__name__)
        send(self, request)  # type: ignore[arg-type]

    monkeypatch.setattr(WorkerProcess, "send", spy)
    answer_to(client, "what?")
    answer_to(client, "what?")
    assert sent == ["PutImage", "Ask", "Ask"]
    for value in range(KEPT_IMAGES):
        answer_to(client, "what?", pixels=np.full((2, 2), value, np.uint8))
    assert answer_to(client, "what?").text == FIRST_ANSWER
    assert sent.count("PutImage") == 1 + KEPT_IMAGES + 1


@unix_only
@pytest.mark.parametrize("when", ["loading", "answering"])
def test_a_model_that_eats_memory_meets_its_limit(when):
    with WorkerClient([*FAKE_WORKER, "--memory-mb", "700"]) as client:
        if when == "loading":
            with pytest.raises(WorkerError, match="not enough memory") as caught:
                client.load(Path("greedy"))
        else:
            client.load(FAKE)
            with pytest.raises(WorkerError, match="not enough memory") as caught:
                answer_to(client, "eat memory")
            # The same process goes on, and has given the memory back.
            assert answer_to(client, "what?").text == FIRST_ANSWER
            assert psutil.Process(client.pid).memory_info().rss < 700 * 2**20
    assert "smaller model" in caught.value.hint


def test_an_unloaded_worker_answers_nothing_until_it_loads_again(client):
    client.unload()
    with pytest.raises(WorkerError, match="No model"):
        answer_to(client, "what?")
    client.load(FAKE)
    assert answer_to(client, "what?").text == FIRST_ANSWER


def test_a_missing_model_keeps_its_kind_across_the_pipe():
    with WorkerClient(FAKE_WORKER) as client, pytest.raises(MissingModel):
        client.load(Path("missing"))


def test_the_real_worker_refuses_a_folder_that_is_no_model(tmp_path, program_environment, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", program_environment["PYTHONPATH"])
    with WorkerClient() as client:
        with pytest.raises(MissingModel, match="no model folder"):
            client.load(tmp_path / "nowhere")
        with pytest.raises(UnusableModel, match="holds no model"):
            client.load(tmp_path)


def test_a_worker_that_cannot_be_started_is_an_error_with_a_hint(tmp_path):
    with pytest.raises(WorkerError, match="could not be started") as caught:
        WorkerClient([str(tmp_path / "no-such-program")]).load(FAKE)
    assert caught.value.hint


def test_a_program_that_speaks_something_else_broke_the_protocol():
    script = "import sys; print('hello', flush=True); sys.stdin.read()"
    with WorkerClient([sys.executable, "-c", script]) as client:
        with pytest.raises(WorkerCrashed, match=r"broke the protocol.*hello"):
            client.load(FAKE)
        assert client.pid == 0


def test_leaving_the_client_ends_the_process():
    with WorkerClient(FAKE_WORKER) as client:
        client.load(FAKE)
        pid = client.pid
        assert psutil.pid_exists(pid)
    assert not psutil.pid_exists(pid)


def test_the_end_of_stdin_ends_a_worker_even_if_its_engine_hangs():
    worker = subprocess.Popen(FAKE_WORKER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert worker.stdin is not None and worker.stdout is not None
    image = put_image(BRIGHT)
    worker.stdin.write(encode(Load("/fake")) + encode(image) + encode(Ask(1, (image.image_id,), asked("hang"))))
    worker.stdin.flush()
    for _ in range(4):
        assert worker.stdout.readline()  # loaded, and three pieces; now it hangs
    worker.communicate(timeout=WAIT_S)  # closes stdin; raises if the worker stays
    assert worker.returncode == 0


@unix_only
def test_a_killed_parent_leaves_no_orphan(program_environment):
    script = (
        "import sys, time; from pathlib import Path; from umed_core.vlm.client import WorkerClient\n"
        f"client = WorkerClient({FAKE_WORKER!r}); client.load(Path('fake')); print(client.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=program_environment)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    gone, _ = psutil.wait_procs([child], timeout=WAIT_S)
    assert gone


@unix_only
def test_ctrl_c_is_for_the_parent_to_understand(client):
    events = client.ask(BRIGHT, asked("what?"), timeout_s=WAIT_S)
    next(events)
    os.kill(client.pid, signal.SIGINT)
    *_, answer = events
    assert isinstance(answer, Answer) and answer.text == FIRST_ANSWER
    pid = client.pid
    assert answer_to(client, "what?").text == FIRST_ANSWER and client.pid == pid != 0
