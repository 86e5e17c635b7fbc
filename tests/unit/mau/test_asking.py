"""Asking many at once, on a clock that jumps: no test waits, and every wait can be read off."""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.errors import BudgetSpent, ConfigError, StorageError, TeacherBusy, TeacherError, TeacherRejected
from umed_core.mau.asking import AskLimits, AskOutcome, AskProgress, Pace, ask_all, backoff_s
from umed_core.mau.cost import Budget
from umed_core.mau.teacher import TeacherReply, TeacherRequest, Tokens
from umed_core.records import Turn

T = TypeVar("T")
LATENCY_S = 1.0


class JumpingSelector(selectors.SelectSelector):
    """Never waits: the time that it was to wait has passed at once."""

    passed_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.passed_s += timeout or 0.0
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = JumpingSelector()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.passed_s


def run(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(main)


def now() -> float:
    return asyncio.get_running_loop().time()


def request(number: int) -> TeacherRequest:
    return TeacherRequest(
        f"key-{number}", f"set/{number:06}", "diagnosis", 0, (Turn("user", "x" * 400),), Path("a.png"), (), "CT"
    )


def requests(count: int) -> Iterator[TeacherRequest]:
    return (request(number) for number in range(count))


class Scripted:
    """A teacher that takes a second for each answer; `script` may raise, given the request and how often it came."""

    identity = "scripted"
    is_remote = False

    def __init__(self, script: Callable[[str, int], None] = lambda key, visit: None):
        self.script = script
        self.visits: dict[str, int] = {}
        self.calls: list[tuple[float, str]] = []
        self.out = self.most_out = 0

    async def answer(self, request: TeacherRequest) -> TeacherReply:
        visit = self.visits.get(request.key, 0)
        self.visits[request.key] = visit + 1
        self.calls.append((now(), request.key))
        self.out += 1
        self.most_out = max(self.most_out, self.out)
        try:
            await asyncio.sleep(LATENCY_S)
            self.script(request.key, visit)
        finally:
            self.out -= 1
        return TeacherReply(f"about {request.key}", tokens=Tokens(900, 100))

    async def close(self) -> None: ...


class Kept:
    def __init__(self) -> None:
        self.keys: list[str] = []

    def __call__(self, request: TeacherRequest, reply: TeacherReply) -> None:
        assert reply.text == f"about {request.key}"
        self.keys.append(request.key)


def ask(teacher: Scripted, count: int, kept: Kept, limits: AskLimits, **more: Any) -> tuple[AskOutcome, float]:
    async def main() -> tuple[AskOutcome, float]:
        outcome = await ask_all(teacher, requests(count), kept, limits, **more)
        return outcome, now()

    return run(main())


def busy(*visits: int, wait_s: float = 0.0) -> Callable[[str, int], None]:
    def script(key: str, visit: int) -> None:
        if visit in visits:
            raise TeacherBusy("HTTP 500", "wait", wait_s)

    return script


def always(error: TeacherError) -> Callable[[str, int], None]:
    def script(key: str, visit: int) -> None:
        raise error

    return script


def test_eight_at_once_after_the_first_alone():
    teacher, kept = Scripted(), Kept()
    outcome, seconds = ask(teacher, 17, kept, AskLimits(in_flight=8))
    assert sorted(kept.keys) == sorted(f"key-{n}" for n in range(17))
    assert teacher.most_out == 8
    assert seconds == pytest.approx(3.0)  # 1, then 8, then 8
    assert outcome == AskOutcome(17, (), Tokens(17 * 900, 17 * 100), 0.0)


def test_nothing_to_ask():
    outcome, _ = ask(Scripted(), 0, Kept(), AskLimits())
    assert outcome == AskOutcome(0, (), Tokens(), 0.0)


def test_requests_are_taken_only_as_there_is_room():
    taken: list[int] = []
    most_ahead = 0

    def lazily() -> Iterator[TeacherRequest]:
        nonlocal most_ahead
        for number in range(100):
            taken.append(number)
            most_ahead = max(most_ahead, len(taken) - len(kept.keys))
            yield request(number)

    kept = Kept()
    run(ask_all(Scripted(), lazily(), kept, AskLimits(in_flight=4)))
    assert len(kept.keys) == 100 and most_ahead == 4


def test_a_fault_is_tried_again_and_only_then():
    teacher, kept = Scripted(busy(0, 1)), Kept()
    outcome, _ = ask(teacher, 3, kept, AskLimits(tries=3))
    assert outcome.answered == 3 and set(teacher.visits.values()) == {3}
    assert len(kept.keys) == 3


def test_a_request_that_fails_each_time_is_told_and_the_others_go_on():
    def script(key: str, visit: int) -> None:
        if key == "key-2":
            raise TeacherBusy("HTTP 500")

    teacher, kept = Scripted(script), Kept()
    outcome, _ = ask(teacher, 5, kept, AskLimits(tries=4))
    [failure] = outcome.failures
    assert (failure.case_id, failure.stage, failure.reason) == ("set/000002", "diagnosis", "HTTP 500")
    assert teacher.visits["key-2"] == 4 and outcome.answered == 4


def test_a_rejected_request_is_asked_once():
    def script(key: str, visit: int) -> None:
        if key == "key-1":
            raise TeacherRejected("too large")

    teacher = Scripted(script)
    outcome, _ = ask(teacher, 3, Kept(), AskLimits())
    assert [f.reason for f in outcome.failures] == ["too large"] and teacher.visits["key-1"] == 1


def test_even_the_first_request_may_be_rejected():
    def script(key: str, visit: int) -> None:
        if key == "key-0":
            raise TeacherRejected("too large")

    outcome, _ = ask(Scripted(script), 3, Kept(), AskLimits())
    assert outcome.answered == 2


def test_an_only_request_that_fails_ends_the_run():
    outcome, _ = ask(Scripted(always(TeacherRejected("no"))), 1, Kept(), AskLimits())
    assert outcome.answered == 0 and len(outcome.failures) == 1


def test_a_wrong_key_costs_one_call():
    teacher = Scripted(always(TeacherError("The key is not accepted", "Set it.")))
    with pytest.raises(TeacherError, match="key is not accepted"):
        ask(teacher, 100, Kept(), AskLimits(in_flight=64))
    assert len(teacher.calls) == 1


def test_a_dead_server_stops_the_run_after_what_came_is_kept():
    def script(key: str, visit: int) -> None:
        if int(key.split("-")[1]) >= 20:
            raise TeacherBusy("connection refused", "Is it running?")

    teacher, kept = Scripted(script), Kept()
    with pytest.raises(TeacherError, match=r"5 requests in a row failed.*connection refused") as caught:
        ask(teacher, 1000, kept, AskLimits(in_flight=4, tries=2, dead_after=5))
    assert len(kept.keys) == 20 and caught.value.hint == "Is it running?"
    assert not isinstance(caught.value, TeacherBusy)
    assert len(teacher.visits) < 32


def test_a_server_that_rejects_everything_is_dead_too():
    teacher = Scripted(always(TeacherRejected("unknown option")))
    with pytest.raises(TeacherError, match=r"3 requests in a row failed.*unknown option"):
        ask(teacher, 100, Kept(), AskLimits(dead_after=3))
    assert len(teacher.calls) == 3


def test_a_429_pauses_everybody_for_as_long_as_the_server_says():
    def script(key: str, visit: int) -> None:
        if key == "key-3" and visit == 0:
            raise TeacherBusy("too many", "", 30.0)

    teacher, kept = Scripted(script), Kept()
    outcome, _ = ask(teacher, 40, kept, AskLimits(in_flight=4, tries=1))
    assert outcome.answered == 40  # with a single try: a 429 is none
    heard_at = next(at for at, key in teacher.calls if key == "key-3") + LATENCY_S
    during = [at for at, _ in teacher.calls if heard_at < at < heard_at + 30.0]
    assert during == []


def test_a_server_that_only_says_429_counts_as_dead_after_a_while():
    teacher = Scripted(always(TeacherBusy("too many", "Slower.", 10.0)))
    with pytest.raises(TeacherError, match="no answer for 5 minutes"):
        ask(teacher, 100, Kept(), AskLimits(patience_s=300))
    assert len(teacher.calls) < 300 / 10


def test_a_call_that_hangs_is_given_up():
    class Hangs(Scripted):
        async def answer(self, request: TeacherRequest) -> TeacherReply:
            if self.visits.setdefault(request.key, 0) == 0:
                self.visits[request.key] = 1
                await asyncio.sleep(1e6)
            return await super().answer(request)

    outcome, seconds = ask(Hangs(), 1, Kept(), AskLimits(timeout_s=20))
    assert outcome.answered == 1 and 20 < seconds < 25


def test_a_rate_is_kept():
    teacher = Scripted()
    _, seconds = ask(teacher, 121, Kept(), AskLimits(in_flight=50, requests_per_minute=60))
    assert 118 <= seconds <= 123
    starts = [at for at, _ in teacher.calls]
    for at in starts:
        assert sum(at <= other < at + 60 for other in starts) <= 62  # and a second's burst


def test_a_rate_of_tokens_is_kept():
    teacher = Scripted()
    _, seconds = ask(teacher, 31, Kept(), AskLimits(in_flight=20, tokens_per_minute=10_000))
    assert 165 <= seconds <= 190  # 31 calls of 1,000 tokens, 10 a minute


def test_a_budget_stops_before_it_is_passed_and_keeps_what_is_out():
    # $1 a million: 1,000 tokens are $0.001, and $0.05 are 50 calls.
    budget = Budget(0.05, 1.0, 1.0)
    teacher, kept = Scripted(), Kept()
    with pytest.raises(BudgetSpent, match=r"\$0\.05 of \$0\.05"):
        ask(teacher, 1000, kept, AskLimits(in_flight=8, budget=budget))
    assert len(kept.keys) == len(teacher.calls) == 50


def test_what_earlier_runs_paid_counts():
    teacher = Scripted()
    with pytest.raises(BudgetSpent, match="tokens"):
        ask(teacher, 100, Kept(), AskLimits(budget=Budget(max_tokens=20_000)), paid_before=Tokens(15_000, 0))
    assert len(teacher.calls) == 5


@pytest.mark.parametrize("wrong", [{"usd": 1.0}, {"usd": -1.0}, {"usd": math.nan}, {"usd_per_million_prompt": -1.0}])
def test_a_budget_that_cannot_be_kept_is_refused(wrong):
    with pytest.raises(ConfigError):
        Budget(**wrong)


def test_no_request_in_flight_is_a_wrong_limit():
    with pytest.raises(ConfigError):
        AskLimits(in_flight=0)


def test_a_cancelled_run_keeps_the_calls_that_are_out():
    teacher, kept = Scripted(), Kept()

    async def main() -> None:
        asking = asyncio.ensure_future(ask_all(teacher, requests(1000), kept, AskLimits(in_flight=8)))
        await asyncio.sleep(2.5)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert now() == pytest.approx(3.0)

    run(main())
    assert len(kept.keys) == len(teacher.calls) == 17


def test_a_cancelled_run_does_not_wait_for_ever():
    teacher = Scripted()

    async def main() -> None:
        asking = asyncio.ensure_future(ask_all(teacher, requests(9), Kept(), AskLimits(finish_s=0.2)))
        await asyncio.sleep(0.5)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert now() == pytest.approx(0.7)

    run(main())


def test_a_disk_that_is_full_stops_the_run():
    def keep(request: TeacherRequest, reply: TeacherReply) -> None:
        if request.key == "key-5":
            raise StorageError("The disk is full.")

    teacher = Scripted()
    with pytest.raises(StorageError):
        run(ask_all(teacher, requests(1000), keep, AskLimits(in_flight=2)))
    assert len(teacher.calls) <= 8


def test_requests_that_cannot_be_made_stop_the_run_and_its_calls_are_kept():
    def broken() -> Iterator[TeacherRequest]:
        yield from requests(3)
        raise StorageError("The database is gone.")

    kept = Kept()
    with pytest.raises(StorageError):
        run(ask_all(Scripted(), broken(), kept, AskLimits(in_flight=8)))
    assert len(kept.keys) == 3


def test_progress_counts_answers_and_failures():
    def script(key: str, visit: int) -> None:
        if key == "key-1":
            raise TeacherRejected("no")

    seen: list[AskProgress] = []
    limits = AskLimits(in_flight=1, budget=Budget(10.0, 1.0, 1.0))
    ask(Scripted(script), 4, Kept(), limits, progress=seen.append, total=4)
    assert [(p.done, p.total) for p in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [p.seconds_left for p in seen] == [3.0, 2.0, 1.0, 0.0]
    assert seen[-1].tokens == Tokens(2700, 300) and seen[-1].usd == pytest.approx(0.003)


def test_a_teacher_that_never_waits_can_be_cancelled():
    class Instant(Scripted):
        async def answer(self, request: TeacherRequest) -> TeacherReply:
            return TeacherReply(f"about {request.key}")

    async def main() -> int:
        kept = Kept()
        asking = asyncio.ensure_future(ask_all(Instant(), requests(10**9), kept, AskLimits()))
        for _ in range(100):
            await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        return len(kept.keys)

    assert 0 < run(main()) < 2000


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_waits_grow_to_a_limit_and_never_past_it(tries, share):
    limits = AskLimits(first_wait_s=1.0, longest_wait_s=60.0)
    assert 0 <= backoff_s(tries, limits, share) <= 60.0
    assert [backoff_s(n, limits, 1.0) for n in (0, 1, 2, 5, 6, 7)] == [1, 2, 4, 32, 60, 60]


@given(st.lists(st.floats(0, 5), min_size=1, max_size=60), st.integers(1, 600))
def test_a_pace_never_lets_more_through_than_its_rate_and_a_seconds_burst(gaps, per_minute):
    pace, at, starts = Pace(per_minute), 0.0, []
    for gap in gaps:
        at += gap
        starts.append(at + pace.reserve(at))
    for first in starts:
        inside = sum(first <= start < first + 60 for start in starts)
        assert inside <= per_minute + per_minute / 60 + 1
