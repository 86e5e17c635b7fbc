"""Files without metadata: the picture bit for bit, and nothing else of what the file held."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from umed_core.mau.privacy.coded_picture import bare_picture, exif_turn

NAME = "DOE^JOHN"


def colors(height: int = 24, width: int = 40) -> Image.Image:
    """A picture of smooth colours, no two corners alike."""
    rows, columns = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([rows * 8 % 256, columns * 5 % 256, (rows + columns) * 3 % 256], -1).astype("u1"))


def coded(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def pixels(data: bytes) -> list[int]:
    with Image.open(io.BytesIO(data)) as opened:
        return np.asarray(opened).tolist()


def exif(orientation: int = 1) -> bytes:
    tags = Image.Exif()
    tags[0x013B], tags[0x0112] = NAME, orientation  # artist
    return tags.tobytes()


def with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def with_chunk(png: bytes, kind: bytes, body: bytes) -> bytes:
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return png[:33] + chunk + png[33:]  # behind IHDR


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 100}])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_jpeg_keeps_its_pixels_bit_for_bit_and_loses_the_rest(mode: str, options: dict[str, object]):
    icc = NAME.encode() * 30
    original = coded(colors().convert(mode), "JPEG", exif=exif(), comment=NAME, icc_profile=icc, **options)
    bare = bare_picture(original)
    assert NAME.encode() in original
    assert NAME.encode() not in bare.content
    assert pixels(bare.content) == pixels(original)
    assert (bare.suffix, bare.removed) == (".jpg", ("EXIF", "ICC", "comment"))


def test_restart_markers_within_a_scan_are_part_of_it():
    original = coded(colors(64, 64), "JPEG", restart_marker_blocks=1)
    assert b"\xff\xd0" in original and b"\xff\xd7" in original
    assert pixels(bare_picture(original).content) == pixels(original)


def test_an_rgb_jpeg_keeps_the_mark_that_says_so():
    # Without Adobe's segment a decoder would take R, G, B for Y, Cb, Cr.
    original = coded(colors(), "JPEG", keep_rgb=True)
    assert pixels(bare_picture(original).content) == pixels(original)
    marked = with_segment(coded(colors(), "JPEG").replace(*_jfif_out()), 0xEE, b"Adobe\0\x64DOE!\0")
    bare = bare_picture(marked)
    assert b"DOE!" not in bare.content
    assert pixels(bare.content) == pixels(marked)


def _jfif_out() -> tuple[bytes, bytes]:
    """Arguments of `replace` that take Pillow's JFIF segment out, so that Adobe's decides."""
    return b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00", b""


@pytest.mark.parametrize(
    ("marker", "body", "name"),
    [
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x>DOE^JOHN</x>", "XMP"),
        (0xED, b"Photoshop 3.0\0DOE^JOHN", "IPTC"),
        (0xE0, b"JFXX\0DOE^JOHN", "thumbnail"),
        (0xE7, b"DOE^JOHN", "APP7"),
        (0xFE, b"DOE^JOHN", "comment"),
    ],
)
def test_each_kind_of_segment_goes_and_is_named(marker: int, body: bytes, name: str):
    plain = coded(colors(), "JPEG")
    bare = bare_picture(with_segment(plain, marker, body))
    assert bare.removed == (name,)
    assert pixels(bare.content) == pixels(plain)
    assert NAME.encode() not in bare.content


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_data_behind_the_picture_goes(kind: str):
    plain = coded(colors(), kind)
    bare = bare_picture(plain + NAME.encode())
    assert bare.removed == ("data behind the picture",)
    assert NAME.encode() not in bare.content


def test_a_plain_png_keeps_its_coded_rows_and_loses_the_rest():
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", NAME)
    info.add_text("Comment", NAME, zip=True)
    info.add_itxt("XML:com.adobe.xmp", f"<x>{NAME}</x>")
    original = coded(colors(), "PNG", pnginfo=info, exif=exif(), icc_profile=NAME.encode())
    bare = bare_picture(with_chunk(original, b"doEJ", NAME.encode()))
    assert (bare.suffix, bare.removed) == (".png", ("EXIF", "ICC", "other chunk", "text chunk"))
    assert bare.content == coded(colors(), "PNG")


def test_text_hidden_behind_the_end_of_a_pngs_rows_is_not_kept():
    rows = zlib.compress(b"".join(b"\0" + bytes(6) for _ in range(4))) + NAME.encode()
    header = struct.pack(">IIBBBBB", 6, 4, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    assert pixels(data) == [[0] * 6] * 4  # any reader shows it
    assert bare_picture(data).content == b""


@pytest.mark.parametrize(
    "data",
    [
        coded(colors().convert("CMYK"), "JPEG"),
        coded(colors().convert("P"), "PNG"),
        coded(colors().convert("RGBA"), "PNG"),
        coded(Image.fromarray(np.zeros((4, 4), np.uint16)), "PNG"),
        coded(colors(), "TIFF"),
        coded(colors(), "BMP"),
        b"",
        b"\xff\xd8",
        b"\x89PNG\r\n\x1a\n",
    ],
    ids=["CMYK", "palette", "alpha", "16 bit", "TIFF", "BMP", "nothing", "JPEG's magic only", "PNG's magic only"],
)
def test_anything_else_is_left_to_the_encoder(data: bytes):
    assert bare_picture(data).content == b""


@given(st.data())
def test_a_damaged_file_never_gives_a_traceback(draw: st.DataObject):
    whole = draw.draw(st.sampled_from([coded(colors(), "JPEG", exif=exif()), coded(colors(), "PNG", exif=exif())]))
    damaged = bytearray(whole[: draw.draw(st.integers(0, len(whole)))])
    for place in draw.draw(st.lists(st.integers(0, max(0, len(damaged) - 1)), max_size=4)):
        if damaged:
            damaged[place] = draw.draw(st.integers(0, 255))
    bare = bare_picture(bytes(damaged))
    assert bare.suffix in ("", ".jpg", ".png")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_turn_is_seen_in_every_kind_of_file(kind: str, orientation: int):
    assert exif_turn(coded(colors(), kind, exif=exif(orientation))) is (orientation != 1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF"])
def test_a_file_without_exif_is_not_turned(kind: str):
    assert not exif_turn(coded(colors(), kind))


def test_a_turn_that_only_xmp_states_is_seen():
    xmp = b'http://ns.adobe.com/xap/1.0/\0<rdf:Description tiff:Orientation="6"/>'
    assert exif_turn(with_segment(coded(colors(), "JPEG"), 0xE1, xmp))


def test_pictures_of_public_sets_keep_their_pixels(umed_data: Path):
    """Second opinion on files that other programs wrote."""
    tried = 0
    for folder in sorted(path for path in umed_data.iterdir() if path.is_dir()):
        pictures = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
        for path in pictures[:: max(1, len(pictures) // 2)][:2]:
            original = path.read_bytes()
            bare = bare_picture(original)
            if bare.content:
                tried += 1
                with Image.open(path) as theirs, Image.open(io.BytesIO(bare.content)) as ours:
                    assert np.array_equal(np.asarray(ours), np.asarray(theirs)), path
    assert tried >= 2
