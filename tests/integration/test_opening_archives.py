"""ZIP archives and media directories through the door: opened like folders, in the limited child, with nothing on disk."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest

from tests.builders import ramp, tiny_ct, tiny_dicom, write_dicom, write_picture
from tests.unit.images.media import write_medium
from umed_core.errors import CorruptImage, MissingFile, NoImages, UnsupportedImage
from umed_core.images.limits import DecodeLimits
from umed_core.images.open_image import find_images, index_folder, open_bytes, open_image, open_series
from umed_core.images.sandbox import Decoder, borrowed_decoder, close_decoders


@pytest.fixture(scope="module", autouse=True)
def _no_child_outlives_the_module() -> Iterator[None]:
    yield
    close_decoders()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three slices, a picture and a note."""
    made = tmp_path / "study"
    (made / "ct").mkdir(parents=True)
    for number in range(3):
        write_dicom(made / "ct" / f"{number}", tiny_ct(number))
    write_picture(made / "photo.dat.png", ramp(dtype="uint8")).rename(made / "photo.dat")
    (made / "notes.txt").write_text("hello")
    return made


def zipped(folder: Path, to: Path) -> Path:
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as made:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                made.write(path, path.relative_to(folder))
    return to


# ---------------------------------------------------------------------------------------------------------- archives
def test_an_archive_opens_as_its_folder_does_whatever_it_is_called(folder: Path, tmp_path: Path) -> None:
    archive = zipped(folder, tmp_path / "export.dat")
    inside, beside = find_images([archive]), find_images([folder])
    names = [path.relative_to(archive) for path in inside.images]
    assert names == [path.relative_to(folder) for path in beside.images]
    for member, file in zip(inside.images, beside.images, strict=True):
        image = open_image(member)
        assert image.pixels.tolist() == open_image(file).pixels.tolist()
        assert image.source == str(member)
        with open_bytes(member) as packed, open_bytes(file) as plain:
            assert packed.read() == plain.read()
    ((path, why),) = inside.refused
    assert (path, why.message) == (archive / "notes.txt", f"{archive}/notes.txt is plain text.")


def test_an_archive_becomes_studies_and_its_series_volumes(folder: Path, tmp_path: Path) -> None:
    archive = zipped(folder, tmp_path / "a.zip")
    pictures, ct = sorted(index_folder(archive), key=lambda study: study.uid)
    assert [series.files for series in pictures.series] == [(archive / "photo.dat",)]
    (series,) = ct.series
    assert series.files == tuple(archive / "ct" / str(number) for number in range(3))
    volume = open_series(series)
    assert volume.pixels[:, 0, 0].tolist() == [0, 1, 2]


def test_archives_in_a_folder_and_in_an_archive_are_looked_into(folder: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    inner = zipped(folder, outer / "b")
    write_picture(outer / "a.png", ramp(dtype="uint8"))
    within = ["ct/0", "ct/1", "ct/2", "photo.dat"]
    assert list(find_images([outer]).images) == [outer / "a.png", *(inner / name for name in within)]
    packed = zipped(outer, tmp_path / "outer.zip")
    images = find_images([packed]).images
    assert list(images) == [packed / "a.png", *(packed / "b" / name for name in within)]
    assert open_image(images[-1]).pixels.shape == (1, 4, 6)


def test_nothing_of_an_archive_comes_onto_the_disk(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = zipped(folder, tmp_path / "a.zip")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    close_decoders()
    for path in find_images([archive]).images:
        open_image(path)
    assert [path for path in scratch.rglob("*") if path.is_file()] == []
    close_decoders()
    assert list(scratch.iterdir()) == []


def test_a_child_that_dies_within_an_archive_is_replaced(folder: Path, tmp_path: Path) -> None:
    archive = zipped(folder, tmp_path / "a.zip")
    with borrowed_decoder(DecodeLimits()) as decoder:
        decoder.members(archive)
        assert decoder.process_id is not None
        os.kill(decoder.process_id, 9)
    for _ in range(2):  # the death is noticed before the next request, or within it
        try:
            assert open_image(archive / "ct" / "1").pixels.shape == (1, 4, 6)
        except CorruptImage as problem:
            assert "made the decoder fail" in problem.message
    assert open_image(archive / "ct" / "1").pixels.shape == (1, 4, 6)


def test_paths_into_archives_that_lead_nowhere(folder: Path, tmp_path: Path) -> None:
    archive = zipped(folder, tmp_path / "a.zip")
    with pytest.raises(MissingFile, match="holds no such file"):
        open_image(archive / "ct" / "9")
    with pytest.raises(CorruptImage, match="is a damaged ZIP archive"):
        open_image(folder / "notes.txt" / "ct" / "0")
    broken = tmp_path / "broken.zip"
    broken.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(CorruptImage, match="is a damaged ZIP archive"):
        index_folder(broken)
    with pytest.raises(NoImages, match="It holds no files"):
        find_images([zipped(tmp_path / "absent", tmp_path / "empty.zip")])


def test_an_archive_whose_members_are_all_encrypted_says_so(folder: Path, tmp_path: Path) -> None:
    data = bytearray(zipped(folder / "ct", tmp_path / "a.zip").read_bytes())
    place = data.find(b"PK\x01\x02")
    while place >= 0:
        data[place + 8] |= 1
        place = data.find(b"PK\x01\x02", place + 1)
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(NoImages, match="is encrypted"):
        index_folder(tmp_path / "a.zip")


# ----------------------------------------------------------------------------------- files and folders of their own kind
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a file's name is text by force of the system")
def test_a_file_whose_name_is_no_text_is_refused_by_a_name_that_is(folder: Path) -> None:
    photo = folder / "photo.dat"
    photo.rename(os.fsdecode(os.fsencode(folder) + b"/M\xfcller"))  # Latin-1, as an old disk has it
    listing = find_images([folder])
    assert len(listing.images) == 3
    why = dict(listing.refused)[folder / "M\N{REPLACEMENT CHARACTER}ller"]
    assert "no Unicode text" in why.message and why.message.encode()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders on Windows")
def test_a_pipe_in_a_folder_is_refused_at_once(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    why = dict(find_images([folder]).refused)[folder / "pipe"]
    assert "no regular file" in why.message


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may look into any folder")
def test_a_closed_folder_in_a_folder_is_listed(folder: Path) -> None:
    (folder / "ct").chmod(0)
    try:
        listing = find_images([folder])
    finally:
        (folder / "ct").chmod(0o700)
    assert "cannot be looked into" in dict(listing.refused)[folder / "ct"].message


def test_one_reason_brings_its_hint_along(folder: Path) -> None:
    (folder / "photo.dat").unlink()
    for path in (folder / "ct").iterdir():
        path.write_text("Dear colleague")
    with pytest.raises(NoImages, match="4 files were looked at") as caught:
        find_images([folder])
    assert caught.value.hint == "Open DICOM, NIfTI, PNG, JPEG, TIFF or BMP files."


# --------------------------------------------------------------------------------------------------------- media
@pytest.fixture
def medium(tmp_path: Path) -> Path:
    """The folder of a CD with three slices, and a picture that its DICOMDIR does not name."""
    said = {
        "StudyDate": "20260102",
        "StudyTime": "12",
        "StudyID": "1",
        "SeriesNumber": "7",
        "AccessionNumber": "",
        "PatientID": "P",
    }
    write_medium(tmp_path / "cd", [tiny_ct(number, **said) for number in range(3)])
    write_picture(tmp_path / "cd" / "viewer.png", ramp(dtype="uint8"))
    return tmp_path / "cd"


def enriched(directory: Path) -> None:
    """Has each image's record say what a header would."""
    dataset = pydicom.dcmread(directory)
    images = [record for record in dataset.DirectoryRecordSequence if record.DirectoryRecordType == "IMAGE"]
    for number, record in enumerate(images):
        record.Rows, record.Columns = 4, 6
        record.ImagePositionPatient, record.ImageOrientationPatient = [0, 0, 2 * number], [1, 0, 0, 0, 1, 0]
    dataset.save_as(directory)


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose headers are asked for."""
    seen: list[str] = []
    headers = Decoder.headers

    def counted(self: Decoder, paths: list[Path]) -> object:
        seen.extend(path.name for path in paths)
        return headers(self, paths)

    monkeypatch.setattr(Decoder, "headers", counted)
    return seen


@pytest.mark.parametrize("given", ["folder", "file", "renamed", "archive", "archive in a folder"])
def test_a_medium_holds_what_its_directory_names(medium: Path, tmp_path: Path, given: str) -> None:
    path = medium
    if given == "file":
        path = medium / "DICOMDIR"
    elif given == "renamed":
        path = (medium / "DICOMDIR").rename(medium / "index.dat")
    elif given.startswith("archive"):
        (tmp_path / "zips").mkdir()
        path = zipped(medium, tmp_path / "zips" / "cd.zip")
        path = path.parent if given == "archive in a folder" else path
    (study,) = index_folder(path)
    (series,) = study.series
    assert (study.patient_id, series.number, len(series.files)) == ("P", "7", 3)
    assert open_series(series).pixels[:, 0, 0].tolist() == [0, 1, 2]


def test_a_directory_that_says_all_opens_no_file(medium: Path, looked_at: list[str]) -> None:
    enriched(medium / "DICOMDIR")
    found: list[int] = []
    (study,) = index_folder(medium, found=lambda headers: found.append(len(headers)))
    assert looked_at == [] and found == [3]
    assert study.series[0].slice_positions_mm == (0.0, 2.0, 4.0)
    assert open_series(study.series[0]).frame_count == 3


def test_of_a_directory_that_says_little_only_named_files_are_looked_at(medium: Path, looked_at: list[str]) -> None:
    index_folder(medium)
    assert len(looked_at) == 3 and "viewer.png" not in looked_at


def test_what_is_missing_is_listed(medium: Path) -> None:
    gone = sorted(path for path in medium.rglob("IM*") if path.is_file())[1]
    gone.unlink()
    refused: list[tuple[Path, str]] = []
    (study,) = index_folder(medium, refused=lambda path, why: refused.append((path, why.message)))
    assert len(study.series[0].files) == 2
    assert refused == [(gone, f"{gone} is missing, though DICOMDIR names it.")]


def test_a_medium_in_small_letters_is_found(medium: Path) -> None:
    for path in sorted(medium.rglob("*"), reverse=True):
        path.rename(path.with_name(path.name.lower()))
    assert len(find_images([medium]).images) == 3


def test_a_path_that_leads_out_of_the_medium_is_refused(medium: Path, tmp_path: Path) -> None:
    secret = write_dicom(tmp_path / "secret.dcm", tiny_dicom())
    dataset = pydicom.dcmread(medium / "DICOMDIR")
    records = [record for record in dataset.DirectoryRecordSequence if "ReferencedFileID" in record]
    records[0].ReferencedFileID = ["..", secret.name]
    records[1].ReferencedFileID = str(secret)
    dataset.save_as(medium / "DICOMDIR")
    listing = find_images([medium])
    assert len(listing.images) == 1 and secret not in listing.images
    assert [type(why) for _, why in listing.refused] == [UnsupportedImage, UnsupportedImage]
    assert all("leads out of its folder" in why.message for _, why in listing.refused)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_link_that_leads_out_of_the_medium_is_refused(medium: Path, tmp_path: Path) -> None:
    secret = write_dicom(tmp_path / "secret.dcm", tiny_dicom())
    link = next(path for path in medium.rglob("IM*") if path.is_file())
    link.unlink()
    link.symlink_to(secret)
    listing = find_images([medium])
    assert len(listing.images) == 2
    assert "a link that leads out" in listing.refused[0][1].message


@pytest.mark.parametrize("fault", ["stale", "text", "damaged"])
def test_a_directory_of_no_use_leaves_the_folder_as_it_is(medium: Path, fault: str) -> None:
    directory = medium / "DICOMDIR"
    if fault == "stale":
        for folder in [path for path in medium.iterdir() if path.is_dir()]:
            folder.rename(folder.with_name("MOVED"))
    elif fault == "text":
        directory.write_text("This disc was made by")
    else:
        directory.write_bytes(directory.read_bytes()[:600])
    listing = find_images([medium])
    assert len(listing.images) == (4 if fault != "damaged" else len(listing.images))
    assert directory in [path for path, _ in listing.refused] or fault == "damaged"


def test_an_image_that_is_not_what_its_directory_says_is_refused(medium: Path) -> None:
    enriched(medium / "DICOMDIR")
    (study,) = index_folder(medium)
    write_dicom(study.series[0].files[0], tiny_ct(0, SeriesInstanceUID="1.2.3.999"))
    with pytest.raises(CorruptImage, match="belongs to another series than its DICOMDIR says"):
        open_series(study.series[0])


def test_two_media_in_one_folder_and_a_file_beside_them(medium: Path, tmp_path: Path) -> None:
    both = tmp_path / "both"
    both.mkdir()
    medium.rename(both / "first")
    other = both / "loose.png"
    write_picture(other, ramp(dtype="uint8"))
    with zipfile.ZipFile(zipped(both / "first", tmp_path / "cd.zip")) as packed:
        packed.extractall(both / "second")
    images = find_images([both]).images
    assert len(images) == 7 and other in images


def test_an_archive_is_ever_read_in_the_child_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = zipped(folder, tmp_path / "a.zip")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a stranger's archive was opened in this process")

    monkeypatch.setattr(zipfile.ZipFile, "__init__", never)
    (first, *_) = find_images([archive]).images
    assert open_image(first).pixels.dtype == np.int16 or open_image(first).pixels.size
    with open_bytes(first) as opened:
        assert isinstance(opened, io.BytesIO)
