"""Does a judge put the better answer first? Seeded trials in the template's words, free text, and answers given blindly.

    python benchmarks/judge_validation.py [--cases 600] [--seed 1]
    python benchmarks/judge_validation.py --judge local --model FOLDER [--cases 50]
    python benchmarks/judge_validation.py --judge openai --model NAME --base-url http://127.0.0.1:8000/v1 [--cases 50]

For each kind of bad answer: the share of pairs in which another wording of the reference scores higher, with Wilson's
95 % interval; a tie counts as a failure. Free text (judge_free_text.jsonl) is written by hand in other styles than the
template's, in parts: what the judge was developed on, and what it had not seen. A blind answer is the same for every
image: the best of them is what a policy can earn without looking.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Iterable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import msgspec

from umed_core.evaluation.intervals import Estimate
from umed_core.mau.knowledge import CLASSES, noun_phrase
from umed_core.records import read_jsonl
from umed_core.training.judges.embedded import EmbeddedJudge
from umed_core.training.judges.judge import Judge
from umed_core.training.judges.trials import Trial, compare, make_trials, share_ranked

FREE_TEXT = Path(__file__).with_name("judge_free_text.jsonl")


class FreeText(msgspec.Struct, frozen=True):
    """A pair of answers written by hand; `flaw` says what is wrong with the bad one, `part` when it was written."""

    part: str
    flaw: str
    question: str
    reference: str
    good: str
    bad: str


def main() -> None:
    options = _options()
    judge = _judge(options)
    print(f"judge: {judge.identity}\n")
    trials = list(make_trials(options.cases, options.seed))
    started, used = time.perf_counter(), time.process_time()
    scored = compare(judge, trials)
    wall_s, cpu_s = time.perf_counter() - started, time.process_time() - used
    _table("in the template's words", share_ranked(scored))
    _table("  by flaw", share_ranked(scored, lambda trial: f"{trial.kind}: {trial.flaw}"))
    good, bad = (statistics.fmean(scores) for scores in zip(*((g, b) for _, g, b in scored), strict=True))
    answers = len({(t.question, t.reference, text) for t in trials for text in (t.good, t.bad)})
    print(f"mean score: {good:.2f} of other wordings, {bad:.2f} of bad answers")
    print(f"{answers} answers in {wall_s:.1f} s ({answers / cpu_s:.0f} per second of processor time)\n")
    _free_text(judge)
    _blind(judge, trials)
    judge.close()


def _free_text(judge: Judge) -> None:
    pairs = list(read_jsonl(FREE_TEXT, FreeText))
    part_of = {pair.good: pair.part for pair in pairs}
    trials = [Trial(p.question, p.reference, p.good, p.bad, "free text", p.flaw) for p in pairs]
    scored = compare(judge, trials)
    _table("free text", share_ranked(scored, lambda trial: part_of[trial.good]))
    _table("  by flaw", share_ranked(scored, lambda trial: trial.flaw))
    for trial, good, bad in scored:
        if good <= bad:
            print(f"missed ({trial.flaw}): {good:.2f} {trial.good}\n    {bad:.2f} {trial.bad}")
    print()


def _blind(judge: Judge, trials: Iterable[Trial]) -> None:
    """The mean score of answers that never look, over the cases."""
    blind = [
        "No abnormality is seen in this image.",
        "An abnormality is seen in the image.",
        *(f"There is an abnormality in the central part of the image: {noun_phrase(label)}." for label in CLASSES),
        "It is not contagious; it may be benign, but cancer must be ruled out by CT and a biopsy.",
        "It may cause pain, cough, fever and breathlessness, or no symptoms.",
        "It is treated by its cause; follow-up, biopsy or surgery depends on its size.",
    ]
    cases = list(dict.fromkeys((trial.question, trial.reference) for trial in trials))
    columns = zip(*(judge.score(question, reference, blind) for question, reference in cases), strict=True)
    means = {text: statistics.fmean(column) for text, column in zip(blind, columns, strict=True)}
    print("best blind answers, mean score:")
    for text in sorted(means, key=lambda text: -means[text])[:3]:
        print(f"  {means[text]:.2f} {text}")


def _table(title: str, shares: dict[str, Estimate]) -> None:
    print(title)
    for name, share in shares.items():
        print(f"  {name:45} {share.value:6.1%}  ({share.low:.1%} to {share.high:.1%}, n = {share.count})")
    print()


def _judge(options: argparse.Namespace) -> Judge:
    if options.judge == "local":
        from umed_core.training.judges.local import open_local_judge

        return open_local_judge(Path(options.model))
    if options.judge == "openai":
        from umed_core.mau.teachers.api_key import find_api_key
        from umed_core.mau.teachers.chat_form import ChatSettings
        from umed_core.training.judges.openai_compatible import OpenAIJudge

        settings = ChatSettings(options.model, options.base_url, max_tokens=64, extra={"temperature": 0})
        return OpenAIJudge(settings, find_api_key())
    return EmbeddedJudge()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judge", choices=("embedded", "local", "openai"), default="embedded")
    parser.add_argument("--model", default="", help="a model's folder (local) or its name at the server (openai)")
    parser.add_argument("--base-url", default="http://127.0.0.1:8000/v1")
    parser.add_argument("--cases", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
