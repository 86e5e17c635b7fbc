"""What a run of stage 2 would take, told from one update that is measured and thrown away: nothing is written."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import psutil
import torch
from accelerate.utils import set_seed

from umed_core.config import AarConfig
from umed_core.training.aar import one_update
from umed_core.training.aar_batches import PromptReader, query_batches
from umed_core.training.bookkeeping import total_steps
from umed_core.training.judges.choice import open_judge
from umed_core.training.learner import Learner, build_learner
from umed_core.training.processes import open_accelerator
from umed_core.training.run import RunFolder

__all__ = ["plan_aar"]

GIB = 2**30


def plan_aar(config: AarConfig) -> list[str]:
    """The plan in lines: what is trained, on what, how much memory, how long. Raises: as `train_aar`."""
    if config.run.threads:
        torch.set_num_threads(config.run.threads)
    set_seed(config.run.seed)
    steps = total_steps(config)
    folder = RunFolder(Path(config.run.out))
    folder.check(config)
    learner = build_learner(config, open_accelerator(config.run.precision))
    batches = query_batches(config, learner.policy, PromptReader(learner.policy), steps, 0, learner.accelerator)
    with closing(open_judge(config.judge)) as judge:
        queries = next(batches)
        begun = time.monotonic()
        experiences, metrics = one_update(learner, queries, judge, config, 1)
        seconds = time.monotonic() - begun
        judged = judge.identity
    total, trained = _parameters(learner)
    tokens = sum(int(e.candidates.mask.sum()) for e in experiences)
    prompt = max(query.prompt.inputs["input_ids"].shape[1] for query in queries)
    done = folder.latest_checkpoint()
    return [
        f"run:     {config.run.out}" + (f", would go on from {done.name}" if done else ""),
        f"model:   {config.model.init}, {total / 1e6:.1f} M parameters, {trained / 1e6:.1f} M trained"
        f" ({_way(config)}), on {learner.device}",
        f"arm:     {config.reward.arm}{', rewards shuffled (a control)' if config.reward.shuffle else ''};"
        f" reward path {config.ppo.reward_path}, Eq. 9 over {config.reward.denominator}",
        f"judge:   {judged}",
        f"updates: {steps} of {config.optimizer.batch_size} queries x {config.rollout.candidates} candidates",
        f"lengths: prompt up to {prompt} tokens, answers {metrics['answer_tokens']:.0f} on average"
        f" (at most {config.rollout.max_new_tokens})",
        f"memory:  {_needed(total, trained):.2f} GiB for weights, gradients, Adam and stage 1's copy;"
        f" {_used(learner.device):.2f} GiB in use after one update",
        f"time:    {seconds:.1f} s for one update ({tokens / seconds:.0f} tokens/s), {_clock(seconds * steps)} for all",
    ]


def _way(config: AarConfig) -> str:
    return f"LoRA, rank {config.model.lora.rank}" if config.model.lora.rank else "full"


def _parameters(learner: Learner) -> tuple[int, int]:
    own = list(learner.policy.model.parameters())
    return sum(p.numel() for p in own), sum(p.numel() for p in own if p.requires_grad)


def _needed(total: int, trained: int) -> float:
    """GiB in fp32: every weight once; of the trained ones gradient, two moments and stage 1's copy besides."""
    return 4 * (total + 4 * trained) / GIB


def _used(device: torch.device) -> float:
    """GiB: the highest mark on a CUDA device, what the process holds now on the CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / GIB
    return psutil.Process().memory_info().rss / GIB


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
