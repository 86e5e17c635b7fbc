"""Every hyper-parameter of training, as frozen structs read from TOML; each field says where its default comes from.

`load_sft_config(path, overrides)` and `load_aar_config` read a recipe of stage 1 or 2 and apply `key.path=value`
overrides; a wrong name or type is a ConfigError that says which.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, field

from umed_core.errors import ConfigError, MissingFile

__all__ = [
    "AarConfig",
    "AarOptimizerConfig",
    "AarRunConfig",
    "DataConfig",
    "JudgeConfig",
    "LoraConfig",
    "LossConfig",
    "ModelConfig",
    "OptimizerConfig",
    "PpoConfig",
    "Recipe",
    "RewardConfig",
    "RolloutConfig",
    "RunConfig",
    "SftConfig",
    "SourceConfig",
    "apply_override",
    "load_aar_config",
    "load_sft_config",
]


Count: TypeAlias = Annotated[int, Meta(ge=0)]
Positive: TypeAlias = Annotated[int, Meta(ge=1)]
Weight: TypeAlias = Annotated[float, Meta(ge=0)]
Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
AboveZero: TypeAlias = Annotated[float, Meta(gt=0)]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A misspelt field must not pass in silence."""


class LoraConfig(_Section, frozen=True):
    """Low-rank adapters on the language model's linear layers; rank 0 trains all weights."""

    rank: Count = 0
    """MedVInt-TD's reference code: 8. 0: full training."""
    alpha: Positive = 32
    """MedVInt-TD's reference code."""
    dropout: Share = 0.0
    """Our choice."""


class ModelConfig(_Section, frozen=True):
    """What is trained."""

    init: str
    """`mini` builds umed-mini (ImageNet encoder, the rest random); anything else is a model folder."""
    image_size: Annotated[int, Meta(ge=32, multiple_of=16)] = 288
    """Side in pixels of umed-mini's input; a folder's own processor decides for itself. Our choice."""
    width: Annotated[int, Meta(ge=32, multiple_of=32)] = 192
    """umed-mini's language-model and connector width. Our choice."""
    layers: Positive = 3
    """umed-mini's language-model layers. Our choice."""
    frozen_stages: Count = 0
    """Stages of umed-mini's encoder that keep their ImageNet weights. Our choice."""
    language_from: str = ""
    """Model folder that `mini` takes its language from: the language model, and how a cell speaks to it; what sees starts
    afresh. "" starts the language from nothing as well, which then takes a thousand steps to write a sentence."""
    frozen_connector: bool = False
    """The connector keeps its weights too, so that only the language model learns. In stage 2 nothing else would hold
    umed-mini's cells to the boxes that they estimate. Our choice."""
    pretrained_encoder: bool = True
    """umed-mini's encoder starts from ImageNet weights; false starts it at random, for a trial of the machinery."""
    lora: LoraConfig = field(default_factory=LoraConfig)


class SourceConfig(_Section, frozen=True):
    """One source of samples and its share of the stream, linear from `share` to `share_end` over the run."""

    name: str
    """Dataset name, as in reports."""
    kind: Literal["box_set", "phantoms", "records"]
    """A folder of images with annotations.csv; phantoms drawn on the fly; a MAU folder, or a JSONL of MauRecords with turns."""
    path: str = ""
    """Folder or file; empty for phantoms. Relative to `data.root`."""
    share: float = 1.0
    share_end: float | None = None
    """None: as `share`."""
    phantom_kind: str = ""
    """For phantoms: ct, renal, cxr, tb or endoscopy."""
    normal_share: Share = 0.15
    """For phantoms: share of studies without a finding."""
    augment: bool = True
    """Random affine, grey-level and noise changes; boxes follow."""


class DataConfig(_Section, frozen=True):
    """The stream of samples. Sample i is a pure function of (seed, i), which is what makes a resumed run equal."""

    sources: tuple[SourceConfig, ...]
    root: str = "."
    """Folder against which relative source paths are read."""
    test_share: Share = 0.2
    """Held part of each box set, by group (the paper's Table 10 holds .20). Never trained on."""
    split_seed: int = 0
    follow_ups: Count = 2
    """Follow-up turns a conversation at most (paper, Fig. 6 shows three). Our choice."""
    max_text_tokens: Positive = 192
    """Tokens after the image; longer conversations lose their last turns. Our choice."""
    workers: Count = 1
    """Processes that prepare samples. Our choice."""


class OptimizerConfig(_Section, frozen=True):
    """Adam, as the paper; weight decay decoupled."""

    learning_rate: Weight = 1e-5
    """Paper, appendix C."""
    encoder_learning_rate: float | None = None
    """None: as learning_rate. Our choice."""
    weight_decay: Weight = 0.01
    """Paper, appendix C."""
    betas: tuple[float, float] = (0.9, 0.999)
    """Adam's own."""
    batch_size: Positive = 128
    """Samples an update. Paper, appendix C."""
    micro_batch_size: Positive = 8
    """Samples a forward pass; batch_size / micro_batch_size passes are accumulated. Memory, no effect on the result."""
    epochs: Weight = 4.0
    """Paper, appendix C; counts samples of the real (box_set, records) sources. Ignored where `steps` is set."""
    steps: Count = 0
    """Updates; 0 derives them from `epochs`."""
    schedule: Literal["linear", "cosine"] = "linear"
    """Paper, appendix C: linear decay."""
    warmup_share: Share = 0.0
    """Share of the steps with a rising rate. The paper names none."""
    max_grad_norm: Weight = 1.0
    """Our choice."""


class LossConfig(_Section, frozen=True):
    """Cross-entropy on response tokens (Eq. 1-2), and what umed-mini's recipe adds; 0 switches a part off."""

    coordinate_sigma: Weight = 0.0
    """Soft targets: Gaussian width, in thousandths, over the coordinate tokens; 0: one-hot as the paper."""
    coordinate_weight: Weight = 1.0
    """Weight of a coordinate token against a word."""
    coordinate_giou_weight: Weight = 0.0
    """1 - GIoU of the box that the coordinate tokens' expected values spell."""
    dense_weight: Weight = 0.0
    """Heat map and box that each image cell estimates; only umed-mini's grid connector has them."""
    attention_weight: Weight = 0.0
    """-log of the share of all attention that class tokens put on the true boxes and coordinate tokens on the middle of
    theirs (Eq. 9's direct gradient, denominator all keys)."""


class RunConfig(_Section, frozen=True):
    """Where and how it runs."""

    out: str
    """Run folder: config, metrics.jsonl, TensorBoard events, checkpoints, the final model."""
    seed: Count = 0
    precision: Literal["fp32", "bf16"] = "fp32"
    """bf16 autocasts where the processor has matrix units for it (AMX, CUDA); elsewhere it is slower than fp32."""
    threads: Count = 0
    """CPU threads; 0 leaves torch's own choice."""
    checkpoint_every: Positive = 200
    """Steps between checkpoints."""
    log_every: Positive = 10


class SftConfig(_Section, frozen=True):
    """Stage 1, abnormal-aware instruction tuning."""

    model: ModelConfig
    data: DataConfig
    run: RunConfig
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    loss: LossConfig = field(default_factory=LossConfig)


class AarOptimizerConfig(OptimizerConfig, frozen=True):
    """As stage 1's, where the paper names no other value. The value head has a rate of its own."""

    learning_rate: Weight = 1e-5
    """The exponent is lost in our copy of the paper: 1e-5 for LoRA; take 1e-6 to train all weights. Our choice."""
    weight_decay: Weight = 0.01
    """The paper names none for stage 2: as in stage 1."""
    schedule: Literal["linear", "cosine"] = "linear"
    """The paper names none for stage 2: as in stage 1."""
    batch_size: Positive = 16
    """Queries an update. Paper, appendix C."""
    micro_batch_size: Positive = 8
    """Candidates of one query in a pass with gradients. Memory, no effect on the result."""
    epochs: Weight = 1.0
    """Paper, appendix C."""
    value_learning_rate: Weight = 1e-3
    """Of the value head, which starts from nothing. Our choice."""


class RolloutConfig(_Section, frozen=True):
    """How candidate answers are drawn."""

    candidates: Annotated[int, Meta(ge=2)] = 8
    """Answers a query. Paper, appendix C."""
    temperature: AboveZero = 0.9
    """Paper, appendix C."""
    top_p: Annotated[float, Meta(gt=0, le=1)] = 0.9
    """Paper, appendix C. Below 1 the sampler leaves out a tail that log-probabilities count; 1 draws from all tokens."""
    max_new_tokens: Positive = 256
    """Our choice."""
    grammar: bool = False
    """Draw only boxes that can be read. Off: to write a box well is part of what is learnt. Our choice."""


class RewardConfig(_Section, frozen=True):
    """What an answer is paid for (Eq. 3-4, 8-10)."""

    arm: Literal["full", "no-alr", "no-vrr", "sft-ppo"] = "full"
    """The paper's Table 6: all rewards; without localisation; without vision relevance; relevance alone (g = 0)."""
    denominator: Literal["image", "all_keys", "printed"] = "image"
    """Of Eq. 9. As printed it is constant, and pays for the number of class tokens."""
    floor: Share = 0.0
    """Least denominator of Eq. 10: above 0, a query whose best box has IoU .01 does not pay 1. 0: paper."""
    shuffle: bool = False
    """A control: deals each query's rewards out to its candidates at random, so that nothing can be learnt from them."""


class JudgeConfig(_Section, frozen=True):
    """Who scores relevance (r_LLM)."""

    kind: Literal["embedded", "local", "openai"] = "embedded"
    """Rules that need no download; a causal language model's folder; a server with OpenAI's chat interface."""
    model: str = ""
    """Folder (`local`) or the server's name of its model (`openai`)."""
    base_url: str = ""
    """Server of `openai`; "" is OpenAI's own. The key comes from OPENAI_API_KEY or the system's keyring."""
    allow_remote: bool = False
    """Consent that questions, references and answers (never images) go to another machine."""
    timeout_s: AboveZero = 60.0
    """How long `openai` may take over one answer: it is to write one line."""
    tries: Positive = 4
    """Calls of `openai` for one answer before the run stops with its last checkpoint."""


class PpoConfig(_Section, frozen=True):
    """The update (Eq. 5-7, 11), as METHOD.md reads it."""

    gamma: Share = 0.99
    """Paper, appendix C."""
    gae_lambda: Share = 0.95
    """The paper names none; Schulman et al. 2016."""
    clip_range: AboveZero = 0.2
    """The paper names none; Schulman et al. 2017."""
    kl_coef: Weight = 0.02
    """Price of leaving stage 1, a token. The paper names none; our choice."""
    c1: Weight = 0.5
    """Weight of the grounding rewards g. Paper, appendix C and Table 11."""
    c2: Weight = 0.5
    """Weight of the value loss. Paper, appendix C and Table 11."""
    c3: Weight = 0.01
    """Weight of the entropy. Paper, appendix C."""
    epochs: Positive = 1
    """Passes over an update's candidates. The paper names none; our choice."""
    minibatch_size: Count = 0
    """Candidates an optimiser step; 0: all of the update. Our choice."""
    reward_path: Literal["advantage", "reward", "printed"] = "advantage"
    """How g reaches the weights: in each token's advantage (ours), in the last token's reward, or as printed, not at all."""
    whiten: bool = True
    """Scale A to unit variance before g joins it (METHOD.md). Off: A stays in r_LLM's unit, so that c1 weighs like with like
    and a judge that pays all candidates alike leaves no noise. The paper names neither."""
    vrr_gradient: Weight = 0.0
    """Weight of r_att's own gradient, which Eq. 11 as printed has; off in arms without vision relevance. Our choice."""
    value_width: Positive = 128
    """Of the value head's hidden layer. Our choice."""
    target_kl: Weight = 0.0
    """An update takes no further optimiser step once its policy is this far (nats a token) from the one that drew; 0: none."""
    kl_limit: Weight = 0.0
    """The run ends once its policy is this far (nats a token) from stage 1's; 0: never. Our choice."""


class AarRunConfig(RunConfig, frozen=True):
    """Where and how it runs, and how often it shows itself."""

    samples_every: Count = 50
    """Updates between pictures of answers with their boxes in RUN/samples; 0: none."""


class AarConfig(_Section, frozen=True):
    """Stage 2, abnormal-aware rewarding. `model.init` is the folder that stage 1 left."""

    model: ModelConfig
    data: DataConfig
    run: AarRunConfig
    optimizer: AarOptimizerConfig = field(default_factory=AarOptimizerConfig)
    rollout: RolloutConfig = field(default_factory=RolloutConfig)
    reward: RewardConfig = field(default_factory=RewardConfig)
    judge: JudgeConfig = field(default_factory=JudgeConfig)
    ppo: PpoConfig = field(default_factory=PpoConfig)


Recipe = TypeVar("Recipe", SftConfig, AarConfig)


def load_sft_config(path: Path, overrides: Sequence[str] = ()) -> SftConfig:
    """Reads a recipe, then applies `section.key=value` overrides (values in TOML form; bare words are strings).

    Raises: MissingFile; ConfigError.
    """
    return _load(path, overrides, SftConfig, "sft")


def load_aar_config(path: Path, overrides: Sequence[str] = ()) -> AarConfig:
    """As `load_sft_config`, for stage 2. Raises: MissingFile; ConfigError."""
    return _load(path, overrides, AarConfig, "aar")


def _load(path: Path, overrides: Sequence[str], kind: type[Recipe], stage: str) -> Recipe:
    if not path.is_file():
        raise MissingFile(f"{path} does not exist.", f"Recipes ship with umed: see `umed train {stage} --help`.")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{path} is no TOML: {problem}.", "Mend that line.") from problem
    for override in overrides:
        apply_override(table, override)
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as problem:
        hint = "Mend it in the recipe, or give it with --set section.key=value; umed_core/config.py lists all fields."
        raise ConfigError(f"{path}: {problem}.", hint) from problem


def apply_override(table: dict[str, Any], override: str) -> None:
    """Sets one value of a recipe, `section.key=value` or `list.0.key=value`. Raises: ConfigError."""
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {override} is not key=value.", "For example --set optimizer.steps=100")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *parents, last = key.split(".")
    node: Any = table
    for parent in parents:
        node = node.setdefault(parent, {}) if isinstance(node, dict) else _entry(node, parent, override)
    if isinstance(node, dict):
        node[last] = value
    else:
        _entry(node, last, override)
        node[int(last)] = value


def _entry(node: Any, number: str, override: str) -> Any:
    """Entry `number` of a list, as in `data.sources.0.path`."""
    if not isinstance(node, list):
        raise ConfigError(
            f"--set {override}: {number} is looked for in a value, not a section.", "Check the key's path."
        )
    if not number.isdecimal() or int(number) >= len(node):
        raise ConfigError(
            f"--set {override}: there is no entry {number}.", f"The list's entries are 0 to {len(node) - 1}."
        )
    return node[int(number)]
