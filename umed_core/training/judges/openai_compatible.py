"""A judge behind OpenAI's chat interface: OpenAI itself, or vLLM, Ollama, llama.cpp and others on this machine.

Client, key and error messages are those of the teacher of `build-mau`. Only text is sent, never an image.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Sequence
from pathlib import Path

from umed_core.errors import DataError, TeacherBusy, TeacherError, TrainingError
from umed_core.mau.asking import AskLimits, backoff_s
from umed_core.mau.teacher import TeacherRequest, Tokens
from umed_core.mau.teachers.api_key import ApiKey
from umed_core.mau.teachers.chat_form import ChatSettings
from umed_core.mau.teachers.openai_compatible import OpenAITeacher
from umed_core.prompts import correction_prompt
from umed_core.records import Turn
from umed_core.training.judges.prompt import JUDGE_PROMPTS_VERSION, parse_score, score_prompt

__all__ = ["OpenAIJudge"]


class OpenAIJudge:
    """Implements Judge. `limits` says how many answers are graded at once, how often one is tried and for how long.

    An answer that the model declines to grade, as a content filter may, scores 0 and counts in `declined`. `tokens` is
    what all scores so far have cost. Belongs to one thread.
    """

    def __init__(self, settings: ChatSettings, key: ApiKey, limits: AskLimits | None = None) -> None:
        """Raises: ConfigError for a key that would cross the network unencrypted."""
        self._limits = limits or AskLimits()
        self._client = OpenAITeacher(settings, key, self._limits.timeout_s, self._limits.in_flight)
        # One loop for all calls: the connections live on it.
        self._runner = asyncio.Runner()
        self.tokens = Tokens()
        self.declined = 0

    @property
    def identity(self) -> str:
        return f"{self._client.identity} judge_prompts={JUDGE_PROMPTS_VERSION}"

    @property
    def is_remote(self) -> bool:
        return self._client.is_remote

    def score(self, question: str, reference: str, answers: Sequence[str]) -> list[float]:
        """Raises: TrainingError for a server that stays away, refuses its work, or gives no score after all tries."""
        try:
            return self._runner.run(self._score_all(question, reference, answers))
        except TeacherError as problem:
            raise TrainingError(
                f"The judge cannot go on: {problem.message}",
                f"{problem.hint} Then resume: the last checkpoint is good, and a resume may change judge.timeout_s and "
                "judge.tries. The embedded judge needs no server.".strip(),
            ) from problem

    def close(self) -> None:
        self._runner.run(self._client.close())
        self._runner.close()

    async def _score_all(self, question: str, reference: str, answers: Sequence[str]) -> list[float]:
        room = asyncio.Semaphore(self._limits.in_flight)

        async def one(answer: str) -> float:
            async with room:
                return await self._score(score_prompt(question, reference, answer))

        # Equal answers, and those without a word, need no second opinion.
        different = list(dict.fromkeys(answer for answer in answers if answer.strip()))
        tasks = [asyncio.ensure_future(one(answer)) for answer in different]
        try:
            scores = dict(zip(different, await asyncio.gather(*tasks), strict=True))
        finally:
            for task in tasks:
                task.cancel()
        return [scores.get(answer, 0.0) for answer in answers]

    async def _score(self, messages: tuple[Turn, ...]) -> float:
        """Asks until there is a score. Raises: TeacherError."""
        last = TeacherError("It was never asked.", "")
        for attempt in range(self._limits.tries):
            try:
                reply = await self._client.answer(_request(messages, attempt))
            except TeacherBusy as problem:
                last = problem
                if attempt + 1 < self._limits.tries:
                    wait_s = backoff_s(attempt, self._limits, random.random())
                    await asyncio.sleep(max(problem.retry_after_s, wait_s))
                continue
            self.tokens = Tokens(
                self.tokens.prompt + reply.tokens.prompt, self.tokens.completion + reply.tokens.completion
            )
            if reply.refusal:
                self.declined += 1
                return 0.0
            try:
                return parse_score(reply.text)
            except DataError as problem:
                last = TeacherError(f"{problem.message}: {reply.text[:80]!r}.", problem.hint)
                messages = correction_prompt(messages, reply.text, problem.message)
        raise last


def _request(messages: tuple[Turn, ...], attempt: int) -> TeacherRequest:
    """As the client wants it; the stage "reflection" is the one that sends no image."""
    words = "\0".join(f"{turn.role}\0{turn.text}" for turn in messages)
    key = hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()
    return TeacherRequest(key, "judge", "reflection", attempt, messages, Path(), (), "")
