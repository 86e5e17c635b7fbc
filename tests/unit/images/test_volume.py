"""Sorting files into studies, series and slices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.errors import CorruptImage
from umed_core.images.medical_image import MedicalImage, StudyTags, Window
from umed_core.images.volume import Series, side_by_side, sort_into_studies, stack_slices
from umed_core.images.wire import FileHeader

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def header(
    name: str, z: float, number: int = 1, orientation: tuple[float, ...] = AXIAL, **fields: object
) -> FileHeader:
    tags = StudyTags(study_instance_uid="1", series_instance_uid="1.1", instance_number=str(number), series_number="2")
    plain = FileHeader(
        name, "dicom", modality="CT", rows=4, columns=4, tags=tags, position_mm=(0.0, 0.0, z), orientation=orientation
    )
    return msgspec.structs.replace(plain, **fields)


def one_series(headers: list[FileHeader]) -> Series:
    (study,) = sort_into_studies(headers)
    (series,) = study.series
    return series


def test_slices_are_sorted_by_place_and_not_by_name_or_number() -> None:
    series = one_series([header("a", 5.0, 1), header("b", -5.0, 2), header("c", 0.0, 3)])
    assert [path.name for path in series.files] == ["b", "c", "a"]
    assert series.slice_positions_mm == (-5.0, 0.0, 5.0) and series.notes == ()


def test_place_is_measured_along_the_normal_of_the_slices() -> None:
    # Row along +y, column along -z: the normal is y x (-z) = -x.
    slices = [
        header(name, 0.0, orientation=SAGITTAL, position_mm=(x, 9.0, 9.0)) for name, x in (("a", 1.0), ("b", 3.0))
    ]
    assert one_series(slices).slice_positions_mm == (-3.0, -1.0)


def test_a_gap_is_reported() -> None:
    series = one_series([header(str(z), float(z)) for z in (0, 1, 2, 3, 6, 7)])
    assert series.notes == ("About 2 slices seem to be missing: 1 gaps exceed the usual 1 mm.",)


def test_a_doubled_place_is_reported_and_both_slices_kept() -> None:
    series = one_series([header("a", 0.0, 1), header("b", 1.0, 3), header("c", 1.0, 2), header("d", 2.0, 4)])
    assert [path.name for path in series.files] == ["a", "c", "b", "d"]
    assert series.notes == ("1 slices lie at the place of another slice.",)


def test_without_positions_instance_numbers_decide() -> None:
    series = one_series([header("a", 0, 10, position_mm=()), header("b", 0, 9, position_mm=())])
    assert [path.name for path in series.files] == ["b", "a"] and series.slice_positions_mm == ()
    assert "instance numbers" in series.notes[0]


def test_a_scout_of_three_planes_is_split_and_a_turning_projection_is_not() -> None:
    scout = [
        header(f"{k}{z}", float(z), orientation=plane) for k, plane in enumerate((AXIAL, SAGITTAL)) for z in range(2)
    ]
    assert [len(series.files) for series in sort_into_studies(scout)[0].series] == [2, 2]
    turning = [header(str(a), 0.0, a, (float(np.cos(a)), float(np.sin(a)), 0, 0, 0, -1)) for a in range(4)]
    series = one_series(turning)
    assert [path.name for path in series.files] == ["0", "1", "2", "3"] and "not parallel" in series.notes[0]


def test_a_multi_frame_file_stands_alone() -> None:
    (study,) = sort_into_studies([header("a", 0.0), header("b", 1.0), header("cine", 0.0, frame_count=30)])
    assert sorted(len(series.files) for series in study.series) == [1, 2]
    assert sorted(series.frame_count for series in study.series) == [2, 30]


def test_pictures_form_one_study_a_folder_and_reports_are_left_out() -> None:
    pictures = [FileHeader(f"/data/{folder}/{k}.png", "raster") for folder in ("x", "y") for k in range(2)]
    studies = sort_into_studies([*pictures, header("report", 0, has_pixels=False)])
    assert [(study.description, len(study.series)) for study in studies] == [("x", 2), ("y", 2)]
    assert studies[0].series[0].description == "0.png"


@given(st.permutations(list(range(8))))
def test_the_order_of_files_does_not_matter(order: list[int]) -> None:
    assert one_series([header(f"{k}", 1.25 * k, 99 - k) for k in order]).files == tuple(Path(str(k)) for k in range(8))


def slice_of(value: int, dtype: str = "int16", **fields: object) -> MedicalImage:
    return MedicalImage(np.full((1, 2, 2), value, dtype), f"{value}", orientation=AXIAL, **fields)  # type: ignore[arg-type]


SERIES = Series("1.1", (Path("a"), Path("b")), slice_positions_mm=(0.0, 1.0))


def test_slices_are_stacked_with_places_and_windows_of_their_own() -> None:
    volume = stack_slices([slice_of(-5, windows=(Window(1, 2),)), slice_of(7, windows=(Window(3, 4),))], SERIES)
    assert volume.pixels[:, 0, 0].tolist() == [-5, 7] and volume.slice_positions_mm == (0.0, 1.0)
    assert volume.frame_windows == (Window(1, 2), Window(3, 4))


def test_slices_of_mixed_types_keep_their_values() -> None:
    volume = stack_slices([slice_of(-5, "int16"), slice_of(60000, "uint16")], SERIES)
    assert volume.pixels[:, 0, 0].tolist() == [-5, 60000]


def test_slices_side_by_side_are_stacked_without_a_copy() -> None:
    moved = side_by_side(3)
    slices = [moved(slice_of(value)) for value in (-5, 7, 9)]
    volume = stack_slices(slices, SERIES)
    assert volume.pixels[:, 0, 0].tolist() == [-5, 7, 9]
    assert all(np.shares_memory(volume.pixels, image.pixels) for image in slices)


@given(st.permutations([0, 1, 2]), st.lists(st.sampled_from(["int16", "uint16", "uint8"]), min_size=3, max_size=3))
def test_where_slices_lie_does_not_matter(order: list[int], dtypes: list[str]) -> None:
    """Out of order, of several types, or fewer than there is room for: the values are those of plain slices."""
    moved = side_by_side(3)
    slices = [moved(slice_of(value, dtype)) for value, dtype in enumerate(dtypes)]
    for some in ([slices[place] for place in order], slices[:2]):
        plain = [replace(image, pixels=image.pixels.copy()) for image in some]
        assert np.array_equal(stack_slices(some, SERIES).pixels, stack_slices(plain, SERIES).pixels)


def test_slices_of_mixed_size_are_refused() -> None:
    other = replace(slice_of(1), pixels=np.zeros((1, 3, 3), np.int16))
    with pytest.raises(CorruptImage, match="3 x 3"):
        stack_slices([slice_of(0), other], SERIES)
