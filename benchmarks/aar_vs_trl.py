"""Stage 2's update, `one_update`, against TRL's GRPOTrainer: candidates a second, drawn, paid and learnt from.

    pip install trl==1.16.0    (a peer of this benchmark alone; umed needs it nowhere)
    python benchmarks/aar_vs_trl.py [--rounds 3] [--steps 2] [--queries 2] [--candidates 8] [--tokens 64] [--threads 1]
                                    [--models mini llava qwen2_5_vl]

Same folder, images, questions, candidates and length of an answer; fp32, all weights trained by AdamW at 1e-6, temperature
.9, top-p .9, the same tokens suppressed, one epoch, rewards drawn at random (no judge is timed). The random models' answers
run to --tokens.

ours    each query: the image and prompt once for its K answers; a pass for the old log-probabilities, values and attention
        rows; a pass of stage 1's policy; localisation and attention rewards; the critic; then PPO's pass with gradients.
TRL     its prompts as generate's batch; the pass with gradients on K copies of image and prompt. No old log-probabilities
        (they are the new ones), no critic. Once as its defaults have it, without a reference policy (beta 0), and once with
        one (beta .02), which is what our update computes and what the paper asks for. Gradient checkpointing, which it
        turns on, is off: it saves memory and costs time. No log, no checkpoint.

Both process the pixels inside the time: ours a query once, TRL's K times. The gate is against the faster TRL, without a
reference. What is timed begins after the first step.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import msgspec
import torch
from interleaved import Round, Stopwatch, interleave, machine, ratio, table, verdict
from medium_vlm import IMAGE_SIDE, MODELS, model_folder, open_policy, phantom_sample
from PIL import Image
from sft_vs_trainer import Watched
from transformers.trainer_callback import PrinterCallback

from umed_core.config import AarConfig
from umed_core.training.aar import one_update
from umed_core.training.aar_batches import PromptReader, answer_vocabulary
from umed_core.training.data import Sample
from umed_core.training.learner import Learner, build_learner
from umed_core.training.processes import open_accelerator

GATE = 1.0
REFERENCE_BETA = 0.02


class Dice:
    """A judge that costs nothing."""

    identity, is_remote = "dice", False

    def __init__(self) -> None:
        self._dice = random.Random(0)

    def score(self, question: str, reference: str, answers: Sequence[str]) -> list[float]:  # noqa: ARG002 - Judge's
        return [self._dice.random() for _ in answers]

    def close(self) -> None:
        pass


def main() -> None:
    options = _options()
    torch.set_num_threads(options.threads)
    print(machine("trl", "accelerate"))
    for name in options.models:
        with tempfile.TemporaryDirectory() as scratch:
            measure(name, model_folder(name, Path(scratch)), Path(scratch), options)


def measure(name: str, folder: Path, scratch: Path, options: argparse.Namespace) -> None:
    samples = [phantom_sample(IMAGE_SIDE[name], number) for number in range(options.queries * (options.steps + 1))]
    # A random model's answer must not end by accident: both sides then do the same work.
    ends = name == "mini"
    contenders: dict[str, Ours | Trl] = {
        "one_update": Ours(folder, samples, ends, options),
        "GRPOTrainer": Trl(folder, scratch, samples, ends, 0.0, options),
    }
    if name != "mini":  # TRL knows no class for umed-mini's reference but transformers' own
        contenders["GRPOTrainer, with a reference"] = Trl(folder, scratch, samples, ends, REFERENCE_BETA, options)
    runs = interleave({key: contender.run for key, contender in contenders.items()}, options.rounds)
    print(f"{name}: {options.queries} queries x {options.candidates} candidates of at most {options.tokens} tokens")
    table(runs, "candidates")
    times = ratio(runs["one_update"], runs["GRPOTrainer"])
    verdict("candidates/s over GRPOTrainer's without a reference:", times, times >= GATE, f">= {GATE:g}")


class Ours:
    """Updates of stage 2, as `train_aar` makes them."""

    def __init__(self, folder: Path, samples: Sequence[Sample], ends: bool, options: argparse.Namespace) -> None:
        self.config = recipe(folder, options)
        learner = build_learner(self.config, open_accelerator(self.config.run.precision))
        if not ends:
            learner = replace(learner, vocabulary=replace(learner.vocabulary, end_ids=learner.vocabulary.end_ids[:0]))
        self.learner: Learner = learner
        self.reader = PromptReader(learner.policy)
        self.samples, self.steps, self.per_step = samples, options.steps, options.queries * options.candidates
        self.step = 0

    def run(self, _: int) -> Round:
        queries = self.config.optimizer.batch_size
        for step in range(self.steps + 1):
            if step == 1:
                watch = Stopwatch()
            self.step += 1
            drawn = self.samples[step * queries : (step + 1) * queries]
            asked = [self.reader.query(one, self.reader.encode(one), self.learner.device) for one in drawn]
            one_update(self.learner, asked, Dice(), self.config, self.step)
        return watch.stop(self.steps * self.per_step)


def recipe(folder: Path, options: argparse.Namespace) -> AarConfig:
    return msgspec.convert(
        {
            "model": {"init": str(folder)},
            "data": {"sources": [{"name": "phantoms", "kind": "phantoms", "phantom_kind": "ct"}]},
            "rollout": {"candidates": options.candidates, "max_new_tokens": options.tokens},
            "optimizer": {
                "learning_rate": 1e-6,
                "batch_size": options.queries,
                "micro_batch_size": options.candidates,
                "steps": options.steps,
            },
            "ppo": {"kl_coef": REFERENCE_BETA},
            "run": {"out": "unused", "threads": options.threads},
        },
        AarConfig,
    )


class Trl:
    """TRL's GRPOTrainer over the same questions and images, one optimiser step an update."""

    def __init__(
        self,
        folder: Path,
        scratch: Path,
        samples: Sequence[Sample],
        ends: bool,
        beta: float,
        options: argparse.Namespace,
    ) -> None:
        from datasets import Dataset
        from trl import GRPOConfig, GRPOTrainer

        policy = open_policy(folder)
        tokenizer = policy.processor.tokenizer
        tokenizer.padding_side = "left"
        policy.processor.chat_template = policy.processor.chat_template or tokenizer.chat_template
        per_step = options.queries * options.candidates
        drawing: dict[str, object] = {"suppress_tokens": answer_vocabulary(policy, grammar=False).suppressed.tolist()}
        if not ends:
            drawing["min_new_tokens"] = options.tokens
        arguments = GRPOConfig(
            output_dir=str(scratch / "trl"), max_steps=options.steps + 1, learning_rate=1e-6, weight_decay=0.01,
            per_device_train_batch_size=options.candidates, gradient_accumulation_steps=options.queries,
            num_generations=options.candidates, max_completion_length=options.tokens, temperature=0.9, top_p=0.9, top_k=0,
            beta=beta, num_iterations=1, activation_checkpointing=False, bf16=False, use_cpu=True, shuffle_dataset=False,
            generation_kwargs=drawing, logging_strategy="no",
            save_strategy="no", report_to="none", disable_tqdm=True, logging_nan_inf_filter=False, seed=0,
        )  # fmt: skip
        rows = {
            "prompt": [[{"role": "user", "content": sample.turns[0].text}] for sample in samples],
            "image": [Image.fromarray(sample.pixels) for sample in samples],
        }
        dice = random.Random(0)
        self.watched = Watched(per_step)
        self.trainer = GRPOTrainer(
            policy.model, lambda completions, **_: [dice.random() for _ in completions], arguments,
            Dataset.from_dict(rows), processing_class=policy.processor, callbacks=[self.watched],
        )  # fmt: skip
        self.trainer.remove_callback(PrinterCallback)

    def run(self, _: int) -> Round:
        self.trainer.train()
        return self.watched.timed


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--queries", type=int, default=2)
    parser.add_argument("--candidates", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
