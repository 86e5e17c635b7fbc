"""Stored values to modality values along a line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["rescaled"]

_INTEGER_TYPES = (np.uint8, np.int16, np.uint16, np.int32)


def rescaled(stored: NDArray[np.generic], slope: float, intercept: float) -> NDArray[np.generic]:
    """stored * slope + intercept, in the smallest integer type that holds it, else float32. Source: PS3.3 C.11.1.1.2."""
    if slope == 1 and intercept == 0:
        return stored
    if stored.dtype.kind in "iu" and float(slope).is_integer() and float(intercept).is_integer():
        ends = [int(end) * int(slope) + int(intercept) for end in (stored.min(initial=0), stored.max(initial=0))]
        for kind in _INTEGER_TYPES:
            if np.iinfo(kind).min <= min(ends) and max(ends) <= np.iinfo(kind).max:
                return _affine_modulo(stored, int(slope), int(intercept), np.dtype(kind))
    return (stored.astype(np.float64) * slope + intercept).astype(np.float32)


def _affine_modulo(
    stored: NDArray[np.generic], slope: int, intercept: int, kind: np.dtype[np.generic]
) -> NDArray[np.generic]:
    """stored * slope + intercept in arithmetic modulo 2^bits, which is exact as the result is known to fit in `kind`."""
    values = stored.astype(kind)
    modulus = 2 ** (8 * kind.itemsize)
    factor, summand = (np.array(n % modulus, np.uint64).astype(kind) for n in (slope, intercept))
    if slope != 1:
        values *= factor
    values += summand
    return values
