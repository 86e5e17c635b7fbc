"""Phantoms by the thousand into a folder: images, `records.jsonl` and `annotations.csv`, resumable and reproducible.

OUT/images/ct_000002000000.dcm ...   one file a phantom, named by kind and seed
OUT/records.jsonl                    one MauRecord a line
OUT/annotations.csv                  one row a box, in the columns of the public sets
OUT/.records.partial                 only while a run is unfinished: what a rerun need not draw again
"""

from __future__ import annotations

import csv
import io
import os
import signal
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from zlib import crc32

import msgspec
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from umed_core.errors import ConfigError, StorageError
from umed_core.phantoms.catalogue import KINDS, folder_seeds, make_phantom
from umed_core.phantoms.dicom_file import SYNTHETIC, dicom_bytes
from umed_core.phantoms.phantom import Phantom, display
from umed_core.records import MauRecord

__all__ = ["FORMATS", "PhantomReport", "write_phantoms"]

FORMATS = {"dicom": "dcm", "png": "png"}
"""Each format with its files' suffix."""

GENERATOR = "umed phantoms 1"
"""Written in every record; raise the number when a seed's pixels change, so that no rerun mixes two generations."""

MOST = len(folder_seeds(0))
COLUMNS = ("image", "width", "height", "class", "x", "y", "w", "h", "patient_or_group_id", "source", "licence")

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class PhantomReport:
    """What a run left in `out`: counts by kind, how many are normal, and how many were already there."""

    out: Path
    by_kind: dict[str, int]
    normal: int
    skipped: int

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.by_kind.items())
        total = sum(self.by_kind.values())
        there = f", {self.skipped} of them already there" if self.skipped else ""
        return f"{total} synthetic phantoms in {self.out}: {kinds} ({self.normal} normal{there})."


@dataclass(frozen=True, slots=True)
class _Task:
    kind: str
    seed: int
    normal: bool
    format: str

    @property
    def image(self) -> str:
        return f"images/{self.kind}_{self.seed:012d}.{FORMATS[self.format]}"

    @property
    def provenance(self) -> dict[str, str]:
        return {"synthetic": "true", "generator": GENERATOR, "kind": self.kind, "seed": str(self.seed),
                "normal": str(self.normal).lower()}  # fmt: skip


class _Line(msgspec.Struct, frozen=True):
    """A record with its image's size, as the unfinished run's journal keeps it."""

    record: MauRecord
    width: int
    height: int


def write_phantoms(
    out: Path,
    count: int,
    seed: int,
    kinds: Sequence[str] = KINDS,
    normal_share: float = 0.1,
    format: str = "dicom",
    progress: Progress | None = None,
    workers: int = 1,
) -> PhantomReport:
    """Writes `count` phantoms, the kinds in turn; what a former run left whole is kept. `progress` gets (done, count).

    Raises: ConfigError for an unusable option; StorageError when the folder can't be written.
    """
    tasks = _tasks(count, seed, kinds, normal_share, format)
    if workers < 1:
        raise ConfigError(f"{workers} workers can't draw anything.", "Use 1 or more.")
    lines = _known_lines(out)
    missing = [task for task in tasks if not _is_whole(out, task, lines.get(task.image))]
    done = skipped = len(tasks) - len(missing)
    journal = out / ".records.partial"
    try:
        (out / "images").mkdir(parents=True, exist_ok=True)
        with journal.open("ab") as partial:
            for task, content, line in _drawn(missing, workers):
                _write(out / task.image, (content,), durable=False)
                partial.write(msgspec.json.encode(line) + b"\n")
                partial.flush()
                lines[task.image] = line
                done += 1
                if progress is not None:
                    progress(done, count)
    except OSError as problem:
        raise StorageError(
            f"Could not write to {out}: {problem.strerror or problem}.", "Free some space or choose another folder."
        ) from problem
    _write_lists(out, [lines[task.image] for task in tasks])
    journal.unlink(missing_ok=True)
    by_kind = Counter(task.kind for task in tasks)
    normal = sum(not lines[task.image].record.findings for task in tasks)
    return PhantomReport(out, dict(by_kind), normal, skipped)


def _tasks(count: int, seed: int, kinds: Sequence[str], normal_share: float, format: str) -> list[_Task]:
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown or not kinds:
        raise ConfigError(f"No phantom of kind {', '.join(unknown) or '(none)'}.", f"Choose among: {', '.join(KINDS)}.")
    if format not in FORMATS:
        raise ConfigError(f"Phantoms can't be written as {format!r}.", f"Choose one of: {', '.join(FORMATS)}.")
    if not 1 <= count <= MOST or seed < 0:
        raise ConfigError(
            f"Can't draw {count} phantoms from seed {seed}.", f"Count is 1 to {MOST}; a seed is 0 or more."
        )
    if not 0 <= normal_share <= 1:
        raise ConfigError(f"A normal share of {normal_share} is not a share.", "Choose a number from 0 to 1.")
    draws = np.random.Generator(np.random.PCG64(np.random.SeedSequence([crc32(b"normal"), seed]))).random(count)
    return [
        _Task(kinds[i % len(kinds)], number, bool(draw < normal_share), format)
        for i, (number, draw) in enumerate(zip(folder_seeds(seed), draws.tolist(), strict=False))
    ]


def _is_whole(out: Path, task: _Task, line: _Line | None) -> bool:
    """Whether the image that this task would draw is there, to the last byte."""
    if line is None:
        return False
    recorded = dict(line.record.provenance)
    checksum = recorded.pop("crc32", "")
    path = out / task.image
    return recorded == task.provenance and path.is_file() and _checksum(path.read_bytes()) == checksum


def _checksum(content: bytes) -> str:
    return f"{crc32(content):08x}"


def _known_lines(out: Path) -> dict[str, _Line]:
    """What earlier runs recorded, by image; a line torn by a crash is passed over, for its image is drawn again."""
    journal, records = out / ".records.partial", out / "records.jsonl"
    known: dict[str, _Line] = {}
    decoder = msgspec.json.Decoder(_Line)
    sizes = _known_sizes(out)
    if records.is_file():
        reader = msgspec.json.Decoder(MauRecord)
        for raw in records.read_bytes().splitlines():
            try:
                record = reader.decode(raw)
            except msgspec.MsgspecError:
                continue
            if record.image in sizes:
                known[record.image] = _Line(record, *sizes[record.image])
    if journal.is_file():
        for raw in journal.read_bytes().splitlines():
            try:
                line = decoder.decode(raw)
            except msgspec.MsgspecError:
                continue
            known[line.record.image] = line
    return known


def _known_sizes(out: Path) -> dict[str, tuple[int, int]]:
    """Width and height by image, from the annotations of a finished run."""
    path = out / "annotations.csv"
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = [(row["image"], row["width"] or "", row["height"] or "") for row in csv.DictReader(file)]
    return {f"images/{name}": (int(w), int(h)) for name, w, h in rows if w.isdigit() and h.isdigit()}


def _drawn(tasks: Sequence[_Task], workers: int) -> Iterator[tuple[_Task, bytes, _Line]]:
    """Each task with its file's bytes and its line, in order; a few a worker are in flight, so memory stays bounded."""
    if workers == 1 or len(tasks) < 2:
        for task in tasks:
            yield task, *_draw(task)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_ignore_interrupts) as pool:
        flying: deque[tuple[_Task, Future[tuple[bytes, _Line]]]] = deque()
        try:
            for task in tasks:
                flying.append((task, pool.submit(_draw, task)))
                if len(flying) >= 4 * workers:
                    first, future = flying.popleft()
                    yield first, *future.result()
            while flying:
                first, future = flying.popleft()
                yield first, *future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _ignore_interrupts() -> None:
    """Ctrl-C reaches every process of the terminal: the parent alone decides, and lets its workers finish."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _draw(task: _Task) -> tuple[bytes, _Line]:
    phantom = make_phantom(task.kind, task.seed, task.normal)
    content = dicom_bytes(phantom) if task.format == "dicom" else _png_bytes(phantom)
    name = f"phantom-{task.kind}"
    provenance = task.provenance | {"crc32": _checksum(content)}
    record = MauRecord(
        task.image, name, f"{name}-{task.seed}", phantom.findings, (), phantom.modality, provenance
    )  # fmt: skip
    height, width = phantom.pixels.shape[:2]
    return content, _Line(record, width, height)


def _png_bytes(phantom: Phantom) -> bytes:
    """Display values as PNG, with a text that calls it synthetic."""
    notes = PngInfo()
    notes.add_text("Comment", SYNTHETIC)
    buffer = io.BytesIO()
    Image.fromarray(display(phantom)).save(buffer, "PNG", compress_level=2, pnginfo=notes)
    return buffer.getvalue()


def _write_lists(out: Path, lines: Sequence[_Line]) -> None:
    _write(out / "annotations.csv", _annotation_rows(lines))
    _write(out / "records.jsonl", (msgspec.json.encode(line.record) + b"\n" for line in lines))


def _annotation_rows(lines: Sequence[_Line]) -> Iterator[bytes]:
    """CSV rows in the columns of the public sets; a normal image has one row without class and box."""
    yield _csv_row(COLUMNS)
    for line in lines:
        record = line.record
        start = (Path(record.image).name, line.width, line.height)
        end = (record.group, f"{GENERATOR} (synthetic)", "CC0-1.0")
        for finding in record.findings:
            box = finding.box
            yield _csv_row((*start, finding.label, *(f"{v:.6f}" for v in (box.x, box.y, box.w, box.h)), *end))
        if not record.findings:
            yield _csv_row((*start, "", "", "", "", "", *end))


def _csv_row(cells: Sequence[object]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue().encode()


def _write(path: Path, chunks: Iterable[bytes], durable: bool = True) -> None:
    """The file appears whole or not at all. Raises: StorageError.

    Images go without fsync, which takes longer than drawing them: a rerun knows a torn one by its checksum.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.writelines(chunks)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as problem:
        raise StorageError(
            f"Could not write {path}: {problem.strerror or problem}.", "Free some space or choose another folder."
        ) from problem
    finally:
        temporary.unlink(missing_ok=True)
