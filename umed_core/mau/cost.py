"""What asking a teacher costs: a budget that is kept while asking, and an estimate before."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from umed_core.errors import ConfigError
from umed_core.mau.teacher import Tokens
from umed_core.prompts import diagnosis_prompt, reflection_prompt
from umed_core.records import Finding, Turn

__all__ = ["Budget", "Estimate", "estimate_build", "image_tokens", "text_tokens"]

CHARACTERS_PER_TOKEN = 4.0
"""Of English prose, as OpenAI states it; numbers take more, so an estimate with many boxes is low."""

DIAGNOSIS_TOKENS, REFLECTION_TOKENS = 220, 180
"""Expected length of an answer: the prompts ask for 150 words, and for concise pairs. Our guess."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent in all, earlier runs included: US dollars at these prices, tokens, or both; infinite: no limit."""

    usd: float = math.inf
    usd_per_million_prompt: float = 0.0
    usd_per_million_completion: float = 0.0
    max_tokens: float = math.inf

    def __post_init__(self) -> None:
        """Raises: ConfigError for a limit that could not be kept."""
        prices = (self.usd_per_million_prompt, self.usd_per_million_completion)
        if not all(price >= 0 and math.isfinite(price) for price in prices):
            raise ConfigError(
                "A price per million tokens is a number from 0 up.", "Give US dollars per million tokens."
            )
        if not (self.usd >= 0 and self.max_tokens >= 0):
            raise ConfigError("A budget is a number from 0 up.", "Leave it out for no limit.")
        if math.isfinite(self.usd) and not any(prices):
            raise ConfigError(
                "A budget in dollars needs the teacher's prices.", "Give both prices, or limit the tokens."
            )

    def cost(self, tokens: Tokens) -> float:
        """US dollars for these tokens; 0 where no prices are known."""
        return (
            tokens.prompt * self.usd_per_million_prompt + tokens.completion * self.usd_per_million_completion
        ) / 1_000_000

    def allows(self, tokens: Tokens) -> bool:
        """Whether this much in all stays within the limits."""
        return self.cost(tokens) <= self.usd and tokens.prompt + tokens.completion <= self.max_tokens


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run will take, judged by lengths of text and sizes of images; a teacher may count otherwise by half or more."""

    calls: int = 0
    tokens: Tokens = field(default_factory=Tokens)
    usd: float = 0.0

    def __str__(self) -> str:
        price = f", about ${self.usd:,.2f}" if self.usd else ""
        return (
            f"estimate: {self.calls:,} calls, about {self.tokens.prompt:,} prompt and "
            f"{self.tokens.completion:,} completion tokens{price}; corrections and retries come on top"
        )


def text_tokens(messages: Iterable[Turn]) -> int:
    """Tokens of a prompt, estimated: a quarter of its characters, and four for the frame of each message."""
    return sum(math.ceil(len(turn.text) / CHARACTERS_PER_TOKEN) + 4 for turn in messages)


def image_tokens(width: int, height: int) -> int:
    """Tokens of an image at high detail by GPT-4o's rule; other models count otherwise.

    Scaled to fit 2048 x 2048, then its shorter side to 768 at most; 85 and 170 for each tile of 512 x 512.
    """
    scale = min(1.0, 2048 / max(width, height))
    scale *= min(1.0, 768 / max(1.0, min(width, height) * scale))
    tiles = math.ceil(width * scale / 512) * math.ceil(height * scale / 512)
    return 85 + 170 * tiles


def estimate_build(
    cases: Iterable[tuple[tuple[Finding, ...], str]], image_size: tuple[int, int], budget: Budget
) -> Estimate:
    """Both calls of each case, given its findings and modality, before an image is cleaned.

    `image_size` is the width and height to reckon with for all.
    """
    calls = prompt = completion = 0
    for findings, modality in cases:
        calls += 2
        prompt += text_tokens(diagnosis_prompt(findings, modality)) + image_tokens(*image_size)
        prompt += text_tokens(reflection_prompt(findings, modality, "")) + DIAGNOSIS_TOKENS
        completion += DIAGNOSIS_TOKENS + REFLECTION_TOKENS
    tokens = Tokens(prompt, completion)
    return Estimate(calls, tokens, budget.cost(tokens))
