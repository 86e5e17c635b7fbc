"""`umed export-mau`: a dataset folder in the form that another trainer reads."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from umed_cli.terminal import note, say


class Form(StrEnum):
    """What `--to` takes."""

    sharegpt = "sharegpt"
    llava = "llava"
    coco = "coco"


HOW_TO_USE = {
    Form.sharegpt: "LLaMA-Factory: dataset_dir and media_dir are that folder, dataset is umed_mau_train.",
    Form.llava: "LLaVA: --data_path is llava_train.json, --image_folder is that folder.",
    Form.coco: "The root of the images is that folder; boxes are x, y, w, h in pixels.",
}


def export_mau(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Dataset folder, as `umed build-mau` leaves it.")],
    to: Annotated[Form, typer.Option("--to", help="Form to write.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write into; images are referred to, not copied.")],
) -> None:
    """Write a dataset in the form of another trainer: LLaMA-Factory's ShareGPT, LLaVA, or COCO detection.

    Example: umed export-mau mau --to sharegpt --out mau-sharegpt
    """
    from umed_core.mau.dataset import read_dataset
    from umed_core.mau.exports import export_dataset

    dataset = read_dataset(folder)
    for path in export_dataset(dataset, to.value, out):
        say(str(path))
    note(
        f"{dataset.sheet.train} training and {dataset.sheet.test} test images. {HOW_TO_USE[to]} {dataset.sheet.notice}"
    )
