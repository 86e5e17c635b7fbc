"""The state behind one window: what is open (viewing), what was asked (asking), and here what was found. Free of Qt.

It decides, others show. Each story knows the one before it; a window and its tests know the session alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from umed_core.errors import InputError
from umed_core.geometry import NormalizedBox
from umed_desktop.session.asking import Asking, ModelState
from umed_desktop.session.conversation import AskedImage, BoxRef, Conversation, Exchange
from umed_desktop.session.history import History
from umed_desktop.session.marks import (
    Drawn,
    Found,
    Marks,
    Verdict,
    findings_of,
    next_drawn,
    renamed,
    together,
    with_box,
    with_drawn,
    with_label,
    with_verdict,
    without_finding,
)
from umed_desktop.session.reading import Selection, WordAttention
from umed_desktop.session.viewing import Change, series_key
from umed_desktop.words import QT_TRANSLATE_NOOP

__all__ = ["Change", "ModelState", "Session", "StudyState", "series_key"]


@dataclass(frozen=True, slots=True)
class StudyState:
    """All that a person and a model said about one study, as it is kept on disk. Removed exchanges are left out."""

    study: str
    shown: int
    conversations: tuple[Conversation, ...]
    exchanges: tuple[Exchange, ...]
    marks: Marks


@dataclass
class Session(Asking):
    """Not thread-safe: the window's thread alone calls it."""

    pointed: BoxRef | None = None
    chosen: BoxRef | None = None
    layer: int = -1
    _selection: Selection | None = None

    def _series_left(self) -> None:
        self.pointed = self.chosen = None
        self._forget_word()

    def _forget_choice(self) -> None:
        known = {finding.ref for finding in self.findings()}
        self.pointed = self.pointed if self.pointed in known else None
        self.chosen = self.chosen if self.chosen in known else None
        self._forget_word()

    def _forget_word(self) -> None:
        """A word stays selected while its conversation is shown: its image may be in a viewport beside the current one."""
        is_shown = self._selection is not None and self._selection.exchange in {e.id for e in self.exchanges()}
        self._selection = self._selection if is_shown else None

    # -------------------------------------------------------------------------------------------------- findings
    def findings(self) -> tuple[Found, ...]:
        """Those on the current series: of the conversation that is shown, and whatever a person settled or drew before."""
        return self._findings_on(self.shown_key, self.study)

    def _findings_on(self, series: str, study: str) -> tuple[Found, ...]:
        shown = {exchange.id for exchange in self._exchanges_in(study)}
        marks = self._histories[study].present if study in self._histories else Marks()
        return tuple(
            finding
            for finding in findings_of(self._about_study(study), marks)
            if finding.series == series
            and (finding.exchange is None or finding.exchange.id in shown or finding.status in ("accepted", "edited"))
        )

    def _exchanges_in(self, study: str) -> tuple[Exchange, ...]:
        """Those of the conversation that is shown, or would be, where the study is the current one."""
        return self._of(self._shown.get(study, 0))

    def finding(self, ref: BoxRef) -> Found:
        """Raises: KeyError for a finding that is not, or no longer, there."""
        return {finding.ref: finding for finding in self.findings()}[ref]

    def findings_to_export(self) -> tuple[Found, ...]:
        """As `findings`, with the models' boxes that were deleted, as rejected: an export counts those."""
        listed = {finding.ref for finding in self.findings()}
        shown = {exchange.id for exchange in self.exchanges()}
        everything = findings_of(self._about_study(self.study), self._marks.present, deleted=True)
        return tuple(
            f for f in everything
            if f.series == self.shown_key and (f.ref in listed or (f.is_deleted and f.ref.exchange in shown))
        )  # fmt: skip

    def boxes(self) -> tuple[BoxRef, ...]:
        """Names of the findings, in the order of `findings`."""
        return tuple(finding.ref for finding in self.findings())

    def visible_boxes(self) -> tuple[BoxRef, ...]:
        """Those to draw on this frame, by name."""
        return tuple(finding.ref for finding in self.visible_findings(self.shown_key, self.study, self.frame))

    def visible_findings(self, series: str, study: str, frame: int) -> tuple[Found, ...]:
        """Those to draw on a frame, shown or beside: not rejected, of the newest answer about it or settled by a person."""
        here = [e for e in self._exchanges_in(study) if e.place(series, frame) >= 0]
        newest = next((exchange.id for exchange in reversed(here) if exchange.boxes or exchange.is_running), 0)
        # What was drawn by hand is numbered within its study.
        in_hand = (self.pointed, self.chosen) if study == self.study else ()
        return tuple(
            finding
            for finding in self._findings_on(series, study)
            if finding.frame == frame
            and (
                finding.status in ("accepted", "edited", "added")
                or finding.ref in in_hand
                or (finding.ref.exchange == newest and finding.status == "open")
            )
        )

    def verdict(self, ref: BoxRef) -> Verdict:
        return self._marks.present.mark(ref).verdict

    def judge(self, ref: BoxRef, verdict: Verdict) -> None:
        name = {
            "accepted": QT_TRANSLATE_NOOP("Deeds", "Accept box"),
            "rejected": QT_TRANSLATE_NOOP("Deeds", "Reject box"),
            "open": QT_TRANSLATE_NOOP("Deeds", "Reopen box"),
        }[verdict]
        if not self._change(name, with_verdict(self._marks.present, ref, verdict, self._now())):
            return
        if verdict == "rejected":
            # It leaves the image at once, although the pointer may still be on its row.
            self.point_at(None)
            self.choose_box(None)
        self._tell(Change.MARKS)

    def name_class(self, ref: BoxRef, label: str) -> None:
        """Gives a finding a class, one of umed's or in words of the person's own."""
        if self._change(
            QT_TRANSLATE_NOOP("Deeds", "Change class"),
            with_label(self._marks.present, self.finding(ref), label, self._now()),
        ):
            self._tell(Change.MARKS)

    def place_box(self, ref: BoxRef, box: NormalizedBox) -> None:
        """Moves or resizes a finding. Raises: InputError for a box that does not lie on the image."""
        size = self._image_size()
        marks = with_box(self._marks.present, self.finding(ref), _on_image(box), self._now(), size)
        if self._change(QT_TRANSLATE_NOOP("Deeds", "Move box"), marks):
            self._tell(Change.MARKS)

    def draw_box(self, box: NormalizedBox, label: str = "") -> BoxRef:
        """Adds a finding to the frame on screen and chooses it. Raises: InputError, as `place_box`, or without an image."""
        self._image_size()
        ref = next_drawn(self._marks.present)
        drawn = Drawn(ref, self.shown_key, self.frame, label, _on_image(box))
        self._change(QT_TRANSLATE_NOOP("Deeds", "Draw box"), with_drawn(self._marks.present, drawn, self._now()))
        self.choose_box(ref)
        self._tell(Change.MARKS)
        return ref

    def delete_finding(self, ref: BoxRef) -> None:
        self._change(QT_TRANSLATE_NOOP("Deeds", "Delete finding"), without_finding(self._marks.present, ref))
        self._forget_choice()
        self._tell(Change.MARKS, Change.CHOSEN)

    def choose_box(self, ref: BoxRef | None) -> None:
        """The finding that a key, a button or a handle changes."""
        if ref != self.chosen:
            self.chosen = ref
            self._tell(Change.CHOSEN)

    def point_at(self, ref: BoxRef | None) -> None:
        """The box that the pointer or the focus is on, whether in the image, in the text or in the list."""
        if ref != self.pointed:
            self.pointed = ref
            self._tell(Change.POINTING)

    def _told_of_history(self) -> None:
        self._forget_choice()
        super()._told_of_history()
        self._tell(Change.CHOSEN)

    def _image_size(self) -> tuple[int, int]:
        if self.image is None:
            raise InputError("No image is open to draw on.", "Open a file or a folder first.")
        return self.image.width, self.image.height

    # ------------------------------------------------------------------------------------------------- attention
    def select_word(self, exchange_id: int, start: int, end: int) -> None:
        """Shows the attention of the characters start..end of an answer, on a frame that was asked about."""
        self._selection = Selection(exchange_id, start, end)
        image = self.image_to_show(exchange_id, start)
        if image.series == self.shown_key:
            self.show_frame(image.frame)
        self._tell(Change.SELECTION)

    def image_to_show(self, exchange_id: int, start: int) -> AskedImage:
        """Where to look at a word of an answer: the image on screen if the question was about it, else that of the word's
        box, else the first."""
        exchange = self._exchanges[exchange_id]
        here = exchange.place(self.shown_key, self.frame)
        if here >= 0:
            return exchange.places[here]
        finding = self._finding_of_word(exchange, start)
        return exchange.places[0] if finding is None else exchange.image_of(exchange.boxes[finding.ref.index])

    def select_nothing(self) -> None:
        if self._selection is not None:
            self._selection = None
            self._tell(Change.SELECTION)

    def selected_span(self) -> tuple[int, int, int] | None:
        """(exchange, start, end) of the selected word; None without one."""
        chosen = self._selection
        return None if chosen is None else (chosen.exchange, chosen.start, chosen.end)

    def show_layer(self, layer: int) -> None:
        """Whose attention is shown: a layer's, numbered from 0, or the mean over layers, -1."""
        if layer != self.layer:
            self.layer = layer
            self._tell(Change.SELECTION)

    def attention(self) -> WordAttention | None:
        """Where the model looked for the selected word; None without one, off its frame, or where no row came."""
        return self.attention_on(self.shown_key, self.frame)

    def attention_on(self, series: str, frame: int) -> WordAttention | None:
        """As `attention`, of a frame that a viewport shows beside the current one."""
        chosen = self._selection
        if chosen is None:
            return None
        exchange = self._exchanges[chosen.exchange]
        here = exchange.place(series, frame)
        if here < 0:
            return None
        from umed_core.vlm.answer import attention_on, share_in_box

        layers = _layers_of(exchange)
        layer = self.layer if self.layer in layers else -1
        grids = [
            attention_on(exchange.deltas, chosen.start, chosen.end, image, layer)
            for image, _ in enumerate(exchange.places)
        ]
        weights = grids[here]
        if not weights.size:
            return None
        finding = self._finding_of_word(exchange, chosen.start, here)
        ref = finding.ref if finding is not None else None
        share = share_in_box(weights, finding.box) if finding is not None else None
        word = exchange.text[chosen.start : chosen.end]
        shares = tuple(float(grid.sum()) for grid in grids)
        return WordAttention(word, weights, shares[here], ref, share, layer, layers, here, shares)

    def _finding_of_word(self, exchange: Exchange, start: int, image: int = -1) -> Found | None:
        """The box that a word speaks of: of its own sentence if that has one, else the answer's first; of those on
        `image` alone where one is given."""
        from umed_desktop.session.answer_text import sentence_around

        there = {f.ref: f for f in findings_of((exchange,), self._marks.present) if f.exchange is not None}
        begin, end = sentence_around(exchange.text, start)
        boxes = [(i, b) for i, b in enumerate(exchange.boxes) if image in (-1, b.image)]
        near = [(abs(b.start - start), i) for i, b in boxes if begin <= b.start < end]
        first = boxes[0][0] if boxes else 0
        return there.get(BoxRef(exchange.id, min(near)[1] if near else first)) if boxes else None

    # ---------------------------------------------------------------------------------------- kept and brought back
    def study_state(self, study: str) -> StudyState:
        """What is to be kept of a study."""
        marks = self._histories.get(study, History(Marks())).present
        threads = tuple(thread for thread in self._conversations.values() if self._concerns(thread, study))
        exchanges = tuple(e for e in self._about_study(study) if e.id not in marks.removed)
        return StudyState(study, self._shown.get(study, 0), threads, exchanges, marks)

    def bring_back(self, kept: StudyState) -> None:
        """What was kept of a study, beside what has been said about it since; every number is given anew.

        A question about images of two studies is kept with both, and there once.
        """
        known = {(e.asked_at, e.question, e.images): e for e in self._exchanges.values() if e.images}
        mates = {e.id: found for e in kept.exchanges if (found := known.get((e.asked_at, e.question, e.images)))}
        news = [e for e in kept.exchanges if e.id not in mates]
        exchanges = {old: found.id for old, found in mates.items()}
        exchanges |= {e.id: number for number, e in enumerate(news, max(self._exchanges, default=0) + 1)}
        threads = {e.conversation: mates[e.id].conversation for e in kept.exchanges if e.id in mates}
        apart = [thread for thread in kept.conversations if thread.id not in threads]
        threads |= {t.id: number for number, t in enumerate(apart, max(self._conversations, default=0) + 1)}
        self._take_in(
            (Conversation(threads[thread.id], kept.study, thread.title) for thread in apart),
            (_renumbered(e, exchanges[e.id], threads[e.conversation]) for e in news),
        )
        self._listed()
        self._shown.setdefault(kept.study, threads.get(kept.shown, 0))
        history = self._histories.setdefault(kept.study, History(Marks()))
        history.rewrite(lambda marks: together(renamed(kept.marks, exchanges), marks))
        self._tell(Change.CONVERSATION)


def _on_image(box: NormalizedBox) -> NormalizedBox:
    clipped = box.clipped()
    if not clipped.area > 0:
        raise InputError("The box does not lie on the image.", "Draw it over the image.")
    return clipped


def _layers_of(exchange: Exchange) -> tuple[int, ...]:
    """The layers whose attention came with an answer, numbered from 0."""
    rows: Iterable[int] = (row.layer for row in exchange.deltas[0].attention) if exchange.deltas else ()
    return tuple(sorted({layer for layer in rows if layer >= 0}))


def _renumbered(exchange: Exchange, number: int, conversation: int) -> Exchange:
    return replace(exchange, id=number, conversation=conversation)
