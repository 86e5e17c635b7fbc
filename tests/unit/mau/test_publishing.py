"""What a dataset tells of its making, and what it must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from umed_core.mau.cases import Case
from umed_core.mau.publishing import kind_of_reason, published_provenance


@pytest.mark.parametrize(
    ("stem", "stated", "published"),
    [
        ("scan01", "NIH ChestX-ray14", "NIH ChestX-ray14"),
        ("scan01", "from  a\tcentre", "from a centre"),
        ("scan01", "https://a.org/Scan01.tif CC0", "CC0"),
        ("scan01", "picture of Mueller.JPEG, 2019", "picture of 2019"),
        ("my scan", "see MY SCAN here", "see here"),
        ("büro", "aus BÜRO/7", "aus"),
        ("scan01", "scan01", None),
    ],
)
def test_file_names_are_taken_out_of_what_is_published(stem: str, stated: str, published: str | None):
    case = Case("k", Path(f"/p/{stem}.png"), (), "g", provenance={"source": stated})
    assert published_provenance(case) == ({} if published is None else {"source": published})


def test_reasons_are_counted_by_kind():
    assert kind_of_reason('labelled "Mass|Nodule" without a box') == kind_of_reason('labelled "Hernia" without a box')
    assert kind_of_reason("The box [bbox_start] 0.1, 0.2, 0.3, 0.4 [bbox_end] is none of 2") == (
        "The box \N{HORIZONTAL ELLIPSIS} is none of \N{HORIZONTAL ELLIPSIS}"
    )
