"""The public sets at hand read whole: counts as their README states them."""

from __future__ import annotations

from pathlib import Path

import pytest

from umed_core.mau.box_sets import read_box_set
from umed_core.mau.split import split_by_group


@pytest.mark.parametrize(
    ("name", "images", "boxes", "labels"),
    [
        ("kidneystone_tez", 1031, 2230, {"kidney stone"}),
        ("tbx11k_tb", 640, 979, {"pulmonary tuberculosis"}),
        ("kvasir_seg", 811, 863, {"polyp"}),
        ("deeplesion_samples", 50, 51, None),
        ("covid_cxr_seg", 81, 201, None),
        ("bone_fracture_xray", 868, 1168, {"fracture"}),
    ],
)
def test_a_public_set_reads_whole(umed_data: Path, name: str, images: int, boxes: int, labels: set[str] | None) -> None:
    if not (umed_data / name).is_dir():
        pytest.skip(f"{name} is not among the sets here")
    box_set = read_box_set(umed_data / name, name)
    findings = [finding for record in box_set.records for finding in record.findings]
    assert (len(box_set.records), len(findings), box_set.refused) == (images, boxes, ())
    assert all(finding.box.is_valid(tolerance=0.001) for finding in findings)
    assert all(record.modality for record in box_set.records)
    if labels is not None:
        assert {finding.label for finding in findings} == labels
    split = split_by_group(box_set.records, 0.2, 0)
    assert not {record.group for record in split.train} & {record.group for record in split.test}
