"""The versions of what runs here and the licences of what is shipped. Free of Qt; nothing is imported to learn its version."""

from __future__ import annotations

import platform
import re
from importlib.metadata import Distribution, PackageMetadata, PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path

from umed_core import __version__
from umed_desktop.words import translate

__all__ = ["licence_lines", "licence_text", "version_lines"]

_TOLD = (
    "PySide6-Essentials", "onnxruntime", "onnxruntime-gpu", "pydicom", "simpleitk", "numpy", "scipy", "pillow",
    "highdicom", "pynetdicom", "dicomweb-client", "pyqtgraph", "torch", "transformers",
)  # fmt: skip
_SHIPPED = (
    "PySide6-Essentials", "shiboken6", "pyqtgraph", "onnxruntime", "onnxruntime-gpu", "tokenizers", "numpy", "scipy",
    "pillow", "pydicom", "simpleitk", "pylibjpeg", "pylibjpeg-openjpeg", "highdicom", "pynetdicom", "dicomweb-client",
    "dicom-anonymizer", "keyring", "msgspec", "psutil", "filelock", "pyyaml", "typer", "rich", "aiohttp", "imagehash",
    "openai", "pybase64", "rapidocr-onnxruntime",
)  # fmt: skip
"""What an installer of the window brings along, as far as it is installed here."""
_ICONS = "Lucide"
_A_LICENCE = re.compile(r"(licen[cs]e|copying|notice)[^/]*$", re.IGNORECASE)
_CHOSEN = {"shiboken6": "LGPL-3.0", "PySide6-Essentials": "LGPL-3.0"}
"""Offered under several licences: the one under which umed uses it."""
_OUR_COPIES = {
    "shiboken6": ("LGPL-3.0", "GPL-3.0"), "PySide6-Essentials": ("LGPL-3.0", "GPL-3.0"),
    "umed-mini": ("Apache-2.0",), "tokenizers": ("Apache-2.0",), "rapidocr-onnxruntime": ("Apache-2.0",),
}  # fmt: skip
"""Of what comes without a text, those that we ship for it. The LGPL adds to the GPL and asks that both go along."""


def version_lines(qt: str) -> list[str]:
    """One a line, for a report of a fault; `qt` is Qt's own version. What is not installed is left out."""
    found = [f"{name} {one.version}" for name in _TOLD if (one := _installed(name)) is not None]
    return [f"umed {__version__}", f"Python {platform.python_version()}", f"Qt {qt}", *found, platform.platform()]


def licence_lines() -> list[tuple[str, str, str]]:
    """(package, version, licence) of what is shipped, as each package's own metadata says."""
    rows = [("umed", __version__, "Apache-2.0"), ("umed-mini", "", "Apache-2.0"), (_ICONS, "", "ISC")]
    for name in _SHIPPED:
        one = _installed(name)
        if one is not None:
            rows.append((name, one.version, _CHOSEN.get(name) or _licence(one.metadata)))
    return rows


def licence_text(name: str) -> str:
    """The texts that come with the package of a line of `licence_lines`, or that we ship for it."""
    assets = files("umed_assets")
    if name == _ICONS:
        return (assets / "icons" / "LICENSE").read_text("utf-8")
    if name in _OUR_COPIES:
        return "\n\n".join((assets / "licences" / f"{text}.txt").read_text("utf-8") for text in _OUR_COPIES[name])
    one = _installed(name)
    if one is None:
        return ""
    beside = [path for path in one.files or () if ".dist-info" in path.parts[0]]
    inside = [path for path in one.files or () if len(path.parts) == 2 and path not in beside]
    found = [path for path in beside if _A_LICENCE.search(path.name)] or [
        path for path in inside if _A_LICENCE.search(path.name) and path.suffix != ".py"
    ]
    texts = (Path(str(path.locate())) for path in sorted(found))
    return "\n\n".join(text.read_text("utf-8", errors="replace") for text in texts if text.is_file())


def _installed(name: str) -> Distribution | None:
    """None for a package that is not installed: its absence is an answer here."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _licence(one: PackageMetadata) -> str:
    """An SPDX expression where there is one, else the classifier, else the first line of what stands there."""
    osi = "License :: OSI Approved :: "
    classifiers = [name.removeprefix(osi) for name in _stated(one, "Classifier") if name.startswith(osi)]
    first_lines = [text.strip().partition("\n")[0] for text in _stated(one, "License")]
    found = [*_stated(one, "License-Expression"), *classifiers, *first_lines]
    return next(filter(None, found), translate("AboutDialog", "not stated"))


def _stated(one: PackageMetadata, name: str) -> list[str]:
    """All values of a field. Not by `one[name]`: once a newer importlib_metadata is loaded, that may raise."""
    return [str(value) for value in one.get_all(name) or ()]
