"""Both ends agree on which images the worker holds, whatever one question brings."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from umed_core.errors import WorkerError
from umed_core.vlm.messages import Loaded
from umed_core.vlm.protocol import KEPT_IMAGES, ImageShelf, check_image_count, images_to_put

NAMES = [str(number) for number in range(KEPT_IMAGES + 4)]


def test_what_is_there_is_not_put_again():
    shelf: ImageShelf[None] = ImageShelf()
    assert list(images_to_put(shelf, ["a", "b"])) == ["a", "b"]
    assert list(images_to_put(shelf, ["b", "a", "c"])) == ["c"]
    assert list(images_to_put(shelf, ["a", "a"])) == []


def test_an_old_image_that_falls_off_for_a_new_one_is_put_again():
    shelf: ImageShelf[None] = ImageShelf()
    assert len(list(images_to_put(shelf, NAMES[:KEPT_IMAGES]))) == KEPT_IMAGES
    # "new" takes the place of "0", the oldest, which the question needs too.
    assert list(images_to_put(shelf, ["0", "new"])) == ["new", "0"]
    assert "0" in shelf and "new" in shelf


@given(st.lists(st.lists(st.sampled_from(NAMES), max_size=KEPT_IMAGES), max_size=12))
def test_a_worker_that_is_put_these_has_every_image_it_is_asked_about(questions: list[list[str]]):
    mine: ImageShelf[None] = ImageShelf()
    workers: ImageShelf[None] = ImageShelf()
    for wanted in questions:
        for name in images_to_put(mine, wanted):
            workers.put(name, None)
        assert all(name in workers for name in wanted)


def test_more_images_than_a_worker_keeps_are_refused():
    with pytest.raises(WorkerError, match=f"about {KEPT_IMAGES + 1} images"):
        list(images_to_put(ImageShelf(), NAMES[: KEPT_IMAGES + 1]))


def test_more_images_than_the_model_takes_are_refused_in_a_line():
    one = Loaded("umed-mini", "", "onnxruntime", "CPU", 0, 0.0)
    check_image_count(1, one)
    with pytest.raises(WorkerError, match="umed-mini answers about one image at a time, not 2") as refused:
        check_image_count(2, one)
    assert "takes several" in refused.value.hint
    with pytest.raises(WorkerError, match="3 images at a time, not 4"):
        check_image_count(4, Loaded("fake", "", "fake", "CPU", 0, 0.0, 3))
