"""Is a reward that can be learned learned? Stage 2 from an under-trained stage 1, and the same run with rewards shuffled.

    python benchmarks/reward_learned.py OUT [--seeds 0 1 2] [--images 60] [--start-at 40] [--updates 40] [--jobs 2]

Stage 1 is `umed experiment`'s base at mini size, on synthetic phantoms, stopped early (step 40 of 400). Stage 2 is the
recipe mini-aar on endoscopy phantoms, a quarter of them normal. The control deals each query's rewards out to its
candidates at random, so that nothing can be learned from them. Every model then answers the same held phantoms, greedily.
Stage 2 freezes the image side; the box of its hottest cell, told too, is a guide to what a better reader of it may gain.
A seed begins every run of its own; the figures are means over seeds, with intervals from resampling the phantoms.
About a quarter of an hour a seed on two cores; what is done is not done again, and a stopped run goes on.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import random
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import msgspec
import numpy as np
import torch
from safetensors.torch import load_file

import umed_assets
from umed_core.config import AarConfig, SftConfig, load_aar_config
from umed_core.errors import Cancelled
from umed_core.evaluation.intervals import Estimate, bootstrap_mean, wilson_share
from umed_core.evaluation.metrics import is_false_alarm
from umed_core.experiments.recipe import load_experiment_recipe
from umed_core.geometry import NormalizedBox, best_match
from umed_core.mau.wording import write_conversation
from umed_core.phantoms import EVALUATION_SEEDS, display, make_phantom
from umed_core.prompts import CLASS_SYNONYMS, parse_boxes
from umed_core.training.aar import train_aar
from umed_core.training.aar_batches import PromptReader
from umed_core.training.data import Sample
from umed_core.training.judges.embedded import EmbeddedJudge
from umed_core.training.learner import build_learner
from umed_core.training.policy import load_policy, save_policy
from umed_core.training.processes import open_accelerator
from umed_core.training.rewards import localisation
from umed_core.training.rollout import Prompt, Sampling, sample_candidates
from umed_core.training.run import RunFolder, StepReport
from umed_core.training.sft import train_sft
from umed_core.vlm.medvint.connector import cell_centers
from umed_core.vlm.medvint.model import MedVIntForConditionalGeneration
from umed_core.vlm.pixels import resized

ASSETS = Path(umed_assets.__file__).parent
KIND = "endoscopy"
START = "stage 1, under-trained"
ARMS = {"stage 2": False, "stage 2, rewards shuffled": True}
"""Whether an arm's rewards are shuffled."""
GREEDY = Sampling(candidates=2, temperature=1e-6, top_p=1.0, max_new_tokens=96)


@dataclass(frozen=True)
class Plan:
    out: Path
    images: int
    start_at: int
    updates: int

    def folder(self, seed: int, name: str) -> Path:
        return self.out / f"seed-{seed}" / name.replace(", ", "-").replace(" ", "-")


@dataclass(frozen=True)
class Score:
    """How a model answered: IoU, relevance and a readable box of each image with a finding, an alarm of each normal one.

    `seen` is the IoU of the box that the hottest cell of the image estimates, whatever the answer says.
    """

    ious: tuple[float, ...]
    seen: tuple[float, ...]
    relevances: tuple[float, ...]
    boxes: tuple[bool, ...]
    alarms: tuple[bool, ...]


def main() -> None:
    options = _options()
    plan = Plan(options.out, options.images, options.start_at, options.updates)
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as workers:
        starts = list(workers.map(partial(_start, plan), options.seeds))
        arms = [(seed, name) for seed in options.seeds for name in ARMS]
        stage_two = dict(zip(arms, workers.map(partial(_arm, plan), *zip(*arms, strict=True)), strict=True))
    scores = {START: starts} | {name: [stage_two[seed, name] for seed in options.seeds] for name in ARMS}
    for name, of_seeds in scores.items():
        _print(name, of_seeds, starts)
    print("Synthetic images. Research use only. Not a medical device.")


def _print(name: str, scores: list[Score], starts: list[Score]) -> None:
    """One model's figures over its seeds; an image is one group, whatever the seed that was asked about it."""
    images = [number for score in scores for number in range(len(score.ious))]
    ious = np.array([score.ious for score in scores])
    gains = ious - np.array([start.ious for start in starts])
    seen = [value for score in scores for value in score.seen]
    boxes = [hit for score in scores for hit in score.boxes]
    alarms = [hit for score in scores for hit in score.alarms]
    print(f"{name}: IoU {_written(bootstrap_mean(ious.ravel().tolist(), images, seed=0))}")
    print(f"    gain {_written(bootstrap_mean(gains.ravel().tolist(), images, seed=0))}")
    print(
        "    by seed "
        + ", ".join(f"{iou:.3f} ({gain:+.3f})" for iou, gain in zip(ious.mean(1), gains.mean(1), strict=True))
    )
    print(f"    the hottest cell's box {_written(bootstrap_mean(seen, images, seed=0))}")
    print(
        f"    boxes {_written(wilson_share(sum(boxes), len(boxes)))},"
        f" relevance {np.mean([score.relevances for score in scores]):.3f},"
        f" false alarms {_written(wilson_share(sum(alarms), len(alarms)))}"
    )


def _start(plan: Plan, seed: int) -> Score:
    torch.set_num_threads(1)
    return _ask(_under_trained(plan, seed), plan.images)


def _arm(plan: Plan, seed: int, name: str) -> Score:
    torch.set_num_threads(1)
    out = plan.folder(seed, name)
    config = _stage_two(plan.folder(seed, "stage-1") / "start", out, plan.updates, seed, ARMS[name])
    if not (out / "model" / "config.json").is_file():
        train_aar(config, partial(_tell, f"seed {seed}, {name}"))
    return _ask(out / "model", plan.images)


def _under_trained(plan: Plan, seed: int) -> Path:
    """A model whose training was stopped early, when its rate was still high."""
    folder = plan.folder(seed, "stage-1")
    model = folder / "start"
    if (model / "config.json").is_file():
        return model
    table = dict(load_experiment_recipe(ASSETS / "experiments" / "mini.toml").base)
    table["model"] = {**table["model"], "language_from": str(umed_assets.embedded_model() / "torch")}
    table["run"] = {**table.get("run", {}), "out": str(folder), "seed": seed, "threads": 1, "checkpoint_every": 50}
    table["data"] = {**table["data"], "workers": 0}
    config = msgspec.convert(table, SftConfig)
    last = [0]

    def tell(report: StepReport) -> None:
        last[0] = report.step
        _tell(f"seed {seed}, stage 1", report)

    with suppress(Cancelled):
        train_sft(config, tell, lambda: last[0] + 1 >= plan.start_at)
    checkpoint = RunFolder(folder).latest_checkpoint()
    assert checkpoint is not None, "stopping writes one"
    policy = load_policy(config.model, config.run.seed, wants_rows=False)
    weights = {
        name.removeprefix("model/"): tensor for name, tensor in load_file(checkpoint / "model.safetensors").items()
    }
    policy.model.load_state_dict({n: t for n, t in weights.items() if n in policy.model.state_dict()}, strict=False)
    save_policy(policy, model)
    return model


def _stage_two(start: Path, out: Path, updates: int, seed: int, shuffled: bool) -> AarConfig:
    source = f'data.sources=[{{name="phantoms", kind="phantoms", phantom_kind="{KIND}", normal_share=0.25}}]'
    changes = [
        f"model.init={start}", source, f"run.out={out}", f"optimizer.steps={updates}", "data.workers=0",
        "run.samples_every=0", "run.threads=1", f"run.seed={seed}", f"reward.shuffle={str(shuffled).lower()}",
    ]  # fmt: skip
    return load_aar_config(ASSETS / "recipes" / "mini-aar.toml", changes)


def _ask(folder: Path, count: int) -> Score:
    """Greedy answers to held phantoms: `count` with a finding, a third as many without."""
    config = load_aar_config(ASSETS / "recipes" / "mini-aar.toml", [f"model.init={folder}"])
    learner = build_learner(config, open_accelerator("fp32"))
    reader, judge = PromptReader(learner.policy), EmbeddedJudge()

    def answer(seed: int, is_normal: bool) -> tuple[Sample, str, float]:
        phantom = make_phantom(KIND, seed, is_normal)
        turns = write_conversation(phantom.findings, phantom.modality, random.Random(seed), 0)
        sample = Sample(resized(display(phantom), learner.policy.image_size), phantom.findings, turns, KIND)
        prompt = reader.query(sample, reader.encode(sample), learner.device).prompt
        drawn = sample_candidates(learner.policy.model, prompt, GREEDY, learner.vocabulary, torch.Generator())
        seen = best_match(_hottest(learner.policy.model, prompt), [finding.box for finding in sample.findings])
        return sample, learner.decode(drawn.tokens[0][drawn.mask[0]].tolist()), seen

    found = [answer(seed, False) for seed in EVALUATION_SEEDS[:count]]
    normal = [answer(seed, True)[1] for seed in EVALUATION_SEEDS[: count // 3]]
    return Score(
        ious=tuple(float(localisation([text], sample.findings)[0]) for sample, text, _ in found),
        seen=tuple(seen for _, _, seen in found),
        relevances=tuple(judge.score(s.turns[0].text, s.turns[1].text, [text])[0] for s, text, _ in found),
        boxes=tuple(bool(parse_boxes(text)) for _, text, _ in found),
        alarms=tuple(is_false_alarm(text, tuple(CLASS_SYNONYMS)) for text in normal),
    )


def _hottest(model: MedVIntForConditionalGeneration, prompt: Prompt) -> NormalizedBox:
    """The box that the hottest cell of the image estimates."""
    with torch.no_grad():
        estimates = model.encode_images(prompt.inputs["pixel_values"]).estimates
    assert estimates is not None, "umed-mini's connector is a grid"
    side = math.isqrt(estimates.shape[1])
    cell = int(estimates[0, :, 0].argmax())
    x, y = cell_centers(side, side)[cell].tolist()
    left, top, right, bottom = estimates[0, cell, 1:].tolist()
    return NormalizedBox(x - left, y - top, left + right, top + bottom)


def _written(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}] (n={estimate.count})"


def _tell(name: str, report: StepReport) -> None:
    figures = ", ".join(
        f"{key} {report.metrics[key]:.3f}" for key in ("loss", "r_llm", "r_loc", "r_att") if key in report.metrics
    )
    print(
        f"{name} {report.step}/{report.total_steps}: {figures}, {report.seconds_left / 60:.0f} minutes left", flush=True
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--start-at", type=int, default=40, help="the step at which stage 1 is stopped")
    parser.add_argument("--updates", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2, help="runs at once, each on one core")
    return parser.parse_args()


if __name__ == "__main__":
    main()
