"""Small pictures of series, as PNG. The file is decoded in the limited child process, like any other."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from umed_core.errors import InputError
from umed_core.images.limits import DecodeLimits
from umed_core.images.open_image import open_image
from umed_core.library.files import Thumbnail, stamp_of

__all__ = ["THUMBNAIL_PX", "draw_thumbnails", "thumbnail_png"]

THUMBNAIL_PX = 96
"""The longer side, at most."""


def draw_thumbnails(
    wanted: Sequence[tuple[Path, int]],
    kept: Mapping[str, Thumbnail],
    shown: Callable[[Path, bytes], None],
    cancelled: Callable[[], bool],
) -> dict[str, Thumbnail]:
    """Calls `shown(file, png)` for each wanted (file, frame): a kept picture of a file that is as it was, else a new one,
    b"" for a file that cannot be drawn. Returns the new ones by path, at once where it is cancelled."""
    made: dict[str, Thumbnail] = {}
    for path, frame in wanted:
        if cancelled():
            break
        stamp, old = stamp_of(str(path)), kept.get(str(path))
        if stamp is None:
            shown(path, b"")
        elif old is not None and old.stamp == stamp:
            shown(path, old.png)
        else:
            made[str(path)] = Thumbnail(stamp, _drawn(path, frame))
            shown(path, made[str(path)].png)
    return made


def _drawn(path: Path, frame: int) -> bytes:
    try:
        return thumbnail_png(path, frame)
    except InputError:  # its reason is told where the file is opened
        return b""


def thumbnail_png(path: Path, frame: int = 0, limits: DecodeLimits = DecodeLimits()) -> bytes:  # noqa: B008
    """One frame as it is shown when it is opened, in the shape that it has in the patient.

    Raises: InputError and its kinds; WorkerCrashed.
    """
    from PIL import Image

    image = open_image(path, limits)
    number = min(frame, image.frame_count - 1)
    # Alone: the grey levels of a frame are to be looked for in it, and not in all the others.
    alone = replace(
        image, pixels=image.pixels[number : number + 1], frame_windows=image.frame_windows[number : number + 1]
    )
    down, across = image.spacing_mm or (1.0, 1.0)
    height = image.height * down / across
    scale = min(1.0, THUMBNAIL_PX / max(image.width, height))
    size = (max(1, round(image.width * scale)), max(1, round(height * scale)))
    out = io.BytesIO()
    Image.fromarray(alone.display(0)).resize(size, Image.Resampling.BOX).save(out, "PNG")
    return out.getvalue()
