"""A ZIP archive as a folder: what is read, what is refused and why, and that nothing of it reaches the disk."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from umed_core.errors import CorruptImage, ImageTooLarge, MissingFile, UmedError, UnsupportedImage
from umed_core.images import archive as room
from umed_core.images.archive import (
    archive_above,
    close_archives,
    is_archive,
    list_members,
    open_member,
    read_member,
    what_lies_at,
)
from umed_core.images.limits import DecodeLimits

LIMITS = DecodeLimits()
MIB = 1 << 20


def forget_archives() -> None:
    while room._opened:
        _, left = room._opened.popitem()
        left.opened.close()
        left.source.close()


@pytest.fixture(autouse=True)
def _no_archive_stays_open() -> Iterator[None]:
    yield
    forget_archives()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "study.zip"
    path.write_bytes(zipped({"ct/1.dcm": b"one", "ct/0.dcm": b"nought", "notes.txt": b"words"}))
    return path


def reasons(path: Path) -> dict[str, str]:
    """Why members of the archive are refused, by their names."""
    return {gone.relative_to(path).as_posix(): why.message for gone, why in list_members(path, LIMITS)[1]}


# ------------------------------------------------------------------------------------------------------ what is read
def test_members_are_paths_below_the_archive_in_sorted_order(study: Path) -> None:
    members, refused = list_members(study, LIMITS)
    assert members == [study / "ct" / "0.dcm", study / "ct" / "1.dcm", study / "notes.txt"]
    assert refused == []
    assert read_member(study / "ct" / "0.dcm", LIMITS) == b"nought"


def test_a_path_leads_into_an_archive_or_it_does_not(study: Path, tmp_path: Path) -> None:
    assert archive_above(study / "ct" / "0.dcm") == (study, "ct/0.dcm")
    for path in (study, tmp_path, tmp_path / "absent" / "a.dcm", Path("/"), tmp_path / ("x" * 300) / "a"):
        assert archive_above(path) is None


def test_what_a_path_leads_to(study: Path, tmp_path: Path) -> None:
    assert [what_lies_at(path) for path in (tmp_path, study, study / "ct" / "9")] == ["folder", "file", "member"]
    with pytest.raises(MissingFile, match="does not exist"):
        what_lies_at(tmp_path / "absent")
    for name in ("x" * 300, "a\0b"):
        with pytest.raises(MissingFile) as caught:
            what_lies_at(tmp_path / name)
        assert caught.value.hint and caught.value.message.count(name) == 1


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may look into any folder")
def test_a_path_in_a_closed_folder_is_refused_and_not_missing(study: Path) -> None:
    study.parent.chmod(0)
    try:
        with pytest.raises(UnsupportedImage, match="may not be read by you"):
            what_lies_at(study)
    finally:
        study.parent.chmod(0o700)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_method_of_packing_that_python_knows_is_read(tmp_path: Path, method: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(zipped({"a.dcm": b"x" * 1000}, method))
    assert is_archive(path.read_bytes())
    assert read_member(path / "a.dcm", LIMITS) == b"x" * 1000


def test_hidden_members_and_what_a_mac_adds_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({".DS_Store": b"x", "__MACOSX/ct/._1.dcm": b"x", "ct/.cache/1": b"x", "ct/1.dcm": b"x"}))
    assert list_members(path, LIMITS) == ([path / "ct" / "1.dcm"], [])


def test_names_with_backslashes_are_paths_as_well(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"ct\\1.dcm": b"x"}))
    assert list_members(path, LIMITS)[0] == [path / "ct" / "1.dcm"]


def test_an_archive_in_an_archive_is_looked_into_and_one_deeper_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"b.zip": zipped({"c.zip": zipped({"d.dcm": b"deep"}), "e.dcm": b"seen"})}))
    assert list_members(path / "b.zip", LIMITS)[0] == [path / "b.zip" / "c.zip", path / "b.zip" / "e.dcm"]
    assert read_member(path / "b.zip" / "e.dcm", LIMITS) == b"seen"
    with pytest.raises(UnsupportedImage, match="an archive in an archive in an archive"):
        list_members(path / "b.zip" / "c.zip", LIMITS)
    with pytest.raises(MissingFile):
        read_member(path / "b.zip" / "c.zip" / "d.dcm", LIMITS)


def test_more_archives_than_are_kept_open_are_read_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({f"{n}.zip": zipped({"x": str(n).encode()}) for n in range(9)}))
    for _ in range(2):
        assert [read_member(path / f"{n}.zip" / "x", LIMITS) for n in range(9)] == [str(n).encode() for n in range(9)]
    assert len(room._opened) == room._KEPT_OPEN


def test_an_archive_that_changes_on_disk_is_read_anew(study: Path) -> None:
    assert read_member(study / "notes.txt", LIMITS) == b"words"
    study.write_bytes(zipped({"notes.txt": b"other words"}))
    assert read_member(study / "notes.txt", LIMITS) == b"other words"


def test_between_two_requests_no_archive_is_held_open(study: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer.zip"
    outer.write_bytes(zipped({"inner.zip": study.read_bytes()}))
    assert read_member(study / "notes.txt", LIMITS) == b"words"
    assert read_member(outer / "inner.zip" / "notes.txt", LIMITS) == b"words"
    directory = room._opened[next(iter(room._opened))].opened
    close_archives()
    assert not {str(study), str(outer)} & {file.path for file in psutil.Process().open_files()}
    study.rename(tmp_path / "moved.zip")
    with pytest.raises(MissingFile):
        read_member(study / "ct" / "0.dcm", LIMITS)
    (tmp_path / "moved.zip").rename(study)
    assert read_member(study / "ct" / "0.dcm", LIMITS) == b"nought"
    assert read_member(outer / "inner.zip" / "ct" / "1.dcm", LIMITS) == b"one"
    assert directory in [archive.opened for archive in room._opened.values()]  # its directory was not read again


# --------------------------------------------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    "name",
    ["../evil.dcm", "ct/../../evil.dcm", "/etc/evil.dcm", "C:/evil.dcm", "C:evil.dcm", "..\\evil.dcm", "\\\\h\\s\\e"],
)
def test_a_name_that_leads_out_of_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({name: b"evil", "good.dcm": b"x"}))
    members, refused = list_members(path, LIMITS)
    assert members == [path / "good.dcm"]
    ((shown, why),) = refused
    assert shown.is_relative_to(path) and ".." not in shown.parts
    assert "leads out of the archive" in why.message and why.hint
    assert sorted(found.name for found in tmp_path.iterdir()) == ["a.zip"]


def test_links_are_refused(tmp_path: Path) -> None:
    path, link = tmp_path / "a.zip", zipfile.ZipInfo("link.dcm")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(link, "/etc/passwd")
    assert reasons(path) == {"link.dcm": f"{path}/link.dcm is a link and no file."}
    with pytest.raises(UnsupportedImage, match="is a link"):
        read_member(path / "link.dcm", LIMITS)


def patched(content: bytes, offset_local: int, offset_central: int, value: int) -> bytes:
    """`content`, a ZIP of one member, with a two-byte field of its local and its central header replaced."""
    data = bytearray(content)
    struct.pack_into("<H", data, offset_local, value)
    struct.pack_into("<H", data, data.index(b"PK\x01\x02") + offset_central, value)
    return bytes(data)


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(patched(zipped({"a.dcm": b"secret"}), 6, 8, 1))  # general purpose flag, bit 0
    assert reasons(path) == {"a.dcm": f"{path}/a.dcm is encrypted."}


def test_a_method_that_python_lacks_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(patched(zipped({"a.dcm": b"x"}), 8, 10, 9))  # compression method 9
    assert reasons(path) == {"a.dcm": f"{path}/a.dcm is packed by the method deflate64."}


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_of_two_members_of_one_name_the_first_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("a.dcm", b"first")
        made.writestr("a.dcm", b"second")
    assert "twice" in reasons(path)["a.dcm"]
    assert read_member(path / "a.dcm", LIMITS) == b"first"


@pytest.mark.parametrize("mark", ["[Content_Types].xml", "META-INF/MANIFEST.MF"])
def test_a_document_is_no_folder_of_pictures(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "letter.docx"
    path.write_bytes(zipped({mark: b"<xml/>", "word/media/logo.png": b"x"}))
    with pytest.raises(UnsupportedImage, match="a document or a program"):
        list_members(path, LIMITS)


def test_a_bomb_is_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"a.dcm": bytes(65 * MIB)}))
    assert path.stat().st_size < MIB
    with pytest.raises(ImageTooLarge, match="made to fill a computer"):
        list_members(path, LIMITS)


def test_a_bomb_among_honest_members_is_refused_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("noise.dcm", b"x" * (4 * MIB))
        made.writestr("bomb.dcm", bytes(65 * MIB), zipfile.ZIP_DEFLATED)
    assert "unpack to 65 MiB" in reasons(path)["bomb.dcm"]
    assert list_members(path, LIMITS)[0] == [path / "noise.dcm"]


def test_number_and_size_of_members_are_limited(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImageTooLarge, match="takes 0 MiB"):
        open_member(study / "ct" / "0.dcm", DecodeLimits(file_bytes=5))
    monkeypatch.setattr(room, "_MOST_MEMBERS", 2)
    forget_archives()
    with pytest.raises(ImageTooLarge, match="holds 3 files; the limit is 2"):
        list_members(study, LIMITS)


def test_a_member_that_holds_more_than_it_states_is_never_inflated_further(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    data = bytearray(zipped({"a.dcm": bytes(10 * MIB)}))
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, 100)  # the size that the directory states
    path.write_bytes(data)
    with pytest.raises(CorruptImage, match="could not be read from its archive"):
        read_member(path / "a.dcm", LIMITS)


@pytest.mark.parametrize("damage", ["cut", "no directory", "empty"])
def test_a_broken_archive_is_told_in_one_line(study: Path, damage: str) -> None:
    content = study.read_bytes()
    study.write_bytes(
        {"cut": content[:-30], "no directory": content.replace(b"PK\x01\x02", b"PK\x00\x00"), "empty": b"PK\x03\x04"}[
            damage
        ]
    )
    with pytest.raises(CorruptImage, match="is a damaged ZIP archive") as caught:
        list_members(study, LIMITS)
    assert "\n" not in caught.value.message and caught.value.hint


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    data = bytearray(zipped({"a.dcm": b"x" * 100}, zipfile.ZIP_STORED))
    data[60] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(CorruptImage, match=r"a\.dcm could not be read from its archive: Bad CRC-32"):
        read_member(path / "a.dcm", LIMITS)


def test_a_member_that_is_not_there_is_missing(study: Path) -> None:
    with pytest.raises(MissingFile, match="holds no such file"):
        read_member(study / "ct" / "2.dcm", LIMITS)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keep=st.floats(0.3, 1.0),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=8),
)
def test_a_damaged_archive_is_read_or_refused_and_nothing_else(
    tmp_path: Path, keep: float, flips: list[tuple[float, int]]
) -> None:
    data = bytearray(zipped({"ct/0.dcm": b"nought" * 20, "b.zip": zipped({"x.dcm": b"inner"})}))
    for place, mask in flips:
        data[int(place * len(data))] ^= mask
    path = tmp_path / "fuzzed.zip"
    path.write_bytes(data[: max(4, int(keep * len(data)))])
    try:
        members, refused = list_members(path, LIMITS)
        assert all(why.hint for _, why in refused)
    except UmedError as problem:
        assert problem.hint
        return
    for member in members:
        assert member.is_relative_to(path)
        try:
            read_member(member, LIMITS)
            list_members(member, LIMITS)
        except UmedError as problem:
            assert problem.hint
