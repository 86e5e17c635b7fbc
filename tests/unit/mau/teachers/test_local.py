"""A model in a worker process as a teacher; the worker's engine is the fake one, which boxes what is bright."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.builders import write_picture
from umed_core.errors import MissingModel, TeacherBusy, TeacherRejected
from umed_core.geometry import NormalizedBox
from umed_core.mau.teacher import TeacherReply, TeacherRequest
from umed_core.mau.teachers.local import LocalTeacher, without_system
from umed_core.prompts import diagnosis_prompt, parse_boxes
from umed_core.records import Finding, Turn

FAKE_WORKER = [sys.executable, str(Path(__file__).resolve().parents[3] / "fake_worker.py")]
BOX = NormalizedBox(0.5, 0.2, 0.4, 0.2)


@pytest.fixture
def teacher() -> Iterator[LocalTeacher]:
    teacher = LocalTeacher(Path("fake"), command=FAKE_WORKER)
    yield teacher
    asyncio.run(teacher.close())


@pytest.fixture
def image(tmp_path: Path) -> Path:
    pixels = np.zeros((10, 10), np.uint8)
    pixels[2:4, 5:9] = 255
    return write_picture(tmp_path / "a.png", pixels)


def asked(image: Path, *messages: Turn) -> TeacherRequest:
    found = (Finding("kidney stone", BOX),)
    return TeacherRequest("k", "set/1", "diagnosis", 0, messages or diagnosis_prompt(found, "CT"), image, found, "CT")


def answer(teacher: LocalTeacher, request: TeacherRequest) -> TeacherReply:
    return asyncio.run(teacher.answer(request))


def test_it_answers_about_the_image(teacher, image):
    reply = answer(teacher, asked(image))
    assert [parsed.box for parsed in parse_boxes(reply.text)] == [BOX]
    assert reply.refusal == "" and reply.tokens.completion > 0


def test_several_at_once_are_answered_one_after_the_other(teacher, image):
    async def main() -> list[TeacherReply]:
        return await asyncio.gather(*(teacher.answer(asked(image)) for _ in range(3)))

    assert len({reply.text for reply in asyncio.run(main())}) == 1


def test_its_identity_names_the_weights_and_nothing_leaves(teacher):
    assert f"sha256={'0' * 64}" in teacher.identity and "local model=fake" in teacher.identity
    assert not teacher.is_remote


def test_a_crash_is_for_now_and_the_next_call_works(teacher, image):
    with pytest.raises(TeacherBusy, match="process failed"):
        answer(teacher, asked(image, Turn("user", "crash")))
    assert answer(teacher, asked(image)).text


def test_an_image_that_cannot_be_read_is_rejected(teacher, tmp_path):
    (tmp_path / "b.png").write_bytes(b"no image")
    with pytest.raises(TeacherRejected, match="cannot answer"):
        answer(teacher, asked(tmp_path / "b.png"))


def test_a_folder_without_a_model_is_told_at_once():
    with pytest.raises(MissingModel):
        LocalTeacher(Path("missing"), command=FAKE_WORKER)


def test_an_answer_that_reached_its_limit_is_cut_off(image):
    teacher = LocalTeacher(Path("fake"), max_new_tokens=3, command=FAKE_WORKER)
    try:
        assert answer(teacher, asked(image)).refusal.startswith("cut off")
    finally:
        asyncio.run(teacher.close())


def test_a_systems_words_go_to_the_head_of_the_first_question():
    turns = (Turn("system", "Explain."), Turn("user", "A?"), Turn("assistant", "B."), Turn("user", "C?"))
    assert without_system(turns) == (Turn("user", "Explain.\n\nA?"), *turns[2:])
    assert without_system(turns[1:]) == turns[1:]
