"""`make translations`: reads the window's words out of the sources and packs the catalogues that the window loads.

    python packaging/translations.py            words into assets/umed_assets/translations/*.ts, and from there into *.qm
    python packaging/translations.py --check    says which words have no translation yet; exit code 1 where there are some

docs/TRANSLATING.md tells a translator what to do with them.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
CATALOGUES = ROOT / "assets" / "umed_assets" / "translations"
LANGUAGES = ("de",)
"""English needs a catalogue for its plurals alone."""


class Message(NamedTuple):
    context: str
    source: str
    is_plural: bool
    is_finished: bool


def words_of_tables() -> list[tuple[str, str]]:
    """(context, text) of words that stand without a mark: actions, the desktop's errors, names of the CLI."""
    from umed_cli.build_mau import STEP_WORDS
    from umed_core import errors as core
    from umed_core.exporting.export import EXPORT_FORMS
    from umed_core.prompts import RESEARCH_USE_ONLY
    from umed_desktop.actions import ACTIONS, PAGES, PRESETS
    from umed_desktop.pages.review.record_panel import VERDICTS

    shown = [text for spec in ACTIONS for text in (spec.menu, spec.text, spec.tip) if text]
    kinds = set(core.__all__) - {"Cancelled"}  # which ends work, and is shown to nobody
    errors = [
        argument.value
        for module in sorted((ROOT / "umed_desktop").rglob("*.py"))
        for call in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in kinds
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
    return [
        *(("Errors", text) for text in dict.fromkeys(errors)),
        *(("Actions", text) for text in dict.fromkeys((*shown, *PAGES, *PRESETS))),
        *(("ExportForms", text) for text in EXPORT_FORMS.values()),
        *(("Steps", doing) for doing in STEP_WORDS.values()),
        *(("Verdicts", deed) for deed, _, _ in VERDICTS),
        ("Everywhere", RESEARCH_USE_ONLY),
    ]


def update(folder: Path) -> None:
    """Brings the .ts files in `folder` up to the sources: new words come in unfinished, words that are gone go."""
    with tempfile.TemporaryDirectory() as scratch:
        tables = Path(scratch) / "tables.py"
        marked = (f"QT_TRANSLATE_NOOP({context!r}, {text!r})" for context, text in words_of_tables())
        tables.write_text("\n".join(marked) + "\n", "utf-8")
        sources = [str(path) for path in sorted((ROOT / "umed_desktop").rglob("*.py"))] + [str(tables)]
        quiet = ("-silent", "-no-obsolete", "-locations", "none", "-no-ui-lines")
        _qt_tool(
            "lupdate",
            *quiet,
            *sources,
            "-pluralonly",
            "-source-language",
            "en",
            "-target-language",
            "en",
            "-ts",
            str(folder / "umed_en.ts"),
        )
        for language in LANGUAGES:
            to = ("-source-language", "en", "-target-language", language, "-ts", str(folder / f"umed_{language}.ts"))
            _qt_tool("lupdate", *quiet, *sources, *to)


def release(folder: Path, into: Path) -> None:
    """Packs each .ts of `folder` as a .qm."""
    for catalogue in sorted(folder.glob("*.ts")):
        _qt_tool("lrelease", "-silent", str(catalogue), "-qm", str(into / f"{catalogue.stem}.qm"))


def messages(catalogue: Path) -> list[Message]:
    """What a .ts file holds."""
    found = []
    for context in ET.parse(catalogue).getroot().iter("context"):
        name = context.findtext("name") or ""
        for message in context.iter("message"):
            translation = message.find("translation")
            is_finished = translation is not None and translation.get("type") is None
            is_plural = message.get("numerus") == "yes"
            found.append(Message(name, message.findtext("source") or "", is_plural, is_finished))
    return found


def missing(now: Iterable[Message], kept: Iterable[Message]) -> list[str]:
    """The words of `now` that `kept` has no finished translation of, a line each."""
    finished = {(one.context, one.source) for one in kept if one.is_finished}
    return [f"{one.context}: {one.source}" for one in now if (one.context, one.source) not in finished]


def words_without_translation() -> list[str]:
    """What the sources say now and a catalogue does not yet, each with the catalogue's name; nothing is written."""
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        update(Path(scratch))
        for fresh in sorted(Path(scratch).glob("*.ts")):
            lines = missing(messages(fresh), messages(CATALOGUES / fresh.name))
            found += [f"{fresh.name}: {line}" for line in lines]
    return found


def _qt_tool(name: str, *arguments: str) -> None:
    """Runs a tool that comes with PySide6."""
    call = f"from PySide6.scripts.pyside_tool import {name}; {name}()"
    done = subprocess.run([sys.executable, "-c", call, *arguments], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{name} failed: {done.stdout}{done.stderr}")


def main() -> int:
    sys.path[:0] = [str(ROOT), str(ROOT / "assets"), str(ROOT / "cli")]
    if "--check" in sys.argv[1:]:
        found = words_without_translation()
        sys.stdout.write("\n".join(found or ["Every word is translated."]) + "\n")
        return 1 if found else 0
    update(CATALOGUES)
    release(CATALOGUES, CATALOGUES)
    for catalogue in sorted(CATALOGUES.glob("*.ts")):
        held = messages(catalogue)
        left = sum(not one.is_finished for one in held)
        sys.stdout.write(f"{catalogue.name}: {len(held)} messages, {left} to translate\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
