"""Every prompt, and the grammar of a grounded answer, both ways.

A box is written as the paper writes it, `[bbox_start] x, y, w, h [bbox_end]`: top-left corner, width and height in
0..1 of the image. These text coordinates exist only here. (The paper's prompt names the numbers x1,y1,x2,y2 but
explains x2,y2 as width and height, and all its examples are xywh; reading one as xyxy is a bug. See METHOD.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from umed_core.errors import DataError
from umed_core.geometry import NormalizedBox
from umed_core.records import Finding, Turn

__all__ = [
    "BOX_END",
    "BOX_START",
    "DEFAULT_QUESTION",
    "RESEARCH_USE_ONLY",
    "TEACHER_PROMPTS_VERSION",
    "BoxPlace",
    "ParsedBox",
    "about_images",
    "class_named",
    "correction_prompt",
    "diagnosis_prompt",
    "format_box",
    "labelled_boxes",
    "parse_boxes",
    "parse_conversation",
    "places_of_boxes",
    "reflection_prompt",
]

BOX_START = "[bbox_start]"
BOX_END = "[bbox_end]"
DEFAULT_QUESTION = "What is abnormal in this image, and where is it?"
RESEARCH_USE_ONLY = "Research use only. Not a medical device."

_NUMBER = r"\s*(-?\d*\.?\d+)\s*"
_BOX = re.compile(re.escape(BOX_START) + ",".join([_NUMBER] * 4) + re.escape(BOX_END))

_TUBERCULOSIS = ("pulmonary tuberculosis", "tuberculosis", "tb", "ActiveTuberculosis", "ObsoletePulmonaryTuberculosis")
_EFFUSION = ("pleural effusion", "pleural effusions", "effusion", "effusions", "pleural fluid")

CLASS_SYNONYMS: dict[str, tuple[str, ...]] = {
    "kidney stone": ("kidney stone", "kidney stones", "renal stone", "renal stones", "renal calculus", "renal calculi",
                     "kidney calculus", "kidney calculi", "nephrolithiasis"),
    "pulmonary tuberculosis": _TUBERCULOSIS,
    "tuberculosis": _TUBERCULOSIS,
    "polyp": ("polyp", "polyps"),
    "bone lesion": ("bone lesion", "bone lesions", "osseous lesion", "osseous lesions"),
    "abdomen lesion": ("abdomen lesion", "abdomen lesions", "abdominal lesion", "abdominal lesions"),
    "mediastinum lesion": ("mediastinum lesion", "mediastinum lesions", "mediastinal lesion", "mediastinal lesions"),
    "liver lesion": ("liver lesion", "liver lesions", "hepatic lesion", "hepatic lesions"),
    "lung lesion": ("lung lesion", "lung lesions", "pulmonary lesion", "pulmonary lesions"),
    "kidney lesion": ("kidney lesion", "kidney lesions", "renal lesion", "renal lesions"),
    "soft tissue lesion": ("soft tissue lesion", "soft tissue lesions", "soft-tissue lesion", "soft-tissue lesions"),
    "pelvis lesion": ("pelvis lesion", "pelvis lesions", "pelvic lesion", "pelvic lesions"),
    "atelectasis": ("atelectasis", "atelectases", "atelectatic"),
    "cardiomegaly": ("cardiomegaly", "enlarged heart", "heart enlargement", "enlargement of the heart"),
    "consolidation": ("consolidation", "consolidations"),
    "edema": ("edema", "oedema"),
    "pleural effusion": _EFFUSION,
    "effusion": _EFFUSION,
    "emphysema": ("emphysema", "emphysematous"),
    "fibrosis": ("fibrosis", "fibrotic"),
    "hernia": ("hernia", "hernias", "herniation"),
    "infiltration": ("infiltration", "infiltrations", "infiltrate", "infiltrates"),
    "mass": ("mass", "masses"),
    "nodule": ("nodule", "nodules"),
    "pleural thickening": ("pleural thickening", "thickening of the pleura", "thickened pleura"),
    "pneumonia": ("pneumonia", "pneumonias"),
    "pneumothorax": ("pneumothorax", "pneumothoraces"),
    "fracture": ("fracture", "fractures", "fractured"),
    "ground glass opacity": ("ground glass opacity", "ground glass opacities", "ground-glass opacity",
                             "ground-glass opacities", "ggo"),
}  # fmt: skip
"""Spellings that count as naming a class; a class that is not listed counts by its own name."""


@dataclass(frozen=True, slots=True)
class ParsedBox:
    """A box read from an answer, and the half-open range of characters that spells it."""

    box: NormalizedBox
    start: int
    end: int


def format_box(box: NormalizedBox) -> str:
    """`[bbox_start] 0.123, 0.456, 0.100, 0.200 [bbox_end]`: three decimals, a thousandth of the image."""
    numbers = ", ".join(f"{min(max(v, 0.0), 1.0):.3f}" for v in (box.x, box.y, box.w, box.h))
    return f"{BOX_START} {numbers} {BOX_END}"


def parse_boxes(text: str) -> list[ParsedBox]:
    """Every well-formed box of an answer, in order; one without area or off the image is left out."""
    parsed = (
        ParsedBox(NormalizedBox(*(float(number) for number in found.groups())), found.start(), found.end())
        for found in _BOX.finditer(text)
    )
    return [p for p in parsed if p.box.is_valid()]


def class_named(text: str, label: str) -> bool:
    """Whether an answer names a class: whole words, case and synonyms folded. Source: the paper's ACC."""
    return _naming(label).search(text) is not None


@lru_cache(maxsize=512)  # more patterns than `re` keeps, and a build asks for each some 100,000 times
def _naming(label: str) -> re.Pattern[str]:
    spellings = CLASS_SYNONYMS.get(label.lower(), (label,))
    return re.compile("|".join(rf"\b{re.escape(s)}\b" for s in spellings), re.IGNORECASE)


def labelled_boxes(text: str, classes: tuple[str, ...], image_count: int = 1) -> list[tuple[str, NormalizedBox]]:
    """Boxes with the class that the answer gives each: the first class named after the box, else the last before it.

    Of an answer about several images only the passage about the box's own counts.
    """
    found: list[tuple[str, NormalizedBox]] = []
    for parsed, place in zip(parse_boxes(text), places_of_boxes(text, image_count), strict=True):
        after = _first_named(text[parsed.end : place.end], classes)
        found.append((after or _first_named(text[place.start : parsed.start], classes), parsed.box))
    return found


def _first_named(text: str, classes: tuple[str, ...]) -> str:
    """The class whose earliest spelling comes first; "" where none is named."""
    places: dict[str, int] = {}
    for label in classes:
        spellings = CLASS_SYNONYMS.get(label.lower(), (label,))
        hits = [re.search(rf"\b{re.escape(spelling)}\b", text, re.IGNORECASE) for spelling in spellings]
        if starts := [hit.start() for hit in hits if hit]:
            places[label] = min(starts)
    return min(places, key=lambda label: places[label], default="")


# ----------------------------------------------------------------------------- several images in one question

_IMAGE_NAME = re.compile(
    r"\b(?:image|picture|figure|scan)s?\s*(?:no\.?\s*|number\s+|#\s*)?(?P<number>\d{1,2})\b"
    r"|\b(?P<ordinal>first|second|third|fourth|fifth|sixth|seventh|eighth)\s+(?:image|picture|figure|scan)\b",
    re.IGNORECASE,
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_SENTENCE_END = re.compile(r"[.!?]+(?=\s|$)|\n+")


def about_images(question: str, count: int) -> str:
    """A question as a model is asked it: one about several images says how they are called, so that boxes can be told apart."""
    if count < 2:
        return question
    return (
        f"There are {count} images, called image 1 to image {count} in their order. Name the image before each box that "
        f"lies on it, as in: Image 2: ...\n{question}"
    )


@dataclass(frozen=True, slots=True)
class BoxPlace:
    """On which image of a question a box lies, from 0, and the characters of the answer that go on about it."""

    image: int
    start: int
    end: int


def places_of_boxes(text: str, count: int) -> list[BoxPlace]:
    """Where each box of `parse_boxes` lies among `count` images; a box itself has no room for it.

    A sentence that names an image before its first box ("In image 2 at [box]") gives each box the image named last
    before it; one that names it later ("a stone at [box] in image 2") the first image named after it. A sentence that
    names none goes on about the image named last before, and an answer that names none is about the first.
    """
    boxes = parse_boxes(text)
    if count < 2:
        return [BoxPlace(0, 0, len(text)) for _ in boxes]
    plain = _BOX.sub(lambda box: "x" * len(box.group()), text)
    named = [(n.start(), n.end(), image) for n in _IMAGE_NAME.finditer(plain) if 0 <= (image := _number_of(n)) < count]
    ends = [*(stop.end() for stop in _SENTENCE_END.finditer(plain)), len(text)]
    images: dict[int, int] = {}
    cuts = [0]
    latest = begin = 0
    for end in ends:
        inside = [name for name in named if begin <= name[0] < end]
        mine = [box for box in boxes if begin <= box.start < end]
        names_first = not mine or (bool(inside) and inside[0][0] < mine[0].start)
        for box in mine:
            before = [image for start, _, image in inside if start < box.start]
            after = [image for start, _, image in inside if start >= box.end]
            near = before[-1:] if names_first else after[:1] or before[-1:]
            images[box.start] = near[0] if near else latest
        if inside:
            latest = inside[-1][2]
            cuts += (
                [begin, *(start for start, _, _ in inside[1:])] if names_first else [begin, *(e for _, e, _ in inside)]
            )
        begin = end
    cuts = sorted({*cuts, len(text)})
    return [
        BoxPlace(
            images[box.start],
            max(cut for cut in cuts if cut <= box.start),
            min(cut for cut in cuts if cut > box.start),
        )
        for box in boxes
    ]


def _number_of(name: re.Match[str]) -> int:
    """The image that a name means, from 0."""
    return int(name["number"]) - 1 if name["number"] else _ORDINALS.index(name["ordinal"].lower())


# ------------------------------------------------------------- what `umed build-mau` asks a teacher (paper, Fig. 2)

TEACHER_PROMPTS_VERSION = "1"
"""Goes up with any change to a teacher's prompt, so that stored answers to the old one are not taken for the new one's."""

_ROLE = (
    "You write training text for a research model that reads medical images. Experts have already made the diagnosis "
    "and marked its place: you explain what is known and do not diagnose. Say nothing of a patient's name, age, date or "
    "other text in the image. Research use only."
)

_COORDINATES = (
    f"The top-left corner of this image is (x, y) = (0, 0), the bottom-right corner is (1, 1). A bounding box is written "
    f"{BOX_START} x, y, w, h {BOX_END}: x and y of its top-left corner, then its width and height. Copy the numbers of "
    f"each box exactly and write no other box."
)

_FORM = "Write every pair in this form, without Markdown, and nothing else:\nQuestion: ...\nAnswer: ..."


def diagnosis_prompt(findings: tuple[Finding, ...], modality: str) -> tuple[Turn, ...]:
    """Asks for an explanation of known findings, or of their absence (paper, Fig. 2, "Prompt Design").

    `modality` is in words ("chest X-ray") or "". Raises: DataError for a box off the image.
    """
    if findings:
        task = (
            "Task Description: Generate a response based on the provided medical image, abnormal type, and the bounding "
            f"box (bbox) of the lesion area. Mark each lesion area with {BOX_START} and {BOX_END}."
        )
        output = (
            "Output: Generate a medical response of at most 150 words with the abnormal type and the mark of each lesion "
            "area, what the type may mean, and what would confirm it. Let's think step by step."
        )
    else:
        task = "Task Description: Generate a response based on the provided medical image, which shows no abnormality."
        output = (
            "Output: Generate a medical response of at most 80 words that says that no abnormality is seen, and no "
            "bounding box."
        )
    return Turn("system", _ROLE), Turn("user", f"{task}\n{_known(findings, modality)}\n{output}")


def reflection_prompt(findings: tuple[Finding, ...], modality: str, diagnosis: str) -> tuple[Turn, ...]:
    """Asks to put a diagnosis in the paper's order, detect, box, class, as questions and answers (Fig. 2, "Reflection")."""
    if findings:
        order = (
            "Reorganize the existing answer to better fit a question about the image. Start by addressing anomaly "
            "detection, then determine the bounding box region, and finally identify the type. The first question must "
            "not give the type or the place away, and its answer holds every box and names every type. Up to two further "
            "pairs may follow. Answers are concise and logically coherent."
        )
    else:
        order = (
            "Reorganize the existing answer to better fit a question whether and where the image is abnormal. The answer "
            "says concisely that no abnormality is seen and holds no bounding box. One pair is enough."
        )
    user = f"{order}\n{_FORM}\n\n{_known(findings, modality)}\n\nExisting answer:\n{diagnosis.strip()}"
    return Turn("system", _ROLE), Turn("user", user)


def correction_prompt(messages: tuple[Turn, ...], reply: str, reason: str) -> tuple[Turn, ...]:
    """The conversation so far, the reply that could not be used, and why; asks for it again."""
    asked = f"This reply cannot be used: {reason.strip().rstrip('.')}. Write it again as first asked, with that mended."
    return *messages, Turn("assistant", reply.strip() or "(no answer)"), Turn("user", asked)


def _known(findings: tuple[Finding, ...], modality: str) -> str:
    """What experts state about an image, a line each; a label with line breaks cannot add lines of its own."""
    lines = [f"- Image: {_one_line(modality)}."] if modality.strip() else []
    if not findings:
        return "\n".join([*lines, "- Abnormal Type/Area: none."])
    lines += [
        f"- Abnormal Type/Area: {_one_line(finding.label)}. Area: {format_box(_writable(finding))}."
        for finding in findings
    ]
    return "\n".join([*lines, _COORDINATES])


def _one_line(words: str) -> str:
    return " ".join(words.split())


def _writable(finding: Finding) -> NormalizedBox:
    """The box on the image, at least a thousandth wide and high so that its three decimals still have area."""
    box = finding.box.clipped()
    if not box.area > 0:
        raise DataError(
            f'The box of a finding "{finding.label}" does not lie on the image: {finding.box}.',
            "Check the units of the annotation: x, y, w, h are fractions of the image.",
        )
    w, h = max(box.w, 0.001), max(box.h, 0.001)
    return NormalizedBox(min(box.x, 1 - w), min(box.y, 1 - h), w, h)


_SPEAKER = re.compile(
    r"""(?xim)
    ^ [ \t>#*_-]* (?:\(?\d+[.)] [ \t]*)? [*_]*          # quote, heading, list, number, bold
    (?: (?P<word>question|answer) | (?P<letter>[QA]) ) [ \t]* \d* [*_]*
    (?: [ \t]* [:\uff1a] [*_]* | (?(word) [.]? [ \t]*$ | (?!) ) )
    """
)


def parse_conversation(text: str) -> tuple[Turn, ...]:
    """The questions and answers of a reply, tolerant of Markdown, numbers and `Q:` / `A:`; alternates user and assistant.

    A question without an answer is left out: a reply may be cut off. Raises: DataError where no pair is left.
    """
    marks = list(_SPEAKER.finditer(text))
    turns: list[Turn] = []
    for number, mark in enumerate(marks, 1):
        end = marks[number].start() if number < len(marks) else len(text)
        role = "user" if (mark["word"] or mark["letter"])[0].lower() == "q" else "assistant"
        words = _plain(text[mark.end() : end])
        if not words:
            continue
        if role == "user" and turns and turns[-1].role == "user":
            turns[-1] = Turn(role, words)
        elif role == "assistant" and turns and turns[-1].role == "assistant":
            turns[-1] = Turn(role, f"{turns[-1].text}\n{words}")
        elif role == "user" or turns:
            turns.append(Turn(role, words))
    if turns and turns[-1].role == "user":
        turns.pop()
    if not turns:
        raise DataError('The reply has no "Question:" with an "Answer:".', "Ask the teacher again.")
    return tuple(turns)


def _plain(words: str) -> str:
    """Words without the Markdown around them: bold, headings, rules and fences."""
    lines = (line.strip() for line in words.replace("**", "").splitlines())
    kept = (line.lstrip("#").strip() for line in lines if not re.fullmatch(r"`{3,}\w*|[-*_=]{3,}", line))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
