"""What reviewers have said so far, and how far they agree."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from umed_core.mau.review.agreement import Figure
from umed_core.mau.review.figures import PairAgreement, ReviewReport
from umed_desktop.pages.form import button, title
from umed_desktop.theme import GRID_PX, styled
from umed_desktop.words import grouped, translate

__all__ = ["AgreementPanel", "agreement_words"]


class AgreementPanel(QWidget):
    asked = Signal()
    applied = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = QLabel(wordWrap=True)
        self.words.setAccessibleName(self.tr("Consensus and agreement"))
        self.refresh = button(self.tr("Count again"), self.tr("Count verdicts and agreement again"))
        self.apply = button(self.tr("Write reviewed set…"), self.tr("Write the dataset that the review leaves"))
        self.refresh.clicked.connect(self.asked)
        self.apply.clicked.connect(self.applied)
        row = QHBoxLayout()
        row.addWidget(self.refresh)
        row.addWidget(self.apply)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID_PX)
        column.addWidget(title(self.tr("Consensus and agreement")))
        column.addWidget(styled(self.words, "figures"))
        column.addLayout(row)
        self.show_report(None)

    def show_report(self, report: ReviewReport | None) -> None:
        self.words.setText(
            agreement_words(report) if report is not None else self.tr("Open a dataset to see its figures.")
        )
        for part in (self.refresh, self.apply):
            part.setEnabled(report is not None)


def agreement_words(report: ReviewReport) -> str:
    """The figures as a short text in HTML."""
    r = report
    counts = (
        (translate("AgreementPanel", "accepted"), r.accepted),
        (translate("AgreementPanel", "corrected"), r.corrected),
        (translate("AgreementPanel", "rejected"), r.rejected),
        (translate("AgreementPanel", "disputed"), r.disputed),
        (translate("AgreementPanel", "not reviewed"), r.unreviewed),
    )
    rows = "".join(
        f"<tr><td>{what}&nbsp;&nbsp;</td><td align=right><b>{grouped(count)}</b></td></tr>" for what, count in counts
    )
    text = [_records(r.records) + f"<table>{rows}</table>"]
    if r.outdated:
        text.append(
            translate(
                "AgreementPanel", "{outdated} judgements are of records that have changed since: they don't count."
            ).format(outdated=grouped(r.outdated))
        )
    text += [
        _pair_words(
            translate("AgreementPanel", "{first} and {second}").format(first=pair.first, second=pair.second),
            pair,
        )
        for pair in r.pairs
    ]
    if len(r.reviewers) > 2:
        text.append(
            translate("AgreementPanel", "<b>All reviewers</b><br>Fleiss' kappa {kappa}").format(kappa=_figure(r.fleiss))
        )
    text += [
        _pair_words(translate("AgreementPanel", "{first}, read twice").format(first=pair.first), pair)
        for pair in r.rereads
    ]
    if r.reviewers and not r.pairs:
        text.append(translate("AgreementPanel", "No record has two readers yet, so there is no agreement to measure."))
    return "".join(f"<p>{part}</p>" for part in text)


def _pair_words(who: str, pair: PairAgreement) -> str:
    from html import escape

    return translate(
        "AgreementPanel",
        "<b>{who}</b>, {records}<br>Cohen's kappa {kappa}<br>same verdict {same}<br>box IoU {box_iou}, {redrawn} redrawn",
    ).format(
        who=escape(who),
        records=_records(pair.same.count),
        kappa=_figure(pair.kappa),
        same=_figure(pair.same),
        box_iou=_figure(pair.box_iou),
        redrawn=grouped(pair.redrawn),
    )


def _records(count: int) -> str:
    return translate("AgreementPanel", "{count} records").format(count=grouped(count))


def _figure(figure: Figure) -> str:
    if figure.value is None:
        return (
            translate("AgreementPanel", "undefined (one verdict throughout)")
            if figure.count
            else translate("AgreementPanel", "undefined (nothing to compare)")
        )
    return f"<b>{figure.value:.2f}</b> [{figure.low:.2f}, {figure.high:.2f}]"
