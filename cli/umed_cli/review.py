"""`umed review`: people judge a built dataset, one record at a time, in the terminal."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from umed_cli.terminal import complain, note, say
from umed_core.errors import ConfigError, DataError, MissingFile, UmedError
from umed_core.prompts import RESEARCH_USE_ONLY

if TYPE_CHECKING:
    from umed_core.mau.review.folder import ReviewFolder
    from umed_core.mau.review.log import ReviewLog
    from umed_core.mau.review.session import Mode, ReviewSession
    from umed_core.records import Finding, MauRecord, Turn

__all__ = ["review"]

KEYS = "a accept | c correct | r reject | s skip | u undo | q quit   (words after the letter become the comment)"


@dataclass(frozen=True, slots=True)
class Screen:
    """Where previews go, and whether to open them."""

    folder: ReviewFolder
    previews: Path
    opens: bool


def review(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="A folder that `umed build-mau` has written.")],
    reviewer: Annotated[str, typer.Option(help="Your name in the log of judgements, e.g. anna.")] = "",
    sample: Annotated[int, typer.Option(min=0, help="Only N records, the same ones for every reviewer; 0: all.")] = 0,
    seed: Annotated[int, typer.Option(help="Of the order and the samples; give all reviewers the same.")] = 0,
    blind: Annotated[
        bool, typer.Option("--blind", help="Read a tenth of what was judged (or --sample N) again, unaware of how.")
    ] = False,
    adjudicate: Annotated[
        bool, typer.Option("--adjudicate", help="Settle disputed records, with sight of what was said of them.")
    ] = False,
    open_pictures: Annotated[
        bool, typer.Option("--open", help="Open each picture in this machine's own viewer.")
    ] = False,
    merge: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Take in a reviews.jsonl from another machine. Repeatable."),
    ] = None,
    report: Annotated[bool, typer.Option("--report", help="Print counts and agreement; ask nothing.")] = False,
    apply: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Write the dataset that the review leaves to OUT, a new folder.")
    ] = None,
    keep_unreviewed: Annotated[
        bool, typer.Option("--keep-unreviewed", help="With --apply: also keep what nobody has judged.")
    ] = False,
) -> None:
    """Judge the records of a dataset: accept, correct or reject. Research use only.

    Shows picture, findings and conversation, and waits for a letter:

      a  accept    c  correct    r  reject    s  skip    u  undo    q  quit

    Each judgement is on disk before the next record appears; Ctrl-C loses nothing, and the same command goes on. `c`
    opens the record as a text form in $EDITOR, or reads a form from stdin up to a line with a single dot. Reviewers
    don't see each other's verdicts, so that their agreement means something.

    Examples:

      umed review mau/ --reviewer anna

      umed review mau/ --reviewer ben --sample 200     (everyone's same 200)

      umed review mau/ --reviewer anna --blind         (the same again?)

      umed review mau/ --reviewer chris --adjudicate   (settles disputes)

      umed review mau/ --report

      umed review mau/ --apply mau-reviewed/

    A record is accepted, corrected or rejected as more than half of its readers say; without such a majority, or where
    corrections differ, it is disputed until adjudicated. Judgements are added to DATASET/reviews.jsonl, which holds
    reviewers' names: leave it out when you publish the dataset.

    Exit code: 0, 3 no dataset there, 4 an option, 5 a damaged dataset or log, 9 saving, 130 Ctrl-C.
    """
    from umed_core.mau.review.folder import ReviewFolder
    from umed_core.mau.review.log import LOG_NAME, ReviewLog

    if not (reviewer or report or merge or apply is not None):
        raise ConfigError("Who reviews?", "Give --reviewer NAME, or --report, --merge FILE or --apply OUT.")
    if blind and adjudicate:
        raise ConfigError("--blind and --adjudicate exclude each other.", "Choose one.")
    folder = ReviewFolder(dataset)
    log = ReviewLog(dataset / LOG_NAME)
    for other in merge or []:
        _merge(log, other)
    if reviewer:
        _sit(
            folder,
            log,
            reviewer,
            "blind" if blind else "adjudicate" if adjudicate else "read",
            sample,
            seed,
            open_pictures,
        )
    if report:
        _report(folder, log, seed)
    if apply is not None:
        _apply(folder, log, apply, keep_unreviewed, seed)
    say(RESEARCH_USE_ONLY)


def _merge(log: ReviewLog, other: Path) -> None:
    from umed_core.mau.review.log import ReviewLog

    if not other.is_file():
        raise MissingFile(f"{other} does not exist.", "Name the reviews.jsonl of the other copy of this dataset.")
    say(f"{other}: {log.merge(ReviewLog(other).events)} new judgements")


def _sit(folder: ReviewFolder, log: ReviewLog, reviewer: str, mode: Mode, sample: int, seed: int, opens: bool) -> None:
    """Asks until no record is left, or until q, the end of stdin or Ctrl-C."""
    from umed_core.mau.review.session import ReviewSession, SessionPlan

    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")
    session = ReviewSession(folder, log, SessionPlan(reviewer, mode, sample, seed))
    with tempfile.TemporaryDirectory(prefix="umed-review-") as previews:
        screen = Screen(folder, Path(previews), opens)
        try:
            while _one(session, screen) if session.left else _last_word(session):
                pass
        except KeyboardInterrupt:
            note(f"\nstopped; {session.judged} judgements of this sitting are kept. The same command goes on.")
            raise typer.Exit(130) from None
    say(f"{session.judged} judged in this sitting, {session.left} left")


def _one(session: ReviewSession, screen: Screen) -> bool:
    """Shows the current record and acts on lines until it is settled; False to stop."""
    _show(session, screen)
    shown = session.current.image
    while session.left and session.current.image == shown:
        key, comment = _ask()
        try:
            if key == "q":
                return False
            _act(session, key, comment)
        except UmedError as error:
            if not isinstance(error, DataError):
                raise
            complain(error)
    return True


def _last_word(session: ReviewSession) -> bool:
    """After the last record: u takes it back, anything else ends."""
    say("\nnothing is left here: every record of this choice is judged or skipped. u takes the last judgement back.")
    if _ask()[0] != "u":
        return False
    try:
        _act(session, "u", "")
    except UmedError as error:
        complain(error)
    return session.left > 0


def _act(session: ReviewSession, key: str, comment: str) -> None:
    if key == "a":
        session.accept(comment)
    elif key == "r":
        session.reject(comment)
    elif key == "c":
        _correct(session, comment)
    elif key == "s":
        session.skip()
    elif key == "u":
        taken = session.undo()
        say(f"taken back: {taken.verdict} of {taken.record}")
    else:
        say(KEYS)


def _ask() -> tuple[str, str]:
    """A letter and what follows it; the end of stdin is q."""
    sys.stdout.write("> ")
    sys.stdout.flush()
    line = sys.stdin.readline()
    if not line:
        say("")
        return "q", ""
    key, _, comment = line.strip().partition(" ")
    return key.lower(), comment.strip()


def _show(session: ReviewSession, screen: Screen) -> None:
    record = session.current
    say(f"\n[{session.judged + 1}/{session.judged + session.left}] {record.image}  {record.modality}")
    _show_picture(record, screen)
    if not record.findings:
        say("  finding: none, the image is called normal")
    _show_content(record.findings, record.turns, indent="  ")
    for name, event in session.opinions.items():
        say(f"  {name} says {event.verdict}{f' ({event.comment})' if event.comment else ''}")
        _show_content(event.findings or (), event.turns, indent="    ")
    if session.judged == 0:
        say(f"  {KEYS}")


def _show_content(findings: Sequence[Finding], turns: Sequence[Turn], indent: str) -> None:
    for finding in findings:
        box = finding.box
        say(f"{indent}finding: {finding.label}, x {box.x:.3f}, y {box.y:.3f}, width {box.w:.3f}, height {box.h:.3f}")
    for turn in turns:
        say(f"{indent}{'Q' if turn.role == 'user' else 'A'}: {turn.text}")


def _show_picture(record: MauRecord, screen: Screen) -> None:
    from umed_core.mau.review.preview import write_preview

    preview = screen.previews / f"{Path(record.image).stem}-boxes.png"
    for earlier in screen.previews.iterdir():
        with suppress(OSError):  # a viewer may still hold it; the folder goes at the end anyway
            earlier.unlink()
    try:
        write_preview(record, screen.folder.picture(record.image), preview)
    except UmedError as error:
        complain(error, record.image)
        return
    say(f"  picture: {preview}")
    if screen.opens:
        typer.launch(str(preview))


def _correct(session: ReviewSession, comment: str) -> None:
    """Asks for a form until it holds or is cancelled; what is wrong with it is told each time."""
    from umed_core.mau.review.corrections import correction_faults, read_form, with_boxes_followed

    record = session.current
    for text in _forms(record):
        try:
            correction = read_form(text)
        except DataError as error:
            complain(error)
            continue
        if correction.is_empty:
            say("cancelled; nothing is changed")
            return
        correction = with_boxes_followed(record, correction)
        faults = correction_faults(record, correction.turns, correction.findings)
        if not faults:
            session.correct(replace(correction, comment=correction.comment or comment))
            return
        for fault in faults:
            note(f"not yet: {fault}")


def _forms(record: MauRecord) -> Iterator[str]:
    """Filled forms: from $EDITOR on a terminal until the person gives up; else one from stdin. "" cancels."""
    from umed_core.mau.review.corrections import form_of

    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    if not (editor and sys.stdin.isatty()):
        say("  Write what changes, then a single dot; the dot alone cancels. A kind of line that you leave out stays:")
        say("    finding: CLASS | x, y, w, h    (or finding: none)\n    user: QUESTION\n    assistant: ANSWER")
        yield _lines_to_dot()
        return
    before = form_of(record)
    while True:
        after = _edited(before, editor)
        yield "" if after == before else after
        say("Enter edits the form again, n gives up.")
        if _ask()[0] in ("n", "q"):
            say("cancelled; nothing is changed")
            return
        before = after


def _lines_to_dot() -> str:
    lines: list[str] = []
    while line := sys.stdin.readline():
        if line.strip() == ".":
            break
        lines.append(line)
    return "".join(lines)


def _edited(text: str, editor: str) -> str:
    """The text as the editor leaves it; unchanged where it was closed without saving. Raises: ConfigError."""
    import click

    try:
        return click.edit(text, editor=editor, extension=".txt") or text
    except click.ClickException as problem:
        raise ConfigError(
            f"The editor {editor!r} failed: {problem.message}", "Set $EDITOR to one that works."
        ) from problem


def _report(folder: ReviewFolder, log: ReviewLog, seed: int) -> None:
    from umed_core.mau.review.figures import report_lines, review_figures

    for line in report_lines(review_figures(folder, log.events, seed)):
        say(line)


def _apply(folder: ReviewFolder, log: ReviewLog, out: Path, keep_unreviewed: bool, seed: int) -> None:
    from umed_core.mau.review.apply import LEFT_OUT_NAME, apply_reviews

    applied = apply_reviews(folder, log.events, out, keep_unreviewed, seed)
    say(f"{out}: {applied.train} records to train on, {applied.test} to test on")
    say(f"left out: {applied.left_out}, each with its reason in {out / LEFT_OUT_NAME}")
