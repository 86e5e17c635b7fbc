"""Every kind of phantom: what it promises about pixels, findings, boxes and its seed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from umed_core.errors import ConfigError
from umed_core.geometry import NormalizedBox
from umed_core.images.medical_image import Window
from umed_core.phantoms import EVALUATION_SEEDS, KINDS, TRAINING_SEEDS, Phantom, display, folder_seeds, make_phantom
from umed_core.phantoms.cxr import FINDINGS
from umed_core.phantoms.hu_canvas import blend_lump

LABELS = {
    "ct": {f"{t} lesion" for t in ("bone", "abdomen", "mediastinum", "liver", "lung", "kidney", "soft tissue", "pelvis")},
    "renal": {"kidney stone"},
    "cxr": set(FINDINGS),
    "tb": {"pulmonary tuberculosis"},
    "endoscopy": {"polyp"},
}  # fmt: skip

kinds = pytest.mark.parametrize("kind", KINDS)


def grey(values: list[int], window: Window) -> Phantom:
    return Phantom("ct", 0, np.array([values], np.int16), "CT", (), window, (1.0, 1.0))


def test_display_maps_the_window_to_0_and_255_and_its_middle_to_the_middle():
    shown = display(grey([-1000, -160, 40, 239, 3000], Window(40, 400)))
    assert shown.tolist() == [[0, 0, 128, 255, 255]]


def test_there_are_five_kinds_and_fourteen_chest_findings():
    assert KINDS == ("ct", "renal", "cxr", "tb", "endoscopy")
    assert len(FINDINGS) == 14


@kinds
def test_a_seed_gives_the_same_phantom_and_another_seed_another(kind: str):
    first, again, other = make_phantom(kind, 7), make_phantom(kind, 7), make_phantom(kind, 8)
    assert first.pixels.tobytes() == again.pixels.tobytes()
    assert (first.findings, first.window, first.spacing_mm) == (again.findings, again.window, again.spacing_mm)
    assert first.pixels.tobytes() != other.pixels.tobytes()


@kinds
def test_what_was_drawn_before_makes_no_difference(kind: str):
    alone = make_phantom(kind, 3).pixels.tobytes()
    for other in KINDS:
        make_phantom(other, 99)
    assert make_phantom(kind, 3).pixels.tobytes() == alone


@kinds
@settings(max_examples=12)
@given(seed=st.integers(0, 2**40))
def test_every_finding_has_a_known_label_and_a_box_on_the_picture(kind: str, seed: int):
    phantom = make_phantom(kind, seed)
    assert phantom.findings
    for finding in phantom.findings:
        assert finding.label in LABELS[kind]
        assert finding.box.is_valid(tolerance=1e-9)
        height, width = phantom.pixels.shape[:2]
        corners = finding.box.pixels(width, height)
        for edge in (corners.x0, corners.y0, corners.x1, corners.y1):
            assert edge == pytest.approx(round(edge), abs=1e-6)  # boxes of a mask end at pixel edges


@kinds
def test_a_normal_phantom_has_no_finding(kind: str):
    assert all(make_phantom(kind, seed, normal=True).findings == () for seed in range(5))


@pytest.mark.parametrize(
    ("kind", "modality", "dtype", "size"),
    [
        ("ct", "CT", np.int16, (512, 512)),
        ("renal", "CT", np.int16, (320, 391)),
        ("cxr", "DX", np.uint16, (512, 512)),
        ("tb", "DX", np.uint16, (512, 512)),
    ],
)
def test_a_grey_kind_has_its_size_type_window_and_spacing(kind: str, modality: str, dtype: type, size: tuple[int, int]):
    phantom = make_phantom(kind, 1)
    assert (phantom.modality, phantom.pixels.dtype, phantom.pixels.shape) == (modality, dtype, size)
    assert phantom.window is not None
    assert phantom.window.width > 1
    assert phantom.spacing_mm is not None
    shown = display(phantom)
    assert shown.dtype == np.uint8
    assert shown.shape == size
    assert shown.std() > 10


def test_endoscopy_is_colour_behind_a_black_frame():
    phantom = make_phantom("endoscopy", 1)
    assert phantom.modality == "ES"
    assert phantom.pixels.dtype == np.uint8
    assert phantom.pixels.shape[2] == 3
    assert phantom.window is None
    assert phantom.pixels[0, -1].tolist() == [0, 0, 0]
    red, green, blue = phantom.pixels.reshape(-1, 3).mean(axis=0)
    assert red > 1.2 * max(green, blue)


@pytest.mark.parametrize("kind", ["ct", "renal"])
def test_hounsfield_values_are_those_of_air_fat_and_flesh(kind: str):
    values = np.concatenate([make_phantom(kind, seed).pixels.ravel() for seed in range(4)])
    assert values.min() >= -1024
    assert values.max() <= 3071
    for low, high in ((-1024, -800), (-150, -60), (0, 110)):
        assert ((values >= low) & (values < high)).mean() > 0.05


@pytest.mark.parametrize("kind", ["renal"])
def test_a_stone_is_the_brightest_thing_in_its_box(kind: str):
    for seed in range(8):
        phantom = make_phantom(kind, seed)
        height, width = phantom.pixels.shape
        for finding in phantom.findings:
            b = finding.box.pixels(width, height)
            inside = phantom.pixels[round(b.y0) : round(b.y1), round(b.x0) : round(b.x1)]
            assert inside.max() > 150


def test_a_lump_on_an_even_field_changes_its_box_and_nothing_else():
    hu = np.zeros((60, 80), np.float32)
    box = blend_lump(np.random.default_rng(0), hu, [((30.0, 20.0), (10.0, 5.0))], 100.0, 1.0, wobble=0.0, threshold=0.0)
    assert box is not None
    edges = box.pixels(80, 60)
    # An ellipse of 10 x 5 about (30, 20) with an edge one pixel soft: 20..40 by 15..25, and the soft pixels around.
    assert (edges.x0, edges.x1) == pytest.approx((19, 41), abs=1.01)
    assert (edges.y0, edges.y1) == pytest.approx((14, 26), abs=1.01)
    rows, columns = np.nonzero(hu)
    assert (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1) == (edges.x0, edges.x1, edges.y0, edges.y1)
    assert hu[20, 30] == pytest.approx(100)


def test_a_lump_off_the_image_has_no_box():
    hu = np.zeros((40, 40), np.float32)
    assert blend_lump(np.random.default_rng(0), hu, [((400.0, 20.0), (5.0, 5.0))], 100.0, 1.0) is None


@pytest.mark.parametrize(
    ("kind", "area", "center"),
    [
        ("ct", 0.0029, (0.50, 0.49)),
        ("renal", 0.0008, (0.45, 0.63)),
        ("tb", 0.055, (0.48, 0.30)),
        ("endoscopy", 0.151, (0.55, 0.51)),
    ],
)
def test_boxes_lie_and_measure_about_as_in_the_set_that_a_kind_stands_for(
    kind: str, area: float, center: tuple[float, float]
):
    boxes: list[NormalizedBox] = [f.box for seed in range(40) for f in make_phantom(kind, seed).findings]
    assert area / 2 < float(np.median([b.area for b in boxes])) < area * 2
    x, y = np.mean([b.center for b in boxes], axis=0)
    assert (x, y) == pytest.approx(center, abs=0.08)


def test_training_evaluation_and_folders_never_share_a_seed():
    assert (TRAINING_SEEDS.start, TRAINING_SEEDS.stop) == (0, 1_000_000)
    ranges = [TRAINING_SEEDS, EVALUATION_SEEDS, *map(folder_seeds, (0, 1, 2, 999_999))]
    ends = sorted((seeds.start, seeds.stop) for seeds in ranges)
    assert all(stop <= start for (_, stop), (start, _) in pairwise(ends))
    assert all(len(seeds) == 1_000_000 for seeds in ranges)


def test_an_unknown_kind_and_a_negative_seed_are_refused_in_words():
    with pytest.raises(ConfigError, match="'mri'"):
        make_phantom("mri", 0)
    with pytest.raises(ConfigError, match="-1"):
        make_phantom("ct", -1)
