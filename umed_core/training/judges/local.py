"""A judge on this machine: a causal language model asked whether an answer is correct; the score is its leaning to yes.

score = P(yes) / (P(yes) + P(no)) for the first token of the reply, summed over the spellings of each word. No sampling,
so a score is the same each time. The only judge that needs torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jinja2 import TemplateError
from safetensors import SafetensorError
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

from umed_core.errors import MissingModel, TrainingError, UnusableModel
from umed_core.records import Turn
from umed_core.training.judges.prompt import JUDGE_PROMPTS_VERSION, yes_no_prompt
from umed_core.vlm.families import is_out_of_memory
from umed_core.vlm.torch_engine import running_device, weights_hash

__all__ = ["LocalJudge", "first_tokens", "open_local_judge", "yes_share"]

_BROKEN = (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError, ImportError, SafetensorError)
"""What transformers raises for a folder that it cannot use."""

YES, NO = ("yes", "Yes", "YES"), ("no", "No", "NO")


def open_local_judge(folder: Path, device: str = "auto", batch_size: int = 8) -> LocalJudge:
    """Loads a text model's folder in transformers' form: safetensors only, no remote code, nothing downloaded.

    Weights are float32 on the CPU, as stored on CUDA.
    Raises: MissingModel; UnusableModel; ConfigError for an unknown device; MemoryError.
    """
    place = running_device(device)
    if not (folder / "config.json").is_file():
        raise MissingModel(f"{folder} holds no model.", "Give a folder with config.json and *.safetensors.")
    if not any(folder.glob("*.safetensors")):
        raise UnusableModel(
            f"{folder} has no safetensors weights.", "Convert the model: pickled weights can run code and are not read."
        )
    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    dtype = torch.float32 if place.type == "cpu" else "auto"
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **options)
        model, report = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, use_safetensors=True, output_loading_info=True, **options
        )
    except _BROKEN as problem:
        if is_out_of_memory(problem):
            raise MemoryError(str(problem)) from problem
        first = (str(problem).strip().splitlines() or [type(problem).__name__])[0][:200]
        raise UnusableModel(f"{folder} could not be loaded: {first}", "Is it a whole text model folder?") from problem
    if report["missing_keys"]:
        raise UnusableModel(
            f"{folder} lacks {len(report['missing_keys'])} of the model's weights, such as {min(report['missing_keys'])}.",
            "The download is not complete, or it is no causal language model.",
        )
    identity = f"local model={folder.name} sha256={weights_hash(folder)} judge_prompts={JUDGE_PROMPTS_VERSION}"
    return LocalJudge(model.to(place).eval(), tokenizer, identity, batch_size)


class LocalJudge:
    """Implements Judge. `batch_size` answers are read at once; it changes the speed and no score."""

    is_remote = False

    def __init__(self, model: Any, tokenizer: Any, identity: str, batch_size: int = 8) -> None:
        """Raises: UnusableModel for a tokenizer whose yes and no begin alike."""
        self._model, self._tokenizer = model, tokenizer
        self._identity, self._batch_size = identity, batch_size
        self._yes, self._no = first_tokens(tokenizer)
        self._longest = getattr(model.config, "max_position_embeddings", None) or 2**31

    @property
    def identity(self) -> str:
        return self._identity

    def score(self, question: str, reference: str, answers: Sequence[str]) -> list[float]:
        """Raises: TrainingError for texts longer than the model reads."""
        different = list(dict.fromkeys(answer for answer in answers if answer.strip()))
        prompts = [self._ids(yes_no_prompt(question, reference, answer)) for answer in different]
        scores: list[float] = []
        for start in range(0, len(prompts), self._batch_size):
            scores += self._leanings(prompts[start : start + self._batch_size])
        known = dict(zip(different, scores, strict=True))
        return [known.get(answer, 0.0) for answer in answers]

    def close(self) -> None:
        """Lets the memory go with the judge."""
        self._model = None

    def _ids(self, turns: tuple[Turn, ...]) -> list[int]:
        ids = self._tokenizer(_written(self._tokenizer, turns), add_special_tokens=not self._has_template)["input_ids"]
        if len(ids) > self._longest:
            raise TrainingError(
                f"The judge reads {self._longest} tokens, and a question with reference and answer has {len(ids)}.",
                "Choose a judge with a longer context, or shorter answers (max_new_tokens).",
            )
        return list(ids)

    @property
    def _has_template(self) -> bool:
        return bool(self._tokenizer.chat_template)

    def _leanings(self, prompts: Sequence[list[int]]) -> list[float]:
        longest = max(map(len, prompts))
        # Padded on the left, so that every prompt ends in the last column; masked, so that the padding's id never matters.
        ids = torch.tensor([[0] * (longest - len(prompt)) + prompt for prompt in prompts])
        mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
        place = self._model.device
        with torch.inference_mode():
            logits = self._model(
                input_ids=ids.to(place),
                attention_mask=mask.to(place),
                position_ids=positions.to(place),
                use_cache=False,
                logits_to_keep=1,
            ).logits[:, -1]
        return yes_share(logits, self._yes, self._no).tolist()


def yes_share(logits: Tensor, yes: Sequence[int], no: Sequence[int]) -> Tensor:
    """P(yes) / (P(yes) + P(no)), each summed over its tokens. Shapes: logits (K, V) -> (K,) float32 in 0..1."""
    rows = logits.float()
    return torch.sigmoid(rows[:, list(yes)].logsumexp(dim=-1) - rows[:, list(no)].logsumexp(dim=-1))


def first_tokens(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The ids with which the spellings of yes, and those of no, may begin; an id that begins both tells nothing.

    Raises: UnusableModel where no id is left.
    """
    yes, no = (_beginnings(tokenizer, words) for words in (YES, NO))
    if not yes - no or not no - yes:
        raise UnusableModel("The judge's tokenizer spells yes and no alike.", "Choose another model as judge.")
    return tuple(sorted(yes - no)), tuple(sorted(no - yes))


def _beginnings(tokenizer: Any, words: Sequence[str]) -> set[int]:
    """First tokens of the words, with and without a space before them."""
    unknown = tokenizer.unk_token_id
    spelled = (tokenizer(space + word, add_special_tokens=False)["input_ids"] for word in words for space in ("", " "))
    return {ids[0] for ids in spelled if ids and ids[0] != unknown}


def _written(tokenizer: Any, turns: tuple[Turn, ...]) -> str:
    """The prompt as the model was taught to read it; plain text for one without a chat template."""
    if not tokenizer.chat_template:
        return "\n\n".join(turn.text for turn in turns) + "\n\nReply:"
    messages = [{"role": turn.role, "content": turn.text} for turn in turns]
    try:
        return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
    except TemplateError:
        # Some templates (Gemma's, Mistral's first) know no system: its words go before the user's.
        merged = [{"role": "user", "content": "\n\n".join(turn.text for turn in turns)}]
        return str(tokenizer.apply_chat_template(merged, tokenize=False, add_generation_prompt=True))
