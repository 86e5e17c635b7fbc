"""A dataset folder in the forms that other trainers read: ShareGPT (LLaMA-Factory), LLaVA, COCO detection.

No image is copied. Each path is relative to the export's own folder, with forward slashes, so a trainer's folder of images
(`media_dir`, `image_folder`, the COCO root) is that folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from umed_core.errors import ConfigError, CorruptImage, DataError
from umed_core.mau.dataset import MauDataset
from umed_core.mau.split import Side
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_core.records import MauRecord, write_atomic, write_parts

__all__ = ["FORMS", "ExportForm", "export_coco", "export_dataset", "export_llava", "export_sharegpt"]

ExportForm: TypeAlias = Literal["sharegpt", "llava", "coco"]

SIDES: tuple[Side, ...] = ("train", "test")
IMAGE_TOKEN = "<image>"
_PLACEHOLDER = re.compile(r"<(image|video|audio)>")
_ROLES = {"user": "human", "assistant": "gpt"}


def export_dataset(dataset: MauDataset, form: ExportForm, out: Path) -> tuple[Path, ...]:
    """The dataset's files in one of FORMS, written to the folder `out`.

    Raises: DataError for a record that the form can't carry; CorruptImage; ConfigError; StorageError.
    """
    return FORMS[form](dataset, out)


def export_sharegpt(dataset: MauDataset, out: Path) -> tuple[Path, ...]:
    """LLaMA-Factory's multimodal form: umed_mau_train.json, umed_mau_test.json and the dataset_info.json that names them."""
    info, written = {}, []
    for side in SIDES:
        path = out / f"umed_mau_{side}.json"
        samples = (
            {"conversations": _conversation(record, IMAGE_TOKEN), "images": [_image(dataset, record, out)]}
            for record in dataset.records(side)
        )
        _write_array(path, samples)
        written.append(path)
        info[path.stem] = {
            "file_name": path.name,
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "images": "images"},
            "tags": {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"},
        }
    _write_object(out / "dataset_info.json", info)
    return (*written, out / "dataset_info.json")


def export_llava(dataset: MauDataset, out: Path) -> tuple[Path, ...]:
    """LLaVA's form: llava_train.json and llava_test.json, arrays of id, image and conversations."""
    written = []
    for side in SIDES:
        path = out / f"llava_{side}.json"
        samples = (
            {
                "id": _id(record),
                "image": _image(dataset, record, out),
                "conversations": _conversation(record, IMAGE_TOKEN + "\n"),
            }
            for record in dataset.records(side)
        )
        _write_array(path, samples)
        written.append(path)
    return tuple(written)


def export_coco(dataset: MauDataset, out: Path) -> tuple[Path, ...]:
    """COCO detection: instances_train.json and instances_test.json with the same categories; boxes in pixels, xywh.

    An image without abnormality is listed without annotations.
    """
    labels = sorted({c.label for row in dataset.sheet.sets for c in row.classes if c.label})
    categories = {label: number for number, label in enumerate(labels, 1)}
    written = []
    for side in SIDES:
        path = out / f"instances_{side}.json"
        sizes = [_size(dataset.folder / record.image) for record in dataset.records(side)]
        write_parts(path, _coco_parts(dataset, side, out, categories, sizes))
        written.append(path)
    return tuple(written)


FORMS: dict[ExportForm, Callable[[MauDataset, Path], tuple[Path, ...]]] = {
    "sharegpt": export_sharegpt,
    "llava": export_llava,
    "coco": export_coco,
}


def _coco_parts(
    dataset: MauDataset, side: Side, out: Path, categories: dict[str, int], sizes: list[tuple[int, int]]
) -> Iterator[bytes]:
    listed = [{"id": number, "name": label, "supercategory": "abnormality"} for label, number in categories.items()]
    yield b'{"info":' + msgspec.json.encode({"description": RESEARCH_USE_ONLY}) + b',"licenses":[]'
    yield b',"categories":' + msgspec.json.encode(listed) + b',"images":'
    yield from _array(
        {"id": number, "file_name": _image(dataset, record, out), "width": width, "height": height}
        for number, (record, (width, height)) in enumerate(zip(dataset.records(side), sizes, strict=True), 1)
    )
    yield b',"annotations":'
    yield from _array(_coco_annotations(dataset.records(side), categories, sizes))
    yield b"}\n"


def _coco_annotations(
    records: Iterable[MauRecord], categories: dict[str, int], sizes: list[tuple[int, int]]
) -> Iterator[dict[str, Any]]:
    number = 0
    for image, (record, (width, height)) in enumerate(zip(records, sizes, strict=True), 1):
        for finding in record.findings:
            number += 1
            box = finding.box.pixels(width, height)
            x, y, w, h = (round(v, 2) for v in (box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0))
            yield {
                "id": number,
                "image_id": image,
                "category_id": categories[finding.label],
                "bbox": [x, y, w, h],
                "area": round(w * h, 2),
                "iscrowd": 0,
                "segmentation": [],
            }


def _conversation(record: MauRecord, image_token: str) -> list[dict[str, str]]:
    """The turns with the image's placeholder before the first question, and no other: trainers count them."""
    roles = [turn.role for turn in record.turns]
    if not roles or roles != ["user", "assistant"] * (len(roles) // 2):
        raise DataError(
            f"{record.image} has no conversation of questions and answers.",
            "Export it as coco, or build the dataset again.",
        )
    texts = [_PLACEHOLDER.sub(r"\1", turn.text) for turn in record.turns]
    texts[0] = image_token + texts[0]
    return [{"from": _ROLES[role], "value": text} for role, text in zip(roles, texts, strict=True)]


def _id(record: MauRecord) -> str:
    """The record's own name: its image's path less "images/" and the suffix."""
    return record.image.removeprefix("images/").rsplit(".", 1)[0]


def _image(dataset: MauDataset, record: MauRecord, out: Path) -> str:
    try:
        path = os.path.relpath(dataset.folder / record.image, out)
    except ValueError as problem:  # Windows: no relative path leads to another drive.
        raise ConfigError(
            f"{out} lies on another drive than {dataset.folder}.", "Export to the same drive."
        ) from problem
    return Path(path).as_posix()


def _size(path: Path) -> tuple[int, int]:
    """Width and height in pixels, from the file's header."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as problem:
        raise CorruptImage(
            f"{path} cannot be read as an image.", "Build the dataset again to write it anew."
        ) from problem


def _write_array(path: Path, rows: Iterable[object]) -> None:
    write_parts(path, chain(_array(rows), (b"\n",)))


def _array(rows: Iterable[object]) -> Iterator[bytes]:
    """A JSON array, one element a line."""
    opening = b"[\n"
    for row in rows:
        yield opening + msgspec.json.encode(row)
        opening = b",\n"
    yield b"[]" if opening == b"[\n" else b"\n]"


def _write_object(path: Path, content: object) -> None:
    write_atomic(path, msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
