"""Prices and estimates, by hand."""

from __future__ import annotations

import pytest

from umed_core.geometry import NormalizedBox
from umed_core.mau.cost import Budget, Estimate, estimate_build, image_tokens, text_tokens
from umed_core.mau.teacher import Tokens
from umed_core.records import Finding, Turn

PRICES = Budget(usd_per_million_prompt=2.0, usd_per_million_completion=10.0)


def test_a_million_of_each_costs_its_price():
    assert PRICES.cost(Tokens(1_000_000, 1_000_000)) == pytest.approx(12.0)
    assert Budget().cost(Tokens(10**9, 10**9)) == 0.0


def test_a_budget_allows_up_to_its_limit_and_not_one_more():
    assert Budget(max_tokens=10).allows(Tokens(4, 6)) and not Budget(max_tokens=10).allows(Tokens(5, 6))
    in_dollars = Budget(usd=2.0, usd_per_million_prompt=2.0)
    assert in_dollars.allows(Tokens(1_000_000)) and not in_dollars.allows(Tokens(1_000_001))


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [(512, 512, 255), (1024, 1024, 765), (2048, 4096, 1105), (513, 100, 425), (1, 1, 255)],
)
def test_tokens_of_an_image_as_openai_reckons_them(width, height, tokens):
    # 1024 x 1024 becomes 768 x 768: 2 x 2 tiles. 2048 x 4096 becomes 1024 x 2048, then 768 x 1536: 2 x 3 tiles.
    assert image_tokens(width, height) == tokens


def test_tokens_of_words():
    assert text_tokens([Turn("user", "x" * 400), Turn("assistant", "")]) == 104 + 4


def test_a_build_takes_two_calls_a_case():
    cases = [((Finding("polyp", NormalizedBox(0.1, 0.1, 0.2, 0.2)),), "CT"), ((), "")]
    told = estimate_build(cases, (512, 512), PRICES)
    assert told.calls == 4 and told.tokens.completion == 2 * (220 + 180)
    assert 2 * 255 + 600 < told.tokens.prompt < 3000
    assert told.usd == pytest.approx((told.tokens.prompt * 2 + 800 * 10) / 1e6)


def test_an_estimate_says_that_it_is_one():
    assert str(Estimate(2, Tokens(1500, 400), 1.234)) == (
        "estimate: 2 calls, about 1,500 prompt and 400 completion tokens, about $1.23; "
        "corrections and retries come on top"
    )
