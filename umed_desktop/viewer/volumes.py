"""The series that have been read, kept for a while: one copy for all views, the least recently seen let go first.

Free of Qt.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from umed_core.images.medical_image import MedicalImage

__all__ = ["Volumes"]


class Volumes:
    """Images by the key of their series, within `budget` bytes of pixels; what is on screen stays, whatever it takes."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self._kept: OrderedDict[str, MedicalImage] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._kept

    @property
    def size(self) -> int:
        """Bytes of pixels that are kept."""
        return sum(int(image.pixels.nbytes) for image in self._kept.values())

    def get(self, key: str) -> MedicalImage | None:
        """The series' image, now the most recently seen; None for one that is not kept."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: str, image: MedicalImage, visible: Collection[str]) -> None:
        """Keeps `image`, and lets go of series that are not `visible` until the budget holds."""
        self._kept[key] = image
        self._kept.move_to_end(key)
        self.make_room(0, visible)

    def make_room(self, size: int, visible: Collection[str]) -> None:
        """Lets go of series that are not `visible` until `size` more bytes, about to be read, are within the budget."""
        for old in [kept for kept in self._kept if kept not in visible]:
            if self.size + size <= self.budget:
                return
            del self._kept[old]

    def clear(self) -> None:
        """Forgets all: what is at a path may have changed."""
        self._kept.clear()
