"""What the window says in another language: every word translated, plurals right. How to mend: docs/TRANSLATING.md."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from types import ModuleType

import pytest
from PySide6.QtCore import QCoreApplication, QLocale
from PySide6.QtWidgets import QDialogButtonBox

from tests.desktop.words_on_screen import GERMAN, ROOT
from umed_core.errors import MissingFile
from umed_core.geometry import NormalizedBox
from umed_desktop.actions import ACTIONS, action_word
from umed_desktop.pages.job_bar import JobBar
from umed_desktop.pages.job_log import ending_of, last_place
from umed_desktop.session.conversation import BoxRef
from umed_desktop.session.marks import Drawn, Found, Marks, with_box, with_drawn, with_label, with_verdict
from umed_desktop.settings import Settings, save_settings
from umed_desktop.translation import data_size, locale_of, research_use_only, use_language, words_of_error
from umed_desktop.window.presenting import deed_words
from umed_desktop.words import grouped, translate

MEND = "words without a translation: run `make translations`, then fill in the unfinished entries (docs/TRANSLATING.md)"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """packaging/translations.py, which is no module of a package."""
    found = importlib.util.spec_from_file_location("umed_translations", ROOT / "packaging" / "translations.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


# ------------------------------------------------------------------------------------------------------ the catalogues
def test_every_word_of_the_sources_has_a_translation(tool):
    assert tool.words_without_translation() == [], MEND


def test_the_packed_catalogues_are_those_of_the_sources(tool, tmp_path):
    tool.release(GERMAN.parent, tmp_path)
    stale = [
        packed.name
        for packed in sorted(tmp_path.glob("*.qm"))
        if packed.read_bytes() != (GERMAN.parent / packed.name).read_bytes()
    ]
    assert stale == [], "run `make translations`"


def test_a_translation_has_the_values_and_ends_of_its_words(catalogue):
    """{names}, %n, mark-up, and the … of what asks for more."""
    wrong = []
    for source, translation in catalogue.pairs:
        values = re.compile(r"\{[^}]*\}|<[^>]*>")
        same = Counter(values.findall(source)) == Counter(values.findall(translation))
        if not same or source.endswith("…") != translation.endswith("…") or ("&" in source) != ("&" in translation):
            wrong.append((source, translation))
    assert wrong == []


def test_no_mnemonic_is_given_twice_in_a_german_menu(german):
    """Nor among the menus themselves."""
    menus: dict[str, list[str]] = {"": [action_word(menu) for menu in dict.fromkeys(spec.menu for spec in ACTIONS)]}
    for spec in ACTIONS:
        menus.setdefault(spec.menu, []).append(action_word(spec.text))
    for menu, texts in menus.items():
        letters = [found[1].lower() for text in texts if (found := re.search(r"&(\w)", text))]
        assert [letter for letter, count in Counter(letters).items() if count > 1] == [], (menu, texts)


# --------------------------------------------------------------------------------------------------------- the language
def test_the_settings_choose_the_language(tmp_path, qtbot, worker):
    from umed_desktop.app import make_window

    save_settings(tmp_path / "desktop.json", Settings(model="fake", language="de"))
    window = make_window(tmp_path / "desktop.json", worker=worker)
    qtbot.addWidget(window)
    assert window.actions_by_name["open_files"].text() == "Dateien ö&ffnen…"
    assert research_use_only() == "Nur für Forschungszwecke. Kein Medizinprodukt."


def test_the_last_language_chosen_holds(qapp):
    use_language("de")
    use_language("en")
    assert action_word("&File") == "&File"
    use_language("de")
    assert action_word("&File") == "&Datei"


def test_the_system_language_is_used_unless_another_is_chosen():
    assert locale_of("system") == QLocale.system()
    assert locale_of("de").language() == QLocale.Language.German
    assert locale_of("en").language() == QLocale.Language.English


def test_qt_speaks_german_on_its_own_buttons(german, qtbot):
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    qtbot.addWidget(box)
    assert box.button(QDialogButtonBox.StandardButton.Cancel).text() == "Abbrechen"


def test_a_language_without_catalogue_is_english_on_every_button(english, qtbot):
    """Qt has a French catalogue and we have none: no French Cancel under English words."""
    use_language("fr")
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    qtbot.addWidget(box)
    assert (action_word("&File"), box.button(QDialogButtonBox.StandardButton.Cancel).text()) == ("&File", "Cancel")


@pytest.mark.parametrize(
    ("language", "one", "two"), [("en", "1 finding", "2 findings"), ("de", "1 Befund", "2 Befunde")]
)
def test_plurals(qapp, language, one, two):
    use_language(language)
    words = [QCoreApplication.translate("ExportDialog", "%n finding(s)", "", count) for count in (1, 2)]
    assert words == [one, two]


def test_thousands_stand_apart_by_no_point_and_no_comma_in_german(german):
    assert grouped(1234567) == "1\u202f234\u202f567"
    use_language("en")
    assert grouped(1234567) == "1,234,567"


@pytest.mark.parametrize(
    ("size", "english_words", "german_words"),
    [(1, "1 bytes", "1 Byte"), (512, "512 bytes", "512 Byte"), (1536, "1.50 KiB", "1.50 KiB")],
)
def test_sizes_have_the_point_of_other_figures(german, size, english_words, german_words):
    assert data_size(size) == german_words
    use_language("en")
    assert data_size(size) == english_words


def test_modules_without_qt_speak_the_same_language(german):
    assert translate("Legend", "Slice {number} / {count}") == "Schicht {number} / {count}"


# ------------------------------------------------------------------------------------------------ errors and commands
@pytest.mark.parametrize("exit_code", [-9, -15, 1])
def test_how_a_command_ended_is_said_in_german(german, exit_code, catalogue):
    ending = ending_of("step 4/8, loss 1.0", exit_code)
    assert ending.message.startswith("Der Prozess")
    assert not catalogue.is_english(ending.hint)


def test_how_far_a_command_is_is_said_in_german(german, qtbot):
    place = last_place("reading the sources [3/2000, about 12 s left]")
    bar = JobBar()
    qtbot.addWidget(bar)
    assert place is not None
    bar.show_place(place)
    assert bar.place.text() == "Quellen werden gelesen: 2 von 2\u202f000, noch 12 s"


def test_what_was_done_to_a_finding_is_told_in_german(german):
    """The log keeps English sentences; each that the session can write is known to the window."""
    ref, left, at = BoxRef(1, 0), NormalizedBox(0.0, 0.0, 0.5, 1.0), "2026-11-22T12:00:00+00:00"
    stone = Found(ref, "series", 0, "stone", left, "open", None, ())
    accepted = with_verdict(Marks(), ref, "accepted", at)
    marks = [
        accepted,
        with_verdict(Marks(), ref, "rejected", at),
        with_verdict(accepted, ref, "open", at),
        with_label(Marks(), stone, "", at),
        with_box(Marks(), stone, NormalizedBox(0.5, 0.0, 0.5, 1.0), at, (100, 50)),
        with_drawn(Marks(), Drawn(ref, "series", 0, "stone", left), at),
    ]
    assert [deed_words(one.mark(ref).deeds[-1].words) for one in marks] == [
        "Angenommen.",
        "Abgelehnt.",
        "Urteil zurückgenommen.",
        "Klasse geändert: “stone” → keine Klasse.",
        "Rahmen geändert: (0, 0)–(50, 50) px → (50, 0)–(100, 50) px.",
        "Von Hand gezeichnet.",
    ]
    assert deed_words("Written by another version.") == "Written by another version."


def test_errors_of_the_desktop_are_said_in_german(german, tmp_path):
    from umed_desktop.pages.train.recipes import read_recipe

    with pytest.raises(MissingFile) as missing:
        read_recipe(tmp_path / "gone.toml")
    assert words_of_error(missing.value) == (
        f"{tmp_path / 'gone.toml'} gibt es nicht.",
        "Wählen Sie ein anderes Rezept.",
    )


# --------------------------------------------------------------------------------------------------- the check itself
def test_a_word_without_translation_would_be_found(tool):
    fresh = [tool.Message("Cards", "Stopped", False, False), tool.Message("Cards", "Unheard of", False, False)]
    kept = [tool.Message("Cards", "Stopped", False, True), tool.Message("Cards", "Gone", False, True)]
    assert tool.missing(fresh, kept) == ["Cards: Unheard of"]
