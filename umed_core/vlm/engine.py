"""What the worker needs of a model, whatever runs it: onnxruntime for the embedded model, torch for any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from umed_core.records import Turn
from umed_core.vlm.messages import Answer, AskOptions, Loaded, TextDelta

__all__ = ["Engine"]


class Engine(Protocol):
    """A loaded model. Not thread-safe: one answer at a time."""

    info: Loaded

    def answer(
        self,
        ask_id: int,
        images: Sequence[NDArray[np.uint8]],
        image_ids: Sequence[str],
        turns: Sequence[Turn],
        options: AskOptions,
        stopped: Callable[[], bool],
    ) -> Iterator[TextDelta | Answer]:
        """Deltas as they are decoded, then one Answer; ends early with `stopped` true once `stopped()` says so.

        Shapes: images (H, W) or (H, W, 3) display values.
        Raises: UmedError.
        """
        ...
