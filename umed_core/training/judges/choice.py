"""Opens the judge that a recipe names."""

from __future__ import annotations

from pathlib import Path

from umed_core.config import JudgeConfig
from umed_core.errors import ConfigError, ConsentNeeded
from umed_core.training.judges.embedded import EmbeddedJudge
from umed_core.training.judges.judge import Judge

__all__ = ["open_judge"]


def open_judge(config: JudgeConfig) -> Judge:
    """The judge, ready to score.

    Raises: ConfigError; ModelError for a folder that cannot be used; ConsentNeeded before a word leaves this machine.
    """
    if config.kind == "embedded":
        return EmbeddedJudge()
    if not config.model:
        raise ConfigError(
            f"The {config.kind} judge needs a model.", "Set judge.model: a folder, or the server's name of it."
        )
    if config.kind == "local":
        from umed_core.training.judges.local import open_local_judge

        return open_local_judge(Path(config.model))
    from umed_core.mau.asking import AskLimits
    from umed_core.mau.teachers.api_key import find_api_key
    from umed_core.mau.teachers.chat_form import OPENAI_URL, ChatSettings
    from umed_core.training.judges.openai_compatible import OpenAIJudge

    limits = AskLimits(tries=config.tries, timeout_s=config.timeout_s)
    judge = OpenAIJudge(ChatSettings(config.model, config.base_url or OPENAI_URL), find_api_key(), limits)
    if judge.is_remote and not config.allow_remote:
        judge.close()
        raise ConsentNeeded(
            "This judge is on another machine: questions, references and answers would go there (never images).",
            "Set judge.allow_remote=true if that is in order, or take the embedded judge.",
        )
    return judge
