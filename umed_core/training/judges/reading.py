"""What a text about an image claims: classes asserted and denied, normal or not, places, numbers and facts.

A reader of patterns, not a parser: cues of negation and doubt reach from where they stand to the end of their clause
(NegEx, see `lexicon`). Boxes are left to the localisation reward: their numbers are not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, TypeAlias

from umed_core.mau.knowledge import CLASSES
from umed_core.prompts import BOX_END, BOX_START, CLASS_SYNONYMS
from umed_core.training.judges import lexicon

__all__ = ["Claims", "Reader", "without_boxes"]

_BOX_TEXT = re.compile(rf"{re.escape(BOX_START)}[^\[a-zA-Z]*(?:{re.escape(BOX_END)})?|{re.escape(BOX_END)}")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_NUMBER = re.compile(r"(?<![\d.])\d+(?:\.\d+)?")


def _words_of(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b")


_DENIED_BEFORE, _DENIED_NOUN = _words_of(lexicon.DENIED_BEFORE), _words_of(lexicon.DENIED_NOUN)
_FINITE_VERB = _words_of(lexicon.FINITE_VERB)
_DENIED_AFTER = _words_of(lexicon.DENIED_AFTER)
_NOT_DENIED = _words_of(lexicon.NOT_DENIED)
_ONLY_MENTIONED = _words_of(lexicon.ONLY_MENTIONED)
_SCOPE_END = re.compile(lexicon.SCOPE_END)
_NORMAL, _ABNORMAL, _DETECTED = (_words_of(p) for p in (lexicon.NORMAL, lexicon.ABNORMAL, lexicon.DETECTED))
_PLACES = {name: _words_of(pattern) for name, pattern in lexicon.PLACES.items()}
_SAME_PHRASE, _SAME_WORD = (
    _words_of("|".join(rf"(?P<g{number}>{pattern})" for number, (pattern, _) in enumerate(table)))
    for table in (lexicon.SAME_PHRASE, lexicon.SAME_WORD)
)
_OPENING = re.compile(
    r"(?P<yes>yes|indeed|i do|it is|there is|right)\s*(?:[,.!]|$)|"
    r"(?P<no>no|i (?:do not|don't)|it (?:is not|isn't)|there (?:is not|isn't)|that is not seen|not seen|nope)\s*(?:[,.!]|$)"
)
_ASKS_PRESENCE = re.compile(
    r"is there|are there|do you see|can you see|show|sign of|visible|check|could this be|suspect|in this|here\b"
)
_ASKS_NORMAL = _words_of(r"normal|healthy|fine|all right|nothing|everything|stop worrying|no disease")
_ASKS_ABNORMAL = _words_of(r"wrong|abnormal\w*|unusual|lesion|suspicious|anomal\w+")


Status: TypeAlias = Literal["asserted", "denied", "mentioned"]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a text says. `mentioned` classes are neither asserted nor denied; facts are words, told as so or as not so."""

    asserted: frozenset[str]
    denied: frozenset[str]
    mentioned: frozenset[str]
    says_normal: bool
    says_abnormal: bool
    has_box: bool
    places: frozenset[str]
    numbers: tuple[float, ...]
    facts: frozenset[str]
    denied_facts: frozenset[str]


def without_boxes(text: str) -> str:
    """The text in lower case and single spaces, less its boxes, well-formed or not."""
    plain = _BOX_TEXT.sub(" ", text).replace("\u2019", "'").replace("*", " ").lower()
    return _SPACE.sub(" ", plain).strip()


class Reader:
    """Reads texts about images that show `classes`; spellings are those of `prompts` and of `lexicon`."""

    def __init__(self, classes: Sequence[str] = CLASSES) -> None:
        label_of: dict[str, str] = {}
        for label in classes:
            for spelling in (*CLASS_SYNONYMS.get(label.lower(), ()), label):
                label_of.setdefault(spelling.lower(), label.lower())
        self._label_of = label_of
        spellings = sorted(label_of, key=len, reverse=True)
        self._spelled = re.compile(rf"\b(?:{'|'.join(map(re.escape, spellings))})\b")
        known = [label for label in lexicon.CLASS_PATTERNS if label in label_of.values()]
        self._labels = {f"c{number}": label for number, label in enumerate(known)}
        patterns = [rf"(?P<{name}>{lexicon.CLASS_PATTERNS[label]})" for name, label in self._labels.items()]
        self._patterns = _words_of("|".join(patterns) or "(?!)")
        self.read = lru_cache(maxsize=4096)(self._read)

    def _read(self, text: str, question: str = "") -> Claims:
        """The claims of a text; a short yes or no at its start is read as an answer to `question`."""
        plain = without_boxes(text)
        opening = _OPENING.match(plain) if question else None
        told = plain[opening.end() :].strip() if opening else plain
        notes = self._noted(told)
        if opening:
            self._answer(without_boxes(question), opening["yes"] is not None, notes)
        has_box = BOX_START in text
        # In "this CT image shows ..." they tell nothing; in "is confirmed by CT" they do.
        aside = lexicon.KINDS_OF_IMAGE if has_box or notes.normal else frozenset()
        classes, facts = notes.classes, notes.facts
        return Claims(
            asserted=frozenset(classes["asserted"]),
            denied=frozenset(classes["denied"]),
            mentioned=frozenset(classes["mentioned"] - classes["asserted"] - classes["denied"]),
            says_normal=notes.normal,
            says_abnormal=notes.abnormal or has_box,
            has_box=has_box,
            places=frozenset(name for name, pattern in _PLACES.items() if pattern.search(told)),
            numbers=tuple(float(number) for number in _NUMBER.findall(told)),
            facts=frozenset(facts["asserted"] | facts["mentioned"]) - aside,
            denied_facts=frozenset(facts["denied"]) - aside,
        )

    def _noted(self, told: str) -> _Notes:
        """What each clause says."""
        notes = _Notes()
        named = self._classes_in(told)
        blanked = _blanked(told, named)
        for start, end in _clauses(told):
            clause, less_classes = told[start:end], blanked[start:end]
            cues = _Cues(clause)
            for label, place, _ in named:
                if start <= place < end:
                    notes.classes[cues.status(place - start)].add(label)
            for word, place in _content_words(less_classes):
                notes.facts[cues.status(place)].add(word)
            # Less its classes: to deny one lesion is not to say that all is well.
            notes.normal |= _says(_NORMAL, clause, cues, "asserted") or _says(_ABNORMAL, less_classes, cues, "denied")
            notes.abnormal |= _says(_NORMAL, clause, cues, "denied")
            notes.abnormal |= _DETECTED.search(clause) is not None and _says(_ABNORMAL, clause, cues, "asserted")
        return notes

    def _answer(self, asked: str, is_yes: bool, notes: _Notes) -> None:
        """Adds what yes or no means after this question: of a class, of the whole image, or of a fact."""
        status: Status = "asserted" if is_yes else "denied"
        about = self._classes_in(asked)
        if about and _ASKS_PRESENCE.search(asked):
            notes.classes[status].update(label for label, _, _ in about)
        elif _ASKS_NORMAL.search(asked):
            notes.normal, notes.abnormal = notes.normal or is_yes, notes.abnormal or not is_yes
        elif _ASKS_ABNORMAL.search(asked):
            notes.normal, notes.abnormal = notes.normal or not is_yes, notes.abnormal or is_yes
        else:
            notes.facts[status].update(word for word, _ in _content_words(_blanked(asked, about)))

    def _classes_in(self, text: str) -> list[tuple[str, int, int]]:
        """Each class named and the range of characters that names it, the longest spelling of each place."""
        found = [(self._label_of[match[0]], *match.span()) for match in self._spelled.finditer(text)]
        rest = _blanked(text, found)
        return found + [(self._labels[match.lastgroup or ""], *match.span()) for match in self._patterns.finditer(rest)]


def _by_status() -> dict[Status, set[str]]:
    return {"asserted": set(), "denied": set(), "mentioned": set()}


@dataclass(slots=True)
class _Notes:
    """Claims in the making."""

    classes: dict[Status, set[str]] = field(default_factory=_by_status)
    facts: dict[Status, set[str]] = field(default_factory=_by_status)
    normal: bool = False
    abnormal: bool = False


class _Cues:
    """Where in one clause things are denied or only mentioned."""

    def __init__(self, clause: str) -> None:
        left_open = [match.span() for match in _NOT_DENIED.finditer(clause)]

        def told_by(cue: re.Pattern[str]) -> list[tuple[int, int]]:
            spans = (match.span() for match in cue.finditer(clause))
            return [(a, b) for a, b in spans if not any(start < b and a < end for start, end in left_open)]

        self._denied = [(start, len(clause)) for start, _ in told_by(_DENIED_BEFORE)]
        for start, end in told_by(_DENIED_NOUN):
            verb = _FINITE_VERB.search(clause, end)
            self._denied.append((start, verb.start() if verb else len(clause)))
        self._denied += [(-1, start) for start, _ in told_by(_DENIED_AFTER)]
        doubt = _ONLY_MENTIONED.search(clause)
        self._mentioned_from = doubt.start() if doubt else len(clause)

    def status(self, place: int) -> Status:
        if place >= self._mentioned_from:
            return "mentioned"
        return "denied" if any(start < place < end for start, end in self._denied) else "asserted"


def _says(pattern: re.Pattern[str], clause: str, cues: _Cues, status: Status) -> bool:
    return any(cues.status(match.start()) == status for match in pattern.finditer(clause))


def _clauses(text: str) -> list[tuple[int, int]]:
    """The ranges of characters between the ends of scope."""
    ends = [match.span() for match in _SCOPE_END.finditer(text)]
    starts = [0, *(end for _, end in ends)]
    return [
        (start, end)
        for start, end in zip(starts, [*(start for start, _ in ends), len(text)], strict=True)
        if start < end
    ]


def _blanked(text: str, named: Sequence[tuple[str, int, int]]) -> str:
    """The text with spaces for what is named, as long as before."""
    for _, start, end in named:
        text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
    return text


def _content_words(clause: str) -> list[tuple[str, int]]:
    """Words that state something, in the one form of those that mean the same, and where they stand."""
    phrases = [
        (word, match.start()) for match in _SAME_PHRASE.finditer(clause) for word in _meant(match, lexicon.SAME_PHRASE)
    ]
    rest = _SAME_PHRASE.sub(lambda match: " " * len(match[0]), clause)
    return phrases + [(word, match.start()) for match in _WORD.finditer(rest) for word in _forms(match[0])]


def _meant(match: re.Match[str], table: Sequence[tuple[str, str]]) -> list[str]:
    return table[int((match.lastgroup or "g0")[1:])][1].split()


@lru_cache(maxsize=8192)
def _forms(word: str) -> tuple[str, ...]:
    """The form that a word shares with those of its meaning; none for a function word and one that any report holds."""
    if word in lexicon.FUNCTION_WORDS or word in lexicon.GENERIC_WORDS:
        return ()
    same = _SAME_WORD.fullmatch(word)
    return tuple(_meant(same, lexicon.SAME_WORD)) if same else (_stem(word),)


def _stem(word: str) -> str:
    """The word less its ending: enough to take "crystals" and "crystal" for one."""
    for ending in ("ings", "ing", "ed", "ies", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word
