"""The studies that are known: which files they are of, what is said about them, how they are found and forgotten.

A *root* is a folder that was indexed whole, or one of which single files were opened; whole roots never lie within one
another. Every file keeps its size, time and header, so that it is read once; studies are always what the images room
makes of the headers that are stored, in the same transaction.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec

from umed_core.errors import DataError
from umed_core.images.volume import Series, Study, sort_into_studies
from umed_core.images.wire import FileHeader
from umed_core.library.database import Database, library_files
from umed_core.library.files import Stamp, Thumbnail, middle_of
from umed_core.library.search import COLUMNS, Column, Listed, StudyQuery, fold, matching, order, shown_date

__all__ = ["FoundSeries", "FoundStudy", "Page", "ReadFile", "StudyIndex"]

_DECODE = msgspec.msgpack.Decoder(FileHeader)
_ENCODE = msgspec.msgpack.Encoder()


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that was looked into; `header` None for one that holds no image."""

    path: str
    stamp: Stamp
    header: FileHeader | None = None


@dataclass(frozen=True, slots=True)
class FoundStudy:
    """A study as a list shows it; its fields are as the files state them, `modalities` parted by blanks."""

    id: int
    root: str
    patient_name: str
    patient_id: str
    date: str
    modalities: str
    description: str
    series_count: int
    image_count: int
    folder: str


@dataclass(frozen=True, slots=True)
class FoundSeries:
    """A series of a found study; `middle` is the file of its middle slice, and `frame` that slice's number within it."""

    number: str
    modality: str
    description: str
    image_count: int
    first: str
    middle: str
    frame: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the `total` studies that match."""

    studies: tuple[FoundStudy, ...]
    total: int


class StudyIndex:
    """Any thread may call. Every method raises StorageError, and DataError for a file that turns out to be damaged."""

    def __init__(self, path: Path) -> None:
        self._base = Database(path)
        self._listed: tuple[tuple[int, Column], Listed] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._base.close()

    @property
    def is_in_place(self) -> bool:
        """Whether its file is still the one at its path: another window may have put it aside."""
        return self._base.is_in_place

    # ------------------------------------------------------------------------------------------------ what is known
    def search(self, query: StudyQuery, limit: int = 200, skip: int = 0) -> Page:
        """The matching studies in the wanted order, `limit` of them after the first `skip`."""

        def find(base: sqlite3.Connection) -> Page:
            found = matching(self._all(base, query.sort), query)
            wanted = found[skip : skip + limit]
            roots = dict(base.execute("SELECT id, path FROM roots").fetchall())
            marks = ", ".join("?" * len(wanted))
            rows = base.execute(f"SELECT id, root, {', '.join(COLUMNS)} FROM studies WHERE id IN ({marks})", wanted)
            by_id = {id_: FoundStudy(id_, roots[root], *cells) for id_, root, *cells in rows}
            return Page(tuple(by_id[id_] for id_ in wanted), len(found))

        return self._base.read(find)

    def _all(self, base: sqlite3.Connection, column: Column) -> Listed:
        """All studies in the order of a column; read anew where any window has written since."""
        state = int(base.execute("PRAGMA data_version").fetchone()[0]), column
        if self._listed is None or self._listed[0] != state:
            rows = base.execute(f"SELECT id, folded, date, modalities FROM studies ORDER BY {order(column)}").fetchall()
            self._listed = state, Listed.of(rows)
        return self._listed[1]

    def modalities(self) -> tuple[str, ...]:
        """All that occur, in order."""
        rows = self._base.read(lambda base: base.execute("SELECT DISTINCT modalities FROM studies").fetchall())
        return tuple(sorted({modality for (joined,) in rows for modality in joined.split()}))

    def series(self, study: int) -> tuple[FoundSeries, ...]:
        """Those of a found study, in their order; none where it was forgotten meanwhile."""
        columns = "number, modality, description, image_count, first, middle, frame"
        rows = self._base.read(
            lambda base: base.execute(
                f"SELECT {columns} FROM series WHERE study = ? ORDER BY place", [study]
            ).fetchall()
        )
        return tuple(FoundSeries(*row) for row in rows)

    def study(self, study: int) -> tuple[Study, tuple[FileHeader, ...]] | tuple[None, tuple[()]]:
        """A found study as the images room makes it of its headers, and these; (None, ()) where it was forgotten."""
        of_study = "(root, study) = (SELECT root, study FROM studies WHERE id = ?)"
        headers = self._base.read(lambda base: _headers(base, of_study, study))
        return (sort_into_studies(headers)[0], tuple(headers)) if headers else (None, ())

    def stamps(self, folder: Path | None = None, study: int = 0) -> dict[str, Stamp]:
        """Path -> stamp of every known file below a folder, or of a found study."""
        if folder is not None:
            where, values = _below(folder)
        else:
            where, values = "(root, study) = (SELECT root, study FROM studies WHERE id = ?)", [str(study)]
        rows = self._base.read(
            lambda base: base.execute(f"SELECT path, size, mtime_ns FROM files WHERE {where}", values).fetchall()
        )
        return {path: Stamp(size, mtime) for path, size, mtime in rows}

    def roots(self) -> dict[str, bool]:
        """Path -> whether it was indexed whole."""
        rows = self._base.read(lambda base: base.execute("SELECT path, is_whole FROM roots ORDER BY path").fetchall())
        return {path: bool(is_whole) for path, is_whole in rows}

    # --------------------------------------------------------------------------------------------------- what is new
    def store(self, folder: Path, is_whole: bool, read: Sequence[ReadFile], gone: Sequence[str] = ()) -> None:
        """Takes over files of `folder` that were read, drops those that went, and makes the studies concerned anew."""

        def take(base: sqlite3.Connection) -> None:
            _store(base, _take_root(base, folder, is_whole), read, gone)

        self._base.write(take)

    def thumbnails(self, paths: Sequence[str]) -> dict[str, Thumbnail]:
        """By the path of the file that was drawn; a file of which none is kept is left out."""
        select = "SELECT thumbnails.size, thumbnails.mtime_ns, png FROM thumbnails JOIN files ON files.id = file WHERE path = ?"

        def look_up(base: sqlite3.Connection) -> dict[str, Thumbnail]:
            found = {path: base.execute(select, [path]).fetchone() for path in paths}
            return {path: Thumbnail(Stamp(row[0], row[1]), row[2]) for path, row in found.items() if row is not None}

        return self._base.read(look_up)

    def keep_thumbnails(self, pictures: Mapping[str, Thumbnail]) -> None:
        """By the path of the file that was drawn; for one that is not known, none is kept."""
        insert = "INSERT OR REPLACE INTO thumbnails SELECT id, ?, ?, ? FROM files WHERE path = ?"
        rows = [(made.stamp.size, made.stamp.mtime_ns, made.png, path) for path, made in pictures.items()]
        self._base.write(lambda base: base.executemany(insert, rows))

    # -------------------------------------------------------------------------------------------------- what is not
    def forget_study(self, study: int) -> None:
        """It comes back where its folder is indexed or opened again."""

        def forget(base: sqlite3.Connection) -> None:
            base.execute(
                "DELETE FROM files WHERE (root, study) = (SELECT root, study FROM studies WHERE id = ?)", [study]
            )
            base.execute("DELETE FROM studies WHERE id = ?", [study])
            _drop_empty_roots(base)

        self._base.write(forget)
        self._base.wipe()

    def forget_root(self, path: str) -> None:
        """A folder that was added or opened, with everything in it."""
        self._base.write(lambda base: base.execute("DELETE FROM roots WHERE path = ?", [path]))
        self._base.wipe()

    def forget_everything(self) -> None:
        """Also what was put aside."""
        self._base.write(lambda base: base.execute("DELETE FROM roots"))
        self._base.wipe()
        for left in library_files(self._base.path):
            if not left.name.startswith(self._base.path.name):
                left.unlink(missing_ok=True)


# ------------------------------------------------------------------------------------------ within one transaction
def _take_root(base: sqlite3.Connection, folder: Path, is_whole: bool) -> int:
    """A whole root that covers `folder`, else its own, which takes over all that lie within it if it is whole."""
    for id_, path in base.execute("SELECT id, path FROM roots WHERE is_whole").fetchall():
        if folder.is_relative_to(path):
            return int(id_)
    base.execute(
        "INSERT INTO roots (path, is_whole) VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET is_whole = excluded.is_whole"
        " OR is_whole",
        [str(folder), is_whole],
    )
    root = int(base.execute("SELECT id FROM roots WHERE path = ?", [str(folder)]).fetchone()[0])
    if is_whole:
        where, values = _below(folder)
        within = [row[0] for row in base.execute(f"SELECT id FROM roots WHERE {where} AND id != ?", [*values, root])]
        studies: dict[str, None] = {}
        for other in within:
            studies.update((row[0], None) for row in base.execute("SELECT study FROM studies WHERE root = ?", [other]))
            base.execute("UPDATE files SET root = ? WHERE root = ?", [root, other])
            base.execute("DELETE FROM roots WHERE id = ?", [other])
        _make_studies(base, root, studies)
    return root


def _store(base: sqlite3.Connection, root: int, read: Sequence[ReadFile], gone: Sequence[str]) -> None:
    touched: dict[tuple[int, str], None] = {}  # in the order of the files, as ids are then
    for path in (*gone, *(file.path for file in read)):
        touched.update(dict.fromkeys(base.execute("SELECT root, study FROM files WHERE path = ?", [path])))
    base.executemany("DELETE FROM files WHERE path = ?", [(path,) for path in gone])
    for file in read:
        study = _study_of(file.header) if file.header is not None else ""
        header = _ENCODE.encode(file.header) if file.header is not None else None
        base.execute(
            "INSERT INTO files (root, path, size, mtime_ns, study, header) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (path)"
            " DO UPDATE SET root = excluded.root, size = excluded.size, mtime_ns = excluded.mtime_ns,"
            " study = excluded.study, header = excluded.header",
            [root, file.path, file.stamp.size, file.stamp.mtime_ns, study, header],
        )
        touched[root, study] = None
    for owner in dict.fromkeys(owner for owner, _ in touched):
        _make_studies(base, owner, [study for of, study in touched if of == owner])
    if not read:
        _drop_empty_roots(base)


def _study_of(header: FileHeader) -> str:
    """What files of one study share within their root; where the file states no study, its folder stands for one."""
    uid = header.tags.study_instance_uid
    if header.kind == "dicom" and uid:
        return f"study {uid}"
    return f"{'loose' if header.kind == 'dicom' else 'folder'} {Path(header.path).parent}"


def _make_studies(base: sqlite3.Connection, root: int, studies: Iterable[str]) -> None:
    for study in studies:
        headers = _headers(base, "root = ? AND study = ?", root, study) if study else []
        if not headers:
            base.execute("DELETE FROM studies WHERE root = ? AND study = ?", [root, study])
            continue
        _put_study(base, root, study, sort_into_studies(headers)[0])


def _put_study(base: sqlite3.Connection, root: int, key: str, study: Study) -> None:
    modalities = " ".join(sorted({series.modality for series in study.series if series.modality}))
    folder = os.path.commonpath({path.parent for series in study.series for path in series.files})
    date = study.date.replace(".", "")  # as ACR-NEMA wrote it: 1994.11.05
    who = (study.patient_name, study.patient_id, date, modalities, study.description)
    values = (*who, len(study.series), sum(series.frame_count for series in study.series), folder)
    said = (*who, shown_date(date), folder, *(series.description for series in study.series[:_SERIES_SEARCHED]))
    names = (*COLUMNS, "folded")
    base.execute(
        f"INSERT INTO studies (root, study, {', '.join(names)}) VALUES (?, ?{', ?' * len(names)}) ON CONFLICT (root,"
        f" study) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in names)}",
        [root, key, *values, fold(" ".join(dict.fromkeys(said)))],
    )
    id_ = base.execute("SELECT id FROM studies WHERE root = ? AND study = ?", [root, key]).fetchone()[0]
    base.execute("DELETE FROM series WHERE study = ?", [id_])
    rows = [(id_, place, *_series_row(series)) for place, series in enumerate(study.series)]
    base.executemany("INSERT INTO series VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


_SERIES_SEARCHED = 50
"""Series whose descriptions are searched: a folder of pictures is a study of as many series as it has pictures."""


def _series_row(series: Series) -> tuple[str, str, str, int, str, str, int]:
    middle, frame = middle_of(series)
    said = (series.number, series.modality, series.description, series.frame_count)
    return *said, str(series.files[0]), str(middle), frame


def _headers(base: sqlite3.Connection, where: str, *values: object) -> list[FileHeader]:
    rows = base.execute(f"SELECT header FROM files WHERE header NOT NULL AND {where}", values)
    try:
        return [_DECODE.decode(row[0]) for row in rows]
    except msgspec.MsgspecError as problem:
        raise DataError(f"The library is damaged: {problem}.", "Its folders can be added again.") from problem


def _drop_empty_roots(base: sqlite3.Connection) -> None:
    base.execute("DELETE FROM roots WHERE id NOT IN (SELECT root FROM files)")


def _below(folder: Path) -> tuple[str, list[str]]:
    """A condition on `path`: what lies in `folder`, at any depth. As a range, so that the path's index serves it."""
    start = str(folder) if str(folder).endswith(os.sep) else f"{folder}{os.sep}"
    return "path >= ? AND path < ?", [start, start[:-1] + chr(ord(os.sep) + 1)]
