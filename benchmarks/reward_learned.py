"""Is a reward that can be learned learned? Stage 2 from an under-trained stage 1, and the same run with rewards shuffled.

    python benchmarks/reward_learned.py OUT [--images 60] [--updates 40]

Stage 1 is `umed experiment`'s base at mini size, on synthetic phantoms, stopped half-way (200 of 400 steps). Stage 2 is
the recipe mini-aar on endoscopy phantoms, a quarter of them normal. The control deals each query's rewards out to its
candidates at random, so that nothing can be learned from them. Every model then answers the same held phantoms, greedily.
About half an hour on two idle cores; what is done is not done again, and Ctrl-C keeps it.
"""

from __future__ import annotations

import argparse
import os
import random
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
from umed_core.experiments.recipe import load_experiment_recipe
from umed_core.mau.wording import write_conversation
from umed_core.phantoms import EVALUATION_SEEDS, display, make_phantom
from umed_core.prompts import parse_boxes
from umed_core.training.aar import train_aar
from umed_core.training.aar_batches import PromptReader
from umed_core.training.data import Sample
from umed_core.training.judges.embedded import EmbeddedJudge
from umed_core.training.learner import build_learner
from umed_core.training.policy import load_policy, save_policy
from umed_core.training.processes import open_accelerator
from umed_core.training.rewards import localisation
from umed_core.training.rollout import Sampling, sample_candidates
from umed_core.training.run import RunFolder, StepReport
from umed_core.training.sft import train_sft
from umed_core.vlm.pixels import resized

ASSETS = Path(umed_assets.__file__).parent
STOP_AT = 200
KIND = "endoscopy"
GREEDY = Sampling(candidates=2, temperature=1e-6, top_p=1.0, max_new_tokens=96)


@dataclass(frozen=True)
class Score:
    """How a model answered: IoU, boxes and relevance on images with a finding, false alarms on normal ones."""

    ious: tuple[float, ...]
    boxes: Estimate
    relevance: float
    false_alarms: Estimate


def main() -> None:
    options = _options()
    torch.set_num_threads(1)
    start = _half_trained(options.out / "stage-one")
    models = {"stage 1, half-trained": start}
    for name, shuffled in (("stage 2", False), ("stage 2, rewards shuffled", True)):
        config = _stage_two(start, options.out / name.replace(", ", "-").replace(" ", "-"), options.updates, shuffled)
        done = Path(config.run.out) / "model"
        models[name] = done if (done / "config.json").is_file() else train_aar(config, partial(_tell, name))
    scores = {name: _ask(folder, options.images) for name, folder in models.items()}
    first = np.array(scores["stage 1, half-trained"].ious)
    for name, score in scores.items():
        groups = range(len(score.ious))
        iou = bootstrap_mean(score.ious, groups, seed=0)
        low, high = _gain(np.array(score.ious) - first)
        print(f"{name}: IoU {_written(iou)}, gain {np.mean(score.ious) - first.mean():+.3f} [{low:+.3f}, {high:+.3f}]")
        print(
            f"    boxes {_written(score.boxes)}, relevance {score.relevance:.3f}, false alarms {_written(score.false_alarms)}"
        )
    print("Synthetic images. Research use only. Not a medical device.")


def _half_trained(folder: Path) -> Path:
    """A model whose training was stopped at step STOP_AT, when its rate was still high."""
    model = folder / "half"
    if (model / "config.json").is_file():
        return model
    table = dict(load_experiment_recipe(ASSETS / "experiments" / "mini.toml").base)
    table["model"] = {**table["model"], "language_from": str(umed_assets.embedded_model() / "torch")}
    table["run"] = {**table.get("run", {}), "out": str(folder), "checkpoint_every": 50}
    config = msgspec.convert(table, SftConfig)
    last = [0]

    def tell(report: StepReport) -> None:
        last[0] = report.step
        _tell("stage 1", report)

    with suppress(Cancelled):
        train_sft(config, tell, lambda: last[0] + 1 >= STOP_AT)
    checkpoint = RunFolder(folder).latest_checkpoint()
    assert checkpoint is not None, "stopping writes one"
    policy = load_policy(config.model, config.run.seed, wants_rows=False)
    weights = {
        name.removeprefix("model/"): tensor for name, tensor in load_file(checkpoint / "model.safetensors").items()
    }
    policy.model.load_state_dict({n: t for n, t in weights.items() if n in policy.model.state_dict()}, strict=False)
    save_policy(policy, model)
    return model


def _stage_two(start: Path, out: Path, updates: int, shuffled: bool) -> AarConfig:
    source = f'data.sources=[{{name="phantoms", kind="phantoms", phantom_kind="{KIND}", normal_share=0.25}}]'
    changes = [
        f"model.init={start}", source, f"run.out={out}", f"optimizer.steps={updates}", "data.workers=0",
        "run.samples_every=0", "run.threads=1", f"reward.shuffle={str(shuffled).lower()}",
    ]  # fmt: skip
    return load_aar_config(ASSETS / "recipes" / "mini-aar.toml", changes)


def _ask(folder: Path, count: int) -> Score:
    """Greedy answers to held phantoms: `count` with a finding, a third as many without."""
    config = load_aar_config(ASSETS / "recipes" / "mini-aar.toml", [f"model.init={folder}"])
    learner = build_learner(config, open_accelerator("fp32"))
    reader, judge = PromptReader(learner.policy), EmbeddedJudge()

    def answer(seed: int, is_normal: bool) -> tuple[Sample, str]:
        phantom = make_phantom(KIND, seed, is_normal)
        turns = write_conversation(phantom.findings, phantom.modality, random.Random(seed), 0)
        sample = Sample(resized(display(phantom), learner.policy.image_size), phantom.findings, turns, KIND)
        prompt = reader.query(sample, reader.encode(sample), learner.device).prompt
        drawn = sample_candidates(learner.policy.model, prompt, GREEDY, learner.vocabulary, torch.Generator())
        return sample, learner.decode(drawn.tokens[0][drawn.mask[0]].tolist())

    found = [answer(seed, False) for seed in EVALUATION_SEEDS[:count]]
    normal = [answer(seed, True)[1] for seed in EVALUATION_SEEDS[: count // 3]]
    return Score(
        tuple(float(localisation([text], sample.findings)[0]) for sample, text in found),
        wilson_share(sum(bool(parse_boxes(text)) for _, text in found), count),
        float(np.mean([judge.score(s.turns[0].text, s.turns[1].text, [text])[0] for s, text in found])),
        wilson_share(sum(bool(parse_boxes(text)) for text in normal), len(normal)),
    )


def _gain(differences: np.ndarray, rounds: int = 10_000) -> tuple[float, float]:
    """95 % bootstrap interval of the mean of paired differences."""
    drawn = np.random.default_rng(0).integers(len(differences), size=(rounds, len(differences)))
    low, high = np.quantile(differences[drawn].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


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
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--updates", type=int, default=40)
    return parser.parse_args()


if __name__ == "__main__":
    main()
