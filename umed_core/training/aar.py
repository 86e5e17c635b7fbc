"""Stage 2, abnormal-aware rewarding (Eq. 3-11), from a recipe to a model, top to bottom.

An update: for each query, K candidate answers are drawn (`rollout`), paid (`judges`, `rewards`) and given advantages
(`ppo_math`); then PPO moves the policy. The policy stays in evaluation mode throughout: dropout or the statistics of a
batch would make the first ratio other than 1. Every draw is a pure function of (seed, update, query), so that nothing of
the sampler needs to be kept for a resume, and several processes, each with its own queries, draw what one would.
"""

from __future__ import annotations

import json
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from accelerate.utils import set_seed
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR

from umed_core.config import AarConfig, PpoConfig, RewardConfig
from umed_core.errors import Cancelled, ConfigError, TrainingError
from umed_core.records import write_atomic
from umed_core.training.aar_batches import PromptReader, Query, query_batches
from umed_core.training.aar_samples import save_samples
from umed_core.training.bookkeeping import held_images, log_metrics, run_events, schedule, seed_of, total_steps
from umed_core.training.checkpoint import TrainingState, load_checkpoint, save_checkpoint, snapshot
from umed_core.training.class_tokens import class_tokens
from umed_core.training.experience import Experience, of_all_processes, reward_metrics, value_metrics
from umed_core.training.judges.choice import open_judge
from umed_core.training.judges.judge import Judge
from umed_core.training.learner import Learner, build_learner, same_stage_one
from umed_core.training.policy import save_policy
from umed_core.training.ppo_math import chosen_logprobs, combined_advantages, gae, ppo_loss, terminal_rewards
from umed_core.training.processes import highest, open_accelerator, sum_gradients, summed, together
from umed_core.training.rewards import localisation, over_maximum, vision_relevance
from umed_core.training.rollout import Candidates, Sampling, sample_candidates, score_candidates
from umed_core.training.run import Progress, RunFolder, StepReport

__all__ = ["one_update", "train_aar"]

RATIO_TOLERANCE = 1e-3
"""What the first ratio may be off by (METHOD.md)."""

LOGGED = ("loss", "policy_loss", "value_loss", "entropy", "clip_share", "approximate_kl", "mean_ratio")
"""Means over a minibatch's tokens."""

LOCATING, LOOKING = ("full", "no-vrr"), ("full", "no-alr")
"""Arms with the localisation reward, and with the vision relevance reward."""


def train_aar(
    config: AarConfig, progress: Progress, cancelled: Callable[[], bool] = lambda: False, judge: Judge | None = None
) -> Path:
    """Trains, resumes where the run folder holds a checkpoint, and returns the folder of the final model.

    `judge` overrides the recipe's. Ends early, as a run that is done, at `ppo.kl_limit`. Under `accelerate launch` the
    processes share each update's queries, and the first one alone writes files.
    Raises: ConfigError, DataError, ModelError, ConsentNeeded, StorageError; TrainingError when a reward, the loss or the
    gradient is no number, or the judge cannot go on; Cancelled, after a checkpoint.
    """
    if config.run.threads:
        torch.set_num_threads(config.run.threads)
    set_seed(config.run.seed)
    accelerator = open_accelerator(config.run.precision)
    folder = RunFolder(Path(config.run.out))
    with ExitStack() as stack:
        with together(accelerator):
            steps = total_steps(config)
            folder.check(config)
            if accelerator.is_main_process:
                stack.enter_context(folder.claimed())
            held = {**held_images(config), "stage_one": same_stage_one(folder, config.model.init)}
            learner = build_learner(config, accelerator)
            modules = {"model": learner.policy.model, "value_head": learner.value_head}
            scheduler = LambdaLR(learner.optimizer, lambda step: schedule(step, steps, config.optimizer))
            checkpoint = folder.latest_checkpoint()
            start = 0 if checkpoint is None else load_checkpoint(checkpoint, modules, learner.optimizer, scheduler).step
            last = start if start and _ended_at(folder) == start else steps
            batches = query_batches(config, learner.policy, PromptReader(learner.policy), last, start, accelerator)
            judge = stack.enter_context(closing(judge or open_judge(config.judge)))
        with together(accelerator):
            if accelerator.is_main_process:
                # Only now: a recipe with a wrong path must not claim the folder.
                folder.open(config, {**held, "judge": judge.identity})
                folder.forget_after(start)
            writer = stack.enter_context(run_events(folder, start, accelerator))
        begun = time.monotonic()
        for step in range(start + 1, last + 1):
            with together(accelerator):
                queries = next(batches)
            experiences, metrics = one_update(learner, queries, judge, config, step)
            scheduler.step()
            metrics["learning_rate"] = scheduler.get_last_lr()[0]
            too_far = 0 < config.ppo.kl_limit < metrics["kl_k3"]
            is_last, stop = step == steps or too_far, summed({"stop": float(cancelled())}, accelerator)["stop"] > 0
            with together(accelerator):
                if writer is not None and (step % config.run.log_every == 0 or is_last):
                    log_metrics(folder, writer, step, metrics)
                if writer is not None and _shows(config, step, is_last):
                    # Of several processes the first has the first queries.
                    own = zip(queries, experiences, strict=False)
                    save_samples(folder.path / "samples", step, [(q, e.texts[0], e.paid(0)) for q, e in own])
            left = (time.monotonic() - begun) / (step - start) * (steps - step)
            progress(StepReport(step, steps, metrics, left))
            with together(accelerator):
                if writer is not None and too_far:
                    _end_at(folder, step, metrics["kl_k3"])
                if writer is not None and (stop or is_last or step % config.run.checkpoint_every == 0):
                    with folder.new_checkpoint(step) as path:
                        save_checkpoint(path, snapshot(modules, learner.optimizer), scheduler, TrainingState(step))
            if too_far:
                break
            if stop and not is_last:
                raise Cancelled(f"Stopped after step {step} of {steps}.", "The same command goes on from here.")
        with together(accelerator):
            if accelerator.is_main_process:
                save_policy(learner.policy, folder.model_folder)
    return folder.model_folder


def _shows(config: AarConfig, step: int, is_last: bool) -> bool:
    """Whether pictures of this step's answers are kept."""
    return config.run.samples_every > 0 and (step % config.run.samples_every == 0 or is_last)


# ------------------------------------------------------------------------------------------------- one update


def one_update(
    learner: Learner, queries: Sequence[Query], judge: Judge, config: AarConfig, step: int
) -> tuple[list[Experience], dict[str, float]]:
    """Draws, pays, learns: METHOD.md's update, of this process's queries; all that is returned is of all processes.

    Raises: TrainingError.
    """
    begun = time.monotonic()
    first = learner.accelerator.process_index * len(queries)
    with together(learner.accelerator):
        drawn = [_explore(learner, query, judge, config, step, n) for n, query in enumerate(queries, first)]
    experiences = of_all_processes(drawn, learner.accelerator)
    tokens = sum(int(e.candidates.mask.sum()) for e in experiences)
    advantages, returns = _advantages(experiences, config.ppo)
    metrics = {
        **reward_metrics(experiences, learner.vocabulary),
        **value_metrics(experiences, returns),
        **_learn(learner, experiences, advantages, returns, config, step),
    }
    return experiences, {**metrics, "tokens_per_s": tokens / (time.monotonic() - begun)}


_NOWHERE = torch.zeros(0, dtype=torch.long)


@torch.no_grad()
def _explore(learner: Learner, query: Query, judge: Judge, config: AarConfig, step: int, number: int) -> Experience:
    """Steps 1 to 3 of METHOD.md's update for one query: draw, read, pay."""
    rollout, device = config.rollout, learner.device
    sampling = Sampling(rollout.candidates, rollout.temperature, rollout.top_p, rollout.max_new_tokens)
    generator = _generator(device, config.run.seed, 4, step, number)
    with learner.accelerator.autocast():
        candidates = sample_candidates(learner.policy.model, query.prompt, sampling, learner.vocabulary, generator)
    spelt, texts = class_tokens(candidates.tokens, candidates.mask, query.labels, learner.decode)
    spelt = spelt.to(device)
    looks_at = _places(spelt) if _can_look(query, config.reward) else _NOWHERE
    parts = _parts_of(candidates, config.optimizer.micro_batch_size)
    read = [_read(learner, query, part, config, looks_at) for part in parts]
    with learner.stage_one.in_place():
        reference = [_read(learner, query, part, config, _NOWHERE) for part in parts]
    r_att = torch.zeros(len(texts), device=device)
    if len(looks_at):
        rows = torch.cat([one.rows for one in read])
        r_att = vision_relevance(rows, query.prompt.box_share, spelt[:, looks_at], config.reward.denominator)
    scores = judge.score(query.question, query.reference, texts)
    r_llm = torch.tensor(scores, dtype=torch.float32, device=device)
    paid = torch.stack([r_llm, localisation(texts, query.findings).to(device), r_att])
    if not bool(torch.isfinite(paid).all()):
        raise TrainingError(
            f"A reward of step {step} is no number; nothing of that step was kept.",
            "The same command goes on from the last checkpoint; try another judge in a new run.",
        )
    if config.reward.shuffle:
        dealt = torch.randperm(len(texts), generator=_generator(torch.device("cpu"), config.run.seed, 5, step, number))
        paid = paid[:, dealt.to(device)]
    r_llm, r_loc, r_att = paid
    return Experience(
        query, candidates, tuple(texts), spelt,
        torch.cat([one.logprobs for one in read]), torch.cat([one.logprobs for one in reference]),
        torch.cat([one.values for one in read]), r_llm, r_loc, r_att, _grounding(r_loc, r_att, config.reward),
    )  # fmt: skip


def _grounding(r_loc: Tensor, r_att: Tensor, config: RewardConfig) -> Tensor:
    """g of Eq. 10 in the recipe's arm. Shapes: (K,), (K,) -> (K,)."""
    g = torch.zeros_like(r_loc)
    if config.arm in LOCATING:
        g = g + over_maximum(r_loc, config.floor)
    if config.arm in LOOKING:
        g = g + over_maximum(r_att, config.floor)
    return g


def _can_look(query: Query, config: RewardConfig) -> bool:
    """Whether the family's image tokens can be placed. Raises: ConfigError where an arm needs that and it cannot be."""
    if query.prompt.image_positions.numel():
        return True
    if config.arm in LOOKING:
        raise ConfigError("Where this model's image tokens lie is not known.", "Set reward.arm to no-vrr or sft-ppo.")
    return False


@dataclass(frozen=True)
class _Reading:
    """What policy and critic make of candidates. Shapes: (K, T), 0 outside the mask; rows (K, R, P) or None."""

    logprobs: Tensor
    entropy: Tensor
    values: Tensor
    rows: Tensor | None


def _read(learner: Learner, query: Query, candidates: Candidates, config: AarConfig, rows_at: Tensor) -> _Reading:
    mask = candidates.mask
    with learner.accelerator.autocast():
        scored = score_candidates(learner.policy.model, query.prompt, candidates, rows_at)
        logp, entropy = chosen_logprobs(
            scored.hidden[mask], learner.policy.model.get_output_embeddings(), candidates.tokens[mask],
            config.rollout.temperature, learner.vocabulary.suppressed,
        )  # fmt: skip
    blank = torch.zeros(mask.shape, device=mask.device)
    values = learner.value_head(scored.hidden) * mask
    return _Reading(blank.masked_scatter(mask, logp), blank.masked_scatter(mask, entropy), values, scored.rows)


def _parts_of(candidates: Candidates, size: int) -> list[Candidates]:
    """At most `size` candidates a pass, the same passes with and without gradients: the first ratio is 1 in bf16, too."""
    parts = zip(candidates.tokens.split(size), candidates.mask.split(size), strict=True)
    return [Candidates(tokens, mask) for tokens, mask in parts]


def _advantages(experiences: Sequence[Experience], ppo: PpoConfig) -> tuple[list[Tensor], list[Tensor]]:
    """Advantages and returns of each query, (K, T); what is whitened is so over the update's tokens."""
    found: list[tuple[Tensor, Tensor]] = []
    for e in experiences:
        scores = e.r_llm + ppo.c1 * e.grounding if ppo.reward_path == "reward" else e.r_llm
        rewards = terminal_rewards(scores, e.logprobs, e.ref_logprobs, e.candidates.mask, ppo.kl_coef)
        found.append(gae(rewards, e.values, e.candidates.mask, ppo.gamma, ppo.gae_lambda))
    lengths = [e.candidates.mask.shape[1] for e in experiences]
    advantages = _stacked([one for one, _ in found], max(lengths))
    mask = _stacked([e.candidates.mask for e in experiences], max(lengths))
    # Less the mean of its own query; that of them all is 0 then.
    grounding = torch.cat([e.grounding - e.grounding.mean() for e in experiences])
    combined = combined_advantages(advantages, grounding, mask, ppo.c1, ppo.reward_path, ppo.whiten)
    counts = [len(e.texts) for e in experiences]
    cut = [one[:, :length] for one, length in zip(combined.split(counts), lengths, strict=True)]
    return cut, [one for _, one in found]


def _stacked(parts: Sequence[Tensor], length: int) -> Tensor:
    return torch.cat([functional.pad(part, (0, length - part.shape[1])) for part in parts])


# ------------------------------------------------------------------------------------------------- PPO


def _learn(
    learner: Learner, experiences: Sequence[Experience], advantages: Sequence[Tensor], returns: Sequence[Tensor],
    config: AarConfig, step: int,
) -> dict[str, float]:  # fmt: skip
    """Step 4: PPO's epochs over minibatches of candidates; means over the tokens of them all.

    Every process counts all of a minibatch, passes its own queries through the model, and takes the step of the summed
    gradients. Raises: TrainingError.
    """
    accelerator = learner.accelerator
    sums: dict[str, float] = defaultdict(float)
    taken, first_error = 0, 0.0
    for minibatch in _minibatches(experiences, config, step):
        tokens = sum(int(experiences[n].candidates.mask[rows].sum()) for n, rows in minibatch)
        drawn = sum(rows.stop - rows.start for _, rows in minibatch)
        seen, errors = dict.fromkeys(LOGGED, 0.0), [0.0]
        for n, rows in minibatch:
            query = experiences[n].query
            if query is None:
                continue  # another process learns it
            share = int(experiences[n].candidates.mask[rows].sum()) / tokens
            numbers = _pass(learner, query, experiences[n], advantages[n], returns[n], rows, share, drawn, config)
            errors.append(numbers.pop("ratio_error"))
            for name, value in numbers.items():
                seen[name] += share * value
        if not taken:
            first_error = _within_tolerance(highest(errors, accelerator), step)
        seen = summed(seen, accelerator)
        sum_gradients([*learner.policy.model.parameters(), *learner.value_head.parameters()], accelerator)
        norms = [
            float(nn.utils.clip_grad_norm_(part.parameters(), config.optimizer.max_grad_norm))
            for part in (learner.policy.model, learner.value_head)
        ]
        if not all(map(math.isfinite, (seen["loss"], *norms))):
            raise TrainingError(
                f"The loss or the gradient of step {step} is no number; nothing of it was kept.",
                "The same command goes on from the last checkpoint; lower optimizer.learning_rate in a new run.",
            )
        learner.optimizer.step()
        learner.optimizer.zero_grad()
        taken += 1
        for name, value in (*seen.items(), ("grad_norm", norms[0]), ("value_grad_norm", norms[1])):
            sums[name] += value
        if 0 < config.ppo.target_kl < seen["approximate_kl"]:
            break
    means = {name: value / taken for name, value in sums.items()}
    return {**means, "first_ratio_error": first_error, "optimizer_steps": taken}


def _within_tolerance(error: float, step: int) -> float:
    """The error of the first ratio. Raises: TrainingError where it is too large, or no number."""
    if not error <= RATIO_TOLERANCE:
        raise TrainingError(
            f"The first ratio of step {step} is off by {error:.1e}: the policy is not the one that drew.",
            "The model does something at random, or computes in too low a precision; try run.precision=fp32.",
        )
    return error


def _minibatches(experiences: Sequence[Experience], config: AarConfig, step: int) -> Iterator[list[tuple[int, slice]]]:
    """Of each PPO epoch: passes, each (number of a query, some of its candidates), that share an optimiser step."""
    size = config.optimizer.micro_batch_size
    passes = [
        (n, slice(first, min(first + size, len(e.texts))))
        for n, e in enumerate(experiences)
        for first in range(0, len(e.texts), size)
    ]
    wanted = config.ppo.minibatch_size or sum(len(e.texts) for e in experiences)
    for epoch in range(config.ppo.epochs):
        order = np.random.default_rng([config.run.seed, 6, step, epoch]).permutation(len(passes))
        minibatch: list[tuple[int, slice]] = []
        for place in order:
            minibatch.append(passes[place])
            if sum(rows.stop - rows.start for _, rows in minibatch) >= wanted:
                yield minibatch
                minibatch = []


def _pass(
    learner: Learner, query: Query, e: Experience, advantages: Tensor, returns: Tensor, rows: slice, share: float,
    drawn: int, config: AarConfig,
) -> dict[str, float]:  # fmt: skip
    """Adds the gradient of some candidates of one query: `share` of their minibatch's tokens, of `drawn` candidates."""
    ppo, mask = config.ppo, e.candidates.mask[rows]
    class_tokens = e.class_tokens[rows]
    looks_at = _places(class_tokens) if ppo.vrr_gradient and config.reward.arm in LOOKING else _NOWHERE
    now = _read(learner, query, Candidates(e.candidates.tokens[rows], mask), config, looks_at)
    loss = ppo_loss(
        now.logprobs, e.logprobs[rows], advantages[rows], now.values, e.values[rows], returns[rows], now.entropy, mask,
        clip_range=ppo.clip_range, c2=ppo.c2, c3=ppo.c3,
    )  # fmt: skip
    total = share * loss.total
    if len(looks_at):
        share_of_box = query.prompt.box_share
        r_att = vision_relevance(now.rows, share_of_box, class_tokens[:, looks_at], config.reward.denominator)
        total = total - ppo.vrr_gradient * r_att.sum() / drawn
    learner.accelerator.backward(total)
    return {
        "loss": float(total.detach()) / share, "policy_loss": loss.policy, "value_loss": loss.value,
        "entropy": loss.entropy, "clip_share": loss.clip_share, "approximate_kl": loss.approximate_kl,
        "mean_ratio": loss.mean_ratio,
        "ratio_error": float(((now.logprobs.detach() - e.logprobs[rows]).exp() - 1).abs().max()),
    }  # fmt: skip


def _places(class_tokens: Tensor) -> Tensor:
    """Where any of the answers spells the class: only there does Eq. 9 look. Shapes: (K, T) -> (R,)."""
    return class_tokens.any(dim=0).nonzero().squeeze(1)


def _generator(device: torch.device, *key: int) -> torch.Generator:
    """Draws that depend on `key` alone."""
    return torch.Generator(device).manual_seed(seed_of(*key))


def _ended_at(folder: RunFolder) -> int | None:
    """The step at which the KL limit ended this run."""
    file = folder.path / "ended.json"
    return int(json.loads(file.read_text())["step"]) if file.is_file() else None


def _end_at(folder: RunFolder, step: int, kl: float) -> None:
    write_atomic(folder.path / "ended.json", json.dumps({"step": step, "kl_k3": kl, "why": "ppo.kl_limit"}).encode())
