"""What reviewers have said so far, and how far they agree."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from umed_core.mau.review.agreement import Figure
from umed_core.mau.review.figures import PairAgreement, ReviewReport
from umed_desktop.pages.form import button, title
from umed_desktop.theme import GRID_PX, styled

__all__ = ["AgreementPanel", "agreement_words"]


class AgreementPanel(QWidget):
    asked = Signal()
    applied = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = QLabel(wordWrap=True)
        self.words.setAccessibleName("Consensus and agreement")
        self.refresh = button("Count again", "Count verdicts and agreement again")
        self.apply = button("Write reviewed set…", "Write the dataset that the review leaves")
        self.refresh.clicked.connect(self.asked)
        self.apply.clicked.connect(self.applied)
        row = QHBoxLayout()
        row.addWidget(self.refresh)
        row.addWidget(self.apply)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID_PX)
        column.addWidget(title("Consensus and agreement"))
        column.addWidget(styled(self.words, "figures"))
        column.addLayout(row)
        self.show_report(None)

    def show_report(self, report: ReviewReport | None) -> None:
        self.words.setText(agreement_words(report) if report is not None else "Open a dataset to see its figures.")
        for part in (self.refresh, self.apply):
            part.setEnabled(report is not None)


def agreement_words(report: ReviewReport) -> str:
    """The figures as a short text in HTML."""
    r = report
    counts = (
        ("accepted", r.accepted), ("corrected", r.corrected), ("rejected", r.rejected), ("disputed", r.disputed),
        ("not reviewed", r.unreviewed),
    )  # fmt: skip
    rows = "".join(
        f"<tr><td>{what}&nbsp;&nbsp;</td><td align=right><b>{count:,}</b></td></tr>" for what, count in counts
    )
    text = [f"{r.records:,} records<table>{rows}</table>"]
    if r.outdated:
        text.append(f"{r.outdated:,} judgements are of records that have changed since: they don't count.")
    text += [_pair_words(f"{pair.first} and {pair.second}", pair) for pair in r.pairs]
    if len(r.reviewers) > 2:
        text.append(f"<b>All reviewers</b><br>Fleiss' kappa {_figure(r.fleiss)}")
    text += [_pair_words(f"{pair.first}, read twice", pair) for pair in r.rereads]
    if r.reviewers and not r.pairs:
        text.append("No record has two readers yet, so there is no agreement to measure.")
    return "".join(f"<p>{part}</p>" for part in text)


def _pair_words(who: str, pair: PairAgreement) -> str:
    from html import escape

    return (
        f"<b>{escape(who)}</b>, {pair.same.count:,} records<br>Cohen's kappa {_figure(pair.kappa)}<br>"
        f"same verdict {_figure(pair.same)}<br>box IoU {_figure(pair.box_iou)}, {pair.redrawn:,} redrawn"
    )


def _figure(figure: Figure) -> str:
    if figure.value is None:
        return "undefined (one verdict throughout)" if figure.count else "undefined (nothing to compare)"
    return f"<b>{figure.value:.2f}</b> [{figure.low:.2f}, {figure.high:.2f}]"
