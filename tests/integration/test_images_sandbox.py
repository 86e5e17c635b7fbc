"""Untrusted files through the child process: limits hold, damage is reported, nothing else escapes."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from psutil import Process

from tests.unit.images.dicom_files import write_dicom
from umed_core.errors import CorruptImage, ImageTooLarge, MissingFile, NoImages, UmedError, UnsupportedImage
from umed_core.images import sandbox
from umed_core.images.limits import DecodeLimits
from umed_core.images.open_image import find_images, index_folder, iterate_series, open_image, open_series
from umed_core.images.sandbox import Decoder, borrowed_decoder, close_decoders, start_decoder

RAMP = np.arange(16, dtype=np.int16).reshape(4, 4)
PYDICOM_FILES = Path(pydicom.data.__file__).parent / "test_files"
FUZZED = (
    "MR_small.dcm",
    "MR_small_RLE.dcm",
    "image_dfl.dcm",
    "JPEG2000.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "JPEGLSNearLossless_08.dcm",
)


@pytest.fixture(scope="module", autouse=True)
def _no_child_outlives_the_module() -> Iterator[None]:
    yield
    close_decoders()


@pytest.fixture(scope="module")
def wide_png(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A megabyte that decodes to 256 MB, and to twice that while frames are stacked."""
    path = tmp_path_factory.mktemp("wide") / "wide.png"
    Image.new("L", (16_000, 16_000)).save(path, compress_level=1)
    return path


def test_an_image_comes_back_whole(tmp_path: Path) -> None:
    path = write_dicom(
        tmp_path / "a.dcm", RAMP, RescaleSlope=1, RescaleIntercept=-1024, WindowCenter=40, WindowWidth=400
    )
    image = open_image(path)
    assert image.pixels[0].tolist() == (RAMP - 1024).tolist()
    assert image.source == str(path) and image.tags.patient_id == "P1" and image.windows[0].width == 400


def test_a_child_started_ahead_decodes_and_leaves_nothing_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    close_decoders()
    start_decoder()
    assert [path.name[:13] for path in tmp_path.iterdir()] == ["umed-decoder-"]
    # JPEG-LS goes through a temporary file of the child's.
    assert open_image(PYDICOM_FILES / "JPEGLSNearLossless_08.dcm").pixels.shape == (1, 45, 10)
    close_decoders()
    assert list(tmp_path.iterdir()) == []


def test_one_child_decodes_many_files(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", RAMP)
    decoder = Decoder(DecodeLimits())
    decoder.decode(path)
    first = decoder.process_id
    decoder.decode(path)
    assert decoder.process_id == first
    decoder.close()


def test_children_of_other_limits_leave_room_for_the_one_that_is_used(tmp_path: Path) -> None:
    """Three idle ones of other limits once had every further file start a child of its own."""
    close_decoders()
    path = write_dicom(tmp_path / "a.dcm", RAMP)
    for seconds in (31, 32, 33):
        open_image(path, DecodeLimits(seconds=seconds))
    used: list[int | None] = []
    for _ in range(2):
        with borrowed_decoder(DecodeLimits(seconds=34)) as decoder:
            decoder.decode(path)
            used.append(decoder.process_id)
    assert used[0] == used[1]
    assert len(decoders_alive()) == 3
    close_decoders()
    assert decoders_alive() == []


def decoders_alive() -> list[int]:
    """Children of this process that decode; earlier tests may have left others, such as multiprocessing's tracker."""
    return [child.pid for child in Process().children() if "umed_core.images.decoder_process" in child.cmdline()]


def test_an_interrupted_answer_is_never_taken_for_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = write_dicom(tmp_path / "a.dcm", RAMP), write_dicom(tmp_path / "b.dcm", RAMP + 1)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    decoder = Decoder(DecodeLimits())
    with monkeypatch.context() as patch:
        patch.setattr(sandbox, "read_reply", interrupted)
        with pytest.raises(KeyboardInterrupt):
            decoder.decode(first)
    assert decoder.decode(second).pixels[0, 0, 0] == 1
    decoder.close()


def test_a_child_that_dies_is_replaced(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", RAMP)
    decoder = Decoder(DecodeLimits())
    decoder.decode(path)
    assert decoder.process_id is not None
    os.kill(decoder.process_id, 9)
    for _ in range(2):  # the death is noticed before the next request, or within it
        try:
            assert decoder.decode(path).pixels.shape == (1, 4, 4)
        except CorruptImage as problem:
            assert "made the decoder fail" in problem.message
    assert decoder.decode(path).pixels.shape == (1, 4, 4)
    decoder.close()


@pytest.mark.skipif(not sandbox._KERNEL_LIMITS_MEMORY, reason="the kernel limits memory on Linux only")
def test_the_kernel_stops_a_file_that_needs_too_much_memory(wide_png: Path) -> None:
    decoder = Decoder(DecodeLimits(memory_bytes=1))
    with pytest.raises(ImageTooLarge, match="more memory"):
        decoder.decode(wide_png)
    decoder.close()


def test_where_no_kernel_does_the_parent_stops_it(wide_png: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_KERNEL_LIMITS_MEMORY", False)
    monkeypatch.setattr(sandbox, "_WATCH_SECONDS", 0.01)
    decoder = Decoder(DecodeLimits(memory_bytes=1))
    with pytest.raises(ImageTooLarge, match="more memory"):
        decoder.decode(wide_png)
    decoder.close()


def test_a_file_that_takes_too_long_is_stopped(wide_png: Path) -> None:
    decoder = Decoder(DecodeLimits(seconds=0.05))
    start = time.monotonic()
    with pytest.raises(ImageTooLarge, match=r"not decoded within 0\.05 s"):
        decoder.decode(wide_png)
    assert time.monotonic() - start < 5
    decoder.close()


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"", CorruptImage, "is empty"),
        (b"Dear colleague,\nplease find attached", UnsupportedImage, "plain text"),
        (b"%PDF-1.7 ...", UnsupportedImage, "a PDF document"),
        (b"\0" * 128 + b"DICM", CorruptImage, "no DICOM elements"),
    ],
)
def test_a_file_named_dcm_that_is_none(tmp_path: Path, content: bytes, kind: type[UmedError], words: str) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(content)
    with pytest.raises(kind, match=words) as caught:
        open_image(path)
    assert caught.value.hint and "\n" not in caught.value.message


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    with pytest.raises(MissingFile):
        open_image(tmp_path / "absent.dcm")
    with pytest.raises(UnsupportedImage, match="is a folder"):
        open_image(tmp_path)
    with pytest.raises(NoImages):
        find_images([tmp_path])
    with pytest.raises(MissingFile):
        find_images([tmp_path / "absent"])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", RAMP)
    path.chmod(0)
    with pytest.raises(UnsupportedImage, match="may not be read"):
        open_image(path)


def test_images_are_found_by_content_in_sorted_order_and_others_are_listed_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    picture, scan = tmp_path / "sub" / "b.dat", write_dicom(tmp_path / "sub" / "a", RAMP)
    Image.new("L", (2, 2)).save(picture, "PNG")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / ".hidden").write_text("hello")
    seen: list[tuple[int, int]] = []
    listing = find_images([tmp_path], lambda done, total: seen.append((done, total)))
    assert listing.images == (scan, picture) and seen == [(3, 3)]
    ((path, problem),) = listing.refused
    assert path.name == "notes.txt" and isinstance(problem, UnsupportedImage)


def test_a_folder_becomes_a_study_and_its_series_a_volume(tmp_path: Path) -> None:
    for k in range(3):
        place = {"ImagePositionPatient": [0, 0, 5 * k], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
        write_dicom(tmp_path / f"{9 - k}.dcm", RAMP + k, SOPInstanceUID=f"1.{k}", InstanceNumber=k, **place)
    (study,) = index_folder(tmp_path)
    (series,) = study.series
    volume = open_series(series)
    assert volume.pixels[:, 0, 0].tolist() == [0, 1, 2] and volume.slice_positions_mm == (0, 5, 10)
    assert open_series(series, first=1).pixels.shape == (1, 4, 4)
    frames = iterate_series(series)
    assert next(frames).pixels[0, 0, 0] == 0
    frames.close()


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(FUZZED),
    keep=st.floats(0.0, 1.0),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=12),
)
def test_a_damaged_file_opens_or_is_refused_and_nothing_else(
    tmp_path: Path, name: str, keep: float, flips: list[tuple[float, int]]
) -> None:
    data = bytearray((PYDICOM_FILES / name).read_bytes())
    for place, mask in flips:
        data[int(place * len(data))] ^= mask
    path = tmp_path / "fuzzed.dcm"
    path.write_bytes(data[: max(1, int(keep * len(data)))])
    try:
        image = open_image(path)
    except UmedError as problem:
        assert isinstance(problem, UnsupportedImage | CorruptImage | ImageTooLarge) and problem.hint
        # The child itself never fails: an exception that escaped it would be a bug, not a refusal.
        assert "exit status 1" not in problem.message
    else:
        assert image.display().shape[:2] == (image.height, image.width)
