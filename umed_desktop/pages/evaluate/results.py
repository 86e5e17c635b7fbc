"""An evaluation folder read: the report, and each of its answers beside the truth where that is at hand. Free of Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from umed_core.errors import DataError
from umed_core.evaluation.answers import GivenAnswer
from umed_core.evaluation.evaluate import Report, read_report
from umed_core.evaluation.intervals import Estimate
from umed_core.evaluation.metrics import is_false_alarm, score_answer
from umed_core.evaluation.samples import NORMAL_PHANTOMS
from umed_core.evaluation.sets import read_eval_sets
from umed_core.prompts import CLASS_SYNONYMS
from umed_core.records import Finding, MauRecord, read_jsonl
from umed_core.vlm.answer import located_boxes
from umed_desktop.words import QT_TRANSLATE_NOOP, translate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["AnswerRow", "Evaluation", "picture_of", "read_evaluation", "set_names", "spelled"]

HIT, OFF = QT_TRANSLATE_NOOP("AnswersTable", "hit"), QT_TRANSLATE_NOOP("AnswersTable", "off")
NO_BOX = QT_TRANSLATE_NOOP("AnswersTable", "no box")
FALSE_ALARM, QUIET = QT_TRANSLATE_NOOP("AnswersTable", "false alarm"), QT_TRANSLATE_NOOP("AnswersTable", "quiet")


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One answer. `iou` and `named` are None where the image has no finding or its set is not at hand.

    `verdict` says it in a word: "hit" (IoU over .5), "off", "no box", "false alarm", "quiet", or "" without the truth.
    """

    dataset: str
    image: str
    text: str
    verdict: str
    iou: float | None
    named: bool | None
    boxes: tuple[Finding, ...]
    truth: tuple[Finding, ...]
    picture: Path | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`unknown` names the sets whose folder is not known here: their answers stand without image and truth."""

    folder: Path
    report: Report
    rows: tuple[AnswerRow, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Truth:
    record: MauRecord
    picture: Path | None


def read_evaluation(folder: Path, sets: Mapping[str, Path]) -> Evaluation:
    """What `umed eval --out FOLDER` wrote; `sets` tells where the images of each set lie.

    Raises: MissingFile; DataError; what reading a set raises.
    """
    report = read_report(folder / "report.json")
    truths: dict[tuple[str, str], _Truth] = {}
    for name in set_names(report):
        if name in sets:
            truths |= _truths(sets[name], name, report)
    labels = tuple({f.label for truth in truths.values() for f in truth.record.findings} | set(CLASS_SYNONYMS))
    rows = [_row(given, truths, labels) for given in _answers(folder, report)]
    return Evaluation(folder, report, tuple(rows), tuple(name for name in set_names(report) if name not in sets))


def set_names(report: Report) -> tuple[str, ...]:
    """As --data named them: a dataset of `umed build-mau` has a row for each set in it, NAME/SET."""
    names = (name.partition("/")[0] if name in report.brought_splits else name for name in report.splits)
    return tuple(dict.fromkeys(names))


def picture_of(row: AnswerRow) -> NDArray[np.uint8]:
    """Display values, (H, W) or (H, W, 3). Raises: InputError; DataError where the image is not at hand."""
    if row.dataset == NORMAL_PHANTOMS:
        from umed_core.phantoms import display, make_phantom

        kind, _, seed = row.image.rpartition("-")
        return display(make_phantom(kind, int(seed), normal=True))
    if row.picture is None:
        raise DataError(
            translate("Results", "Where {dataset} lies is not known here.").format(dataset=row.dataset),
            translate("Results", "Choose the folder of this set."),
        )
    from umed_core.images.open_image import open_image

    return open_image(row.picture).display()


def spelled(estimate: Estimate | None) -> str:
    """A value with its 95 % interval, a dash for none."""
    return "–" if estimate is None else f"{estimate.value:.3f}  [{estimate.low:.3f}, {estimate.high:.3f}]"


def _truths(folder: Path, name: str, report: Report) -> dict[tuple[str, str], _Truth]:
    sets = read_eval_sets(folder, name, report.config.test_share, report.config.seed)
    return {
        (one.name, record.image): _Truth(record, one.folder / record.image) for one in sets for record in one.records
    }


def _answers(folder: Path, report: Report) -> list[GivenAnswer]:
    """Those of this report: the file may hold another model's, or another question's."""
    wanted = (report.config.question, report.model.sha256, report.model.decoding)
    kept: dict[tuple[str, ...], GivenAnswer] = {}
    if (folder / "answers.jsonl").is_file():
        for given in read_jsonl(folder / "answers.jsonl", GivenAnswer):
            if (given.question, given.model_sha256, given.decoding) == wanted:
                kept[given.key] = given
    return list(kept.values())


def _row(given: GivenAnswer, truths: Mapping[tuple[str, str], _Truth], labels: tuple[str, ...]) -> AnswerRow:
    image = given.image.partition("#")[0]
    boxes = tuple(Finding(box.label, box.box) for box in located_boxes(given.text, labels))
    truth = truths.get((given.dataset, image))
    findings = truth.record.findings if truth is not None else ()
    picture = truth.picture if truth is not None else None
    if findings:
        score = score_answer(given.text, findings)
        verdict = NO_BOX if not score.box_count else HIT if score.first_iou > 0.5 else OFF
        return AnswerRow(
            given.dataset, image, given.text, verdict, score.first_iou, score.named, boxes, findings, picture
        )
    verdict = ""
    if truth is not None or given.dataset == NORMAL_PHANTOMS:
        verdict = FALSE_ALARM if is_false_alarm(given.text, labels) else QUIET
    return AnswerRow(given.dataset, image, given.text, verdict, None, None, boxes, findings, picture)
