"""Sampled answers of a run: those of a step side by side, the newest until a person goes back, and one at its own size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel

from tests.builders import write_picture
from umed_desktop.pages.train.run_log import sample_pictures
from umed_desktop.pages.train.samples_view import SamplesView


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "samples").mkdir()
    return tmp_path


@pytest.fixture
def view(qtbot) -> SamplesView:
    made = SamplesView()
    qtbot.addWidget(made)
    made.resize(600, 300)
    made.show()
    return made


def write_sample(run: Path, step: int, number: int = 1) -> None:
    write_picture(run / "samples" / f"step-{step:06d}-{number}.png", np.zeros((400, 300), np.uint8))


def large_ones(view: SamplesView) -> list[QDialog]:
    return view.window().findChildren(QDialog)


def test_samples_of_a_step_stand_side_by_side(view, run):
    for step, number in ((25, 1), (25, 2), (50, 1)):
        write_sample(run, step, number)
    assert len(sample_pictures(run)) == 3
    view.show_pictures(sample_pictures(run))
    assert [picture.accessibleName() for picture in view.pictures] == ["Sampled answer step-000050-1"]
    assert view.name.text() == "Step 50, 2 of 2"
    view.slider.setValue(0)
    assert len(view.pictures) == 2
    write_sample(run, 75)
    view.show_pictures(sample_pictures(run))
    assert view.name.text() == "Step 25, 1 of 3"  # the person had gone back


@pytest.mark.parametrize("way", ["click", "Enter"])
def test_a_sample_is_shown_at_its_own_size(qtbot, view, run, way):
    """Four side by side are too small to read their words."""
    write_sample(run, 25)
    view.show_pictures(sample_pictures(run))
    (picture,) = view.pictures
    if way == "click":
        qtbot.mouseClick(picture, Qt.MouseButton.LeftButton)
    else:
        picture.setFocus()
        qtbot.keyClick(picture, Qt.Key.Key_Return)
    (large,) = large_ones(view)
    assert large.isVisible() and (large.width(), large.height()) == (300, 400)
    assert large.findChild(QLabel).pixmap().height() == 400
    qtbot.keyClick(large, Qt.Key.Key_Escape)
    assert not large.isVisible()


def test_a_large_sample_stays_while_the_run_goes_on(qtbot, view, run):
    write_sample(run, 25)
    view.show_pictures(sample_pictures(run))
    view.pictures[0].click()
    (large,) = large_ones(view)
    write_sample(run, 50)
    view.show_pictures(sample_pictures(run))
    qtbot.wait(50)
    assert view.name.text() == "Step 50, 2 of 2" and large.isVisible()
    large.close()


def test_a_sample_that_is_no_picture_cannot_be_shown_large(view, run):
    (run / "samples" / "step-000025-1.png").write_bytes(b"half a pict")
    view.show_pictures(sample_pictures(run))
    assert not view.pictures[0].isEnabled()
