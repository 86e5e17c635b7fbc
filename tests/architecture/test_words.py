"""Words for a person can be translated: each stands in a form that pyside6-lupdate finds and the window looks up.

How to write them is said in docs/TRANSLATING.md.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from umed_core import errors

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "umed_desktop").rglob("*.py"))

SHOWING = {
    "addAction", "addButton", "addItem", "addItems", "addMenu", "addRow", "addTab", "button", "number_field",
    "setAccessibleDescription", "setAccessibleName", "setHeaderLabels", "setHorizontalHeaderLabels",
    "setPlaceholderText", "setPrefix", "setSpecialValueText", "setStatusTip", "setSuffix", "setTabText", "setText",
    "setTitle", "setToolTip", "setWhatsThis", "setWindowTitle", "show_state", "show_word", "title",
    "QAction", "QCheckBox", "QGroupBox", "QLabel", "QMenu", "QPushButton", "QRadioButton", "QToolBar",
    "getExistingDirectory", "getOpenFileName", "getOpenFileNames", "getSaveFileName",
    "critical", "information", "question", "warning",
    "run", "_run",
}  # fmt: skip
"""Functions and widgets whose words a person sees or hears; `run` names the work that goes on."""

SAME_EVERYWHERE = {
    "umed": "the program's name",
    "SHA-256": "an algorithm's name",
    "https://api.openai.com/v1": "an address",
}
"""Literals that are no word of a language, with the reason."""


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node.func.id if isinstance(node.func, ast.Name) else node.func.attr, node


def literals(node: ast.AST) -> Iterator[str]:
    """The words that stand bare in an argument: also in a list, in either branch of a choice, and in what is added."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(part.value for part in parts if isinstance(part, ast.Constant))
        case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, right=other):
            yield from (*literals(one), *literals(other))
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            for part in parts:
                yield from literals(part)
        case ast.Call(func=ast.Attribute(value=inner, attr="format")):
            yield from literals(inner)


def is_word(text: str) -> bool:
    """Letters of a language: not a sign, a unit's letter, or mark-up alone."""
    bare = re.sub(r"<[^>]*>|&\w+;", "", text)
    return re.search(r"[A-Za-z]{3,}", bare) is not None and text.strip(" :") not in SAME_EVERYWHERE


def is_for_no_person(call: ast.Call) -> bool:
    """A command, a log's line, and a picture's own notes, QImage.setText(key, words): in English whoever makes them."""
    commands = ast.unparse(call.func) == "subprocess.run"
    logs = isinstance(call.func, ast.Attribute) and "log" in ast.unparse(call.func.value).lower()
    notes = ast.unparse(call.func).endswith(".setText") and len(call.args) == 2 and any(literals(call.args[0]))
    return commands or logs or notes


def bare_words(tree: ast.AST) -> list[str]:
    return [
        f"line {call.lineno}: {name}({text!r})"
        for name, call in calls(tree)
        if name in SHOWING and not is_for_no_person(call)
        for argument in call.args
        for text in literals(argument)
        if is_word(text)
    ]


def bare_errors(tree: ast.AST) -> list[str]:
    """Errors whose words are no literal, which the tool reads from the call, and no translated form either."""
    return [
        f"line {call.lineno}: {ast.unparse(call)[:100]}"
        for name, call in calls(tree)
        if name in errors.__all__
        for argument in call.args
        if isinstance(argument, ast.JoinedStr | ast.BinOp) and is_word("".join(literals(argument)))
    ]


def unreadable_marks(tree: ast.AST) -> list[str]:
    """Calls that lupdate passes over, or files under a context in which nothing is looked up."""
    found = []
    in_text = {
        id(inner) for text in ast.walk(tree) if isinstance(text, ast.JoinedStr) for inner in ast.walk(text)
    }  # fmt: skip
    for name, call in calls(tree):
        if name not in ("tr", "translate", "QT_TRANSLATE_NOOP") or not call.args:
            continue
        words = call.args[0 if name == "tr" else min(1, len(call.args) - 1)]
        where = f"line {call.lineno}: {ast.unparse(call)[:80]}"
        if isinstance(words, ast.JoinedStr):
            found.append(f"{where}: an f-string cannot be translated; name the values with {{braces}} and .format()")
        if isinstance(words, ast.Constant) and id(call) in in_text:
            found.append(f"{where}: lupdate does not look into an f-string; make the words before it")
        if name == "tr" and not (isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "self"):
            found.append(f"{where}: lupdate takes what stands before .tr for the context; only self is one")
        if name == "translate" and isinstance(words, ast.Constant) and "%n" in str(words.value):
            found.append(f"{where}: lupdate knows plurals in self.tr alone")
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_words_that_a_person_sees_can_be_translated(module: Path):
    tree = ast.parse(module.read_text("utf-8"))
    assert bare_words(tree) == [], "wrap them: docs/TRANSLATING.md, Writing words"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_errors_of_the_desktop_can_be_translated(module: Path):
    tree = ast.parse(module.read_text("utf-8"))
    assert bare_errors(tree) == [], "wrap them: docs/TRANSLATING.md, Writing words"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_marked_words_are_found_by_lupdate(module: Path):
    tree = ast.parse(module.read_text("utf-8"))
    assert unreadable_marks(tree) == []


@pytest.mark.parametrize(
    "source",
    [
        'label.setText("Open a study")',
        'label.setText(f"{count} findings")',
        'QLabel("Yes" if good else "no box")',
        'table.setHeaderLabels(["Finding", name])',
        'label.setText("<b>Model</b> " + name)',
        'label.setText("Slice {n}".format(n=1))',
        'door.run("Counting files", work, done, failed)',
    ],
)
def test_a_bare_word_is_found(source: str):
    assert len(bare_words(ast.parse(source))) >= 1


def test_an_error_with_a_name_in_it_is_found_and_a_plain_one_is_not():
    assert len(bare_errors(ast.parse('StorageError(f"{path} cannot be read.", "Choose another.")'))) == 1
    assert bare_errors(ast.parse('StorageError("The log is gone.", translate("Errors", "{p}").format(p=p))')) == []


@pytest.mark.parametrize(
    "source",
    ['label.setText(self.tr("Open a study"))', 'label.setText(f"{a} / {b}")', 'label.setText("")', 'QLabel("umed")'],
)
def test_what_is_no_bare_word_is_left_alone(source: str):
    assert bare_words(ast.parse(source)) == []


@pytest.mark.parametrize(
    "source",
    [
        'self.tr(f"{count} files")',
        "f\"<b>{self.tr('Model')}</b>\"",
        'window.tr("Model")',
        'QCoreApplication.translate("Presenting", "%n slice(s)", "", count)',
    ],
)
def test_a_mark_that_lupdate_cannot_read_is_found(source: str):
    assert len(unreadable_marks(ast.parse(source))) == 1
