"""Folders of tiny studies and what an index does with them, for the tests of the library."""

from __future__ import annotations

import os
from pathlib import Path

from tests.builders import tiny_ct, write_dicom
from umed_core.images.wire import FileHeader
from umed_core.library.files import Stamp
from umed_core.library.index import ReadFile, StudyIndex
from umed_core.library.indexing import Indexed, index_folder
from umed_core.library.search import StudyQuery

OLD_NS = 1_700_000_000 * 10**9


def ct_series(folder: Path, slices: int = 3, study: str = "1", series: str = "1", **keywords: object) -> Path:
    """`slices` files of one series, written long ago; returns `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(slices):
        dataset = tiny_ct(
            number,
            StudyInstanceUID=f"2.25.7.{study}",
            SeriesInstanceUID=f"2.25.7.{study}.{series}",
            SOPInstanceUID=f"2.25.7.{study}.{series}.{number}",
            **keywords,
        )
        path = write_dicom(folder / f"{study}-{series}-{number}.dcm", dataset)
        os.utime(path, ns=(OLD_NS, OLD_NS))
    return folder


def indexed(index: StudyIndex, folder: Path) -> Indexed:
    return index_folder(index, folder, lambda _done, _total: None, lambda: False)


def names(index: StudyIndex, words: str = "", **query: str) -> list[str]:
    """Patients' names of the matching studies, sorted."""
    page = index.search(StudyQuery(words, **query))
    assert page.total == len(page.studies)
    return sorted(study.patient_name for study in page.studies)


def file_of(header: FileHeader) -> ReadFile:
    return ReadFile(header.path, Stamp(1, 1), header)
