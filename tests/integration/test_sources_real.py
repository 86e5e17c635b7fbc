"""Slices of the public sets in their own published layouts, read whole; skipped where they are not at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from umed_core.errors import DataError
from umed_core.geometry import iou
from umed_core.mau.box_sets import read_box_set
from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources import read_source

Read = Callable[[str, str], tuple[dict[str, Case], list[RefusedRow]]]


@pytest.fixture
def read(umed_data: Path) -> Read:
    """Cases by key and refused rows of a slice in original_formats."""

    def read_slice(kind: str, name: str) -> tuple[dict[str, Case], list[RefusedRow]]:
        folder = umed_data / "original_formats" / name
        if not folder.is_dir():
            pytest.skip(f"{name} is not among the sets here")
        items = list(read_source(kind, folder))
        cases = {item.key: item for item in items if isinstance(item, Case)}
        return cases, [item for item in items if isinstance(item, RefusedRow)]

    return read_slice


def test_kidneystone_agrees_with_the_table_made_from_it(read: Read, umed_data: Path) -> None:
    cases, refused = read("kidneystone", "kidneystone_yolo")
    assert (len(cases), sum(len(case.findings) for case in cases.values()), refused) == (30, 75, [])
    table = {record.image: record for record in read_box_set(umed_data / "kidneystone_tez", "k").records}
    compared = 0
    for key, case in cases.items():
        part, _, name = key.split("/")
        record = table.get(f"images/{part}__{name}")
        if record is not None:
            compared += 1
            assert case.group == record.group
            pairs = zip(case.findings, record.findings, strict=True)
            assert all(ours.label == theirs.label for ours, theirs in pairs)
            pairs = zip(case.findings, record.findings, strict=True)
            assert all(iou(ours.box, theirs.box) > 0.999 for ours, theirs in pairs)
    assert compared > 0


def test_kvasir_s_masks_agree_with_the_boxes_that_others_drew_around_them(read: Read, umed_data: Path) -> None:
    cases, refused = read("kvasir", "kvasir_seg")
    assert (len(cases), sum(len(case.findings) for case in cases.values())) == (20, 22)
    assert all("specks" in row.reason for row in refused)
    table = {Path(record.image).stem: record for record in read_box_set(umed_data / "kvasir_seg", "k").records}
    compared = [(case, table[Path(key).stem]) for key, case in cases.items() if Path(key).stem in table]
    assert compared
    for case, record in compared:
        assert len(case.findings) == len(record.findings)
        for finding in case.findings:
            assert max(iou(finding.box, theirs.box) for theirs in record.findings) > 0.98


def test_tbx11k_s_two_forms_of_annotation_tell_the_same(read: Read, umed_data: Path, tmp_path: Path) -> None:
    from_json, refused = read("tbx11k", "tbx11k")
    assert (len(from_json), sum(len(case.findings) for case in from_json.values())) == (12, 15)
    assert {row.reason.partition(" (")[0] for row in refused} == {"missing file"}
    slice_ = umed_data / "original_formats" / "tbx11k"
    for path in (*slice_.glob("annotations/xml/*.xml"), *slice_.glob("imgs/tb/*.png")):
        copy = tmp_path / path.relative_to(slice_)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    from_xml = {item.key: item for item in read_source("tbx11k", tmp_path) if isinstance(item, Case)}
    assert from_xml.keys() == from_json.keys()
    for key, case in from_json.items():
        # The JSON lies one of 512 pixels above and left of the XML throughout: IoU .96 for its smallest box.
        for ours, theirs in zip(case.findings, from_xml[key].findings, strict=True):
            assert ours.label == theirs.label
            assert iou(ours.box, theirs.box) > 0.9


def test_nih_s_list_is_read_to_its_last_row(read: Read) -> None:
    cases, refused = read("nih", "nih")
    assert cases == {}
    assert {row.reason for row in refused} == {"missing file"}
    assert (len(refused), refused[0].image) == (985, "00013118_008.png")


def test_deeplesion_s_table_is_read_though_its_images_are_not_here(read: Read) -> None:
    cases, refused = read("deeplesion", "deeplesion")
    assert cases == {}
    assert sorted(row.line for row in refused) == list(range(2, 13))


def test_broken_data_yaml_of_the_published_kidneystone_is_one_line_for_the_generic_kind(umed_data: Path) -> None:
    folder = umed_data / "original_formats" / "kidneystone_yolo"
    if not folder.is_dir():
        pytest.skip("kidneystone_yolo is not among the sets here")
    with pytest.raises(DataError, match="no YAML"):
        list(read_source("yolo", folder))
