"""Connects the conversation and the findings to the session: what a hand does in the text, in the list and on the boxes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint
from PySide6.QtGui import QGuiApplication

from umed_core.errors import InputError, UmedError
from umed_core.geometry import NormalizedBox
from umed_desktop.findings.box_drag import dragged
from umed_desktop.findings.box_tool import BoxTool
from umed_desktop.session.conversation import BoxRef
from umed_desktop.session.marks import Verdict
from umed_desktop.session.session import Change, series_key
from umed_desktop.window.presenting import conversation_rows, finding_color

if TYPE_CHECKING:
    from umed_desktop.window.main_window import MainWindow

__all__ = ["AnswersWiring"]

_BOX_TOOL = "box"
"""What the viewer calls the left button while it draws a finding."""


class AnswersWiring(QObject):
    """Words, boxes and rows lead to each other, and every change of a finding goes through the session."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window, self.session, self.parts = window, window.session, window.parts
        self.box_tool = BoxTool(lambda: self.parts.viewer.tool in ("", _BOX_TOOL), self)
        self.parts.viewer.add_layer(self.box_tool)
        self._tool_before = ""
        self._connect_chat()
        self._connect_findings()
        self.session.subscribe(self._changed)
        self._show_conversations()

    def _connect_chat(self) -> None:
        chat, session = self.parts.chat, self.session
        chat.asked.connect(self.window.ask)
        chat.stopped.connect(self.window.stop)
        chat.word_clicked.connect(self.select_word)
        chat.box_clicked.connect(self.show_box)
        chat.box_pointed.connect(session.point_at)
        chat.again.connect(lambda number: self.window.ask("", number))
        chat.resent.connect(lambda number, question: self.window.ask(question, number))
        chat.removed.connect(self._remove)
        chat.copied.connect(lambda number: QGuiApplication.clipboard().setText(session.exchange(number).text))
        self.parts.viewer.attention.layer_changed.connect(session.show_layer)
        chat.conversations.new_wanted.connect(session.new_conversation)
        chat.conversations.chosen.connect(session.show_conversation)
        chat.conversations.renamed.connect(session.rename_conversation)
        chat.conversations.removed.connect(self._remove_conversation)

    def _connect_findings(self) -> None:
        findings, session = self.parts.findings, self.session
        findings.chosen.connect(self.show_box)
        findings.pointed.connect(session.point_at)
        findings.judged.connect(session.judge)
        findings.named.connect(session.name_class)
        findings.nudged.connect(self._nudge)
        findings.deleted.connect(session.delete_finding)
        findings.draw_wanted.connect(self.draw_box)
        self.parts.viewer.box_clicked.connect(self.reveal)
        self.box_tool.placed.connect(self._place)
        self.box_tool.drawn.connect(self._draw)
        self.box_tool.changed.connect(lambda: self.parts.viewer.view.update())

    # ------------------------------------------------------------------------------------- from here to there
    def select_word(self, exchange: int, start: int, end: int) -> None:
        image = self.session.image_to_show(exchange, start)
        if self.go_to(image.series, image.frame):
            self.window.actions_by_name["show_attention"].setChecked(True)
            self.session.select_word(exchange, start, end)

    def show_box(self, ref: BoxRef) -> None:
        """From the text or the list to the image: its frame, with the box lit and in hand."""
        if ref.exchange:
            asked = self.session.exchange(ref.exchange)
            image = asked.image_of(asked.boxes[ref.index])
            if not self.go_to(image.series, image.frame):
                return
        finding = next((finding for finding in self.session.findings() if finding.ref == ref), None)
        if finding is not None:  # one that was deleted is still a mark in the text
            self.session.show_frame(finding.frame)
            self.session.choose_box(ref)
            self.session.point_at(ref)

    def reveal(self, ref: BoxRef) -> None:
        """From the image to the text: its sentence, scrolled into view."""
        self.session.choose_box(ref)
        self.parts.chat.reveal(ref)
        self.session.point_at(ref)

    def go_to(self, series: str, frame: int) -> bool:
        """Whether the series is on screen; where it is not, it is read first and then shown at the frame."""
        if series == self.session.shown_key:
            return True
        if (number := self.window.viewports.showing(series)) >= 0:
            self.window.viewports.touch(number)
            if self.session.image is not None:
                return True
        index = self.session.index_of(series)
        if index < 0:
            problem = InputError(
                self.tr("The answer is about a series that is not open."), self.tr("Open its folder, then try again.")
            )
            self.window.show_error(problem)
            return False
        self.window.choose_series(index)
        self.session.go_to_frame(frame)
        return self.session.image is not None and self.session.image.frame_count > frame

    def go_home(self, conversation: int) -> None:
        """Shows the study that a conversation is kept with, where an image of another one is on screen.

        Raises: InputError where that study is not open.
        """
        home, session = self.session.home_of(conversation), self.session
        if home == session.study:
            return
        if home not in session.study_keys:
            raise InputError(
                self.tr("This conversation is kept with a study that is not open."),
                self.tr("Open its folder, then try again."),
            )
        series = session.series[session.study_keys.index(home)]
        self.go_to(series_key(series), 0)

    def _remove(self, exchange: int) -> None:
        def deed() -> None:
            self.go_home(self.session.exchange(exchange).conversation)
            self.session.remove(exchange)

        self._try(deed)

    def _remove_conversation(self, conversation: int) -> None:
        def deed() -> None:
            self.go_home(conversation)
            self.session.remove_conversation(conversation)

        self._try(deed)

    # ------------------------------------------------------------------------------------------------ the findings
    def judge_chosen(self, verdict: Verdict) -> None:
        ref = self.session.chosen or self.session.pointed
        if ref is not None:
            self.session.judge(ref, verdict)

    def edit_class(self) -> None:
        """Opens the editor of the chosen finding's class in its row."""
        self.window.actions_by_name["show_findings"].setChecked(True)
        self.parts.findings.show()
        self.parts.findings.edit_class(self.session.chosen)

    def delete_chosen(self) -> None:
        if self.session.chosen is not None:
            self.session.delete_finding(self.session.chosen)

    def draw_box(self, is_wanted: bool) -> None:
        """Has the next drag over the image draw a box, or not any more."""
        viewer = self.parts.viewer
        if is_wanted and self.session.image is None:
            self.window.show_error(
                InputError(self.tr("No image is open to draw on."), self.tr("Open a file or a folder first."))
            )
            is_wanted = False
        if is_wanted and viewer.tool != _BOX_TOOL:
            self._tool_before, viewer.tool = viewer.tool, _BOX_TOOL
            viewer.view.setFocus()
        elif not is_wanted and viewer.tool == _BOX_TOOL:
            viewer.tool = self._tool_before
        self.box_tool.set_drawing(is_wanted)
        self.parts.findings.show_drawing(is_wanted)
        self.window.actions_by_name["draw_box"].setChecked(is_wanted)

    def cancel_drawing(self) -> bool:
        """Whether there was a box in hand, or one to be drawn; it is no more."""
        was_drawing = self.box_tool.is_drawing
        had_hold = self.box_tool.cancel()
        if was_drawing:
            self.draw_box(False)
        return was_drawing or had_hold

    def _place(self, ref: BoxRef, box: NormalizedBox) -> None:
        self._try(lambda: self.session.place_box(ref, box))

    def _draw(self, box: NormalizedBox) -> None:
        self.draw_box(False)
        if self._try(lambda: self.session.draw_box(box)):
            self.edit_class()

    def _nudge(self, ref: BoxRef, step: QPoint, resizes: bool) -> None:
        """By one pixel of the image: the whole box, or its lower right corner."""
        image, finding = self.session.image, self.session.finding(ref)
        if image is None:
            return
        size = (image.width, image.height)
        moved = dragged(finding.box.pixels(*size), "se" if resizes else "move", step.x(), step.y(), size)
        self._place(ref, moved.normalized(*size))

    def _try(self, deed: Callable[[], object]) -> bool:
        try:
            deed()
        except UmedError as problem:
            self.window.show_error(problem)
            return False
        return True

    # ---------------------------------------------------------------------------------------- what a change shows
    def _changed(self, change: Change) -> None:
        match change:
            case Change.CONVERSATION | Change.IMAGE | Change.LISTING:
                self._show_conversations()
                self._show_chosen()
            case Change.CHOSEN:
                self.window.painter.show_boxes()
                self._show_chosen()
            case Change.MARKS | Change.FRAME:
                self._show_chosen()

    def _show_conversations(self) -> None:
        session = self.session
        self.parts.chat.conversations.show_rows(conversation_rows(session), session.conversation, session.current >= 0)

    def _show_chosen(self) -> None:
        """The chosen finding's row, and its handles where it is on screen."""
        session, image = self.session, self.session.image
        self.parts.findings.show_chosen(session.chosen)
        for name in ("edit_class", "delete_finding"):
            self.window.actions_by_name[name].setEnabled(session.chosen is not None)
        finding = next((f for f in session.findings() if f.ref == session.chosen), None)
        size = (image.width, image.height) if image is not None else (0, 0)
        if finding is None or image is None or finding.frame != session.frame or finding.status == "rejected":
            self.box_tool.show_chosen(None, None, size, "#ffffff")
        else:
            self.box_tool.show_chosen(finding.ref, finding.box, size, finding_color(finding))
