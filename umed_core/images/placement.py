"""Where a slice lies along the normal of its stack."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["position_along_normal"]


def position_along_normal(position: Sequence[float], orientation: Sequence[float]) -> float:
    """ImagePositionPatient . (row direction x column direction), in mm: orders the slices of a stack.

    Source: PS3.3 C.7.6.2.1.1.
    """
    row, column = np.asarray(orientation[:3]), np.asarray(orientation[3:])
    return float(np.dot(np.asarray(position), np.cross(row, column)))
