"""Dates as a person types them, and times as one says them. Free of Qt."""

from __future__ import annotations

import re

__all__ = ["seconds_left", "typed_date"]

_TYPED = re.compile(r"(\d{4})(?:[-./]?(0[1-9]|1[0-2])(?:[-./]?(0[1-9]|[12]\d|3[01]))?)?")


def typed_date(text: str) -> str | None:
    """2024, 2024-05 or 2024-05-31 as DICOM writes it, as far as it goes; "" for nothing, None for what is no date."""
    if not text.strip():
        return ""
    found = _TYPED.fullmatch(text.strip())
    return "".join(part for part in found.groups() if part) if found else None


def seconds_left(done: int, total: int, elapsed_s: float) -> float | None:
    """At the pace so far; None before there is one."""
    if done <= 0 or elapsed_s < 1.0:
        return None
    return elapsed_s * (total - done) / done
