"""Windows by hand: PS3.3 C.11.2.1.2.1 writes y = ((x - (c - 0.5)) / (w - 1) + 0.5) * 255, clipped."""

from __future__ import annotations

import numpy as np
import pydicom.pixels.processing as second_opinion
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from umed_core.images.medical_image import MedicalImage, VoiFunction, VoiLut, Window
from umed_core.images.windowing import CT_PRESETS, apply_voi_lut, apply_window, default_window, to_display


def image_of(values: object, dtype: str = "int16", **fields: object) -> MedicalImage:
    return MedicalImage(np.atleast_3d(np.array(values, dtype)).reshape(1, 1, -1), "made.dcm", **fields)  # type: ignore[arg-type]


def shown(image: MedicalImage, window: Window | None = None) -> list[int]:
    return to_display(image, 0, window)[0].tolist()


def test_a_window_of_two_grey_levels_by_hand() -> None:
    # c = 1, w = 2: x <= 0 is black, x > 1 is white, and 0.5 lies in the middle of the ramp from 0 to 1.
    assert shown(image_of([-1, 0, 1, 2]), Window(1, 2)) == [0, 0, 255, 255]
    assert shown(image_of([0.0, 0.5, 1.0], "float32"), Window(1, 2)) == [0, 128, 255]


def test_the_standards_own_example_of_width_1() -> None:
    # Note 4: with center 40 and width 1, values up to 39.5 are black and the rest white.
    assert shown(image_of([39, 40]), Window(40, 1)) == [0, 255]


def test_the_standards_example_of_a_full_range_window() -> None:
    # Note 3: c = 2048, w = 4096 passes 0..4095 unchanged, stretched to 0..255 here.
    assert shown(image_of([0, 4095], "uint16"), Window(2048, 4096)) == [0, 255]


def test_linear_exact_reaches_its_ends_exactly() -> None:
    # c = 0, w = 100: -50 is black, 50 is white (linear would reach white at 49.5).
    assert shown(image_of([-50, 0, 50], "float32"), Window(0, 100, "", "linear_exact")) == [0, 128, 255]


def test_a_sigmoid_is_half_at_its_center() -> None:
    # 255 / (1 + exp(-4 (x - c) / w)): 127.5 at c, 255 / (1 + e**-4) = 250.4 at c + w.
    assert shown(image_of([40, 140], "float32"), Window(40, 100, "", "sigmoid")) == [128, 250]


def test_monochrome1_is_inverted_after_the_window() -> None:
    plain, inverted = (image_of([0, 100, 255], "uint8", inverted=flag) for flag in (False, True))
    assert shown(inverted) == [255 - value for value in shown(plain)]


def test_a_voi_table_maps_its_first_value_and_clips_beyond_its_ends() -> None:
    lut = VoiLut(first=10, bits=8, values=np.array([0, 100, 255], np.uint16))
    assert apply_voi_lut(np.array([-5, 10, 11, 12, 99], np.int16), lut).tolist() == [0, 0, 100, 255, 255]


def test_the_files_own_voi_table_comes_before_its_window_but_not_before_a_chosen_one() -> None:
    lut = VoiLut(first=0, bits=8, values=np.array([7, 9], np.uint16))
    image = image_of([0, 1], voi_lut=lut, windows=(Window(1, 2),))
    assert shown(image) == [7, 9]
    assert shown(image, Window(1, 2)) == [0, 255]


def test_a_frame_may_have_its_own_window() -> None:
    pixels = np.array([[[0, 10]], [[0, 10]]], np.int16)
    image = MedicalImage(pixels, "made.dcm", windows=(Window(5, 10),), frame_windows=(Window(1, 2), Window(101, 2)))
    assert [to_display(image, frame)[0].tolist() for frame in (0, 1)] == [[0, 255], [0, 0]]


def test_without_a_window_ct_in_hu_is_shown_as_soft_tissue() -> None:
    assert default_window(image_of([-1000, 1000], modality="CT", unit="HU")) == CT_PRESETS[0]


def test_without_a_window_8_bit_pixels_are_shown_as_they_are() -> None:
    assert shown(image_of(range(256), "uint8")) == list(range(256))


def test_without_a_window_a_mask_is_black_and_white() -> None:
    assert shown(image_of([0] * 999 + [1], "uint8"))[-2:] == [0, 255]


def test_padding_is_left_out_of_the_default_range() -> None:
    image = image_of([-2000] * 500 + [0, 100] * 50, padding=-2000.0)
    window = default_window(image)
    assert (window.center - window.width / 2, window.center + window.width / 2) == (0, 100)


def test_an_image_of_one_value_is_black() -> None:
    assert set(shown(image_of([77] * 9))) == {0}


def test_float_pixels_beyond_all_measure_are_black_or_white_and_what_is_no_number_is_black() -> None:
    values = [-3e38, 3e38, float("inf"), float("nan")]
    assert shown(image_of(values, "float32"), Window(0, 1e-6, "", "linear_exact")) == [0, 255, 255, 0]


def test_colour_passes_unchanged() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    assert np.array_equal(to_display(MedicalImage(pixels, "made.png")), pixels[0])


@given(
    values=st.lists(st.integers(-32768, 32767), min_size=1, max_size=50),
    center=st.floats(-5000, 5000),
    width=st.floats(1, 9000),
    function=st.sampled_from(["linear", "linear_exact", "sigmoid"]),
)
def test_pydicom_windows_alike(values: list[int], center: float, width: float, function: VoiFunction) -> None:
    dataset = Dataset()
    dataset.PhotometricInterpretation, dataset.BitsStored, dataset.PixelRepresentation = "MONOCHROME2", 8, 0
    dataset.WindowCenter, dataset.WindowWidth = f"{center:.6f}"[:16], f"{width:.6f}"[:16]
    dataset.VOILUTFunction = function.upper()
    pixels = np.array(values, np.int16)
    window = Window(float(dataset.WindowCenter), float(dataset.WindowWidth), "", function)
    with np.errstate(over="ignore"):  # exp() of a distant value: pydicom's sigmoid is then 0, which is right
        expected = second_opinion.apply_windowing(pixels.astype(np.float64), dataset)
    # Half a grey level for rounding, and a little for float32 arithmetic.
    assert np.abs(apply_window(pixels, window) - expected).max() <= 0.51


@given(values=st.lists(st.integers(-32768, 32767), min_size=1, max_size=50), center=st.floats(-3000, 3000))
def test_a_table_and_plain_arithmetic_agree(values: list[int], center: float) -> None:
    narrow = np.array(values, np.int16)
    by_table, by_formula = (apply_window(pixels, Window(center, 400)) for pixels in (narrow, narrow.astype(np.float64)))
    assert np.abs(by_table.astype(int) - by_formula).max() <= 1


@given(low=st.integers(-2000, 2000), high=st.integers(-2000, 2000))
def test_a_brighter_pixel_is_never_shown_darker(low: int, high: int) -> None:
    dark, bright = apply_window(np.array(sorted((low, high)), np.int16), Window(40, 400))
    assert dark <= bright
