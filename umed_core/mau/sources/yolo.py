"""YOLO: a text file a picture, `class x-centre y-centre width height` in 0..1; Ultralytics' and Roboflow's folders.

A label lies where its picture does with `images` turned into `labels` (images/train -> labels/train, train/images ->
train/labels), else beside it. data.yaml names the classes, and may name the folders or lists to read. An empty label file
states an image without abnormality; a picture without one is refused. A polygon becomes the box around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from umed_core.errors import DataError, MissingFile
from umed_core.geometry import NormalizedBox
from umed_core.mau.box_sets import group_from_name, label_from_class, modality_of
from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources.files import Pictures, is_picture, list_pictures, read_bounded, relative_name
from umed_core.mau.sources.marks import Mark, Unusable, checked_box, numbers, settle
from umed_core.records import Finding

__all__ = ["LAYOUT", "read_yolo", "yolo_cases"]

LAYOUT = "data.yaml with `names`, and images/ beside labels/ (or train/images beside train/labels)"

MAX_YAML_BYTES = 1 << 20
MAX_LABEL_BYTES = 1 << 20
MAX_LIST_BYTES = 64 << 20
_PARTS = ("train", "val", "valid", "test")


def read_yolo(folder: Path) -> Iterator[Case | RefusedRow]:
    """Pictures in the order of their paths. Raises: MissingFile; DataError for a data.yaml that cannot be read."""
    pictures = list_pictures(folder)
    settings = _settings(folder)
    labels = _class_names(settings, folder)
    kinds = {modality_of(label) for label in labels.values()} - {""}
    modality = kinds.pop() if len(kinds) == 1 else ""
    paths: list[str] = []
    for chosen in _chosen(settings, pictures):
        if isinstance(chosen, RefusedRow):
            yield chosen
        else:
            paths.append(chosen)
    if not paths:
        raise DataError(f"data.yaml in {folder} names no folder with pictures.", f"Expected: {LAYOUT}.")
    yield from yolo_cases(pictures, sorted(set(paths)), labels, modality, {})


def yolo_cases(
    pictures: Pictures, paths: list[str], labels: Mapping[int, str], modality: str, provenance: dict[str, str]
) -> Iterator[Case | RefusedRow]:
    """The pictures at `paths` with the boxes of their label files."""
    for path in paths:
        label_file = next((label for label in _label_paths(path) if label in pictures), "")
        if not label_file:
            yield RefusedRow(0, path, "no label file; an empty one would state no abnormality")
            continue
        blank = Case(path, pictures.root / path, (), group_from_name(path), modality, None, provenance)
        yield from settle(blank, _marks(pictures.root / label_file, path, labels))


def _label_paths(path: str) -> tuple[str, str]:
    """Where the label file of a picture may lie, most usual first."""
    beside = PurePosixPath(path).with_suffix(".txt")
    parts = list(beside.parts)
    if "images" in parts[:-1]:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    return str(PurePosixPath(*parts)), str(beside)


def _marks(label_file: Path, path: str, labels: Mapping[int, str]) -> Iterator[Mark | RefusedRow]:
    try:
        lines = read_bounded(label_file, MAX_LABEL_BYTES).decode("utf-8-sig").splitlines()
    except (DataError, MissingFile, UnicodeDecodeError):
        yield RefusedRow(0, path, "its label file is no readable text")
        return
    for number, line in enumerate(lines, 1):
        if words := line.split():
            try:
                yield Mark(number, _finding(words, labels))
            except Unusable as problem:
                yield RefusedRow(number, path, problem.reason)


def _finding(words: list[str], labels: Mapping[int, str]) -> Finding:
    number = numbers(words[:1], 1)[0]
    if number not in labels:
        raise Unusable(f"class {words[0]!r} is not among the {len(labels)} names")
    values = numbers(words[1:], len(words) - 1)
    return Finding(labels[int(number)], checked_box(_box(values)))


def _box(values: tuple[float, ...]) -> NormalizedBox:
    if len(values) == 4:
        x, y, w, h = values
        return NormalizedBox(x - w / 2, y - h / 2, w, h)
    if len(values) >= 6 and len(values) % 2 == 0:
        xs, ys = values[::2], values[1::2]
        return NormalizedBox(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
    raise Unusable(f"{len(values) + 1} columns, where a box has 5 and a polygon an odd number from 7")


def _settings(folder: Path) -> dict[str, Any]:
    import yaml  # type: ignore[import-untyped]

    path = next(
        (folder / name for name in ("data.yaml", "data.yml", "dataset.yaml") if (folder / name).is_file()), None
    )
    if path is None:
        return {}
    try:
        settings = yaml.safe_load(read_bounded(path, MAX_YAML_BYTES))
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        first = str(problem).splitlines()[0]
        raise DataError(f"{path} is no YAML: {first}.", "Write `names: [first class, ...]` into it.") from problem
    if not isinstance(settings, dict):
        raise DataError(f"{path} holds no settings.", "Write `names: [first class, ...]` into it.")
    return settings


def _class_names(settings: Mapping[str, Any], folder: Path) -> dict[int, str]:
    names = settings.get("names")
    if names is None and (folder / "classes.txt").is_file():
        names = read_bounded(folder / "classes.txt", MAX_YAML_BYTES).decode("utf-8", "replace").split("\n")
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not names:
        raise MissingFile(f"{folder} does not name its classes.", f"Expected: {LAYOUT}; or classes.txt.")
    try:
        return {
            int(number): label_from_class(str(name).encode().decode())
            for number, name in names.items()
            if str(name).strip()
        }
    except (TypeError, ValueError) as problem:
        raise DataError(
            f"`names` in {folder} has a key that is no number or a name that is no text.", "Write `names: {0: first}`."
        ) from problem


def _chosen(settings: Mapping[str, Any], pictures: Pictures) -> Iterator[str | RefusedRow]:
    """Pictures that data.yaml chooses; all of them where it names no folder."""
    entries = [entry for part in _PARTS for entry in _as_list(settings.get(part))]
    candidates = [path for path in pictures.paths if is_picture(path)]
    if not entries:
        yield from candidates
        return
    base = _base(settings, pictures)
    for entry in dict.fromkeys(entries):
        try:
            place = _inside(entry, base, pictures)
        except Unusable as problem:
            yield RefusedRow(0, entry, f"data.yaml: {problem.reason}")
            continue
        if place in pictures:
            yield from _listed(place, pictures)
        else:
            yield from (path for path in candidates if place == "." or path.startswith(f"{place}/"))


def _as_list(entry: object) -> list[str]:
    items = entry if isinstance(entry, list) else [entry]
    # YAML can spell half a character, which no path and no report can hold.
    return [item.encode("utf-8", "replace").decode() for item in items if isinstance(item, str) and item.strip()]


def _base(settings: Mapping[str, Any], pictures: Pictures) -> str:
    """The folder that `path` names if it lies inside the set; it often names the disk of whoever made the set."""
    written = settings.get("path")
    try:
        base = relative_name(written) if isinstance(written, str) else "."
    except Unusable:
        return "."
    return base if any(path.startswith(f"{base}/") for path in pictures.paths) else "."


def _inside(entry: str, base: str, pictures: Pictures) -> str:
    """A folder or list inside the set. Roboflow writes ../train/images for the train/images beside data.yaml."""
    name = relative_name(entry.removeprefix("../"))
    for place in (str(PurePosixPath(base) / name), name):
        if place == "." or place in pictures or any(path.startswith(f"{place}/") for path in pictures.paths):
            return place
    raise Unusable("no such folder or list in the set")


def _listed(place: str, pictures: Pictures) -> Iterator[str | RefusedRow]:
    lines = read_bounded(pictures.root / place, MAX_LIST_BYTES).decode("utf-8", "replace").splitlines()
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield pictures.find(line, (str(PurePosixPath(place).parent).removeprefix("."), ""))
            except Unusable as problem:
                yield RefusedRow(number, line.strip(), f"in {place!r}: {problem.reason}")
