"""What this machine and this installation can do, found out by trying rather than by reading version lists.

torch and Qt are tried in child processes: neither is loaded here, and one that crashes on import is only a finding.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from umed_core import __version__
from umed_core.errors import UmedError, UnusableModel
from umed_core.images.open_image import open_image
from umed_core.prompts import DEFAULT_QUESTION
from umed_core.records import Turn
from umed_core.vlm.client import WorkerClient
from umed_core.vlm.messages import Answer, AskOptions

__all__ = ["Check", "examine", "user_folders", "verify_sums"]

SUMS = "SHA256SUMS"
PACKAGES = ("numpy", "pillow", "pydicom", "simpleitk", "pylibjpeg-openjpeg", "msgspec", "typer")
BUILDING = ("imagehash", "dicom-anonymizer", "aiohttp", "openai", "keyring", "pybase64", "rapidocr-onnxruntime")
CPU_FEATURES = ("avx", "avx2", "f16c", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "neon")
LEAST_FREE_MB = 500
_CHILD_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. Without a `required` one that is `ok`, umed can't answer questions about images."""

    name: str
    value: str
    ok: bool = True
    hint: str = ""
    required: bool = False


def examine(model: Path | UmedError) -> Iterator[Check]:
    """Every check, each as soon as it is done. `model`: the built-in model's folder, or why there is none."""
    yield Check("umed", f"{__version__}, Python {platform.python_version()}, {sys.executable}")
    yield Check("system", platform.platform())
    yield Check("processor", _processor())
    yield _memory()
    yield from _disk()
    yield _packages()
    yield _images()
    yield _runtime("onnxruntime", "cpu", "import onnxruntime as o; print(o.__version__, *o.get_available_providers())")
    yield _runtime("torch", "train", _TORCH)
    yield _building()
    yield from _model(model)
    yield from _desktop()
    for name, folder in user_folders().items():
        yield Check(f"{name} folder", str(folder))


def user_folders() -> dict[str, Path]:
    """Where umed keeps a person's settings ("config") and what can be made again ("cache")."""
    home = Path.home()
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
        return {"config": local / "umed", "cache": local / "umed" / "cache"}
    if sys.platform == "darwin":
        library = home / "Library"
        return {"config": library / "Application Support" / "umed", "cache": library / "Caches" / "umed"}
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return {"config": config / "umed", "cache": cache / "umed"}


def verify_sums(folder: Path) -> int:
    """Compares a shipped model's files with its SHA256SUMS (as `sha256sum` writes it); returns how many there are.

    Raises: UnusableModel that names the first file which is missing or differs, or when there are no sums.
    """
    again = "Install umed again."
    sums = folder / SUMS
    lines = sums.read_text(encoding="utf-8").splitlines() if sums.is_file() else []
    if not lines:
        raise UnusableModel(f"{folder.name} has no {SUMS} to check its files against.", again)
    for line in lines:
        expected, _, name = line.partition("  ")
        file = folder / name
        if not file.is_file():
            raise UnusableModel(f"{folder.name} lacks its file {name}.", again)
        with file.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != expected:
                raise UnusableModel(f"{folder.name}'s file {name} is not the one that was shipped.", again)
    return len(lines)


def _processor() -> str:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    facts = _cpuinfo()
    name = facts.get("model name") or platform.processor() or platform.machine()
    flags = set(facts.get("flags", facts.get("Features", "")).split())
    features = ", ".join(feature for feature in CPU_FEATURES if feature in flags)
    return f"{name}, {usable} of {os.cpu_count()} cores usable" + (f", {features}" if features else "")


def _cpuinfo() -> dict[str, str]:
    """The first processor's entries on Linux; empty elsewhere."""
    file = Path("/proc/cpuinfo")
    if not file.is_file():
        return {}
    first = file.read_text(errors="replace").split("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _memory() -> Check:
    import psutil

    memory = psutil.virtual_memory()
    free = memory.available >> 20
    return Check(
        "memory",
        f"{memory.total / 2**30:.1f} GiB, {memory.available / 2**30:.1f} GiB available",
        free >= LEAST_FREE_MB,
        f"Close other programs: at least {LEAST_FREE_MB} MiB should be available.",
    )


def _disk() -> Iterator[Check]:
    for name, folder in {"temporary files": Path(tempfile.gettempdir()), "home": Path.home()}.items():
        if folder.is_dir():
            free = shutil.disk_usage(folder).free
            hint = f"Free some space: at least {LEAST_FREE_MB} MiB are needed."
            yield Check(f"disk, {name}", f"{free / 2**30:.1f} GiB free at {folder}", free >> 20 >= LEAST_FREE_MB, hint)


def _packages() -> Check:
    found = {name: _version(name) for name in PACKAGES}
    missing = [name for name, version in found.items() if not version]
    value = ", ".join(f"{name} {version or 'missing'}" for name, version in found.items())
    return Check("packages", value, not missing, f"Install again: {', '.join(missing)} is missing.", required=True)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _images() -> Check:
    """Decodes a picture of this function's own, through the same door as a person's files."""
    ramp = np.arange(64, dtype=np.uint8).reshape(8, 8)
    with tempfile.TemporaryDirectory(prefix="umed-doctor-") as folder:
        path = Path(folder) / "ramp.png"
        Image.fromarray(ramp).save(path)
        try:
            same = bool(np.array_equal(open_image(path).pixels[0], ramp))
        except UmedError as error:
            return Check("images", error.message, False, error.hint, required=True)
    value = "a PNG was decoded in the sandbox" if same else "a PNG was decoded to other values"
    return Check("images", value, same, "Install umed again.", required=True)


_TORCH = """
import torch
cuda = torch.cuda.is_available()
print(torch.__version__, torch.cuda.get_device_name(0) if cuda else "no CUDA device", torch.get_num_threads(), "threads")
"""


def _runtime(package: str, extra: str, code: str) -> Check:
    if not _version(package) and not _version(f"{package}-gpu"):
        return Check(package, "not installed", hint=f"To have it: pip install 'umed[{extra}]'.")
    exit_code, said = _child(code)
    return Check(
        package, said, exit_code == 0, f"It is installed and does not load: pip install 'umed[{extra}]' again."
    )


def _building() -> Check:
    """What `umed build-mau` asks of the extra `mau`; the template needs imagehash alone."""
    present = {name: _version(name) for name in BUILDING}
    missing = [name for name, version in present.items() if not version]
    value = ", ".join(f"{name} {version}" for name, version in present.items() if version) or "not installed"
    hint = f"Without {', '.join(missing)}: pip install 'umed[mau]'." if missing else ""
    return Check("building datasets", value, hint=hint)


def _model(model: Path | UmedError) -> Iterator[Check]:
    """The main job, done once: load the built-in model and ask it about a grey picture."""
    if isinstance(model, UmedError):
        yield Check("model", model.message, False, model.hint, required=True)
        return
    try:
        yield Check("model files", f"{verify_sums(model)} files of {model.name} are as shipped")
    except UmedError as error:
        yield Check("model files", error.message, False, error.hint)
    try:
        with WorkerClient() as client:
            loaded = client.load(model)
            yield Check("model", f"{loaded.model} runs on {loaded.device} by {loaded.engine}", required=True)
            picture = np.full((64, 64), 128, np.uint8)
            answer = list(client.ask(picture, (Turn("user", DEFAULT_QUESTION),), AskOptions(max_new_tokens=32)))[-1]
            assert isinstance(answer, Answer)
            speed = f"{answer.token_count} tokens in {answer.seconds:.2f} s, loaded in {loaded.seconds:.2f} s"
            yield Check("answering", speed, required=True)
    except UmedError as error:
        yield Check("answering", error.message, False, error.hint, required=True)


_QT = """
import os
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from PySide6.QtGui import QGuiApplication
from PySide6.QtCore import qVersion
app = QGuiApplication([])
print("Qt", qVersion(), "starts on", app.platformName())
"""


def _desktop() -> Iterator[Check]:
    if not _version("PySide6-Essentials") and not _version("PySide6"):
        yield Check("desktop", "PySide6 is not installed", hint="To have the window: pip install 'umed[desktop]'.")
        return
    exit_code, said = _child(_QT)
    hint = "Install Qt's system libraries: libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1."
    yield Check("desktop", said, exit_code == 0, hint)
    if sys.platform == "linux":
        missing = _missing_xcb_libraries()
        display = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or "no display"
        value = f"{display}; X11 libraries: {', '.join(missing) + ' missing' if missing else 'all there'}"
        yield Check(
            "display", value, not missing, "On Debian: apt install libxcb-icccm4 libxcb-keysyms1 libxcb-cursor0."
        )


def _missing_xcb_libraries() -> list[str]:
    """What Qt's X11 plugin links to and the machine lacks; Qt's own message names only one of them, often wrongly."""
    exit_code, plugin = _child(
        "import PySide6, pathlib; print(pathlib.Path(PySide6.__file__).parent / 'Qt/plugins/platforms/libqxcb.so')"
    )
    if exit_code or shutil.which("ldd") is None or not Path(plugin).is_file():
        return []
    listing = subprocess.run(["ldd", plugin], capture_output=True, text=True, timeout=_CHILD_TIMEOUT_S)
    return sorted(line.split()[0] for line in listing.stdout.splitlines() if line.endswith("not found"))


def _child(code: str) -> tuple[int, str]:
    """Runs `code` in a Python of its own: its exit code, and the last line that it said."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=_CHILD_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return 1, f"no answer within {_CHILD_TIMEOUT_S:.0f} s"
    lines = (
        (done.stdout if done.returncode == 0 else done.stderr or f"exit code {done.returncode}").strip().splitlines()
    )
    return done.returncode, lines[-1] if lines else ""
