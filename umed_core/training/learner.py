"""Who learns in stage 2: the policy, the critic beside it, stage 1's policy that it must stay near, and the optimiser."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import nn

from umed_core.config import AarConfig
from umed_core.errors import ConfigError, TrainingError
from umed_core.training.aar_batches import answer_vocabulary
from umed_core.training.policy import Policy, load_policy, parameter_groups
from umed_core.training.rollout import Vocabulary
from umed_core.training.run import RunFolder
from umed_core.training.sharding import wants_shards
from umed_core.training.value_head import ValueHead
from umed_core.vlm.attention import ATTENTION
from umed_core.vlm.torch_engine import weights_hash

__all__ = ["Learner", "StageOne", "build_learner", "same_stage_one"]


class StageOne:
    """Stage 1's state of all that stage 2 trains: adapters, and whatever is trained in full beside them, or the whole model.

    It takes the policy's place for the length of a `with`, by exchanging what the parameters point at.
    """

    def __init__(self, model: nn.Module) -> None:
        self._kept = [(p, p.detach().clone()) for p in model.parameters() if p.requires_grad]

    @contextmanager
    def in_place(self) -> Iterator[None]:
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    def _exchange(self) -> None:
        for parameter, kept in self._kept:
            parameter.data, kept.data = kept.data, parameter.data


@dataclass(frozen=True)
class Learner:
    """The policy, the critic beside it, the policy that it must stay near, and what moves them."""

    policy: Policy
    value_head: ValueHead
    stage_one: StageOne
    vocabulary: Vocabulary
    optimizer: torch.optim.Optimizer
    accelerator: Accelerator

    @property
    def device(self) -> torch.device:
        return self.accelerator.device

    def decode(self, ids: Sequence[int]) -> str:
        """The answer that the tokens spell."""
        return self.policy.processor.tokenizer.decode(
            list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )


def build_learner(config: AarConfig, accelerator: Accelerator) -> Learner:
    """Policy and critic at the start of stage 2, the same in every process. Raises: ConfigError, ModelError."""
    _check(config, accelerator.num_processes)
    if wants_shards(accelerator):
        raise ConfigError("Stage 2 holds the whole model in each process; FSDP would cut it.", "Launch with ddp.yaml.")
    policy = load_policy(config.model, config.run.seed, wants_rows=True)
    policy.model.to(accelerator.device).eval()
    policy.model.get_decoder().set_attn_implementation(ATTENTION)
    width = policy.model.config.get_text_config().hidden_size
    value_head = ValueHead(width, config.ppo.value_width).to(accelerator.device)
    own = config.optimizer
    groups = parameter_groups(policy.model, nn.Module(), own.learning_rate, own.encoder_learning_rate, own.weight_decay)
    groups.append({"params": list(value_head.parameters()), "lr": own.value_learning_rate, "weight_decay": 0.0})
    optimizer = torch.optim.AdamW(groups, betas=own.betas)
    vocabulary = answer_vocabulary(policy, config.rollout.grammar)
    return Learner(policy, value_head, StageOne(policy.model), vocabulary, optimizer, accelerator)


def same_stage_one(folder: RunFolder, init: str) -> str:
    """A hash of stage 1's weights. Raises: TrainingError where the run began from others than lie there now."""
    held = weights_hash(Path(init)) if Path(init).is_dir() else init
    known = folder.path / "split.json"
    if known.is_file() and json.loads(known.read_text()).get("stage_one", held) != held:
        raise TrainingError(
            f"{folder.path} began from other weights than {init} holds now.", "Put those back, or start a new run."
        )
    return held


def _check(config: AarConfig, processes: int) -> None:
    """Raises: ConfigError for sections that contradict each other, or that the processes cannot share."""
    if config.optimizer.batch_size % processes:
        raise ConfigError(
            f"{config.optimizer.batch_size} queries an update can't be shared by {processes} processes.",
            "Make optimizer.batch_size a multiple of the processes.",
        )
    drawn = config.optimizer.batch_size * config.rollout.candidates
    size, part = config.ppo.minibatch_size, min(config.optimizer.micro_batch_size, config.rollout.candidates)
    if size and (drawn % size or size % part or config.rollout.candidates % part):
        raise ConfigError(
            f"{drawn} candidates in passes of {part} can't be cut into minibatches of {size}.",
            "Let micro_batch_size divide rollout.candidates and ppo.minibatch_size, and that the update's candidates.",
        )
    if config.reward.shuffle and config.ppo.vrr_gradient:
        raise ConfigError(
            "The direct gradient of r_att is no reward that could be shuffled.", "Set ppo.vrr_gradient to 0."
        )
