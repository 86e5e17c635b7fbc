"""Building a dataset from the window: estimate, consent with what would leave, a build, and what fell out of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog

from tests.desktop.page_desk import SOON, on_a_desk
from tests.integration.annotated_pictures import write_annotated
from umed_core.errors import ConfigError
from umed_core.mau.dataset import read_dataset
from umed_desktop.pages import detached
from umed_desktop.pages.data.build_form import (
    BuildForm,
    SourceRow,
    build_arguments,
    estimate_arguments,
    preview_arguments,
)
from umed_desktop.pages.data.data_page import DataPage
from umed_desktop.pages.data.outcome import read_outcome
from umed_desktop.settings import Settings

SOURCE = SourceRow("csv", "/sets/polyps", "polyps")
LONG = 250_000

pytestmark = pytest.mark.timeout(300)  # real commands of umed: seconds on an idle machine


@pytest.fixture
def page(qtbot):
    with on_a_desk(qtbot, DataPage) as (page, said):
        page.said = said
        yield page


@pytest.fixture
def annotated(tmp_path: Path) -> Path:
    """Eight pictures with a box, two without, and one row whose picture is missing."""
    folder = write_annotated(tmp_path / "squares", 8, 2)
    with (folder / "annotations.csv").open("a") as rows:
        rows.write("gone.png,64,64,polyp,0.1,0.1,0.2,0.2,patient-9,phantom squares,CC0\n")
    return folder


def fill(qtbot, page, source: Path, out: Path) -> None:
    """As a person would: kind, folder, Add; then where to."""
    page.sources.kind.setCurrentText("csv")
    page.sources.path.line.setText(str(source))
    qtbot.mouseClick(page.sources.add, Qt.MouseButton.LeftButton)
    page.fields.out.line.setText(str(out))


# ------------------------------------------------------------------------------------------------- the commands
def test_a_form_becomes_the_command_that_a_person_would_type():
    form = BuildForm((SOURCE, SourceRow("kvasir", "/sets/kvasir")), "/out", limit=50, seed=3)
    assert build_arguments(form, consent=False) == (
        "build-mau", "--source", "csv:polyps=/sets/polyps", "--source", "kvasir=/sets/kvasir", "--out", "/out", "--teacher",
        "template", "--seed", "3", "--scan-text", "auto", "--limit", "50",
    )  # fmt: skip
    assert estimate_arguments(form)[-1] == "--dry-run"
    assert preview_arguments(form, 2)[-2:] == ("--preview", "2")


def test_consent_is_in_the_command_only_where_it_was_given():
    form = BuildForm((SOURCE,), "/out", "openai", "gpt-4o", max_tokens=5_000_000, price_in=2.5, budget=10)
    assert "--consent" not in build_arguments(form, consent=False)
    given = build_arguments(form, consent=True)
    assert "--consent" in given
    assert given[-6:] == ("--max-tokens", "5000000", "--budget", "10", "--price-in", "2.5")


@pytest.mark.parametrize(
    ("base_url", "leaves"),
    [
        ("", True),
        ("https://api.openai.com/v1", True),
        ("http://127.0.0.1:11434/v1", False),
        ("http://localhost:8000", False),
    ],
)
def test_pictures_leave_the_machine_unless_the_server_is_this_machine(base_url, leaves):
    assert BuildForm((SOURCE,), "/out", "openai", "m", base_url).leaves_machine is leaves
    assert not BuildForm((SOURCE,), "/out", "template", "", base_url).leaves_machine


@pytest.mark.parametrize(
    ("form", "missing"),
    [
        (BuildForm((), "/out"), "no source"),
        (BuildForm((SOURCE,)), "no folder"),
        (BuildForm((SOURCE,), "/out", "openai"), "no model"),
        (BuildForm((SOURCE,), "/out", paper_counts=True, limit=3), "how many"),
        (BuildForm((SOURCE,), "/out", "openai", "m", budget=3.0), "prices"),
    ],
)
def test_what_is_missing_is_named(form, missing):
    with pytest.raises(ConfigError, match=missing):
        build_arguments(form, consent=False)


# ------------------------------------------------------------------------------------------------------ the page
def test_the_estimate_counts_cases_and_tokens_and_writes_nothing(qtbot, page, annotated, tmp_path):
    fill(qtbot, page, annotated, tmp_path / "mau")
    page.estimate.click()
    assert not page.build.isEnabled()
    qtbot.waitUntil(lambda: not page.command.is_running, timeout=LONG)
    words = page.words.text()
    assert "squares: 10 cases" in words
    assert "rows that cannot be used: 1" in words
    assert "estimate: 20 calls" in words  # a diagnosis and a reflection of each case
    assert not (tmp_path / "mau").exists()


def test_a_set_is_built_and_what_fell_out_is_listed_with_its_reason(qtbot, page, annotated, tmp_path):
    fill(qtbot, page, annotated, tmp_path / "mau")
    page.build.click()
    assert (page.build.isEnabled(), page.cancel.isEnabled()) == (False, True)
    qtbot.waitUntil(lambda: not page.watch.is_running, timeout=LONG)
    assert page.bar.state.text() == "mau: built"
    qtbot.waitUntil(lambda: page.fallen.topLevelItemCount() == 1, timeout=SOON)
    item = page.fallen.topLevelItem(0)
    assert (item.text(0), item.text(2)) == ("row", "gone.png")
    assert item.text(3) != ""
    sheet = read_dataset(tmp_path / "mau").sheet
    assert sheet.train + sheet.test == 10
    assert f"{sheet.train} records to train on" in page.words.text()
    page.review.click()
    assert page.said.went == [("review", tmp_path / "mau")]
    assert page.said.settings.data_folder == str(tmp_path / "mau")
    with on_a_desk(qtbot, DataPage, page.said.settings) as (later, _):
        qtbot.waitUntil(lambda: later.bar.state.text() == "mau: built", timeout=SOON)
        qtbot.waitUntil(lambda: later.fallen.topLevelItemCount() == 1, timeout=SOON)


def test_an_unusable_source_is_told_in_one_line(qtbot, page, tmp_path):
    fill(qtbot, page, tmp_path / "nowhere", tmp_path / "mau")
    page.estimate.click()
    qtbot.waitUntil(lambda: not page.command.is_running, timeout=LONG)
    assert "nowhere" in page.bar.failure.text()
    assert page.bar.state.text() == "Nothing was sent or written"


def test_a_missing_field_is_told_beside_the_form(qtbot, page, annotated):
    fill(qtbot, page, annotated, Path())
    page.fields.out.line.clear()
    page.build.click()
    assert "no folder" in page.fault.text()


def test_a_source_can_be_taken_away(qtbot, page, annotated, tmp_path):
    fill(qtbot, page, annotated, tmp_path / "mau")
    assert page.form().sources == (SourceRow("csv", str(annotated), ""),)
    page.sources.remove.click()
    assert page.form().sources == ()


# ------------------------------------------------------------------------------------------------------- consent
@pytest.fixture
def asked(qtbot, page, annotated, tmp_path, monkeypatch):
    """The page with the consent dialog open, and the commands that were started."""
    started: list[tuple[str, ...]] = []

    def start(folder, arguments):
        started.append(tuple(arguments))
        raise ConfigError("not in a test", "")

    monkeypatch.setattr("umed_desktop.pages.data.data_page.start_job", start)
    fill(qtbot, page, annotated, tmp_path / "mau")
    page.fields.teacher.setCurrentIndex(1)
    page.fields.model.setText("some-model")
    page.fields.server.setText("https://models.example.org/v1")
    page.fields.scan.setCurrentIndex(1)  # no search for text: its models take seconds to load
    page.build.click()
    qtbot.waitUntil(lambda: not page.command.is_running, timeout=LONG)
    return page, started


def test_nothing_leaves_before_the_person_has_seen_it_and_ticked_and_agreed(qtbot, asked):
    page, started = asked
    dialog = page.dialog
    assert isinstance(dialog, QDialog)
    assert dialog.isVisible()
    shown = dialog.preview.toPlainText()
    assert "[user]" in shown
    assert "SHA-256" in shown
    assert "patient-0" not in shown  # neither the source's groups nor its file names leave
    assert "case_0000" not in shown
    assert "models.example.org" in dialog.tick.text()
    assert (started, dialog.agree.isEnabled()) == ([], False)
    dialog.tick.click()
    dialog.agree.click()
    assert len(started) == 1
    assert "--consent" in started[0]


def test_declining_sends_nothing(qtbot, asked):
    page, started = asked
    page.dialog.decline.click()
    assert (started, page.bar.state.text()) == ([], "Nothing was sent")
    assert page.build.isEnabled()


# --------------------------------------------------------------------------------------------------- stop, reattach
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no Ctrl-C for one process")
def test_a_build_is_cancelled_and_says_that_it_goes_on(qtbot, page, annotated, tmp_path, monkeypatch):
    waits = "import time; print('asking [3/20, about 12 s left]', flush=True); time.sleep(60)"
    monkeypatch.setattr(detached, "umed_command", lambda _: [sys.executable, "-c", waits])
    fill(qtbot, page, annotated, tmp_path / "mau")
    page.build.click()
    qtbot.waitUntil(lambda: page.bar.place.text() == "asking 2 of 20, 12 s left", timeout=SOON)
    with on_a_desk(qtbot, DataPage, Settings(data_folder=str(tmp_path / "mau"))) as (later, _):
        assert later.bar.state.text() == "mau: building"
    page.cancel.click()
    assert page.cancel.text() == "End at once"
    qtbot.waitUntil(lambda: not page.watch.is_running, timeout=SOON)
    assert page.bar.state.text() == "mau: stopped; Build goes on from there"


def test_an_unfinished_folder_has_no_words_and_no_review(qtbot, page, tmp_path):
    page.open_folder(tmp_path)
    qtbot.waitUntil(lambda: not page._reading.is_running, timeout=SOON)
    assert read_outcome(tmp_path).words == ()
    assert not page.review.isEnabled()
