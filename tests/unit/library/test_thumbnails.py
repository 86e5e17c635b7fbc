"""Small pictures: which slice, which size, kept until the file changes."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.builders import tiny_dicom, truncated, write_dicom, write_picture
from tests.unit.library.shelves import ct_series, indexed
from umed_core.errors import InputError
from umed_core.images.open_image import open_image
from umed_core.library.files import Stamp, Thumbnail, stamp_of
from umed_core.library.index import StudyIndex
from umed_core.library.thumbnails import THUMBNAIL_PX, draw_thumbnails, thumbnail_png


def picture(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def test_the_longer_side_is_96_pixels(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "wide.png", np.full((100, 400), 7, np.uint8))
    assert picture(thumbnail_png(path)).size == (96, 24)
    assert THUMBNAIL_PX == 96


def test_a_small_picture_is_not_enlarged(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "small.png", np.full((10, 20), 7, np.uint8))
    assert picture(thumbnail_png(path)).size == (20, 10)


def test_pixels_twice_as_high_as_wide_are_drawn_so(tmp_path: Path) -> None:
    dataset = tiny_dicom(np.zeros((96, 96), np.uint8), PixelSpacing=["2", "1"])
    assert picture(thumbnail_png(write_dicom(tmp_path / "a.dcm", dataset))).size == (48, 96)


def test_the_frame_that_was_asked_for_is_drawn_as_it_is_shown(tmp_path: Path) -> None:
    frames = np.stack([np.full((8, 8), value, np.uint8) for value in (0, 120, 240)])
    frames[:, 0, 0], frames[:, 0, 1] = 0, 255
    path = write_dicom(tmp_path / "film.dcm", tiny_dicom(frames))
    drawn = np.asarray(picture(thumbnail_png(path, 1)))
    image = open_image(path)
    alone = write_dicom(tmp_path / "alone.dcm", tiny_dicom(frames[1]))
    assert image.frame_count == 3
    assert np.array_equal(drawn, open_image(alone).display(0))


def test_colour_stays(tmp_path: Path) -> None:
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 200
    drawn = picture(thumbnail_png(write_picture(tmp_path / "red.png", red)))
    assert (drawn.mode, drawn.getpixel((3, 3))) == ("RGB", (200, 0, 0))


def test_a_kept_picture_is_used_while_its_file_is_as_it_was(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.png", np.full((8, 8), 7, np.uint8))
    shown: list[tuple[Path, bytes]] = []
    stamp = stamp_of(str(path))
    assert stamp is not None
    kept = {str(path): Thumbnail(stamp, b"kept")}
    made = draw_thumbnails([(path, 0)], kept, lambda *what: shown.append(what), lambda: False)
    assert (made, shown) == ({}, [(path, b"kept")])
    os.utime(path, ns=(1, 1))
    made = draw_thumbnails([(path, 0)], kept, lambda *what: shown.append(what), lambda: False)
    assert made == {str(path): Thumbnail(Stamp(path.stat().st_size, 1), shown[-1][1])}
    assert picture(shown[-1][1]).size == (8, 8)


def test_a_file_that_cannot_be_drawn_is_tried_once(tmp_path: Path) -> None:
    folder = ct_series(tmp_path / "ct", 1)
    path = truncated(folder / "1-1-0.dcm", 0.9)
    with pytest.raises(InputError):
        thumbnail_png(path)
    shown: list[bytes] = []
    made = draw_thumbnails([(path, 0), (tmp_path / "gone.dcm", 0)], {}, lambda _, png: shown.append(png), lambda: False)
    assert shown == [b"", b""]
    assert [thumbnail.png for thumbnail in made.values()] == [b""]


def test_cancelling_returns_what_was_drawn(tmp_path: Path) -> None:
    paths = [write_picture(tmp_path / f"{n}.png", np.full((8, 8), n, np.uint8)) for n in range(3)]
    shown: list[Path] = []
    made = draw_thumbnails(
        [(path, 0) for path in paths], {}, lambda path, _: shown.append(path), lambda: len(shown) == 2
    )
    assert list(made) == [str(path) for path in paths[:2]]


def test_pictures_are_kept_with_known_files_and_go_with_them(tmp_path: Path) -> None:
    folder = ct_series(tmp_path / "ct", 2)
    known, unknown = str(folder / "1-1-0.dcm"), str(tmp_path / "other.dcm")
    with StudyIndex(tmp_path / "library.db") as index:
        indexed(index, folder)
        made = Thumbnail(Stamp(5, 6), b"png")
        index.keep_thumbnails({known: made, unknown: made})
        assert index.thumbnails([known, unknown]) == {known: made}
        Path(known).unlink()
        indexed(index, folder)
        assert index.thumbnails([known]) == {}
