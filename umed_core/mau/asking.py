"""Asking a teacher many things at once: retries, pace, budget and stop, with every answer kept the moment it comes."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from umed_core.errors import BudgetSpent, ConfigError, TeacherBusy, TeacherError, TeacherRejected
from umed_core.mau.cost import Budget, text_tokens
from umed_core.mau.teacher import Stage, Teacher, TeacherReply, TeacherRequest, Tokens

__all__ = ["AskFailure", "AskLimits", "AskOutcome", "AskProgress", "Pace", "ask_all", "backoff_s"]


@dataclass(frozen=True, slots=True)
class AskLimits:
    """How hard and how long to ask. A rate of infinity is no limit."""

    in_flight: int = 8
    """Requests asked at once. A local model answers one at a time: 1 there."""
    requests_per_minute: float = math.inf
    tokens_per_minute: float = math.inf
    """Prompt and completion together, counted as the teacher reports them and, for calls still out, by their mean."""
    tries: int = 6
    """Calls for one request before it counts as failed; a 429 is none of them."""
    timeout_s: float = 180.0
    """For one call; the last resort over a teacher's own."""
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    """Waits between tries are drawn from 0 to first_wait_s * 2^n, at most longest_wait_s."""
    dead_after: int = 5
    """Requests in a row that failed, with no answer to any other in between, after which the teacher counts as dead."""
    patience_s: float = 900.0
    """Time without one answer, while the server only says 429, after which it counts as dead."""
    finish_s: float = 30.0
    """How long a stop waits for the calls that are out: they are paid for."""
    budget: Budget = field(default_factory=Budget)

    def __post_init__(self) -> None:
        """Raises: ConfigError for a limit under which nothing could be asked."""
        counts = (self.in_flight, self.tries, self.dead_after)
        spans = (self.requests_per_minute, self.tokens_per_minute, self.timeout_s, self.patience_s)
        if min(counts) < 1 or not all(span > 0 for span in spans) or not self.first_wait_s >= 0:
            raise ConfigError("A limit on asking is zero or less.", "Give numbers above 0.")


@dataclass(frozen=True, slots=True)
class AskFailure:
    """A request that has no answer after all tries, and why."""

    case_id: str
    stage: Stage
    reason: str


@dataclass(frozen=True, slots=True)
class AskOutcome:
    """What came of the requests; `tokens` and `usd` are of this run."""

    answered: int
    failures: tuple[AskFailure, ...]
    tokens: Tokens
    usd: float


@dataclass(frozen=True, slots=True)
class AskProgress:
    """How far it is. `done` counts answers and failures; `seconds_left` is infinite while nothing can be said."""

    done: int
    total: int
    tokens: Tokens
    usd: float
    seconds_left: float


def _no_progress(progress: AskProgress) -> None:
    """Nobody watches."""


async def ask_all(
    teacher: Teacher,
    requests: Iterable[TeacherRequest],
    keep: Callable[[TeacherRequest, TeacherReply], None],
    limits: AskLimits,
    progress: Callable[[AskProgress], None] = _no_progress,
    total: int = 0,
    paid_before: Tokens = Tokens(),  # noqa: B008 - frozen
) -> AskOutcome:
    """Asks every request and hands each reply to `keep` before anything else happens with it.

    Requests are taken one by one as there is room for them. The first goes alone until it is answered, so a wrong key
    costs one call. `total` is for the progress; `paid_before` counts against the budget. To return means that each
    request was answered or is among the failures. After an error nothing more is asked, calls that are out may finish
    and are kept, and a later run with what is left goes on.
    Raises: BudgetSpent before a call that would probably pass the limit; TeacherError for a dead server or what no retry
        mends (key, model, address); what `keep` and the requests raise; asyncio.CancelledError (Ctrl-C).
    """
    run = _Run(teacher, requests, keep, limits, progress, total, paid_before)
    tasks = [asyncio.ensure_future(run.work(number)) for number in range(limits.in_flight)]
    try:
        await asyncio.wait(tasks)
    except asyncio.CancelledError:
        run.stop()
        await asyncio.wait(tasks, timeout=limits.finish_s)
        raise
    finally:
        for task in tasks:
            task.cancel()
        endings = await asyncio.gather(*tasks, return_exceptions=True)
    for ending in endings:
        if isinstance(ending, BaseException) and not isinstance(ending, asyncio.CancelledError):
            raise ending
    if run.reason is not None:
        raise run.reason
    return AskOutcome(run.answered, tuple(run.failures), run.tokens, limits.budget.cost(run.tokens))


def backoff_s(tries_before: int, limits: AskLimits, share: float) -> float:
    """The wait before the next try: exponential with full jitter; `share` in 0..1 is the draw. Source: Brooker, AWS 2015."""
    return share * min(limits.longest_wait_s, limits.first_wait_s * 2.0 ** min(tries_before, 60))


class Pace:
    """Spaces things evenly over time: at most `per_minute`, with bursts of one second's worth (a leaky bucket)."""

    def __init__(self, per_minute: float) -> None:
        self._spacing_s = 60.0 / per_minute
        self._free_at = -math.inf

    def reserve(self, now_s: float, amount: float = 1.0) -> float:
        """Takes room for `amount` and returns the seconds to wait until it is there."""
        start = max(self._free_at, now_s - 1.0)
        self._free_at = start + amount * self._spacing_s
        return max(0.0, start - now_s)

    def settle(self, reserved: float, real: float) -> None:
        """Corrects a reservation once the real amount is known."""
        self._free_at += (real - reserved) * self._spacing_s


class _Run:
    """One call of ask_all: what its workers share. They live on one event loop, so nothing here needs a lock."""

    def __init__(
        self,
        teacher: Teacher,
        requests: Iterable[TeacherRequest],
        keep: Callable[[TeacherRequest, TeacherReply], None],
        limits: AskLimits,
        progress: Callable[[AskProgress], None],
        total: int,
        paid_before: Tokens,
    ) -> None:
        self._teacher, self._keep, self._limits = teacher, keep, limits
        self._requests = iter(requests)
        self._progress, self._total = progress, total
        self._paid_before = paid_before
        self._requests_pace = Pace(limits.requests_per_minute)
        self._tokens_pace = Pace(limits.tokens_per_minute)
        self._loop = asyncio.get_running_loop()
        self._started_s = self._last_answer_s = self._paused_until_s = self._loop.time()
        self._door = asyncio.Event()  # opens with the first answer
        self._stopping = asyncio.Event()
        self._failed_in_a_row = 0
        self._out = 0
        self.answered = 0
        self.tokens = Tokens()
        self.failures: list[AskFailure] = []
        self.reason: TeacherError | None = None

    def stop(self, reason: TeacherError | None = None) -> None:
        """No new call from here on; the first reason counts."""
        if not self._stopping.is_set():
            self.reason = reason
        self._stopping.set()
        self._door.set()

    async def work(self, number: int) -> None:
        """Takes requests until there are none. An error of `keep` or of the requests ends all workers."""
        if number > 0:
            await self._door.wait()
        try:
            while not self._stopping.is_set():
                try:
                    request = next(self._requests)
                except StopIteration:
                    break
                await self._see_to(request)
                # A teacher that never waits would otherwise keep Ctrl-C and everybody else waiting.
                await asyncio.sleep(0)
            # An only request that failed, or none at all: the others must not wait for its answer.
            self._door.set()
        except BaseException:
            self.stop()
            raise

    async def _see_to(self, request: TeacherRequest) -> None:
        tries = 0
        while await self._may_ask(request):
            try:
                reply = await self._ask(request)
            except TeacherBusy as problem:
                tries += not _is_rate_limit(problem)
                if tries >= self._limits.tries:
                    self._failed(request, problem)
                    return
                if self._last_answer_s + self._limits.patience_s < self._loop.time():
                    self.stop(_dead(f"no answer for {self._limits.patience_s / 60:.0f} minutes", problem))
                    return
                await self._wait(max(problem.retry_after_s, backoff_s(tries, self._limits, random.random())))
            except TeacherRejected as problem:
                self._failed(request, problem)
                return
            except TeacherError as problem:
                self.stop(problem)
                return
            else:
                self._answered(request, reply)
                return

    async def _may_ask(self, request: TeacherRequest) -> bool:
        """Waits for the shared pause and the pace; False once there is to be no new call."""
        while (pause_s := self._paused_until_s - self._loop.time()) > 0 and not self._stopping.is_set():
            # All wake up at about the same time: spread them, or the server says 429 again.
            await self._wait(pause_s + random.random() * min(pause_s, 1.0))
        if self._stopping.is_set():
            return False
        expected = self._mean_tokens(request)
        now = self._loop.time()
        wait_s = max(
            self._requests_pace.reserve(now),
            self._tokens_pace.reserve(now, expected.prompt + expected.completion),
        )
        if wait_s > 0:
            await self._wait(wait_s)
        if not self._stopping.is_set() and not self._limits.budget.allows(self._paid_with(self._out + 1, expected)):
            self.stop(_spent(self._limits.budget, self._paid_with(0, expected)))
        return not self._stopping.is_set()

    async def _ask(self, request: TeacherRequest) -> TeacherReply:
        """One call. Raises: TeacherBusy, also for one that takes too long; other TeacherErrors."""
        self._out += 1
        expected = self._mean_tokens(request)
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                reply = await self._teacher.answer(request)
        except TimeoutError:
            raise TeacherBusy(f"No answer within {self._limits.timeout_s:g} s.", "Allow it more time.") from None
        except TeacherBusy as problem:
            if problem.retry_after_s > 0:
                self._paused_until_s = max(self._paused_until_s, self._loop.time() + problem.retry_after_s)
            raise
        finally:
            self._out -= 1
        self._tokens_pace.settle(expected.prompt + expected.completion, reply.tokens.prompt + reply.tokens.completion)
        return reply

    async def _wait(self, seconds: float) -> None:
        """Sleeps, but not past a stop."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _answered(self, request: TeacherRequest, reply: TeacherReply) -> None:
        self._keep(request, reply)
        self.answered += 1
        self.tokens = Tokens(self.tokens.prompt + reply.tokens.prompt, self.tokens.completion + reply.tokens.completion)
        self._failed_in_a_row = 0
        self._last_answer_s = self._loop.time()
        self._door.set()
        self._tell()

    def _failed(self, request: TeacherRequest, problem: TeacherError) -> None:
        self.failures.append(AskFailure(request.case_id, request.stage, problem.message))
        # One rejected request says nothing about the server, unless it has never answered any.
        if self.answered == 0 or not isinstance(problem, TeacherRejected):
            self._failed_in_a_row += 1
        if self._failed_in_a_row >= self._limits.dead_after:
            self.stop(_dead(f"{self._failed_in_a_row} requests in a row failed", problem))
        self._tell()

    def _mean_tokens(self, request: TeacherRequest) -> Tokens:
        """What a call is expected to cost: the mean of this run's, and for the first an estimate by its text."""
        if self.answered == 0:
            return Tokens(text_tokens(request.messages), 0)
        return Tokens(self.tokens.prompt // self.answered, self.tokens.completion // self.answered)

    def _paid_with(self, calls_out: int, expected: Tokens) -> Tokens:
        return Tokens(
            self._paid_before.prompt + self.tokens.prompt + calls_out * expected.prompt,
            self._paid_before.completion + self.tokens.completion + calls_out * expected.completion,
        )

    def _tell(self) -> None:
        done = self.answered + len(self.failures)
        passed_s = self._loop.time() - self._started_s
        left_s = passed_s / done * (self._total - done) if self._total >= done else math.inf
        self._progress(AskProgress(done, self._total, self.tokens, self._limits.budget.cost(self.tokens), left_s))


def _is_rate_limit(problem: TeacherBusy) -> bool:
    """A server that names a wait is alive; to come back then is no failed try."""
    return problem.retry_after_s > 0


def _dead(what: str, last: TeacherError) -> TeacherError:
    return TeacherError(f"The teacher does not work: {what}. The last: {last.message}", last.hint)


def _spent(budget: Budget, paid: Tokens) -> BudgetSpent:
    spent = f"${budget.cost(paid):.2f} of ${budget.usd:.2f}" if math.isfinite(budget.usd) else ""
    used = (
        f"{paid.prompt + paid.completion:,} of {budget.max_tokens:,.0f} tokens"
        if math.isfinite(budget.max_tokens)
        else ""
    )
    return BudgetSpent(
        f"The budget is used up: {' and '.join(filter(None, (spent, used)))}.",
        "What was answered is kept. Raise the limit and run the same command again.",
    )
