"""The proof of the privacy room: 1,000 studies full of identifiers go in, and none comes out.

Looked for in the bytes of each clean file, in its decoded pixels and metadata, in everything that is returned beside it,
in the log at its most talkative and in warnings. The same search over the original files finds them: the control.
"""

from __future__ import annotations

import io
import logging
import random
import re
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.builders import tiny_dicom, write_dicom
from umed_core.errors import UmedError
from umed_core.mau.cases import Case
from umed_core.mau.privacy import burned_in_text
from umed_core.mau.privacy.burned_in_text import OcrScan, no_scan
from umed_core.mau.privacy.clean_image import CleanImage, clean_image

pytest.importorskip("dicomanonymizer", reason="needs the [mau] extra")
needs_ocr = pytest.mark.skipif(find_spec("rapidocr_onnxruntime") is None, reason="needs the [mau] extra")

STUDIES = 1000
_FIRST = ("Annegret", "Chiamaka", "Ekaterin", "Fernando", "Zsuzsann", "Mohammad")
_LAST = ("Quellenberg", "OkonkwoHale", "Zimmermanns", "Villanuevas", "Papadakises", "Weatherston")
_STREETS = ("Lindenallee", "HarbourRoad", "Calle Mayor", "Brunnengass")


@dataclass(frozen=True)
class Person:
    """A made-up patient; each value is unique enough never to occur by chance, and as long as any other patient's."""

    first: str
    last: str
    number: str
    birth: str
    phone: str
    address: str

    @property
    def identifiers(self) -> tuple[str, ...]:
        day = f"{self.birth[:4]}-{self.birth[4:6]}-{self.birth[6:]}"
        return (self.first, self.last, self.number, self.birth, day, self.phone, self.address)


def person(rng: random.Random) -> Person:
    born = f"{rng.randint(1925, 2015)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    return Person(
        rng.choice(_FIRST),
        f"{rng.choice(_LAST)}{rng.randint(100, 999)}",
        f"MRN{rng.randint(10**7, 10**8 - 1)}",
        born,
        f"+49 30 {rng.randint(10**6, 10**7 - 1)}",
        f"{rng.choice(_STREETS)} {rng.randint(100, 999)}",
    )


# ------------------------------------------------------------------------------ files with identifiers in every place


def everything(who: Person) -> str:
    return "; ".join(who.identifiers)


def tissue(rng: random.Random, size: int = 16) -> NDArray[np.uint8]:
    return np.random.default_rng(rng.randrange(2**32)).integers(20, 200, (size, size), np.uint8)


def as_dicom(path: Path, who: Person, rng: random.Random) -> None:
    """One file with other identifiers of the same length put in their places: to write each anew takes 20 ms."""
    content, told = dicom_of_somebody()
    for theirs, own in zip(told.identifiers, who.identifiers, strict=True):
        content = content.replace(theirs.encode(), own.encode())
    path.write_bytes(content)


@cache
def dicom_of_somebody() -> tuple[bytes, Person]:
    who = Person("Firstnam", "Lastnamelas000", "MRN10000000", "19001122", "+49 30 0000000", "Streetstree 000")
    inner = Dataset()
    inner.PatientName, inner.OtherPatientIDs = f"{who.last}^{who.first}", who.number
    inner.private_block(0x0009, who.last, create=True).add_new(1, "LT", everything(who))
    inner.TextValue, inner.ContentDate = everything(who), who.birth
    outer = Dataset()
    outer.DerivationCodeSequence = Sequence([inner])
    dataset = tiny_dicom(
        tissue(random.Random(0)),
        PatientName=f"{who.last}^{who.first}",
        PatientID=who.number,
        PatientBirthDate=who.birth,
        PatientTelephoneNumbers=who.phone,
        PatientAddress=who.address,
        StudyDate=who.birth,
        InstitutionName=f"Clinic of {who.last}",
        StudyDescription=everything(who)[:60],
        PatientComments=everything(who),
        StudyInstanceUID=f"1.2.826.{who.birth}.{who.number[3:]}",
        SharedFunctionalGroupsSequence=Sequence([outer]),
        RequestAttributesSequence=Sequence([inner]),
    )
    dataset.private_block(0x0011, "ACME", create=True).add_new(2, "UT", everything(who))
    dataset.add_new(0x60000022, "LO", who.last)
    dataset.add_new(0xFFFCFFFC, "OB", everything(who).encode().ljust(200, b"\0"))
    dataset.preamble = f"{who.last} {who.number}".encode().ljust(128, b"\0")
    dataset.file_meta.SourceApplicationEntityTitle = who.last[:16]
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue(), who


def exif_of(who: Person) -> Image.Exif:
    tags = Image.Exif()
    tags[0x010E], tags[0x013B], tags[0x0132] = everything(who), f"{who.first} {who.last}", who.birth
    tags[0x9C9D] = f"{who.last}\0".encode("utf-16-le")  # XPAuthor
    return tags


def as_jpeg(path: Path, who: Person, rng: random.Random) -> None:
    out = io.BytesIO()
    Image.fromarray(tissue(rng)).save(
        out, "JPEG", exif=exif_of(who), comment=everything(who), icc_profile=everything(who).encode() * 3
    )
    parts = [
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + f"<dc:creator>{everything(who)}</dc:creator>".encode()),
        (0xED, b"Photoshop 3.0\x008BIM" + everything(who).encode()),
        (0xEA, everything(who).encode("utf-16-be")),
    ]
    segments = b"".join(bytes([0xFF, m]) + struct.pack(">H", len(body) + 2) + body for m, body in parts)
    path.write_bytes(out.getvalue()[:2] + segments + out.getvalue()[2:] + everything(who).encode())


def as_png(path: Path, who: Person, rng: random.Random) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", everything(who))
    info.add_text(who.last, everything(who), zip=True)
    info.add_itxt("XML:com.adobe.xmp", f"<x>{everything(who)}</x>")
    info.add(b"prVt", everything(who).encode())
    Image.fromarray(tissue(rng)).save(path, "PNG", pnginfo=info, exif=exif_of(who))
    path.write_bytes(path.read_bytes() + everything(who).encode())


def as_tiff(path: Path, who: Person, rng: random.Random) -> None:
    tags = {270: everything(who), 315: f"{who.first} {who.last}", 305: who.number, 306: who.birth}
    Image.fromarray(tissue(rng)).save(path, "TIFF", tiffinfo=tags)


def as_webp(path: Path, who: Person, rng: random.Random) -> None:
    Image.fromarray(tissue(rng)).convert("RGB").save(
        path, "WEBP", lossless=True, exif=exif_of(who), xmp=everything(who).encode()
    )


_WRITERS: tuple[tuple[str, Callable[[Path, Person, random.Random], None]], ...] = (
    (".dcm", as_dicom),
    (".jpg", as_jpeg),
    (".png", as_png),
    (".dcm", as_dicom),
    (".jpeg", as_jpeg),
    (".tif", as_tiff),
    (".webp", as_webp),
)


def studies(root: Path, count: int) -> Iterator[tuple[Person, Case]]:
    """`count` files, each in a folder and with a name that say whose it is; one in fifty is damaged."""
    rng = random.Random(20261122)
    for index in range(count):
        who = person(rng)
        suffix, write = _WRITERS[index % len(_WRITERS)]
        folder = root / f"{who.last}_{who.first}" / who.birth
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{who.number} {index}{suffix}"
        write(path, who, rng)
        if index % 50 == 49:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        key = path.relative_to(root).as_posix()
        yield who, Case(key, path, (), f"{who.last}-{who.number}", provenance={"source": "synthetic"})


# ------------------------------------------------------------------------------------------------------- the search


def leaks(who: Person, *places: bytes) -> set[str]:
    """Identifiers of a person that stand somewhere in `places`, in any case and the usual encodings."""
    found = set()
    for place in places:
        low = place.lower()
        for identifier in who.identifiers:
            for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
                if identifier.lower().encode(encoding) in low:
                    found.add(identifier)
    return found


def unpacked(content: bytes) -> bytes:
    """What a picture file holds once opened: every compressed text and row, tags, comments, decoded pixels."""
    parts = [zlib_parts(content)]
    with Image.open(io.BytesIO(content)) as opened:
        opened.load()
        parts += [repr(opened.info).encode(), repr(dict(opened.getexif())).encode(), opened.tobytes()]
    return b"\n".join(parts)


def zlib_parts(content: bytes) -> bytes:
    """Everything in a file that inflates, from wherever a zlib header seems to stand."""
    parts = []
    for start in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", content):
        try:
            parts.append(zlib.decompressobj().decompress(content[start.start() :], 1 << 20))
        except zlib.error:
            continue
    return b"\n".join(parts)


def outcome(case: Case) -> CleanImage | UmedError:
    try:
        return clean_image(case, no_scan)
    except UmedError as problem:
        return problem


@pytest.mark.timeout(900)  # some 10 s of work; a busy machine has taken 300
def test_of_a_thousand_studies_nothing_leaks(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    root = tmp_path / "in"
    made = list(studies(root, STUDIES))
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(outcome, (case for _, case in made)))
        said = "\n".join([caplog.text, *(str(warning.message) for warning in warned)]).encode()
    cleaned = [result for result in outcomes if isinstance(result, CleanImage)]
    assert len(cleaned) >= STUDIES * 0.98  # a TIFF or WebP may survive being cut
    for (who, _), result in zip(made, outcomes, strict=True):
        beside = repr(result) if isinstance(result, UmedError) else repr((result.suffix, result.removed, result.notes))
        assert leaks(who, said, beside.encode()) == set()
        if isinstance(result, CleanImage):
            assert leaks(who, result.content, unpacked(result.content)) == set()
            assert result.removed  # each of these files had something to take away
        else:
            assert leaks(who, str(result).encode(), repr(result.__context__).encode()) == set()


def test_the_control_finds_the_identifiers_of_every_uncleaned_study(tmp_path: Path):
    """The same search on what goes in: were cleaning switched off, the test above would fail a thousand times."""
    for who, case in studies(tmp_path, 140):
        content = case.image.read_bytes()
        assert len(leaks(who, content, zlib_parts(content))) >= 2, case.image.suffix
        assert leaks(who, str(case.image).encode()) and leaks(who, case.group.encode())


def test_each_part_of_the_cleaning_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With the metadata left on, files that pass through `clean_image` itself leak."""
    from umed_core.mau.privacy import clean_image as room
    from umed_core.mau.privacy.coded_picture import BarePicture

    monkeypatch.setattr(room, "bare_picture", lambda data: BarePicture(data, ".any", ()))
    kept = [(who, outcome(case)) for who, case in studies(tmp_path, 14) if case.image.suffix in (".jpg", ".png")]
    assert kept
    for who, result in kept:
        assert isinstance(result, CleanImage)
        assert leaks(who, result.content, unpacked(result.content))


# --------------------------------------------------------------------------------------------------- burned-in text


@dataclass(frozen=True)
class Burned:
    """One identifier in pixels: where its ink lies, and what it says."""

    text: str
    ink: NDArray[np.bool_]


def capitals(height_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A font whose capital letters are `height_px` high."""

    def height_of(size: int) -> float:
        _, top, _, bottom = ImageFont.load_default(size).getbbox("H")
        return bottom - top

    return ImageFont.load_default(min(range(5, 90), key=lambda size: abs(height_of(size) - height_px)))


def burn(picture: Image.Image, text: str, at: tuple[int, int], height_px: int, grey: int) -> Burned:
    font, mask = capitals(height_px), Image.new("L", picture.size)
    ImageDraw.Draw(mask).text(at, text, fill=255, font=font)
    picture.paste(grey, mask=mask)
    return Burned(text, np.asarray(mask) > 200)


def ground(width: int, height: int, level: int, seed: int) -> Image.Image:
    """Smooth, noisy grey around `level`, as tissue is."""
    rows, columns = np.mgrid[:height, :width]
    noise = np.random.default_rng(seed).normal(0, 6, (height, width))
    return Image.fromarray((level + 25 * np.sin(columns / 70) * np.cos(rows / 60) + noise).clip(0, 255).astype("u1"))


def read(picture: NDArray[np.uint8]) -> str:
    """Everything OCR reads, however little it believes it: letters and digits in capitals."""
    return " ".join(re.sub(r"\W", "", text).upper() for _, text, _ in burned_in_text._read_text(picture))


def legible(words: str, burned: Burned) -> bool:
    """Whether the identifier, or half of it in one piece, is among what was read."""
    whole = re.sub(r"\W", "", burned.text).upper()
    half = (len(whole) + 1) // 2
    return any(whole[start : start + half] in words for start in range(len(whole) - half + 1))


def stands_out(picture: NDArray[np.uint8], burned: Burned) -> float:
    """Grey levels by which the ink differs from what lies within 3 px of it: a second opinion that knows no OCR."""
    from scipy.ndimage import binary_dilation

    around = binary_dilation(burned.ink, iterations=3) & ~binary_dilation(burned.ink, iterations=1)
    return abs(float(picture[burned.ink].mean()) - float(picture[around].mean()))


def decoded(clean: CleanImage) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(clean.content)) as opened:
        return np.asarray(opened.convert("L"))


@needs_ocr
@pytest.mark.timeout(300)
def test_identifiers_burned_into_a_picture_are_gone_from_it(tmp_path: Path):
    picture = ground(420, 300, 70, seed=1)
    burned = [
        burn(picture, "QUELLENBERG ANNA", (8, 6), 8, 255),
        burn(picture, "MRN 47110815", (250, 40), 12, 230),
        burn(picture, "1958-03-14", (30, 110), 16, 10),  # dark on light
        burn(picture, "Okonkwo", (160, 180), 30, 180),
        burn(picture, "+49 30 901820", (10, 275), 10, 240),
    ]
    before = np.asarray(picture)
    words = read(before)
    assert all(legible(words, text) and stands_out(before, text) > 30 for text in burned)  # the control
    path = tmp_path / "quellenberg.dcm"
    write_dicom(path, tiny_dicom(before, BurnedInAnnotation="YES", WindowCenter="128", WindowWidth="256"))
    clean = clean_image(Case("k", path, (), "g"), OcrScan("blank"))
    after = decoded(clean)
    assert len(clean.blanked) >= len(burned)
    words = read(after)
    assert not any(legible(words, text) for text in burned)
    assert max(stands_out(after, text) for text in burned) < 8
    assert "quellenberg" not in repr((clean.removed, clean.notes)).lower()


@needs_ocr
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_forty_pictures_with_names_at_many_sizes_places_and_contrasts(tmp_path: Path):
    rng = random.Random(7)
    for index in range(40):
        who, level = person(rng), rng.choice((0, 60, 110))
        picture = ground(rng.randint(256, 512), rng.randint(256, 512), level, seed=index)
        text = rng.choice((f"{who.last} {who.first[0]}", who.number, who.birth, who.phone))
        height = rng.choice((8, 10, 12, 16, 20))
        at = rng.randint(4, 40), rng.randint(4, picture.height - 2 * height - 4)
        burned = burn(picture, text, at, height, rng.choice((200, 230, 255)))
        assert stands_out(np.asarray(picture), burned) > 30
        path = tmp_path / f"{index}.png"
        picture.save(path)
        after = decoded(clean_image(Case("k", path, (), "g"), OcrScan("blank")))
        assert not legible(read(after), burned), (index, text, height, level)
        assert stands_out(after, burned) < 15, (index, text, height, level)
