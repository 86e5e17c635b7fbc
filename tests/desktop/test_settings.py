"""What the window remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from umed_core.doctor import user_folders
from umed_core.errors import ConfigError, StorageError
from umed_desktop.settings import RECENT_KEPT, Settings, load_settings, save_settings, settings_file, with_recent


def test_what_is_saved_is_loaded(tmp_path: Path):
    settings = Settings(theme="light", model="m", recent=("a",), attention_opacity=0.25)
    save_settings(tmp_path / "new" / "desktop.json", settings)
    assert load_settings(tmp_path / "new" / "desktop.json") == settings


def test_without_a_file_the_defaults_hold(tmp_path: Path):
    assert load_settings(tmp_path / "none.json") == Settings()


@pytest.mark.parametrize("content", [b"", b"{", b'{"theme": "pink"}', b"\xff\xfe"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes):
    path = tmp_path / "desktop.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"desktop\.json"):
        load_settings(path)


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "desktop.json"
    save_settings(path, Settings(theme="light"))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError):
        save_settings(path, Settings(theme="dark"))
    assert load_settings(path).theme == "light"


def test_recent_paths_are_unique_newest_first_and_few():
    settings = Settings()
    for number in [*range(20), 3]:
        settings = with_recent(settings, Path(str(number)))
    assert len(settings.recent) == RECENT_KEPT
    assert settings.recent[:2] == ("3", "19")


def test_settings_live_where_the_doctor_says():
    assert settings_file().parent == user_folders()["config"]
