"""Reading what a command of umed writes to its log: how far it is, and how it ended. Free of Qt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from umed_core.prompts import RESEARCH_USE_ONLY
from umed_desktop.words import translate

__all__ = ["Ending", "Place", "ending_of", "last_place"]

_STEP = re.compile(r"step (\d+)/(\d+)(?:, .*?)?(?:, ([\d:]+) left)?$")
_COUNT = re.compile(
    r"(?:^|(?P<doing>[a-z][a-z -]*) )\[(?P<done>\d+)(?:/(?P<total>\d+))?(?:, about (?P<left>[^]]+) left)?\]"
)


@dataclass(frozen=True, slots=True)
class Place:
    """How far a command is: `done` of `total` (0 while it is not known), and what it says is left, "" for nothing."""

    done: int
    total: int
    left: str = ""
    doing: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ended; `message` and `hint` are its own words where it failed.

    `was_cut`: it failed without a word of its own, as what is killed does, or what the machine takes down with it.
    """

    kind: Literal["done", "stopped", "failed"]
    message: str = ""
    hint: str = ""
    was_cut: bool = False


def last_place(log: str) -> Place | None:
    """The newest line of progress: `step 3/8, loss .., 0:00:05 left`, `asking [3/20, about 12 s left]`, `[7/20] a.png`."""
    for line in reversed(log.splitlines()):
        if step := _STEP.match(line):
            return Place(int(step[1]), int(step[2]), step[3] or "")
        if (count := _COUNT.match(line)) is not None:
            # What is counted "[4/20]" has begun with the fourth: three are done.
            total = int(count["total"] or 0)
            done = max(0, int(count["done"]) - 1) if total else int(count["done"])
            return Place(done, total, count["left"] or "", count["doing"] or "")
    return None


def ending_of(log: str, exit_code: int | None = None) -> Ending:
    """How the command that wrote `log` ended; `exit_code` where it is known, negative for a signal.

    A command that did its work says so by the research-use line at its end, one that failed by `error:` and `hint:`.
    """
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    if exit_code in (0, None) and lines and lines[-1] == RESEARCH_USE_ONLY:
        return Ending("done")
    for place in range(len(lines) - 1, -1, -1):
        line = lines[place]
        if line.startswith("error: "):
            message = line.removeprefix("error: ")
            hints = [found.removeprefix("hint: ") for found in lines[place + 1 :] if found.startswith("hint: ")]
            kind: Literal["stopped", "failed"] = "stopped" if message.startswith("Stopped ") else "failed"
            return Ending(kind, message, hints[0] if hints else "")
        if line.startswith("stopped") or line == "KeyboardInterrupt":
            return Ending("stopped", translate("JobLog", "Stopped; what was done is kept."))
    was_cut = (exit_code is None or exit_code < 0) and not any(line.startswith("Traceback ") for line in lines)
    hint = translate("JobLog", "What was done is kept; go on from there.")
    return Ending("failed", _last_words(lines, exit_code), hint, was_cut)


def _last_words(lines: list[str], exit_code: int | None) -> str:
    if exit_code == -9:
        how = translate("JobLog", "The process was ended by signal 9, perhaps for want of memory.")
    elif exit_code is not None and exit_code < 0:
        how = translate("JobLog", "The process was ended by signal {number}.").format(number=-exit_code)
    else:
        how = translate("JobLog", "The process ended without saying why.")
    if not lines or last_place(lines[-1]) is not None:  # how far it was is told beside it
        return how
    return how + " " + translate("JobLog", 'Its last line: "{line}"').format(line=lines[-1])
