"""The words around the image, from the file's own tags; nothing is guessed. Free of Qt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from umed_desktop.viewer.panes import Shown
from umed_desktop.words import translate

__all__ = ["Legend", "legend_of"]


@dataclass(frozen=True, slots=True)
class Legend:
    """The words at the image's corners, and what the file says of its directions and distances."""

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    bottom_right: tuple[str, ...] = ()
    orientation: tuple[float, ...] | None = None
    spacing_mm: tuple[float, float] | None = None


def legend_of(shown: Shown, probed: tuple[int, int] | None) -> Legend:
    """The words for what a viewport shows; `probed` is the pixel under the pointer."""
    image = shown.image
    if image is None:
        return Legend()
    tags, window = image.tags, shown.shown_window()
    born = f"* {tags.patient_birth_date}" if tags.patient_birth_date else ""
    who = (_name(tags.patient_name), " ".join(filter(None, (tags.patient_id, tags.patient_sex, born))))
    what = (tags.study_description, tags.series_description, tags.study_date)
    kind = " ".join(filter(None, (image.modality, tags.body_part_examined)))
    levels = f"W {window.width:.0f}  L {window.center:.0f}" if window is not None else "RGB"
    if window is not None and window.name:
        levels += f"  {translate('Actions', window.name)}"
    place = (
        [translate("Legend", "Slice {number} / {count}").format(number=shown.frame + 1, count=image.frame_count)]
        if image.frame_count > 1
        else []
    )
    if image.slice_positions_mm and image.frame_count > 1:
        place.append(f"{image.slice_positions_mm[shown.frame]:.1f} mm")
    return Legend(
        top_left=tuple(filter(None, who)) or (Path(image.source).name,),
        top_right=tuple(dict.fromkeys(filter(None, what))),
        bottom_left=(*_probe(shown, probed), levels),
        bottom_right=(*filter(None, (kind, "  ".join(place))), f"{image.width} × {image.height}"),
        orientation=image.orientation,
        spacing_mm=image.spacing_mm,
    )


def _probe(shown: Shown, probed: tuple[int, int] | None) -> tuple[str, ...]:
    image = shown.image
    if image is None or probed is None or not (probed[0] < image.width and probed[1] < image.height):
        return ()
    value = image.pixels[shown.frame, probed[1], probed[0]]
    words = ", ".join(str(v) for v in value) if image.is_color else f"{value:g}"
    return (f"{probed[0]}, {probed[1]}:  {words} {image.unit}".rstrip(),)


def _name(patient_name: str) -> str:
    return ", ".join(part for part in patient_name.split("^") if part)
