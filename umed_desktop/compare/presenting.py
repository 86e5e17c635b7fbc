"""From a comparison to what its widgets show: boxes, rows and lines of words, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from umed_core.evaluation.agreement import Agreement
from umed_core.vlm.messages import LabelledBox, Loaded
from umed_desktop.chat.cards import words_of_state
from umed_desktop.compare.comparison import SIDES, Comparison, Side, SideName
from umed_desktop.session.conversation import BoxRef
from umed_desktop.theme import BOX_COLORS
from umed_desktop.viewer.overlays import DrawnBox

__all__ = [
    "SIDE_COLORS",
    "AgreementRow",
    "agreement_rows",
    "agreement_words",
    "drawn_boxes",
    "model_words",
    "question_words",
    "speed_words",
    "state_words",
]

SIDE_COLORS: dict[SideName, str] = {"A": BOX_COLORS[0], "B": BOX_COLORS[1]}
"""B's lines are dashed as well, for whoever does not tell the colours apart."""

_HASH_DIGITS = 8
_ONE_LINE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """A pair of boxes, or one box without a partner; `boxes` are what lights up with it."""

    a: str
    b: str
    iou: str
    boxes: tuple[BoxRef, ...]


def drawn_boxes(comparison: Comparison, on: SideName, lit: frozenset[BoxRef] = frozenset()) -> tuple[DrawnBox, ...]:
    """What the view of a side shows: its own boxes, and the other's faintly; nothing on another frame."""
    if not comparison.is_about_what_is_shown():
        return ()
    drawn: list[DrawnBox] = []
    for name in SIDES:
        exchange = comparison.sides[name].exchange
        for index, box in enumerate(exchange.boxes if exchange is not None else ()):
            ref = BoxRef(exchange.id if exchange is not None else 0, index)
            drawn.append(
                DrawnBox(
                    ref, box.box, _box_name(name, index, box), SIDE_COLORS[name],
                    lit=ref in lit, dashed=name == "B", faint=name != on,
                )
            )  # fmt: skip
    return tuple(drawn)


def question_words(comparison: Comparison) -> str:
    """The question that the answers are to, with the slice that it is about, and whether that one is on screen."""
    asked, session = comparison.asked, comparison.session
    if asked is None:
        return ""
    question = " ".join(asked.question.split())
    if asked.series != session.shown_key:
        return QCoreApplication.translate("Comparison", "Another image, not the one shown · {question}").format(
            question=question
        )
    if session.image is None or session.image.frame_count == 1:
        return question
    words = (
        QCoreApplication.translate("Comparison", "Slice {number} · {question}")
        if comparison.is_about_what_is_shown()
        else QCoreApplication.translate("Comparison", "Slice {number}, not the one shown · {question}")
    )
    return words.format(number=asked.frame + 1, question=question)


def agreement_rows(comparison: Comparison) -> tuple[AgreementRow, ...]:
    """Pairs first, best first; then A's boxes without a partner, then B's."""
    found = comparison.agreement()
    a, b = comparison.sides["A"].exchange, comparison.sides["B"].exchange
    if found is None or a is None or b is None:
        return ()
    pairs = [
        AgreementRow(
            _box_name("A", pair.a, a.boxes[pair.a]),
            _box_name("B", pair.b, b.boxes[pair.b]),
            f"{pair.iou:.2f}",
            (BoxRef(a.id, pair.a), BoxRef(b.id, pair.b)),
        )
        for pair in sorted(found.pairs, key=lambda pair: -pair.iou)
    ]
    only_a = [AgreementRow(_box_name("A", i, a.boxes[i]), "–", "–", (BoxRef(a.id, i),)) for i in found.unmatched_a]
    only_b = [AgreementRow("–", _box_name("B", i, b.boxes[i]), "–", (BoxRef(b.id, i),)) for i in found.unmatched_b]
    return (*pairs, *only_a, *only_b)


def agreement_words(comparison: Comparison) -> str:
    """One line: classes named by both and by one, overlap, boxes without a partner."""
    found = comparison.agreement()
    if found is None:
        if comparison.is_answering:
            return QCoreApplication.translate("Comparison", "Both are compared when both have answered.")
        if any(side.exchange is not None for side in comparison.sides.values()):
            return QCoreApplication.translate("Comparison", "There is nothing to compare: not both have answered.")
        return QCoreApplication.translate("Comparison", "Ask a question: it goes to both models, with the same image.")
    return " · ".join((*_class_words(found), *_overlap_words(found)))


def _class_words(found: Agreement) -> list[str]:
    if not (found.both or found.only_a or found.only_b):
        return [QCoreApplication.translate("Comparison", "Neither names an abnormality")]
    named = (
        (QCoreApplication.translate("Comparison", "Both name"), found.both),
        (QCoreApplication.translate("Comparison", "only A"), found.only_a),
        (QCoreApplication.translate("Comparison", "only B"), found.only_b),
    )
    return [f"{who}: {', '.join(classes) or '–'}" for who, classes in named]


def _overlap_words(found: Agreement) -> list[str]:
    if found.mean_iou is None:
        return [QCoreApplication.translate("Comparison", "no box from either")]
    words = []
    if found.pairs:
        overlaps = ", ".join(f"{pair.iou:.2f}" for pair in sorted(found.pairs, key=lambda pair: -pair.iou))
        words.append(
            QCoreApplication.translate("Comparison", "IoU of matched boxes: {overlaps}").format(overlaps=overlaps)
        )
    left = QCoreApplication.translate("Comparison", "unmatched: A {a}, B {b}")
    words.append(left.format(a=len(found.unmatched_a), b=len(found.unmatched_b)).replace(" ", _ONE_LINE))
    return words


def model_words(side: Side) -> tuple[str, str]:
    """A head's name, and beside it the hash's first digits, device and memory, or what the model does instead."""
    match side.state, side.model:
        case "ready", Loaded() as model:
            about = QCoreApplication.translate("Comparison", "{hash} · {device} · {memory} MiB").format(
                hash=model.sha256[:_HASH_DIGITS], device=model.device, memory=model.memory_mb
            )
            return model.model, about
        case "loading", _:
            return QCoreApplication.translate("Comparison", "Loading the model…"), ""
        case "lost", Loaded() as model:
            return model.model, QCoreApplication.translate("Comparison", "stopped")
        case "lost", _:
            return QCoreApplication.translate("Comparison", "Not loaded"), ""
        case _:
            return QCoreApplication.translate("Comparison", "No model"), ""


def state_words(side: Side) -> str:
    """Of an answer that is not there yet, or not whole; of a whole one its speed tells."""
    return "" if side.exchange is None or side.exchange.state == "done" else words_of_state(side.exchange)


def speed_words(side: Side) -> str:
    """Time to the first token, tokens a second, and their number; "" before there is any."""
    parts = []
    if side.first_token_s is not None:
        parts.append(
            QCoreApplication.translate("Comparison", "first token {seconds} s").format(
                seconds=f"{side.first_token_s:.2f}"
            )
        )
    if side.tokens_per_s is not None:
        parts.append(
            QCoreApplication.translate("Comparison", "{rate} tokens/s").format(rate=f"{side.tokens_per_s:.1f}")
        )
    if side.exchange is not None and side.exchange.token_count:
        parts.append(QCoreApplication.translate("Comparison", "{count} tokens").format(count=side.exchange.token_count))
    return " · ".join(parts)


def _box_name(side: SideName, index: int, box: LabelledBox) -> str:
    return f"{side}{index + 1}  {box.label}".strip()
