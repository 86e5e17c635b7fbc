"""Files of pictures: names, contents, and what is never overwritten."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from umed_core.drawing.saving import picture_stems, save_reply
from umed_core.errors import StorageError
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_core.records import Turn
from umed_core.vlm.conversation import Reply
from umed_core.vlm.fake import FakeEngine
from umed_core.vlm.messages import Answer, AskOptions, TextDelta

OUT = Path("/out")


@pytest.mark.parametrize(
    "name, stem",
    [
        ("chest.dcm", "chest"),
        ("chest.DCM", "chest"),
        ("brain.nii.gz", "brain"),
        ("1.2.840.113619.77", "1.2.840.113619.77"),
        ("IM0001", "IM0001"),
        (".png", ".png"),
    ],
)
def test_a_stem_is_the_name_without_an_image_suffix(name, stem):
    assert picture_stems([Path("/in") / name], OUT) == {Path("/in") / name: stem}


def test_equal_stems_are_numbered_in_order():
    sources = [Path("/a/x.png"), Path("/b/x.dcm"), Path("/c/X.png"), Path("/d/x-2.png")]
    assert list(picture_stems(sources, OUT).values()) == ["x", "x-2", "X-3", "x-2-2"]


def test_a_picture_never_takes_the_name_of_a_source():
    sources = [Path("/out/x.png"), Path("/out/x-boxes.png"), Path("/out/y/../x-2-attention.png")]
    assert picture_stems(sources, OUT)[sources[0]] == "x-3"


names = st.sampled_from(["a.png", "A.png", "a-2.png", "a-boxes.png", "a-attention.png", "a.dcm"])


@given(st.lists(st.tuples(st.sampled_from(["/out", "/in", "/in/2"]), names), unique=True, max_size=8))
def test_no_two_pictures_and_no_source_meet(places):
    sources = [Path(folder) / name for folder, name in places]
    pictures = [str(OUT / f"{stem}-{kind}.png").casefold() for stem in picture_stems(sources, OUT).values()
                for kind in ("boxes", "attention")]  # fmt: skip
    assert len(set(pictures)) == 2 * len(sources)
    assert not {str(source) for source in sources} & set(pictures)


def reply(pixels: np.ndarray, options: AskOptions = AskOptions()) -> Reply:  # noqa: B008
    turns = [Turn("user", "what?")]
    *deltas, answer = FakeEngine().answer(1, [pixels], ["id"], turns, options, lambda: False)
    assert isinstance(answer, Answer)
    return Reply("what?", answer, tuple(d for d in deltas if isinstance(d, TextDelta)))


MODEL = FakeEngine("umed-test").info
STONE = np.full((64, 64), 40, np.uint8)
STONE[16:32, 16:48] = 255


def test_boxes_and_attention_are_saved_with_what_a_reader_must_know(tmp_path):
    boxes, attention = save_reply(tmp_path / "new", "x", 1, STONE, reply(STONE), MODEL)
    assert [boxes.name, attention.name] == ["x-boxes.png", "x-attention.png"]
    for path in (boxes, attention):
        text = Image.open(path).text  # type: ignore[attr-defined]
        assert text["Disclaimer"] == RESEARCH_USE_ONLY
        assert text["Model"] == f"umed-test sha256:{'0' * 64}"
        assert text["Question"] == "what?"
        assert text["Boxes"] == "kidney stone: x 0.2500, y 0.2500, w 0.5000, h 0.2500"
        assert text["Creation Time"].startswith("20")
    assert not np.array_equal(np.asarray(Image.open(boxes))[:640], np.asarray(Image.open(attention))[:640])
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["x-attention.png", "x-boxes.png"]


def test_without_a_box_or_without_attention_there_is_no_heat_map(tmp_path):
    dark = np.full((64, 64), 40, np.uint8)
    assert [p.name for p in save_reply(tmp_path, "dark", 1, dark, reply(dark), MODEL)] == ["dark-boxes.png"]
    silent = reply(STONE, AskOptions(attention="none"))
    assert [p.name for p in save_reply(tmp_path, "stone", 2, STONE, silent, MODEL)] == ["stone-boxes-2.png"]


def test_of_two_images_each_has_its_own_boxes_and_its_own_attention(tmp_path):
    dark = np.full((64, 64), 40, np.uint8)
    turns, images = [Turn("user", "what?")], [dark, STONE]
    *deltas, answer = FakeEngine("several").answer(1, images, ["a", "b"], turns, AskOptions(), lambda: False)
    assert isinstance(answer, Answer)
    both = Reply("what?", answer, tuple(d for d in deltas if isinstance(d, TextDelta)))
    assert [p.name for p in save_reply(tmp_path, "dark", 1, dark, both, MODEL, 0, 2)] == ["dark-boxes.png"]
    boxes, attention = save_reply(tmp_path, "stone", 1, STONE, both, MODEL, 1, 2)
    assert [boxes.name, attention.name] == ["stone-boxes.png", "stone-attention.png"]
    assert Image.open(boxes).text["Boxes"].endswith("on image 2")  # type: ignore[attr-defined]
    alone = save_reply(tmp_path / "alone", "stone", 1, STONE, reply(STONE), MODEL)
    assert np.array_equal(np.asarray(Image.open(boxes)), np.asarray(Image.open(alone[0])))


def test_a_folder_that_is_a_file_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StorageError) as caught:
        save_reply(tmp_path / "file", "x", 1, STONE, reply(STONE), MODEL)
    assert caught.value.hint
    assert (tmp_path / "file").read_text() == "mine"
