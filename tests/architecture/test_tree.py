"""House rules about files: small, named for what they do, free of machine paths and of other people's data."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

BANNED_STEMS = re.compile(r"^(utils?|helpers?|misc|common|managers?|handlers?)$|(_utils?|_helpers?|_manager|_handler)$")
BANNED_CLASSES = re.compile(r"(Manager|Handler|Helper|Utils?)$")
MOST_LINES = 400
MOST_BYTES = 1_000_000
WEIGHTS_MOST_BYTES = 40_000_000

MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|home|root|Users|mnt|tmp)/[\w.]")
"""Absolute paths of somebody's machine; /tmp too, since a fixed name there is shared by everyone on a machine."""

DATA_SUFFIXES = {
    ".bmp", ".dcm", ".gif", ".jp2", ".jpeg", ".jpg", ".mha", ".nii", ".nrrd", ".npy", ".npz", ".png", ".pt", ".pth",
    ".bin", ".pickle", ".pkl", ".tif", ".tiff", ".zip", ".gz", ".ckpt",
}  # fmt: skip
DATA_HOMES = ("assets/umed_assets/", "docs/results/", "docs/screenshots/")
"""Where pictures and weights of our own may lie. Data sets, and crops of them, may lie nowhere."""


@pytest.fixture(scope="module")
def files(repository: Path) -> list[Path]:
    """What git tracks or would add, relative to the root; the whole tree, less its build products, outside git."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=repository, capture_output=True, text=True,
    )  # fmt: skip
    if listed.returncode == 0:
        names = sorted(set(listed.stdout.split("\0")) - {""})
        return [Path(name) for name in names if (repository / name).is_file()]
    skipped = {".venv", ".git", "demo-out", "runs", "__pycache__", "build", "dist"}
    found = (path.relative_to(repository) for path in sorted(repository.rglob("*")) if path.is_file())
    return [path for path in found if not any(part in skipped or part.endswith("_cache") for part in path.parts)]


@pytest.fixture(scope="module")
def sources(repository: Path, files: list[Path]) -> dict[str, str]:
    """Text of every Python file, by its path."""
    texts = {str(path): (repository / path).read_text(encoding="utf-8") for path in files if path.suffix == ".py"}
    assert "umed_core/errors.py" in texts
    return texts


def test_no_file_is_longer_than_a_reader_can_hold(sources: dict[str, str]) -> None:
    long = {path: text.count("\n") for path, text in sources.items() if text.count("\n") > MOST_LINES}
    assert long == {}


def test_a_file_is_named_for_what_it_does(sources: dict[str, str]) -> None:
    assert [path for path in sources if BANNED_STEMS.search(Path(path).stem)] == []


def test_a_class_is_named_for_what_it_is(sources: dict[str, str]) -> None:
    classes = [
        f"{path}: {node.name}"
        for path, text in sources.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ClassDef) and BANNED_CLASSES.search(node.name)
    ]
    assert classes == []


def test_every_file_says_in_a_sentence_what_it_is_for(sources: dict[str, str]) -> None:
    silent = [path for path, text in sources.items() if text.strip() and not ast.get_docstring(ast.parse(text))]
    assert silent == []


def test_no_path_of_a_machine_stands_in_a_source(repository: Path, files: list[Path]) -> None:
    readable = {".py", ".md", ".toml", ".txt", ".cfg", ".yml", ".yaml", ".json", ".sh", ""}
    texts = [path for path in files if path.suffix in readable and path.name != "LICENSE"]
    hits = [
        f"{path}:{number}: {line.strip()[:80]}"
        for path in texts
        for number, line in enumerate((repository / path).read_text("utf-8", errors="replace").splitlines(), 1)
        if MACHINE_PATHS.search(line)
    ]
    assert hits == []


def test_pictures_and_weights_lie_only_where_ours_are_kept(files: list[Path]) -> None:
    astray = [str(p) for p in files if p.suffix.lower() in DATA_SUFFIXES and not str(p).startswith(DATA_HOMES)]
    assert astray == []


def test_nothing_large_is_kept_but_our_own_weights(repository: Path, files: list[Path]) -> None:
    sizes = {str(path): (repository / path).stat().st_size for path in files}
    large = {
        path: size
        for path, size in sizes.items()
        if size > (WEIGHTS_MOST_BYTES if path.startswith("assets/umed_assets/models/") else MOST_BYTES)
    }
    assert large == {}


def test_weights_are_never_pickles(files: list[Path]) -> None:
    assert [str(path) for path in files if path.suffix in {".pt", ".pth", ".pkl", ".pickle", ".ckpt"}] == []


@pytest.mark.parametrize("folder", ["packaging", "cli", "assets"])
def test_a_folder_that_would_shadow_another_package_is_no_package(repository: Path, folder: str) -> None:
    assert not (repository / folder / "__init__.py").exists()


def test_no_code_is_postponed(sources: dict[str, str]) -> None:
    postponed = re.compile(r"\b(TODO|FIXME|XXX)\b|raise NotImplementedError(\(\))?$")
    hits = [
        f"{path}:{number}"
        for path, text in sources.items()
        if not path.startswith("tests/architecture/")
        for number, line in enumerate(text.splitlines(), 1)
        if postponed.search(line)
    ]
    assert hits == []
