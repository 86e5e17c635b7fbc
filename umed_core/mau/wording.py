"""Conversations about known findings: a question, an answer in the paper's order, and follow-ups, from a seeded draw.

The words teach a small model to speak, and answer for the `template` teacher of `umed build-mau`. Nothing is read
from the image: boxes and classes come from annotations, and general facts from `knowledge`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from umed_core.errors import DataError
from umed_core.geometry import NormalizedBox
from umed_core.mau.knowledge import CLASSES, KNOWLEDGE, noun_phrase
from umed_core.mau.phrases import (
    ANSWERS,
    DIRECTED_QUESTIONS,
    NORMAL_ANSWERS,
    NORMAL_TOPICS,
    QUESTIONS,
    SIZE,
    SIZE_ANSWERS,
    TOPICS,
    WHERE,
    WHERE_ANSWERS,
    Topic,
)
from umed_core.prompts import DEFAULT_QUESTION, format_box
from umed_core.records import Finding, Turn

__all__ = ["MAX_BOXES", "QUESTIONS", "all_texts", "coarse_place", "image_words", "write_conversation"]

MAX_BOXES = 3
"""Boxes an answer writes at most, largest first."""

DEFAULT_SHARE = 0.25
DIRECTED_SHARE = 0.15
ABSENT_CLASS_SHARE = 0.33
"""Shares of DEFAULT_QUESTION, of class-directed questions, and of those among them that ask for a class not there."""

_IMAGE_WORDS = {
    "ct": "CT image",
    "mr": "MR image",
    "mri": "MR image",
    "us": "ultrasound image",
    "ultrasound": "ultrasound image",
    **dict.fromkeys(("dx", "cr", "xr", "x-ray", "xray", "radiograph"), "X-ray image"),
    **dict.fromkeys(("es", "endoscopy", "colonoscopy"), "endoscopic image"),
}

_LESIONS = tuple(label for label in CLASSES if label.endswith(" lesion"))
_ENDOSCOPIC = ("polyp",)
_CT = ("kidney stone", *_LESIONS)
_X_RAY = tuple(label for label in CLASSES if label not in (*_ENDOSCOPIC, *_CT))
_CLASSES_SHOWN_BY = {"CT image": _CT, "X-ray image": _X_RAY, "endoscopic image": _ENDOSCOPIC}
"""Classes whose annotated datasets have this modality; a normal image is asked about one of these."""


def write_conversation(
    findings: tuple[Finding, ...], modality: str, rng: random.Random, follow_ups: int
) -> tuple[Turn, ...]:
    """A question about the image and its grounded answer, then up to `follow_ups` >= 0 further pairs, no topic twice.

    `modality` is a DICOM code or a plain word ("CT", "DX", "endoscopy"); an unknown one is called "medical image".
    Facts are told of the largest finding; one of a class without knowledge is asked only for its place and size.
    Raises: DataError for a box that does not lie on the image.
    """
    image = image_words(modality)
    if not findings:
        return _normal_conversation(image, rng, follow_ups)
    shown = _largest_first(findings)
    question, opening = _question_about(findings, image, rng)
    answer = opening + _grounded(rng.choice(ANSWERS), shown, image)
    turns = [Turn("user", question), Turn("assistant", answer)]
    topics = [t for t in TOPICS if not t.fact or shown[0].label in KNOWLEDGE]
    for topic in rng.sample(topics, min(follow_ups, len(topics))):
        turns.append(Turn("user", _fill(rng.choice(rng.choice((topic.named, topic.pronoun))), shown[0].label)))
        turns.append(Turn("assistant", _follow_up_answer(topic, shown, rng)))
    return tuple(turns)


def all_texts(seed: int, count: int) -> Iterator[str]:
    """`count` utterances to train a tokenizer from: every fact once, then conversations over all classes."""
    rng = random.Random(seed)
    facts = [
        fact for label in CLASSES for topic in TOPICS if topic.fact for fact in getattr(KNOWLEDGE[label], topic.fact)
    ]
    yield from facts[:count]
    left = count - len(facts)
    while left > 0:
        for turn in _random_conversation(rng)[:left]:
            yield turn.text
            left -= 1


def image_words(modality: str) -> str:
    """What to call an image of this modality: "CT image", "X-ray image", "endoscopic image", else "medical image"."""
    return _IMAGE_WORDS.get(modality.strip().lower(), "medical image")


def coarse_place(box: NormalizedBox) -> str:
    """The cell of a 3 x 3 grid that holds the box's centre, as seen on the image: "upper left part", "central part"."""
    x, y = box.center
    column = ("left", "", "right")[min(int(x * 3), 2)]
    row = ("upper", "", "lower")[min(int(y * 3), 2)]
    if not row and not column:
        return "central part"
    return f"{row} {column or 'middle'} part" if row else f"{column} part"


def _normal_conversation(image: str, rng: random.Random, follow_ups: int) -> tuple[Turn, ...]:
    asked = rng.choice(_CLASSES_SHOWN_BY.get(image, CLASSES)) if rng.random() < DIRECTED_SHARE else ""
    question = _fill(rng.choice(DIRECTED_QUESTIONS), asked) if asked else _open_question(rng)
    turns = [Turn("user", question), Turn("assistant", rng.choice(NORMAL_ANSWERS).format(image=image))]
    for topic in rng.sample(NORMAL_TOPICS, min(follow_ups, len(NORMAL_TOPICS))):
        turns.append(Turn("user", rng.choice(topic.questions)))
        turns.append(Turn("assistant", rng.choice(topic.answers)))
    return tuple(turns)


def _question_about(findings: tuple[Finding, ...], image: str, rng: random.Random) -> tuple[str, str]:
    """A question, and the word with which its answer opens where it asks for one class."""
    if rng.random() >= DIRECTED_SHARE:
        return _open_question(rng), ""
    present = {finding.label.lower() for finding in findings}
    # Only other modalities' classes are surely absent: annotated images may hold unmarked findings of their own kind.
    possible = {c for shown in _CLASSES_SHOWN_BY.values() if present & set(shown) for c in shown}
    absent = [
        c for c in CLASSES if c not in possible and c not in _CLASSES_SHOWN_BY.get(image, ()) and c not in present
    ]
    if possible and absent and rng.random() < ABSENT_CLASS_SHARE:
        return _fill(rng.choice(DIRECTED_QUESTIONS), rng.choice(absent)), "That is not seen. "
    asked = _largest_first(findings)[0].label
    return _fill(rng.choice(DIRECTED_QUESTIONS), asked), "Yes. "


def _open_question(rng: random.Random) -> str:
    return DEFAULT_QUESTION if rng.random() < DEFAULT_SHARE / (1 - DIRECTED_SHARE) else rng.choice(QUESTIONS[1:])


def _largest_first(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    written = (Finding(finding.label, _writable(finding)) for finding in findings)
    return tuple(sorted(written, key=lambda finding: -finding.box.area))[:MAX_BOXES]


def _writable(finding: Finding) -> NormalizedBox:
    """The box on the image, at least a thousandth wide and high so that its three decimals still have area."""
    box = finding.box.clipped()
    if not box.area > 0:
        raise DataError(
            f'The box of a finding "{finding.label}" does not lie on the image: {finding.box}.',
            "Check the units of the annotation: x, y, w, h are fractions of the image.",
        )
    return NormalizedBox(box.x, box.y, max(box.w, 0.001), max(box.h, 0.001))


def _grounded(pattern: str, shown: tuple[Finding, ...], image: str) -> str:
    first, *further = shown
    answer = pattern.format(
        place=coarse_place(first.box), box=format_box(first.box), noun=noun_phrase(first.label), image=image
    )
    if any(finding.label != first.label for finding in further):
        return answer + "".join(f" Also at {format_box(f.box)}: {noun_phrase(f.label)}." for f in further)
    boxes = " and ".join(format_box(finding.box) for finding in further)
    return answer + ("", f" A further one lies at {boxes}.", f" Further ones lie at {boxes}.")[len(further)]


def _follow_up_answer(topic: Topic, shown: tuple[Finding, ...], rng: random.Random) -> str:
    first = shown[0]
    if topic is WHERE:
        return _grounded(rng.choice(WHERE_ANSWERS), shown, image="")
    if topic is SIZE:
        return rng.choice(SIZE_ANSWERS).format(label=first.label, w=_percent(first.box.w), h=_percent(first.box.h))
    facts: tuple[str, ...] = getattr(KNOWLEDGE[first.label], topic.fact)
    return rng.choice(facts)


def _percent(share: float) -> str:
    return f"about {round(share * 100)}%" if share >= 0.01 else "less than 1%"


def _fill(question: str, label: str) -> str:
    return question.format(noun=noun_phrase(label), label=label)


def _random_conversation(rng: random.Random) -> tuple[Turn, ...]:
    modality = rng.choice(("CT", "DX", "ES", ""))
    classes = _CLASSES_SHOWN_BY.get(image_words(modality), CLASSES)
    findings = tuple(Finding(rng.choice(classes), _random_box(rng)) for _ in range(rng.choice((0, 1, 1, 1, 2, 3))))
    return write_conversation(findings, modality, rng, rng.randrange(4))


def _random_box(rng: random.Random) -> NormalizedBox:
    w, h = rng.uniform(0.01, 0.8), rng.uniform(0.01, 0.8)
    return NormalizedBox(rng.uniform(0, 1 - w), rng.uniform(0, 1 - h), w, h)
