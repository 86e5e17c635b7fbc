"""The words around the image. Free of Qt."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Legend"]


@dataclass(frozen=True, slots=True)
class Legend:
    """The words at the image's corners, and what the file says of its directions and distances."""

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    bottom_right: tuple[str, ...] = ()
    orientation: tuple[float, ...] | None = None
    spacing_mm: tuple[float, float] | None = None
