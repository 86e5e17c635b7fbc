"""What it costs to see where an answer looked: time and memory of `score_candidates` with attention rows against without.

    python benchmarks/attention_capture.py [--rounds 9] [--tokens 128] [--threads 1] [--lengths 256 512 1024 2048]

Time: 8 candidates of --tokens tokens after an image and its question (medium_vlm's LLaVA), the forward pass alone, as
rewards need it, and with the gradient: rows of 4 tokens, which is what a class name takes, and of all tokens.
Memory: one sequence of T tokens in one pass with gradients, a child process each: its peak less that of a child without
capture. `eager` is transformers' attention with output_attentions, which keeps T x T weights a head and a layer. Doubling T
doubles what rows of all tokens take (T rows of 256 image tokens), and quadruples what eager takes.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from interleaved import Round, Stopwatch, interleave, machine, ratio, table, verdict
from medium_vlm import FAMILIES, IMAGE_SIDE, MEDIUM, open_policy, phantom_sample
from torch import Tensor

from umed_core.training.aar_batches import PromptReader
from umed_core.training.policy import Policy
from umed_core.training.rollout import Candidates, score_candidates
from umed_core.vlm.attention import ATTENTION, RowCapture, capturing, mean_rows

GATE = 1.10
CANDIDATES = 8
CLASS_TOKENS = 4
WAYS = ("none", "class", "all", "eager")


def main() -> None:
    options = _options()
    torch.set_num_threads(options.threads)
    if options.probe:
        folder, way, length = options.probe
        print(peak_mb(Path(folder), way, int(length)))
        return
    print(machine())
    with tempfile.TemporaryDirectory() as scratch:
        folder = FAMILIES["llava"](Path(scratch) / "llava", MEDIUM)
        measure_time(open_policy(folder), options)
        measure_memory(folder, options)


def measure_time(policy: Policy, options: argparse.Namespace) -> None:
    reader, sample = PromptReader(policy), phantom_sample(IMAGE_SIDE["llava"], 0)
    prompt = reader.query(sample, reader.encode(sample), torch.device("cpu")).prompt
    tokens = torch.randint(5, 300, (CANDIDATES, options.tokens), generator=torch.Generator().manual_seed(0))
    candidates = Candidates(tokens, torch.ones_like(tokens, dtype=torch.bool))
    first = options.tokens // 4
    places = {
        "no rows": torch.zeros(0, dtype=torch.long),
        f"rows of {CLASS_TOKENS} tokens": torch.arange(first, first + CLASS_TOKENS),
        f"rows of all {options.tokens} tokens": torch.arange(options.tokens),
    }

    def scored(rows_at: Tensor, with_gradient: bool) -> Callable[[int], Round]:
        def run(_: int) -> Round:
            watch = Stopwatch()
            with torch.set_grad_enabled(with_gradient):
                found = score_candidates(policy.model, prompt, candidates, rows_at)
                if with_gradient:
                    # Rewards' rows carry no gradient unless ppo.vrr_gradient asks: here they do.
                    (found.hidden.sum() + (0 if found.rows is None else found.rows.sum())).backward()
            timed = watch.stop(CANDIDATES)
            policy.model.zero_grad()
            return timed

        return run

    for what, with_gradient in (("forward pass", False), ("forward and backward pass", True)):
        runs = interleave({key: scored(at, with_gradient) for key, at in places.items()}, options.rounds)
        print(f"time, {what}: {CANDIDATES} candidates of {options.tokens} tokens")
        table(runs, "candidates")
        none, few, _ = runs.values()
        times = ratio(none, few)
        verdict("time with a class name's rows over time without:", times, times <= GATE, f"<= {GATE:g}")


def measure_memory(folder: Path, options: argparse.Namespace) -> None:
    print("memory beyond that of no capture, MB: one sequence of T tokens with gradients")
    print(f"  {'T':>6}{'rows of a class name':>24}{'rows of all tokens':>22}{'eager':>10}")
    extra: dict[str, list[float]] = {way: [] for way in WAYS[1:]}
    for length in options.lengths:
        base = _child(folder, "none", length, options.threads)
        for way, peaks in extra.items():
            peaks.append(_child(folder, way, length, options.threads) - base)
        few, every, eager = (extra[way][-1] for way in WAYS[1:])
        print(f"  {length:6}{few:24.0f}{every:22.0f}{eager:10.0f}", flush=True)
    for way, gate in (("class", "< 3"), ("all", "< 3")):
        growth = extra[way][-1] / max(1.0, extra[way][-2])
        verdict(
            f"rows ({way}), from {options.lengths[-2]} to {options.lengths[-1]} tokens, times", growth, growth < 3, gate
        )


def _child(folder: Path, way: str, length: int, threads: int) -> float:
    """Peak MB of a fresh process."""
    command = [sys.executable, __file__, "--threads", str(threads), "--probe", str(folder), way, str(length)]
    # glibc's heap would keep what was freed: from the system, each large tensor comes and goes.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def peak_mb(folder: Path, way: str, length: int) -> float:
    """Peak resident memory of one pass over `length` tokens, the gradient and, but for `none`, attention rows."""
    model = open_policy(folder).model
    decoder = model.get_decoder()
    decoder.set_attn_implementation("eager" if way == "eager" else ATTENTION)
    ids = torch.randint(5, 300, (1, length), generator=torch.Generator().manual_seed(0))
    image_keys = torch.arange(1, 257).clamp(max=length - 1)[None]
    if way in ("class", "all"):
        queries = torch.arange(length) if way == "all" else torch.arange(length - CLASS_TOKENS, length)
        with capturing(decoder, RowCapture(queries, image_keys, "all_keys")) as layers:
            hidden = decoder(input_ids=ids, use_cache=False).last_hidden_state
        looks = mean_rows(layers).sum()
    else:
        outputs = decoder(input_ids=ids, use_cache=False, output_attentions=way == "eager")
        hidden = outputs.last_hidden_state
        looks = torch.stack([layer.mean(dim=1) for layer in outputs.attentions]).sum() if way == "eager" else 0.0
    (hidden.sum() + looks).backward()
    return _own_peak_mb()


def _own_peak_mb() -> float:
    """Of this program alone: what `getrusage` tells of a started one begins at the peak of the process that started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 2**10


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--lengths", nargs="+", type=int, default=[256, 512, 1024, 2048])
    parser.add_argument("--probe", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
