"""Stage 1's loop, `train_sft`, against transformers' Trainer: samples a second on the same model, batches and optimiser.

    python benchmarks/sft_vs_trainer.py [--rounds 5] [--steps 9] [--batch 4] [--threads 1] [--models mini llava]

Both start from the same folder and read the same samples in the same order through the same collator, in the training
process, with fp32, AdamW (each loop's own), linear decay, clipped gradients and cross-entropy on the answers' tokens
alone: ours without its further losses. Trainer has no evaluation, no log, no checkpoint and no progress bar; ours writes
its log and its events as always. What is timed runs from the end of the first step to the end of the last, so that what
either does once, and our one checkpoint, is left out. The mean losses are printed: they agree to rounding, or the two did
not do the same. mini is umed-mini's architecture at 192 px with random weights, trained whole; llava is `medium_vlm`'s.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import msgspec
import torch
from interleaved import Round, Stopwatch, interleave, machine, ratio, table, verdict
from medium_vlm import FAMILIES, MEDIUM
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from tests.tiny_sft import write_box_set
from umed_core.config import ModelConfig, SftConfig
from umed_core.training.batches import Collator
from umed_core.training.data import Sample, SampleStream
from umed_core.training.policy import load_policy, save_policy
from umed_core.training.run import StepReport
from umed_core.training.sft import train_sft

GATE = 1.0
IMAGES = 64
MINI_SIDE = 192


def main() -> None:
    options = _options()
    torch.set_num_threads(options.threads)
    print(machine("accelerate"))
    for name in options.models:
        with tempfile.TemporaryDirectory() as scratch:
            measure(name, Path(scratch), options)


def measure(name: str, scratch: Path, options: argparse.Namespace) -> None:
    write_box_set(scratch / "polyps", IMAGES)
    if name == "mini":
        fresh = ModelConfig(init="mini", image_size=MINI_SIDE, pretrained_encoder=False)
        save_policy(load_policy(fresh, 0, False), scratch / "start")
    else:
        FAMILIES[name](scratch / "start", MEDIUM)
    config = recipe(scratch, options)
    losses: dict[str, float] = {}

    def ours(_: int) -> Round:
        timed, losses["ours"] = by_train_sft(config)
        return timed

    def trainer(_: int) -> Round:
        timed, losses["Trainer"] = by_trainer(config, scratch)
        return timed

    runs = interleave({"train_sft": ours, "Trainer": trainer}, options.rounds)
    print(f"{name}: {options.steps} steps of {options.batch} samples")
    table(runs, "samples")
    print("  mean loss: " + ", ".join(f"{who} {loss:.5f}" for who, loss in losses.items()))
    times = ratio(*runs.values())
    verdict("samples/s over Trainer's:", times, times >= GATE, f">= {GATE:g}")


def recipe(scratch: Path, options: argparse.Namespace) -> SftConfig:
    return msgspec.convert(
        {
            "model": {"init": str(scratch / "start")},
            "data": {
                "root": str(scratch),
                "sources": [{"name": "polyps", "kind": "box_set", "path": "polyps", "augment": False}],
                "workers": 0,
            },
            "optimizer": {
                "learning_rate": 1e-4,
                "batch_size": options.batch,
                "micro_batch_size": options.batch,
                "steps": options.steps,
            },
            "run": {"out": str(scratch / "run"), "checkpoint_every": 10**6, "threads": options.threads},
        },
        SftConfig,
    )


def by_train_sft(config: SftConfig) -> tuple[Round, float]:
    """From the end of step 1 to that of the last; the mean loss."""
    shutil.rmtree(config.run.out, ignore_errors=True)
    losses: list[float] = []
    watch: Stopwatch
    timed: Round

    def progress(report: StepReport) -> None:
        nonlocal watch, timed
        losses.append(report.metrics["loss"])
        if report.step == 1:
            watch = Stopwatch()
        if report.step == report.total_steps:
            timed = watch.stop((report.total_steps - 1) * config.optimizer.batch_size)

    train_sft(config, progress)
    return timed, statistics.fmean(losses)


class Watched(TrainerCallback):
    """Times a Trainer from the end of step 1 to that of the last."""

    def __init__(self, batch_size: int) -> None:
        self.batch_size = batch_size

    def on_step_end(self, args: Any, state: Any, *_: Any, **__: Any) -> None:
        if state.global_step == 1:
            self.watch = Stopwatch()
        if state.global_step == args.max_steps:
            self.timed = self.watch.stop((args.max_steps - 1) * self.batch_size)


def by_trainer(config: SftConfig, scratch: Path) -> tuple[Round, float]:
    """As `by_train_sft`."""
    policy = load_policy(config.model, config.run.seed, False)
    own = config.optimizer
    side = policy.image_size or config.model.image_size
    stream = SampleStream(config.data, own.steps * own.batch_size, side, config.run.seed)
    collate = Collator(policy.processor, config.data.max_text_tokens, policy.is_medvint, policy.image_size)

    def collated(samples: list[Sample]) -> dict[str, Any]:
        batch = collate(samples)
        return {**batch.inputs, "labels": batch.labels}

    arguments = TrainingArguments(
        output_dir=str(scratch / "trainer"), max_steps=own.steps, per_device_train_batch_size=own.batch_size,
        learning_rate=own.learning_rate, weight_decay=own.weight_decay, max_grad_norm=own.max_grad_norm,
        lr_scheduler_type="linear", train_sampling_strategy="sequential", dataloader_num_workers=0,
        remove_unused_columns=False, use_cpu=True, logging_strategy="no", save_strategy="no", report_to="none",
        disable_tqdm=True, logging_nan_inf_filter=False, seed=config.run.seed,
    )  # fmt: skip
    watched = Watched(own.batch_size)
    trainer = Trainer(policy.model, arguments, data_collator=collated, train_dataset=stream, callbacks=[watched])
    trainer.remove_callback(PrinterCallback)
    result = trainer.train()
    return watched.timed, result.training_loss


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=9)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--models", nargs="+", choices=("mini", *FAMILIES), default=["mini", "llava"])
    return parser.parse_args()


if __name__ == "__main__":
    main()
