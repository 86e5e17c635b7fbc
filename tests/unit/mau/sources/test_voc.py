"""Pascal VOC: pixels counted from 1, hostile XML refused unread."""

from __future__ import annotations

from pathlib import Path

import pytest

from umed_core.geometry import NormalizedBox
from umed_core.records import Finding


def page(*objects: str, name: str = "a.png", size: str = "<width>16</width><height>32</height>") -> str:
    return f"<annotation><filename>{name}</filename><size>{size}</size>{''.join(objects)}</annotation>"


def box(*corners: object, name: str = "Mass") -> str:
    sides = ("xmin", "ymin", "xmax", "ymax")
    written = "".join(f"<{side}>{value}</{side}>" for side, value in zip(sides, corners, strict=True))
    return f"<object><name>{name}</name><bndbox>{written}</bndbox></object>"


def test_the_first_pixel_is_1_and_the_last_belongs_to_the_box(paint, write, read) -> None:
    paint("JPEGImages/a.png", 16, 32)
    paint("JPEGImages/b.png", 16, 32)
    write("Annotations/a.xml", page(box(1, 1, 8, 16), box(9, 17, 16, 32, name="nodule")))
    write("Annotations/b.xml", page(name="b.png"))
    (a, b), refused = read("voc")
    assert a.findings == (
        Finding("mass", NormalizedBox(0, 0, 0.5, 0.5)),
        Finding("nodule", NormalizedBox(0.5, 0.5, 0.5, 0.5)),
    )
    assert (a.key, b.findings, refused) == ("JPEGImages/a.png", (), [])


def test_a_box_counted_from_0_keeps_to_the_image(paint, write, read) -> None:
    paint("a.png", 16, 32)
    write("a.xml", page(box(0, 0, 8, 16)))
    (case,), _ = read("voc")
    assert case.findings[0].box == NormalizedBox(0, 0, 0.5, 0.5)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (page(box(8, 1, 4, 9)), "object 1: a box without area"),
        (page(box(1, 1, 40, 9)), "object 1: a box that leaves the image"),
        (page(box(1, 1, "wide", 9)), "object 1: bad number in '1, 1, wide, 9'"),
        (page("<object><name>mass</name></object>"), "object 1: bad number in ', , , '"),
        (page(box(1, 1, 4, 9, name="")), "object 1: a box without a class"),
        (page(box(1, 1, 4, 9), size="<width>9</width><height>9</height>"),
         "the annotation is for 9 x 9 pixels but the file has 16 x 32"),
        (page(box(1, 1, 4, 9), name="../a.png"), "the image lies outside the set's folder"),
        ("<annotation>", "no XML: no element found: line 1, column 12"),
    ],
)  # fmt: skip
def test_an_unusable_object_or_page_is_listed(paint, write, read, text: str, reason: str) -> None:
    paint("a.png", 16, 32)
    write("a.xml", text)
    cases, (refused,) = read("voc")
    assert (cases, refused.reason) == ([], reason)


BOMB = '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_before_any_entity_is_read(paint, read, tmp_path: Path, encoding: str) -> None:
    paint("a.png", 16, 32)
    (tmp_path / "a.xml").write_bytes((BOMB + page(box(1, 1, 8, 16, name="&b;"))).encode(encoding))
    cases, (refused,) = read("voc")
    assert cases == []
    assert refused.reason == "the XML has a document type, which annotations do not need and an attack does"


def test_a_picture_without_xml_an_xml_without_picture_and_a_second_xml_are_listed(paint, write, read) -> None:
    paint("a.png", 16, 32)
    paint("b.png", 16, 32)
    write("a.xml", page(box(1, 1, 8, 16)))
    write("c.xml", page(name="c.png"))
    write("d.xml", page(name="a.png"))
    (case,), refused = read("voc")
    assert case.key == "a.png"
    assert [(row.image, row.reason) for row in refused] == [
        ("c.xml", "missing file"),
        ("d.xml", "a second XML for the same picture"),
        ("b.png", "no XML for this picture; one without <object> would state no abnormality"),
    ]
