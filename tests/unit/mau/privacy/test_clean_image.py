"""One image in, one clean file out, or a reason; every refusal is silent about what the file says."""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from tests.builders import finding, ramp, tiny_dicom, truncated, write_dicom, write_picture, write_png_that_lies
from umed_core.errors import ConfigError, CorruptImage, DataError, ImageTooLarge, MissingFile, UnsupportedImage
from umed_core.geometry import NormalizedBox, PixelBox
from umed_core.images.medical_image import Window
from umed_core.mau.cases import Case, GreyScale
from umed_core.mau.privacy import clean_image as room
from umed_core.mau.privacy.burned_in_text import TextPolicy, no_scan
from umed_core.mau.privacy.clean_image import CleanImage, clean_image
from umed_core.records import Finding

pytest.importorskip("dicomanonymizer", reason="needs the [mau] extra")


@dataclass
class BrightPixels:
    """A stand-in for OCR: pixels of value 255 are text; `faint` ones only show once no bright one is left."""

    policy: TextPolicy = "blank"
    faint: int = 255
    calls: list[int] = field(default_factory=list)

    def __call__(self, picture: NDArray[np.uint8], /) -> tuple[PixelBox, ...]:
        self.calls.append(1)
        for level in (255, self.faint):
            rows, columns = np.nonzero((picture if picture.ndim == 2 else picture[..., 0]) == level)
            if len(rows):
                return (PixelBox(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1),)
        return ()


def case(image: Path, *findings: Finding, grey: GreyScale | None = None) -> Case:
    return Case(image.name, image, findings, "group", grey=grey)


def pixels(clean: CleanImage) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(clean.content)) as opened:
        return np.asarray(opened)


def test_a_jpeg_in_which_nothing_changes_keeps_its_coded_picture(tmp_path: Path):
    path = write_picture(tmp_path / "a.jpg", ramp(32, 48, "uint8"), comment="DOE")
    clean = clean_image(case(path, finding()), no_scan)
    assert (clean.suffix, clean.width, clean.height, clean.removed) == (".jpg", 48, 32, ("comment",))
    assert b"DOE" not in clean.content and b"DOE" in path.read_bytes()
    with Image.open(path) as original:
        assert np.array_equal(pixels(clean), np.asarray(original))
    assert clean.sha256 == hashlib.sha256(clean.content).hexdigest()


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".gif", ".webp"])
def test_any_other_picture_becomes_a_png_of_the_same_pixels(tmp_path: Path, suffix: str):
    options = {"lossless": True} if suffix == ".webp" else {}
    path = write_picture(tmp_path / f"a{suffix}", np.stack([ramp(8, 12, "uint8")] * 3, -1), **options)
    clean = clean_image(case(path), no_scan)
    assert clean.suffix == ".png"
    assert np.array_equal(np.asarray(Image.fromarray(pixels(clean)).convert("L")), ramp(8, 12, "uint8"))


def test_dicom_becomes_an_8_bit_png_of_what_a_screen_shows(tmp_path: Path):
    # Window 1..4: 0 and 1 are black, 4 and more are white. Stored values 0..23.
    path = write_dicom(tmp_path / "a.dcm", tiny_dicom(WindowCenter="3", WindowWidth="4"))
    clean = clean_image(case(path), no_scan)
    assert clean.suffix == ".png"
    assert pixels(clean).dtype == np.uint8
    assert pixels(clean)[0].tolist() == [0, 0, 85, 170, 255, 255]
    assert {"DICOM header", "PatientName", "PatientID", "StudyInstanceUID"} <= set(clean.removed)


def test_hu_in_a_png_go_through_offset_and_window(tmp_path: Path):
    stored = np.array([[32768 - 1000, 32768, 32768 + 1000]], np.uint16)
    grey = GreyScale(-32768, Window(0, 2000, function="linear_exact"))
    clean = clean_image(case(write_picture(tmp_path / "a.png", stored), grey=grey), no_scan)
    assert pixels(clean).tolist() == [[0, 128, 255]]


def test_a_grey_window_on_a_colour_picture_is_refused(tmp_path: Path):
    path = write_picture(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(DataError, match="in colour"):
        clean_image(case(path, grey=GreyScale(0, Window(0, 1))), no_scan)


def test_the_same_pixels_give_the_same_bytes_whatever_stands_beside_them(tmp_path: Path):
    one = write_picture(tmp_path / "one.jpg", ramp(16, 16, "uint8"), comment="DOE")
    two = write_picture(tmp_path / "two.jpg", ramp(16, 16, "uint8"), comment="MUSTERMANN", dpi=(300, 300))
    assert clean_image(case(one), no_scan).sha256 == clean_image(case(two), no_scan).sha256
    ct = [write_dicom(tmp_path / f"{n}.dcm", tiny_dicom(PatientName=n)) for n in ("DOE^JOHN", "MUSTERMANN^ANNA")]
    assert len({clean_image(case(path), no_scan).content for path in ct}) == 1


# ------------------------------------------------------------------------------------------------------- refusals


def test_several_frames_are_refused(tmp_path: Path):
    path = write_dicom(tmp_path / "a.dcm", tiny_dicom(np.zeros((3, 4, 6), np.uint16)))
    with pytest.raises(DataError, match="3 frames"):
        clean_image(case(path), no_scan)


def turned(path: Path) -> Path:
    tags = Image.Exif()
    tags[0x0112] = 6  # a quarter turn
    return write_picture(path, ramp(8, 16, "uint8"), exif=tags)


def test_a_turn_by_exif_is_applied_where_no_box_could_be_misread(tmp_path: Path):
    clean = clean_image(case(turned(tmp_path / "a.jpg")), no_scan)
    assert (clean.suffix, clean.width, clean.height) == (".png", 8, 16)
    assert pixels(clean).shape == (16, 8)
    assert "EXIF" in clean.removed and any("turn" in note for note in clean.notes)


def test_a_turn_by_exif_is_refused_where_there_are_boxes(tmp_path: Path):
    with pytest.raises(DataError, match="turned"):
        clean_image(case(turned(tmp_path / "a.jpg"), finding()), no_scan)


SECRET = "DOE_JOHN_19580314"


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda path: path, MissingFile),
        (lambda path: (path.mkdir(), path)[1], UnsupportedImage),
        (lambda path: (path.write_bytes(f"report of {SECRET}".encode()), path)[1], UnsupportedImage),
        (lambda path: (path.write_bytes(b""), path)[1], CorruptImage),
        (lambda path: truncated(write_picture(path.with_suffix(".png"), ramp(64, 64, "uint8"))), CorruptImage),
        (lambda path: truncated(write_dicom(path, tiny_dicom(PatientName=SECRET)), 0.95), CorruptImage),
        (lambda path: write_png_that_lies(path.with_suffix(".png"), 60000, 60000), ImageTooLarge),
    ],
    ids=["missing", "folder", "text", "empty", "cut PNG", "cut DICOM", "bomb"],
)
def test_a_bad_file_is_refused_without_a_word_of_its_name_or_content(
    tmp_path: Path, make: Callable[[Path], Path], kind: type[Exception]
):
    path = make(tmp_path / SECRET)
    with pytest.raises(kind) as caught:
        clean_image(case(path), no_scan)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert caught.value.message and caught.value.hint


# ------------------------------------------------------------------------------------------------- burned-in text


def with_text(path: Path) -> Path:
    """16 x 32, grey 40, with "text" over x 4..8, y 2..4: an eighth of its width, an eighth of its height."""
    picture = np.full((16, 32), 40, np.uint8)
    picture[2:4, 4:8] = 255
    return write_picture(path, picture)


def test_text_is_painted_over_and_its_place_is_told(tmp_path: Path):
    scan = BrightPixels()
    clean = clean_image(case(with_text(tmp_path / "a.png"), finding(x=0.5, y=0.5, w=0.25, h=0.25)), scan)
    assert (pixels(clean) == 40).all()
    assert clean.blanked == (NormalizedBox(0.125, 0.125, 0.125, 0.125),)
    assert any("1 place" in note for note in clean.notes)
    assert len(scan.calls) == 2  # the second one looks whether it is gone


def test_text_in_a_jpeg_makes_it_a_png(tmp_path: Path):
    picture = np.full((64, 64), 40, np.uint8)
    picture[8:16, 8:16] = 255
    clean = clean_image(case(write_picture(tmp_path / "a.jpg", picture, quality=100)), BrightPixels())
    assert clean.suffix == ".png" and clean.blanked


def test_a_line_that_shows_once_the_brighter_one_is_gone_is_painted_too(tmp_path: Path):
    picture = np.full((16, 32), 40, np.uint8)
    picture[2, 4], picture[10, 20] = 255, 200
    clean = clean_image(case(write_picture(tmp_path / "a.png", picture)), BrightPixels(faint=200))
    assert (pixels(clean) == 40).all() and len(clean.blanked) == 2


def test_text_that_stays_is_refused(tmp_path: Path):
    class Stubborn(BrightPixels):
        def __call__(self, picture: NDArray[np.uint8], /) -> tuple[PixelBox, ...]:
            return (PixelBox(0, 0, 2, 2),)

    with pytest.raises(DataError, match="still found"):
        clean_image(case(with_text(tmp_path / "a.png")), Stubborn())


def test_text_on_a_finding_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="touches the box of a finding"):
        clean_image(case(with_text(tmp_path / "a.png"), finding(x=0.2, y=0.2, w=0.5, h=0.5)), BrightPixels())


def test_text_that_ends_where_a_finding_begins_does_not_touch_it(tmp_path: Path):
    clean = clean_image(case(with_text(tmp_path / "a.png"), finding(x=0.25, y=0.0, w=0.5, h=0.5)), BrightPixels())
    assert clean.blanked


def test_the_policy_refuse_refuses_any_text(tmp_path: Path):
    with pytest.raises(DataError, match="burned-in text in 1 place"):
        clean_image(case(with_text(tmp_path / "a.png")), BrightPixels("refuse"))


def burned_in(path: Path, stated: str) -> Path:
    picture = np.full((16, 32), 40, np.uint8)
    picture[2:4, 4:8] = 255
    return write_dicom(path, tiny_dicom(picture, BurnedInAnnotation=stated))


def test_a_tag_that_states_burned_in_text_is_believed_over_no_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "OcrScan", BrightPixels)
    assert clean_image(case(burned_in(tmp_path / "a.dcm", "YES")), no_scan).blanked
    assert not clean_image(case(burned_in(tmp_path / "b.dcm", "NO")), no_scan).blanked


def test_such_a_file_is_refused_where_nothing_can_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from umed_core.mau.privacy import burned_in_text

    monkeypatch.setitem(sys.modules, "rapidocr_onnxruntime", None)
    burned_in_text._engine.cache_clear()
    with pytest.raises(DataError, match="states burned-in text") as caught:
        clean_image(case(burned_in(tmp_path / "a.dcm", "YES")), no_scan)
    assert "umed[mau]" in caught.value.hint
    burned_in_text._engine.cache_clear()
    assert not isinstance(caught.value, ConfigError)  # one image is left out; the build goes on


# ---------------------------------------------------------------------------------------------------- many at once


def test_several_threads_get_what_one_gets(tmp_path: Path):
    paths = [write_picture(tmp_path / f"{n}.png", np.full((8, 8), n, np.uint8)) for n in range(2, 12)]
    alone = [clean_image(case(path), no_scan) for path in paths]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda path: clean_image(case(path), no_scan), paths)) == alone


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 20), st.integers(1, 20), st.booleans(), st.integers(0, 2**32 - 1))
def test_a_picture_without_text_passes_pixel_for_pixel(tmp_path: Path, height: int, width: int, color: bool, seed: int):
    shape = (height, width, 3) if color else (height, width)
    picture = np.random.default_rng(seed).integers(2, 255, shape, np.uint8)
    clean = clean_image(case(write_picture(tmp_path / "a.png", picture)), no_scan)
    assert np.array_equal(pixels(clean), picture)
