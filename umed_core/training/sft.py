"""Stage 1, abnormal-aware instruction tuning (Eq. 1-2), from a recipe to a model, top to bottom.

The loss is cross-entropy on the response's tokens, averaged over the whole batch whatever the micro-batches. What
umed-mini's recipe adds (soft coordinate targets, GIoU of the spelt box, heat and box of each cell, attention on the box)
is off by default, which is the paper's stage 1.
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader

from umed_core.config import SftConfig
from umed_core.errors import Cancelled, ConfigError, TrainingError, UmedError
from umed_core.training.batches import Batch, Collator, MicroBatches
from umed_core.training.bookkeeping import held_images, log_metrics, run_events, schedule, seed_of, total_steps
from umed_core.training.checkpoint import TrainingState, load_checkpoint, put_weights, save_checkpoint, snapshot
from umed_core.training.data import SampleStream
from umed_core.training.encoding import IGNORED, NO_BOX
from umed_core.training.losses import (
    attention_on_box,
    box_share,
    center_bell,
    coordinate_targets,
    dense_loss,
    expected_boxes,
    giou,
    largest_per_image,
    token_losses,
)
from umed_core.training.policy import Policy, load_policy, parameter_groups, save_policy
from umed_core.training.processes import open_accelerator, sum_gradients, summed, together
from umed_core.training.run import Progress, RunFolder, StepReport
from umed_core.training.sharding import is_sharded, shard, wants_shards, whole
from umed_core.vlm.attention import RowCapture, mean_rows
from umed_core.vlm.medvint.tokenizer import coordinate_ids

__all__ = ["train_sft"]


def train_sft(config: SftConfig, progress: Progress, cancelled: Callable[[], bool] = lambda: False) -> Path:
    """Trains, resumes where the run folder holds a checkpoint, and returns the folder of the final model.

    Under `accelerate launch` the processes share each update's samples, and the first one alone writes files.
    Raises: ConfigError, DataError, ModelError, StorageError; TrainingError when the loss is no number; Cancelled, after
    a checkpoint.
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
            held = held_images(config)
            if accelerator.is_main_process:
                stack.enter_context(folder.claimed())
            policy = load_policy(config.model, config.run.seed, config.loss.attention_weight > 0)
            objective = Objective(policy, config, wants_shards(accelerator)).to(accelerator.device)
        modules = {"model": policy.model, "objective": objective}
        if wants_shards(accelerator):
            shard(policy.model, accelerator)
        # `evaluation_mode` leaves out DistributedDataParallel: gradients are summed in `_update`.
        policy.model = accelerator.prepare_model(policy.model, evaluation_mode=True)
        optimizer = torch.optim.AdamW(
            parameter_groups(
                policy.model, objective, config.optimizer.learning_rate, config.optimizer.encoder_learning_rate,
                config.optimizer.weight_decay,
            ),
            betas=config.optimizer.betas,
            # On a processor the kernel that passes once over all takes a quarter of the time, or less; a GPU's default is good.
            fused=True if accelerator.device.type == "cpu" and not is_sharded(policy.model) else None,
        )  # fmt: skip
        scheduler = LambdaLR(optimizer, lambda step: schedule(step, steps, config.optimizer))
        with together(accelerator):
            checkpoint = folder.latest_checkpoint()
            start = 0 if checkpoint is None else load_checkpoint(checkpoint, modules, optimizer, scheduler).step
            batches = _updates(config, policy, steps, start, accelerator)
        with together(accelerator):
            if accelerator.is_main_process:
                # Only now: a recipe with a wrong path must not claim the folder.
                folder.open(config, held)
                folder.forget_after(start)
            writer = stack.enter_context(run_events(folder, start, accelerator))
        begun = time.monotonic()
        for step in range(start + 1, steps + 1):
            with together(accelerator):
                batch = next(batches)
            metrics = _update(batch, policy, objective, optimizer, accelerator, config, step)
            scheduler.step()
            if not (math.isfinite(metrics["loss"]) and math.isfinite(metrics["grad_norm"])):
                raise TrainingError(
                    f"The loss or the gradient of step {step} is no number; nothing of it was kept.",
                    "The same command goes on from the last checkpoint; lower optimizer.learning_rate in a new run.",
                )
            left = (time.monotonic() - begun) / (step - start) * (steps - step)
            metrics["learning_rate"] = scheduler.get_last_lr()[0]
            with together(accelerator):
                if writer is not None and (step % config.run.log_every == 0 or step == steps):
                    log_metrics(folder, writer, step, metrics)
            progress(StepReport(step, steps, metrics, left))
            stop = summed({"stop": float(cancelled())}, accelerator)["stop"] > 0
            if stop or step % config.run.checkpoint_every == 0 or step == steps:
                state = snapshot(modules, optimizer)
                with together(accelerator):
                    if accelerator.is_main_process:
                        with folder.new_checkpoint(step) as path:
                            save_checkpoint(path, state, scheduler, TrainingState(step))
            if stop and step < steps:
                raise Cancelled(f"Stopped after step {step} of {steps}.", "The same command goes on from here.")
        trained = snapshot(modules, optimizer).weights if is_sharded(policy.model) else {}
        with together(accelerator):
            if accelerator.is_main_process:
                policy.model = accelerator.unwrap_model(policy.model)
                save_policy(_made_whole(config, trained) if trained else policy, folder.model_folder)
    return folder.model_folder


def _made_whole(config: SftConfig, weights: Mapping[str, Tensor]) -> Policy:
    """The policy in one piece, of one that was trained in parts."""
    policy = load_policy(config.model, config.run.seed, wants_rows=False)
    put_weights({"model": policy.model}, weights)
    return policy


class Objective(nn.Module):
    """The loss of a batch as sums by name, each with the count to divide by."""

    def __init__(self, policy: Policy, config: SftConfig, in_parts: bool = False) -> None:
        super().__init__()
        self.config = config.loss
        ids = coordinate_ids(policy.processor.tokenizer)
        extras = (config.loss.coordinate_sigma, config.loss.coordinate_giou_weight, config.loss.dense_weight,
                  config.loss.attention_weight)  # fmt: skip
        if any(extras) and not (policy.is_medvint and ids and policy.model.config.connector == "grid"):
            raise ConfigError(
                "The losses on coordinates, cells and attention need umed-mini's grid and coordinate tokens.",
                "Set them to 0 for this model.",
            )
        if in_parts and config.loss.dense_weight:
            # A process whose images hold no box would leave the others waiting for its part of that gradient.
            raise ConfigError("loss.dense_weight can't be had of a model in parts (FSDP).", "Launch with ddp.yaml.")
        vocabulary = len(policy.processor.tokenizer)
        bins = torch.full((vocabulary + 64,), -1, dtype=torch.long)
        bins[ids] = torch.arange(len(ids))
        self.register_buffer("bin_of", bins, persistent=False)
        self.register_buffer("coordinate_ids", torch.tensor(ids, dtype=torch.long), persistent=False)
        self.register_buffer("targets", coordinate_targets(config.loss.coordinate_sigma), persistent=False)
        self.grid = policy.model.config.grid if policy.is_medvint else (0, 0)
        self.image_id = getattr(policy.model.config, "image_token_id", None)

    def forward(self, model: nn.Module, batch: Batch) -> dict[str, tuple[Tensor, int]]:
        """Name -> (sum, count). `words` and `coordinates` are the paper's cross-entropy in two parts."""
        labelled = batch.labels != IGNORED
        first = int(labelled.any(dim=0).float().argmax())  # the first column that any row must predict
        length = batch.labels.shape[1]
        extra = {}
        if self.config.attention_weight:
            extra = {"row_capture": self._capture(batch, first, length), "output_attentions": True}
        outputs = model(**batch.inputs, logits_to_keep=length - first + 1, use_cache=False, **extra)
        # Some families give all logits whatever they are asked for.
        shifted, labels = outputs.logits[:, first - length - 1 : -1], batch.labels[:, first:]
        chosen = labels != IGNORED
        logits, labels = shifted[chosen], labels[chosen]
        losses = token_losses(logits, labels, self.bin_of, self.coordinate_ids, self.targets)
        spells = self.bin_of[labels] >= 0
        parts = {
            "words": (losses[~spells].sum(), int((~spells).sum())),
            "coordinates": (losses[spells].sum(), int(spells.sum())),
        }
        box_of = batch.box_of[:, first:][chosen]
        in_box = (box_of != NO_BOX) & spells
        if self.config.coordinate_giou_weight and bool(in_box.any()):
            predicted = expected_boxes(logits[in_box], self.coordinate_ids)
            true = batch.boxes[box_of[in_box].view(-1, 4)[:, 0]]
            parts["spelt_giou"] = ((1 - giou(_corners(predicted), _corners(true))).sum(), len(true))
        if self.config.dense_weight and len(batch.boxes):
            heat, distances = outputs.image_estimates[..., 0], outputs.image_estimates[..., 1:]
            parts["dense"] = (dense_loss(heat, distances, batch.boxes, batch.owners, self.grid), len(batch.boxes))
        if self.config.attention_weight and len(batch.boxes):
            parts["attention"] = self._attention(batch, mean_rows(outputs.attentions), first)
        return parts

    def weight(self, name: str) -> float:
        """Weight of a part in the loss."""
        return {
            "words": 1.0,
            "coordinates": self.config.coordinate_weight,
            "spelt_giou": self.config.coordinate_giou_weight,
            "dense": self.config.dense_weight,
            "attention": self.config.attention_weight,
        }[name]

    def _capture(self, batch: Batch, first: int, length: int) -> RowCapture:
        # The row of a token is that of the position which predicts it.
        positions = torch.arange(first - 1, length - 1, device=batch.labels.device)
        count = self.grid[0] * self.grid[1]
        places = (batch.inputs["input_ids"] == self.image_id).nonzero()[:, 1].view(-1, count)
        # Of all keys: a head that looks at the box but gives it no weight against the text reads nothing.
        return RowCapture(positions, places, "all_keys")

    def _attention(self, batch: Batch, rows: Tensor, first: int) -> tuple[Tensor, int]:
        """Coordinate tokens look at the middle of their own box, class tokens at all boxes of the image."""
        shares = box_share(batch.boxes, self.grid)
        middles = center_bell(batch.boxes, self.grid)
        images = largest_per_image(shares, batch.owners, rows.shape[0])
        box_of, names = batch.box_of[:, first:], batch.names_class[:, first:]
        spelt = box_of != NO_BOX
        wanted = torch.cat([rows[spelt], rows[names]])
        share = torch.cat([middles[box_of[spelt]], images[names.nonzero()[:, 0]]])
        return attention_on_box(wanted, share).sum(), len(wanted)


def _corners(boxes: Tensor) -> Tensor:
    return torch.cat([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], dim=1)


def _update(
    micro_batches: list[Batch],
    policy: Policy,
    objective: Objective,
    optimizer: torch.optim.Optimizer,
    accelerator: Accelerator,
    config: SftConfig,
    step: int,
) -> dict[str, float]:
    """One optimiser step; each part of the loss is divided by its count in the whole batch, of all processes."""
    policy.model.train()
    counts = _counts(micro_batches, accelerator)
    sums = {f"{kind}{name}": 0.0 for name in counts for kind in ("", "n_", "seen_")}
    # FSDP takes the mean of the processes' gradients; what is wanted is their sum.
    scale = accelerator.num_processes if is_sharded(policy.model) else 1
    for turn, batch in enumerate(micro_batches):
        number = turn * accelerator.num_processes + accelerator.process_index
        # Dropout, the same whichever process passes this batch, and after a resume.
        torch.manual_seed(seed_of(config.run.seed, 7, step, number))
        with accelerator.autocast():
            parts = objective(policy.model, batch)
        loss = sum(objective.weight(name) * total / counts[name] for name, (total, _) in parts.items())
        accelerator.backward(scale * loss)
        for name, (total, count) in parts.items():
            sums[name] += float(total.detach())
            sums[f"n_{name}"] += count
            sums[f"seen_{name}"] += 1
    if not is_sharded(policy.model):
        sum_gradients([*policy.model.parameters(), *objective.parameters()], accelerator)
    norm = whole(nn.utils.clip_grad_norm_(policy.model.parameters(), config.optimizer.max_grad_norm))
    optimizer.step()
    optimizer.zero_grad()
    sums = summed(sums, accelerator)
    seen = [name for name in counts if sums[f"seen_{name}"]]
    metrics = {name: sums[name] / max(1.0, sums[f"n_{name}"]) for name in seen}
    metrics["loss"] = sum(objective.weight(name) * sums[name] / counts[name] for name in seen)
    metrics["grad_norm"] = float(norm)
    return metrics


def _counts(micro_batches: list[Batch], accelerator: Accelerator) -> dict[str, float]:
    """What each part of the loss is divided by: tokens, boxes, or tokens that look at a box."""
    own = {
        "tokens": float(sum(int((batch.labels != IGNORED).sum()) for batch in micro_batches)),
        "boxes": float(sum(len(batch.boxes) for batch in micro_batches)),
        "looks": float(sum(int((batch.box_of != NO_BOX).sum() + batch.names_class.sum()) for batch in micro_batches)),
    }
    tokens, boxes, looks = (max(1.0, count) for count in summed(own, accelerator).values())
    return {"words": tokens, "coordinates": tokens, "spelt_giou": boxes, "dense": boxes, "attention": looks}


def _updates(
    config: SftConfig, policy: Policy, steps: int, start: int, accelerator: Accelerator
) -> Iterator[list[Batch]]:
    """The micro-batches of each update from `start` on; processes share an update's samples. Raises: ConfigError."""
    size, micro = config.optimizer.batch_size, config.optimizer.micro_batch_size
    ranks, rank = accelerator.num_processes, accelerator.process_index
    if size % (micro * ranks):
        raise ConfigError(
            f"A batch of {size} can't be cut into micro-batches of {micro} on {ranks} processes.",
            "Make batch_size a multiple of micro_batch_size times the processes.",
        )
    stream = SampleStream(config.data, steps * size, policy.image_size or config.model.image_size, config.run.seed)
    collate = Collator(policy.processor, config.data.max_text_tokens, policy.is_medvint, policy.image_size)
    loader = DataLoader(
        MicroBatches(stream, collate, micro),
        batch_size=None,
        sampler=range(start * size // micro + rank, steps * size // micro, ranks),
        collate_fn=_as_it_is,
        num_workers=config.data.workers,
        prefetch_factor=8 if config.data.workers else None,
        persistent_workers=config.data.workers > 0,
        worker_init_fn=_ignore_interrupts,
        generator=torch.Generator(),  # its own, or starting workers would advance the generator that checkpoints keep
    )
    # Workers start here and not at the first `next`: a fork belongs before TensorBoard's thread.
    return _in_updates(iter(loader), size // (micro * ranks), accelerator.device)


def _in_updates(batches: Iterator[Batch | UmedError], passes: int, device: torch.device) -> Iterator[list[Batch]]:
    update: list[Batch] = []
    for batch in batches:
        if isinstance(batch, UmedError):
            raise batch
        update.append(_on(batch, device))
        if len(update) == passes:
            yield update
            update = []


def _ignore_interrupts(worker: int) -> None:  # noqa: ARG001 - DataLoader's signature
    """Ctrl-C reaches the whole group; the step in hand still needs its samples."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _as_it_is(batch: Batch | UmedError) -> Batch | UmedError:
    return batch


def _on(batch: Batch, device: torch.device) -> Batch:
    return Batch(
        {name: value.to(device) for name, value in batch.inputs.items()},
        *(value.to(device) for value in (batch.labels, batch.box_of, batch.names_class, batch.boxes, batch.owners)),
    )
