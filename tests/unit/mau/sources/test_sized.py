"""Headers and masks of strangers are read in the limited child process, many at a time and in order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.builders import tiny_dicom, write_dicom
from umed_core.geometry import NormalizedBox
from umed_core.images import headers, raster
from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources.files import PictureHeader, read_headers
from umed_core.mau.sources.sized import Unsized, sized


def test_a_header_or_a_reason_for_each_file_in_order(tmp_path: Path, paint):
    turned = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("L", (30, 20)).save(turned, exif=exif)
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    (tmp_path / "words.png").write_text("Dear Mrs Quellenberg")
    deep, dicom = (
        paint("deep.png", 7, 9, "I;16"),
        write_dicom(tmp_path / "a.dcm", tiny_dicom(np.zeros((3, 5), np.uint8))),
    )
    names = [deep, turned, dicom, tmp_path / "cut.png", tmp_path / "words.png", tmp_path / "gone.png"]
    *usable, cut, words, gone = read_headers(names)
    assert [(h.columns, h.rows, h.mode, h.is_turned) for h in usable if not isinstance(h, str)] == [
        (7, 9, "I;16", False),
        (30, 20, "L", True),
        (5, 3, "", False),
    ]
    assert (cut, words, gone) == ("a damaged picture", "no picture that umed knows", "missing file")


def test_no_file_of_a_set_is_opened_in_this_process(tmp_path: Path, paint, write, read, monkeypatch):
    def opened(*_: object, **__: object) -> None:
        raise AssertionError("a stranger's file was opened in the building process")

    paint("images/a.png")
    mask = np.zeros((20, 10), np.uint8)
    mask[4:12, 2:8] = 255
    (tmp_path / "masks/stone").mkdir(parents=True)
    Image.fromarray(mask).save(tmp_path / "masks/stone/a.png")
    write("annotations.csv", "image,width,height,class,x,y,w,h\na.png,10,20,stone,.1,.2,.3,.4\n")
    for module, name in ((Image, "open"), (headers, "read_header"), (raster, "read_raster_header")):
        monkeypatch.setattr(module, name, opened)
    (of_table,), _ = read("csv")
    (of_mask,), _ = read("masks")
    assert of_table.findings[0].box == NormalizedBox(0.1, 0.2, 0.3, 0.4)
    assert of_mask.findings[0].box == NormalizedBox(0.2, 0.2, 0.6, 0.4)


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 130])
def test_the_order_stays_across_the_edge_of_what_is_read_at_once(tmp_path: Path, paint, count: int):
    there, gone = paint("a.png", 7, 9), tmp_path / "gone.png"

    def settled(case: Case):
        def settle(header: PictureHeader) -> list[Case | RefusedRow]:
            assert header.size == (7, 9)
            return [case]

        return settle

    def waiting(number: int) -> Unsized:
        case = Case(f"{number}", there if number % 3 else gone, (), "g")
        return Unsized(case, (7, 9), settled(case), lambda reason: [RefusedRow(number, "", reason)])

    found = [waiting(n) if n % 2 else RefusedRow(n, "", "of the table") for n in range(count)]
    seen = list(sized(found))
    assert [int(item.key) if isinstance(item, Case) else item.line for item in seen] == list(range(count))
    assert {item.reason for item in seen if isinstance(item, RefusedRow)} <= {"of the table", "missing file"}
