"""Files of pictures: names that never meet a source or each other, and what each picture says about itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from umed_core.drawing.pictures import draw_attention, draw_boxes, png_bytes, with_caption
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_core.records import write_atomic
from umed_core.vlm.answer import attention_on, class_span, share_in_box
from umed_core.vlm.conversation import Reply
from umed_core.vlm.messages import LabelledBox, Loaded

__all__ = ["picture_stems", "save_reply"]

_KINDS = ("boxes", "attention")

# A DICOM file named by its UID ends in a number that is no suffix, so only these are cut off.
_SUFFIXES = (".nii.gz", ".dcm", ".dicom", ".ima", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".nii")


def picture_stems(sources: Sequence[Path], folder: Path) -> dict[Path, str]:
    """A stem for the pictures of each source in `folder`: its own, numbered where two would meet or hit a source.

    The same sources in the same order get the same stems, so that a second run replaces the pictures of the first.
    """
    # Case is folded because two names that differ by it are one file on Windows and macOS.
    sacred = {_folded(source) for source in sources}
    taken: set[str] = set()
    stems: dict[Path, str] = {}
    for source in sources:
        own = _stem(source.name)
        number = 1
        while (stem := own if number == 1 else f"{own}-{number}").casefold() in taken or any(
            _folded(folder / name) in sacred for name in _names(stem)
        ):
            number += 1
        taken.add(stem.casefold())
        stems[source] = stem
    return stems


def save_reply(
    folder: Path,
    stem: str,
    number: int,
    pixels: NDArray[np.uint8],
    reply: Reply,
    model: Loaded,
    image: int = 0,
    image_count: int = 1,
) -> tuple[Path, ...]:
    """Writes the picture of the boxes and, where the answer names a box's class, that of its words' attention.

    `number` counts the questions about one image from 1; `image` is which of the reply's `image_count` images
    `pixels` are, from 0.
    A file appears whole or not at all.
    Shapes: pixels (H, W) or (H, W, 3) display values.
    Raises: StorageError.
    """
    answer = reply.answer
    about = _about(reply, model)
    mark = "" if number == 1 else f"-{number}"
    here = [box for box in answer.boxes if box.image == image]
    labels = ", ".join(box.label or "no class" for box in here) or "no box"
    boxes = with_caption(draw_boxes(pixels, here), [f"{model.model}: {labels}"])
    saved = [_save(folder / f"{stem}-boxes{mark}.png", boxes, about)]
    named = [(box, span) for box in here if _words(span := class_span(answer.text, box, image_count))]
    maps = [(box, attention_on(reply.deltas, *span, image=image)) for box, span in named]
    maps = [(box, attention) for box, attention in maps if attention.size]
    if maps:
        mean = np.mean([attention for _, attention in maps], axis=0)
        shares = ", ".join(f"{box.label} {share_in_box(attention, box.box):.0%} in its box" for box, attention in maps)
        heat = with_caption(
            draw_attention(pixels, mean, [box for box, _ in maps]), [f"{model.model}: attention of {shares}"]
        )
        saved.append(_save(folder / f"{stem}-attention{mark}.png", heat, about))
    return tuple(saved)


def _save(path: Path, picture: NDArray[np.uint8], about: dict[str, str]) -> Path:
    write_atomic(path, png_bytes(picture, about))
    return path


def _about(reply: Reply, model: Loaded) -> dict[str, str]:
    return {
        "Software": "umed",
        "Disclaimer": RESEARCH_USE_ONLY,
        "Creation Time": datetime.now(UTC).isoformat(timespec="seconds"),
        "Model": f"{model.model} sha256:{model.sha256}",
        "Question": reply.question,
        "Answer": reply.answer.text,
        "Boxes": "; ".join(_spelled(box) for box in reply.answer.boxes),
    }


def _spelled(box: LabelledBox) -> str:
    place = f"x {box.box.x:.4f}, y {box.box.y:.4f}, w {box.box.w:.4f}, h {box.box.h:.4f}"
    return f"{box.label}: {place}" + (f" on image {box.image + 1}" if box.image else "")


def _words(span: tuple[int, int]) -> bool:
    return span[0] < span[1]


def _folded(path: Path) -> str:
    return str(path.resolve()).casefold()


def _names(stem: str) -> Iterable[str]:
    return (f"{stem}-{kind}.png" for kind in _KINDS)


def _stem(name: str) -> str:
    suffix = next((s for s in _SUFFIXES if name.lower().endswith(s) and len(name) > len(s)), "")
    return name[: len(name) - len(suffix)]
