"""`umed export-onnx`: a trained MedVInt to the form that runs without torch."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import typer

from umed_cli.terminal import need_extra

EXPORTER = "umed_core.vlm.onnx_export"
"""Named and not imported: only a run of this command may load torch."""


def export_onnx(
    folder: Annotated[Path, typer.Argument(help="Folder of the trained model, as `umed train sft` leaves it.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write; replaced as a whole.")],
    name: Annotated[str, typer.Option("--name", help="The model's name, as answers will carry it.")] = "umed-mini",
) -> None:
    """Write a trained model's ONNX form, which `umed ask` and the desktop run on onnxruntime without torch.

    Example: umed export-onnx runs/umed-mini/model --out models/umed-mini
    """
    need_extra("train", "torch", "onnxscript")
    from umed_core.mau.knowledge import CLASSES

    form = importlib.import_module(EXPORTER).export_onnx(folder, out, name, CLASSES)
    size = sum(path.stat().st_size for path in out.glob("*.onnx")) / 1e6
    typer.echo(f"{out}: {form.name}, {size:.1f} MB, input {form.image_size} px. Ask it: umed ask IMAGE --model {out}")
