"""How much one untrusted file may cost."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DecodeLimits"]

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """Beyond any of these a file is refused with ImageTooLarge.

    `file_bytes` is its size on disk; `pixel_bytes` what its pixels take once decoded; `inflated_bytes` what a deflated
    or gzipped file may unpack to; `memory_bytes` what the decoding process may take beyond its own code;
    `seconds` the time for one file.
    """

    file_bytes: int = 2048 * _MIB
    pixel_bytes: int = 1024 * _MIB
    inflated_bytes: int = 1024 * _MIB
    memory_bytes: int = 4096 * _MIB
    seconds: float = 60.0
