"""A finished run of the recipe `umed-mini` to the model that ships: float16 weights, their ONNX form, the recipe.

    python packaging/publish_umed_mini.py runs/umed-mini

The card (README.md) is written by hand and kept.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from umed_core.mau.knowledge import CLASSES
from umed_core.vlm.families import load_model
from umed_core.vlm.onnx_export import export_onnx

SHIPPED = Path(__file__).resolve().parents[1] / "assets/umed_assets/models/umed-mini"


def publish(run: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        halved = Path(folder) / "model"
        model, processor = load_model(run / "model")
        model.half().save_pretrained(halved)
        processor.save_pretrained(halved)
        export_onnx(halved, SHIPPED, "umed-mini", CLASSES)  # replaces the folder but for its card
        shutil.copytree(halved, SHIPPED / "torch")
    recipe = json.loads((run / "config.json").read_text())
    recipe["data"]["root"], recipe["run"]["out"] = ".", "runs/umed-mini"  # not the machine's own paths
    held = json.loads((run / "split.json").read_text())
    (SHIPPED / "training.json").write_text(json.dumps({"recipe": recipe, "held": held}, indent=2) + "\n")
    for path in SHIPPED.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


if __name__ == "__main__":
    publish(Path(sys.argv[1]))
