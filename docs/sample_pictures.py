"""Draws the small pictures of the first page's sample studies: python docs/sample_pictures.py"""

from __future__ import annotations

from pathlib import Path

from umed_desktop.welcome.samples import SAMPLES, picture_of

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "umed_assets" / "samples"

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for sample in SAMPLES:
        picture_of(sample).save(FOLDER / f"{sample.kind}.png", optimize=True)
        print(FOLDER / f"{sample.kind}.png")
