"""K candidates of one query: `sample_candidates` against transformers' `generate`, on the same model and prompt.

    python benchmarks/rollout.py [--rounds 7] [--tokens 64] [--candidates 8] [--threads 1] [--models mini llava qwen2_5_vl]

Peers: K calls of `generate`, which the gate is about; and one call with num_return_sequences=K, which encodes the image
and prefills the prompt K times in one batch. All draw at temperature .9 and top-p .9 (top-k off) with the same tokens
suppressed, and start from the same tensors. The random models never end an answer before --tokens, for they would end
anywhere; umed-mini ends where it ends, and so draws about as many tokens by either way (the last line says how many).
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from interleaved import Round, Stopwatch, interleave, machine, ratio, table, verdict
from medium_vlm import IMAGE_SIDE, MODELS, model_folder, open_policy, phantom_sample
from torch import Tensor

from umed_core.training.aar_batches import PromptReader, answer_vocabulary
from umed_core.training.policy import Policy
from umed_core.training.rollout import Prompt, Sampling, Vocabulary, sample_candidates

GATE = 3.0
QUERIES = 4


def main() -> None:
    options = _options()
    torch.set_num_threads(options.threads)
    print(machine())
    sampling = Sampling(options.candidates, max_new_tokens=options.tokens)
    for name in options.models:
        with tempfile.TemporaryDirectory() as scratch:
            measure(name, open_policy(model_folder(name, Path(scratch))), sampling, options.rounds)


def measure(name: str, policy: Policy, sampling: Sampling, rounds: int) -> None:
    reader = PromptReader(policy)
    samples = [phantom_sample(IMAGE_SIDE[name], number) for number in range(QUERIES)]
    prompts = [reader.query(one, reader.encode(one), torch.device("cpu")).prompt for one in samples]
    vocabulary = answer_vocabulary(policy, grammar=False)
    if name != "mini":
        vocabulary = replace(vocabulary, end_ids=vocabulary.end_ids[:0])
    tokens: dict[str, int] = defaultdict(int)
    count = sampling.candidates

    def counted(key: str, draw: Callable[[Prompt, int], int]) -> Callable[[int], Round]:
        def run(number: int) -> Round:
            watch = Stopwatch()
            drawn = draw(prompts[number % QUERIES], number + 1)
            tokens[key] += drawn if number >= 0 else 0
            return watch.stop(count)

        return run

    def ours(prompt: Prompt, seed: int) -> int:
        generator = torch.Generator().manual_seed(seed)
        return int(sample_candidates(policy.model, prompt, sampling, vocabulary, generator).mask.sum())

    def calls(prompt: Prompt, seed: int) -> int:
        torch.manual_seed(seed)
        return sum(_generated(policy, prompt, sampling, vocabulary, 1) for _ in range(count))

    def batch(prompt: Prompt, seed: int) -> int:
        torch.manual_seed(seed)
        return _generated(policy, prompt, sampling, vocabulary, count)

    ways = {"sample_candidates": ours, f"{count} calls of generate": calls, f"generate, {count} sequences": batch}
    runs = interleave({key: counted(key, draw) for key, draw in ways.items()}, rounds)
    length = prompts[0].inputs["input_ids"].shape[1]
    print(f"{name}: prompt of {length} tokens, {len(prompts[0].image_positions)} of the image; {count} candidates")
    table(runs, "candidates")
    drawn = ", ".join(f"{total / rounds / count:.1f}" for total in tokens.values())
    print(f"  tokens an answer: {drawn}")
    first, second, _ = runs.values()
    times = ratio(first, second)
    verdict(f"candidates/s over {count} calls of generate:", times, times >= GATE, f">= {GATE:g}")


@torch.no_grad()
def _generated(policy: Policy, prompt: Prompt, sampling: Sampling, vocabulary: Vocabulary, count: int) -> int:
    """Tokens that one call of `generate` draws for `count` answers, each through its end."""
    ends = vocabulary.end_ids.tolist()
    sequences: Tensor = policy.model.generate(
        **prompt.inputs,
        attention_mask=torch.ones_like(prompt.inputs["input_ids"]),
        do_sample=True,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=0,
        max_new_tokens=sampling.max_new_tokens,
        min_new_tokens=None if ends else sampling.max_new_tokens,
        eos_token_id=ends or None,
        pad_token_id=vocabulary.pad_id,
        suppress_tokens=vocabulary.suppressed.tolist(),
        num_return_sequences=count,
    )
    answers = sequences[:, prompt.inputs["input_ids"].shape[1] :]
    if not ends:
        return int(answers.numel())
    ended = torch.isin(answers, vocabulary.end_ids).cumsum(dim=1)
    return int(((ended == 0) | ((ended == 1) & torch.isin(answers, vocabulary.end_ids))).sum())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--candidates", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
