"""What a dataset says of itself: counts, sources, teacher, privacy, split, review and digests, as facts and as a README.

The README's sections are those of "Datasheets for Datasets" (Gebru et al. 2021); its head lets `datasets` load the folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from umed_core.prompts import RESEARCH_USE_ONLY

__all__ = [
    "ClassCount",
    "Datasheet",
    "ReviewFigures",
    "SetCount",
    "SplitFigures",
    "StatedTerms",
    "Tally",
    "images_digest",
    "readme",
]

NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something happened: a reason, a tag that was removed, a class."""

    what: str
    count: int


@dataclass(frozen=True, slots=True)
class ClassCount:
    """Images that show a class; label "" for images without abnormality."""

    label: str
    train: int
    test: int


@dataclass(frozen=True, slots=True)
class SetCount:
    """One row of Table 10: a source set with its images and groups on either side."""

    dataset: str
    modality: str
    train: int
    test: int
    train_groups: int
    test_groups: int
    classes: tuple[ClassCount, ...]


@dataclass(frozen=True, slots=True)
class StatedTerms:
    """A licence in the source's own words, and the sources (some of them, where there are many) that state it."""

    dataset: str
    licence: str
    images: int
    sources: tuple[str, ...]
    more_sources: int = 0


@dataclass(frozen=True, slots=True)
class SplitFigures:
    """How the sides were drawn; `near_duplicate_distance` in bits of the named hash."""

    seed: int
    test_share: float
    near_duplicate_hash: str
    near_duplicate_distance: int
    merged_groups: int
    largest_cluster: int
    paper_counts: bool = False
    shortfalls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewFigures:
    """What expert reviewers did with the records they saw."""

    reviewers: int
    accepted: int
    corrected: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Datasheet:
    """Facts about a dataset folder. What is below `privacy_notes` is counted by `write_dataset`, not by its caller.

    `prompts` maps a prompt's name to its version. `removed` tallies what was taken out of headers and pictures. `review` is
    None until somebody reviewed. `images_sha256` is `images_digest` of all image files.
    """

    umed_version: str
    teacher: str
    template_written: bool
    prompts: dict[str, str]
    split: SplitFigures
    images_sha256: str
    removed: tuple[Tally, ...] = ()
    quarantined: tuple[Tally, ...] = ()
    refused: tuple[Tally, ...] = ()
    review: ReviewFigures | None = None
    privacy_notes: tuple[str, ...] = ()
    sets: tuple[SetCount, ...] = ()
    terms: tuple[StatedTerms, ...] = ()
    provenance_keys: tuple[str, ...] = ()
    train_sha256: str = ""
    test_sha256: str = ""
    format: int = 1
    notice: str = field(default=RESEARCH_USE_ONLY)

    @property
    def train(self) -> int:
        return sum(row.train for row in self.sets)

    @property
    def test(self) -> int:
        return sum(row.test for row in self.sets)


def images_digest(digests: Iterable[str]) -> str:
    """One SHA-256 over the sorted SHA-256 of each image file, so that the order in which they were made plays no part."""
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def readme(sheet: Datasheet) -> str:
    """README.md of a dataset folder."""
    sections = (
        _title(sheet),
        _motivation(),
        _composition(sheet),
        _collection(sheet),
        _preprocessing(sheet),
        _uses(sheet),
        _distribution(sheet),
        _maintenance(sheet),
    )
    return _head(sheet) + "\n" + "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def _head(sheet: Datasheet) -> str:
    """YAML that names the two splits and the type of each column, so that an empty column in the first rows misleads nobody."""
    # At least the usual two: a struct without fields is more than `datasets` can cast.
    keys = sorted({"source", "licence", *sheet.provenance_keys})
    lines = [
        "---",
        "license: other",
        "language: [en]",
        "task_categories: [visual-question-answering, image-text-to-text]",
        "tags: [medical, research-use-only]",
        f"size_categories: [{_size_category(sheet.train + sheet.test)}]",
        "configs:",
        "- config_name: default",
        "  data_files:",
        "  - {split: train, path: train.jsonl}",
        "  - {split: test, path: test.jsonl}",
        "dataset_info:",
        "  features:",
        "  - {name: image, dtype: string}",
        "  - {name: dataset, dtype: string}",
        "  - {name: group, dtype: string}",
        "  - name: findings",
        "    list:",
        "    - {name: label, dtype: string}",
        "    - name: box",
        "      struct:",
        *(f"      - {{name: {side}, dtype: float64}}" for side in ("x", "'y'", "w", "h")),
        "  - name: turns",
        "    list:",
        "    - {name: role, dtype: string}",
        "    - {name: text, dtype: string}",
        "  - {name: modality, dtype: string}",
        "  - name: provenance",
        "    struct:",
        *(f"    - {{name: {_quoted(key)}, dtype: string}}" for key in keys),
        "---",
    ]
    return "\n".join(lines) + "\n"


def _size_category(records: int) -> str:
    for limit, words in ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")):
        if records < limit:
            return words
    return "n>1M"


def _title(sheet: Datasheet) -> list[str]:
    written = "**The answers are written by a template from the annotations, not by a vision model.**"
    return [
        "# Medical Abnormalities Unveiling, built by umed",
        "",
        f"**{sheet.notice}**",
        "",
        f"{sheet.train:,} training and {sheet.test:,} test images with their findings and a conversation about each.",
        *(["", written] if sheet.template_written else []),
    ]


def _motivation() -> list[str]:
    return [
        "## Motivation",
        "",
        "To train and score medical vision-language models that name an abnormality and say where it lies, in the form of the",
        "MAU dataset of UMed-LVLM (ACL 2025). This folder is a new construction by umed, not the authors' release.",
    ]


def _composition(sheet: Datasheet) -> list[str]:
    lines = [
        "## Composition",
        "",
        "One line of `train.jsonl` or `test.jsonl` is one image: its path, its findings (class and box; none for an image",
        "annotated as without abnormality), a conversation, and the ordinal of the patient or family of copies it belongs to.",
        "A box is x, y, w, h in 0..1 of the image: top-left corner, width, height.",
        "",
        "| set | modality | classes | train | test | train groups | test groups |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in sheet.sets:
        classes = len([c for c in row.classes if c.label])
        lines.append(
            f"| {_cell(row.dataset)} | {_cell(row.modality) or NOT_STATED} | {classes} | {row.train} | {row.test} "
            f"| {row.train_groups} | {row.test_groups} |"
        )
    lines += [f"| all | | | {sheet.train} | {sheet.test} | | |", "", "Images that show each class:", ""]
    lines += ["| set | class | train | test |", "|---|---|---|---|"]
    for row in sheet.sets:
        for c in row.classes:
            lines.append(f"| {_cell(row.dataset)} | {_cell(c.label) or 'no abnormality'} | {c.train} | {c.test} |")
    return lines


def _collection(sheet: Datasheet) -> list[str]:
    lines = [
        "## Collection",
        "",
        "Images and boxes come from these sources, under the terms that each states:",
        "",
    ]
    lines += ["| set | images | licence as stated | source as stated |", "|---|---|---|---|"]
    for terms in sheet.terms:
        sources = "; ".join(terms.sources) or NOT_STATED
        more = f" and {terms.more_sources} more" if terms.more_sources else ""
        licence = _cell(terms.licence) or NOT_STATED
        lines.append(f"| {_cell(terms.dataset)} | {terms.images} | {licence} | {_cell(sources)}{more} |")
    lines += ["", f"Teacher that wrote the conversations: {_cell(sheet.teacher)}.", ""]
    lines += _bullets("Prompts", [f"{name}: version {version}" for name, version in sorted(sheet.prompts.items())])
    lines += _tallied("Rows of the sources that could not be used", sheet.refused)
    return lines[:-1]


def _preprocessing(sheet: Datasheet) -> list[str]:
    split = sheet.split
    how = "the paper's counts (Table 10)" if split.paper_counts else f"a test share of {split.test_share:g}"
    return [
        "## Preprocessing, cleaning, labelling",
        "",
        *_tallied("Removed from headers and pictures", sheet.removed),
        *_bullets("Privacy", sheet.privacy_notes),
        f"Split: seed {split.seed}, {how}. A group is never on both sides, nor are pictures whose hashes",
        f"({split.near_duplicate_hash}) differ in at most {split.near_duplicate_distance} bits: {split.merged_groups} groups",
        f"were tied to another so, and the largest cluster holds {split.largest_cluster} images. Turned or mirrored copies are",
        "known by their group only.",
        "",
        *_bullets("Fewer images than asked for", split.shortfalls),
        *_tallied("Set aside by validation", sheet.quarantined),
        f"Review: {_review(sheet.review)}.",
    ]


def _review(review: ReviewFigures | None) -> str:
    if review is None:
        return "not reviewed"
    return (
        f"{review.accepted + review.corrected + review.rejected} records seen by {review.reviewers} reviewers: "
        f"{review.accepted} accepted, {review.corrected} corrected, {review.rejected} rejected"
    )


def _uses(sheet: Datasheet) -> list[str]:
    return [
        "## Uses",
        "",
        f"{sheet.notice} For training and scoring models of visual question answering and of localisation. Not for",
        "any decision about a patient. Only annotated abnormalities are named: an image may show others that nobody marked.",
        "",
        "```python",
        "from datasets import load_dataset",
        "",
        'splits = load_dataset("path/to/this/folder")  # "train" and "test"; `image` is relative to the folder',
        "```",
    ]


def _distribution(sheet: Datasheet) -> list[str]:
    return [
        "## Distribution",
        "",
        "Each image stays under its source's terms (see Collection); whether it may be passed on is for them to say.",
        "`work/`, if it is here, is private: it holds original file names. Do not pass it on.",
        "",
        *_digest("train.jsonl", sheet.train_sha256),
        *_digest("test.jsonl", sheet.test_sha256),
        *_digest("all images (over their sorted digests)", sheet.images_sha256),
    ]


def _maintenance(sheet: Datasheet) -> list[str]:
    return [
        "## Maintenance",
        "",
        f"Built by umed {sheet.umed_version}; the same sources, teacher's answers and seed give the same bytes. Whoever built",
        "this folder maintains it: mend the sources or review the records, then build again.",
    ]


def _digest(what: str, sha256: str) -> list[str]:
    return [f"- SHA-256 of {what}: `{sha256}`"] if sha256 else []


def _tallied(title: str, tallies: tuple[Tally, ...]) -> list[str]:
    return _bullets(title, [f"{tally.what}: {tally.count}" for tally in tallies])


def _bullets(title: str, entries: Iterable[str]) -> list[str]:
    listed = [f"- {_cell(entry)}" for entry in entries]
    return [f"{title}:", "", *listed, ""] if listed else [f"{title}: none recorded.", ""]


def _cell(text: str) -> str:
    """Text from outside on one line, unable to end a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")


def _quoted(text: str) -> str:
    """A YAML string: JSON's are among them."""
    return json.dumps(text)
