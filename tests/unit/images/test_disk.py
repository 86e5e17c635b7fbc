"""What a disk does not give: one reason for each, named by the path."""

from __future__ import annotations

from pathlib import Path

import pytest

from umed_core.errors import CorruptImage, MissingFile, UnsupportedImage
from umed_core.images.disk import disk_refusal


@pytest.mark.parametrize(
    ("problem", "kind", "said"),
    [
        (PermissionError(13, "Permission denied"), UnsupportedImage, "a.dcm may not be read by you."),
        (FileNotFoundError(2, "No such file"), MissingFile, "a.dcm does not exist."),
        (
            OSError(5, "Input/output error"),
            CorruptImage,
            "a.dcm could not be read from disk: [Errno 5] Input/output error.",
        ),
        (ValueError("embedded null byte"), CorruptImage, "a.dcm could not be read from disk: embedded null byte."),
    ],
)
def test_each_problem_is_told_by_its_own_kind_of_error(problem, kind, said):
    refusal = disk_refusal(Path("a.dcm"), problem)
    assert (type(refusal), refusal.message) == (kind, said)
    assert refusal.hint
