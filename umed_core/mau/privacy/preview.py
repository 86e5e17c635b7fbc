"""What a request would send, in words a person can read before agreeing to it."""

from __future__ import annotations

from umed_core.geometry import NormalizedBox
from umed_core.mau.privacy.clean_image import CleanImage
from umed_core.mau.teacher import TeacherRequest

__all__ = ["preview_payload"]

_NAMES_SHOWN = 40


def preview_payload(request: TeacherRequest, image: CleanImage) -> str:
    """The messages word for word, then the image: its size and hash, what was removed from it and what painted over."""
    lines = [f"Request {request.case_id}, {request.stage}, attempt {request.attempt + 1} (research use only)", ""]
    for turn in request.messages:
        lines += [f"[{turn.role}]", turn.text, ""]
    kind = "JPEG" if image.suffix == ".jpg" else "PNG"
    lines += [
        f"Image      {kind}, {image.width} x {image.height} px, {len(image.content):,} bytes",
        f"SHA-256    {image.sha256}",
        f"Removed    {_listed(image.removed)}",
        f"Painted    {_places(image.blanked)}",
    ]
    lines += [f"Note       {note}" for note in image.notes]
    return "\n".join(lines) + "\n"


def _listed(names: tuple[str, ...]) -> str:
    """At most 40 names: an enhanced DICOM header has hundreds."""
    if not names:
        return "nothing: the file held only its picture"
    rest = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _places(boxes: tuple[NormalizedBox, ...]) -> str:
    if not boxes:
        return "nothing"
    return "; ".join(f"{box.w:.3f} x {box.h:.3f} at {box.x:.3f}, {box.y:.3f}" for box in boxes)
