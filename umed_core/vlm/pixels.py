"""Display values to the embedded model's input, without torch: the training data and the ONNX engine share it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["as_rgb", "model_pixels", "resized"]


def as_rgb(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shapes: (H, W) or (H, W, 3) -> (H, W, 3)."""
    return image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)


def resized(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The whole image as a `size` x `size` square, bilinear with anti-aliasing; aspect is not kept. Shapes: -> (S, S, 3)."""
    return np.asarray(Image.fromarray(as_rgb(image)).resize((size, size), Image.Resampling.BILINEAR))


def model_pixels(image: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Shapes: (H, W) or (H, W, 3) display values -> (3, S, S) in -1..1."""
    scaled = resized(image, size).astype(np.float32) / np.float32(127.5) - np.float32(1.0)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))
