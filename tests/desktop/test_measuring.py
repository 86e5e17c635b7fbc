"""What a measurement amounts to, where it is found again, and how it is kept: facts without a window."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.errors import DataError, StorageError
from umed_core.images.medical_image import MedicalImage
from umed_core.images.volume import Series
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_desktop.measuring.document import Measurements
from umed_desktop.measuring.model import Measurement, handles_of, moved, place_of, study_key, with_handle
from umed_desktop.measuring.quantities import angle_deg, area_of, length_of, region_values, words_of
from umed_desktop.measuring.storage import load_measurements, save_measurements, stored_studies

SPACING = (2.0, 0.5)
"""mm between rows, and between columns."""
A, CORNER, B = (0.0, 0.0), (6.0, 0.0), (6.0, 2.0)
"""Legs of 6 columns x 0.5 mm = 3 mm and 2 rows x 2 mm = 4 mm: the 3-4-5 triangle."""
places = st.tuples(st.floats(0, 20), st.floats(0, 20))


# ----------------------------------------------------------------------------------------------- lengths and angles
def test_the_3_4_5_triangle_in_anisotropic_pixels():
    assert length_of(A, CORNER, SPACING) == pytest.approx(3.0)
    assert length_of(CORNER, B, SPACING) == pytest.approx(4.0)
    assert length_of(A, B, SPACING) == pytest.approx(5.0)


def test_its_angles_are_those_of_the_patient_and_not_of_the_pixels():
    assert angle_deg(A, CORNER, B, SPACING) == pytest.approx(90.0)
    assert angle_deg(CORNER, A, B, SPACING) == pytest.approx(53.1301, abs=1e-4)  # atan(4 / 3)
    assert angle_deg(CORNER, A, B, None) == pytest.approx(18.4349, abs=1e-4)  # atan(2 / 6)


def test_without_spacing_lengths_are_in_pixels():
    image = MedicalImage(np.zeros((1, 8, 8), np.uint8), "a.png")
    assert words_of("length", ((0, 0), (3, 4)), image, 0) == ("5.0 px",)
    assert words_of("length", ((0, 0), (6, 2)), replace(image, spacing_mm=SPACING), 0) == ("5.0 mm",)


def test_areas_of_a_rectangle_and_of_the_circle_in_it():
    assert area_of("rectangle", (1, 1), (5, 2), SPACING) == pytest.approx(4.0)  # 4 x 0.5 by 1 x 2 mm
    assert area_of("ellipse", (0, 0), (2, 2), None) == pytest.approx(np.pi)


@given(places, places, st.tuples(st.floats(0.1, 5), st.floats(0.1, 5)))
def test_a_length_is_the_same_both_ways_and_zero_to_itself(a, b, spacing):
    assert length_of(a, b, spacing) == pytest.approx(length_of(b, a, spacing))
    assert length_of(a, a, spacing) == 0


# ----------------------------------------------------------------------------------------------------------- regions
def test_the_values_of_a_known_block_in_hu():
    pixels = np.full((1, 10, 10), -1000, np.int16)
    pixels[0, 2:4, 3:7] = [[10, 20, 30, 40], [10, 20, 30, 40]]
    image = MedicalImage(pixels, "ct.dcm", unit="HU", spacing_mm=(1.0, 1.0))
    values = region_values(pixels[0], "rectangle", (3, 2), (7, 4))
    assert values is not None
    assert (values.count, values.mean, values.least, values.greatest) == (8, (25.0,), (10.0,), (40.0,))
    assert values.sd[0] == pytest.approx(125**0.5)  # mean of 15², 5², 5², 15²
    assert words_of("rectangle", ((3, 2), (7, 4)), image, 0) == (
        "8.0 mm²", "mean 25.0 HU  sd 11.2", "min 10  max 40  8 px",
    )  # fmt: skip


def test_a_pixel_counts_where_its_centre_lies_within():
    pixels = np.arange(16, dtype=np.int16).reshape(4, 4)
    assert region_values(pixels, "rectangle", (0.6, 0), (2.4, 1)).count == 1  # the centres 0.5 and 2.5 are out
    circle = region_values(pixels, "ellipse", (0, 0), (4, 4))
    assert circle.count == 12  # of 16 the corners are out: 1.5² + 1.5² > 2²


def test_padding_and_what_is_no_number_are_left_out():
    pixels = np.array([[-2000.0, 10.0, np.nan, 30.0]], np.float32)
    values = region_values(pixels, "rectangle", (0, 0), (4, 1), padding=-2000.0)
    assert (values.count, values.mean) == (2, (20.0,))


def test_a_region_without_a_pixel_says_so():
    image = MedicalImage(np.zeros((1, 4, 4), np.uint8), "a.png")
    assert region_values(image.pixels[0], "rectangle", (0.6, 0.6), (0.9, 0.9)) is None
    assert words_of("rectangle", ((0.6, 0.6), (0.9, 0.9)), image, 0)[1] == "no measured pixel"


def test_a_colour_region_has_a_mean_a_channel():
    pixels = np.zeros((1, 2, 2, 3), np.uint8)
    pixels[..., 1] = 200
    assert "mean RGB 0, 200, 0" in words_of("rectangle", ((0, 0), (2, 2)), MedicalImage(pixels, "a.png"), 0)


@given(places, places, st.sampled_from(["rectangle", "ellipse"]))
def test_a_region_by_the_plain_rule_pixel_by_pixel(a, b, kind):
    pixels = np.random.default_rng(0).integers(-1000, 1000, (20, 20))
    (x0, x1), (y0, y1) = sorted((a[0], b[0])), sorted((a[1], b[1]))

    def within(x: float, y: float) -> bool:
        if kind == "rectangle":
            return x0 <= x < x1 and y0 <= y < y1
        if x1 == x0 or y1 == y0:
            return False
        return (2 * (x - x0) / (x1 - x0) - 1) ** 2 + (2 * (y - y0) / (y1 - y0) - 1) ** 2 <= 1 - 1e-9

    slow = [int(pixels[y, x]) for y in range(20) for x in range(20) if within(x + 0.5, y + 0.5)]
    fast = region_values(pixels, kind, a, b)
    assert (fast.count if fast is not None else 0) == len(slow)
    if fast is not None:
        assert fast.mean[0] == pytest.approx(np.mean(slow))
        assert (fast.least[0], fast.greatest[0]) == (min(slow), max(slow))


# ------------------------------------------------------------------------------------------------- moving, reshaping
def test_a_pulled_corner_leaves_the_opposite_one():
    assert with_handle("rectangle", ((1, 1), (4, 3)), 2, 6, 7) == ((1, 1), (6, 7))
    assert with_handle("rectangle", ((1, 1), (4, 3)), 0, 0, 0) == ((0, 0), (4, 3))


def test_the_side_of_an_ellipse_moves_one_way_only():
    assert handles_of("ellipse", ((0, 0), (4, 2))) == ((0, 1), (4, 1), (2, 0), (2, 2))
    assert with_handle("ellipse", ((0, 0), (4, 2)), 1, 9, 77) == ((0, 0), (9, 2))


def test_the_handle_of_a_line_is_its_end():
    assert with_handle("angle", ((0, 0), (1, 1), (2, 0)), 1, 5, 6) == ((0, 0), (5, 6), (2, 0))


@given(places, places, st.floats(-50, 50), st.floats(-50, 50))
def test_what_is_moved_keeps_its_shape_and_stays_on_the_image(a, b, dx, dy):
    shifted = moved((a, b), dx, dy, (20, 20))
    assert length_of(*shifted, None) == pytest.approx(length_of(a, b, None), abs=1e-9)
    assert all(-1e-9 <= x <= 20 + 1e-9 and -1e-9 <= y <= 20 + 1e-9 for x, y in shifted)


# ---------------------------------------------------------------------------------------------------- found again
def volume(*positions: float, name: str = "ct") -> tuple[Series, MedicalImage]:
    files = tuple(Path(f"/scans/{name}{round(place)}.dcm") for place in positions)
    pixels = np.zeros((len(positions), 4, 6), np.int16)
    image = MedicalImage(pixels, str(files[0]), orientation=(1, 0, 0, 0, 1, 0), slice_positions_mm=positions)
    return Series("1.2.3", files, slice_positions_mm=positions), image


def test_a_slice_is_known_by_its_position_whichever_files_are_open():
    whole, alone = volume(0, 2, 4, 6), volume(4)
    there = place_of(*whole, 2)
    assert there.is_at(place_of(*alone, 0))
    assert not there.is_at(place_of(*whole, 1))
    assert there.is_at(place_of(*volume(0, 2, 4, 6, name="copied"), 2))


def test_without_positions_a_slice_is_known_by_its_file():
    series, image = volume(0, 2, 4)
    silent = replace(image, orientation=None, slice_positions_mm=())
    first = replace(silent, pixels=silent.pixels[:1])
    there = place_of(series, silent, 2)
    assert there.is_at(place_of(replace(series, files=series.files[2:]), first, 0))
    assert not there.is_at(place_of(replace(series, files=series.files[:1]), first, 0))


def test_what_is_stored_names_neither_the_study_nor_a_path():
    series, image = volume(0)
    place = place_of(series, image, 0)
    assert "1.2.3" not in repr(place) and "scans" not in repr(place)
    assert study_key(series) != study_key(replace(series, files=(Path("/other.dcm"),)))


# ------------------------------------------------------------------------------------------------- the document
def length(x: float = 3.0, study: str = "s") -> Measurement:
    return Measurement.new(study, place_of(*volume(0), 0), "length", ((0.0, 0.0), (x, 4.0)))


def test_every_deed_can_be_undone_and_names_itself():
    document, one = Measurements(), length()
    document.add(one)
    document.reshape(one.id, ((0.0, 0.0), (6.0, 8.0)))
    document.remove([one.id])
    assert (document.all, document.undo_name) == ((), "Delete measurement")
    document.undo()
    assert document.all[0].points == ((0.0, 0.0), (6.0, 8.0))
    document.undo()
    assert document.all == (one,)
    document.undo()
    assert (document.all, document.redo_name) == ((), "Draw length")
    document.redo()
    assert document.all == (one,)


def test_what_was_loaded_is_no_deed():
    document, old, new = Measurements(), length(), length(5.0)
    document.add(new)
    document.load("s", [old])
    document.load("s", [old])
    assert document.all == (old, new)
    document.undo()
    assert document.all == (old,)
    assert document.undo_name == ""


def test_only_the_study_that_changed_is_unsaved():
    document, one, other = Measurements(), length(study="a"), length(study="b")
    document.load("a", [one])
    document.load("b", [other])
    assert document.unsaved == set()
    document.remove([other.id])
    assert document.unsaved == {"b"}


# ------------------------------------------------------------------------------------------------------ on disk
def test_there_and_back(tmp_path: Path):
    kept = (length(), length(5.0))
    save_measurements(tmp_path / "m", "abc", kept)
    assert stored_studies(tmp_path / "m") == {"abc"}
    assert load_measurements(tmp_path / "m", "abc") == kept
    assert json.loads((tmp_path / "m" / "abc.json").read_text())["notice"] == RESEARCH_USE_ONLY
    save_measurements(tmp_path / "m", "abc", ())
    assert stored_studies(tmp_path / "m") == set()
    assert load_measurements(tmp_path / "m", "abc") == ()


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"version":2,"notice":"","study":"abc","measurements":[]}', b"\xff\xfe"]
)
def test_a_file_that_cannot_be_read_is_set_aside(tmp_path: Path, content: bytes):
    (tmp_path / "abc.json").write_bytes(content)
    with pytest.raises(DataError, match="could not be read"):
        load_measurements(tmp_path, "abc")
    assert (tmp_path / "abc.broken").read_bytes() == content
    assert load_measurements(tmp_path, "abc") == ()


def test_a_folder_that_is_a_file_is_one_clear_error(tmp_path: Path):
    (tmp_path / "m").write_text("in the way")
    with pytest.raises(StorageError):
        save_measurements(tmp_path / "m", "abc", [length()])
