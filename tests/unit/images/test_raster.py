"""PNG, JPEG, TIFF and BMP: depth kept, turns applied, alpha over black."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from umed_core.errors import CorruptImage, ImageTooLarge
from umed_core.images.limits import DecodeLimits
from umed_core.images.medical_image import MedicalImage
from umed_core.images.raster import read_raster

LIMITS = DecodeLimits()


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def read(data: bytes) -> MedicalImage:
    return read_raster(data, "made.png", LIMITS)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_8_bit_grey_is_kept(kind: str) -> None:
    values = np.array([[0, 1, 2], [253, 254, 255]], np.uint8)
    image = read(encoded(Image.fromarray(values), kind))
    assert image.pixels.dtype == np.uint8 and image.pixels[0].tolist() == values.tolist()
    assert image.display().tolist() == values.tolist()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_kept_and_shown_over_its_range(kind: str) -> None:
    values = np.array([[1000, 40000], [65535, 1000]], np.uint16)
    image = read(encoded(Image.fromarray(values), kind))
    assert image.pixels.dtype == np.uint16 and image.pixels[0].tolist() == values.tolist()
    assert (image.display().min(), image.display().max()) == (0, 255)


def test_big_endian_tiff_is_read_in_order() -> None:
    picture = Image.frombytes("I;16B", (2, 1), b"\x01\x00\x02\x00")
    assert read(encoded(picture, "TIFF")).pixels.tolist() == [[[256, 512]]]


def test_pages_of_a_tiff_are_frames_and_an_odd_page_is_left_out_with_a_note() -> None:
    pages = [Image.new("L", (2, 2), 10), Image.new("L", (2, 2), 20), Image.new("L", (5, 5), 30)]
    image = read(encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert image.pixels[:, 0, 0].tolist() == [10, 20]
    assert image.notes == ("1 of 3 pages differ in size or kind from the first and are left out.",)


def test_the_exif_turn_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: row 0 of the file is the right edge of the picture
    picture = Image.fromarray(np.array([[200, 100]], np.uint8))
    assert read(encoded(picture, "TIFF", exif=exif)).pixels.tolist() == [[[200], [100]]]
    exif[0x0112] = 3
    assert read(encoded(picture, "TIFF", exif=exif)).pixels.tolist() == [[[100, 200]]]


def test_alpha_lies_over_black() -> None:
    pixels = np.array([[[200, 100, 50, 255], [200, 100, 50, 0]]], np.uint8)
    assert read(encoded(Image.fromarray(pixels))).pixels[0].tolist() == [[[200, 100, 50], [0, 0, 0]]]
    grey = np.array([[[200, 255], [200, 0]]], np.uint8)
    assert read(encoded(Image.fromarray(grey, "LA"))).pixels[0].tolist() == [[200, 0]]


def test_cmyk_becomes_rgb() -> None:
    image = read(encoded(Image.new("CMYK", (2, 1), (0, 255, 255, 0)), "TIFF"))
    assert image.pixels[0, 0, 0].tolist() == [255, 0, 0]


def test_a_palette_is_looked_up() -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([0, 0, 0, 255, 0, 0])
    picture.putpixel((1, 0), 1)
    assert read(encoded(picture)).pixels[0].tolist() == [[[0, 0, 0], [255, 0, 0]]]


def test_a_bilevel_picture_is_black_and_white() -> None:
    assert read(encoded(Image.new("1", (1, 1), 1))).pixels.tolist() == [[[255]]]


def test_a_cut_off_picture_is_corrupt() -> None:
    data = encoded(Image.effect_noise((64, 64), 90))
    with pytest.raises(CorruptImage, match="could not be decoded"):
        read(data[: len(data) // 2])


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # decode_file silences Pillow's remarks
@pytest.mark.parametrize("magic", [b"\x89PNG\r\n\x1a\n", b"BM", b"II*\x00", b"GIF89a", b"\xff\xd8\xff"])
def test_a_header_without_an_image_is_corrupt(magic: bytes) -> None:
    with pytest.raises(CorruptImage) as caught:
        read(magic + b"rubbish" * 9)
    assert "damaged" in caught.value.hint


def test_a_picture_beyond_the_limit_is_refused_before_it_is_decoded() -> None:
    data = encoded(Image.new("L", (2000, 1000)))
    with pytest.raises(ImageTooLarge, match="2000 x 1000"):
        read_raster(data, "made.png", DecodeLimits(pixel_bytes=1_000_000))
