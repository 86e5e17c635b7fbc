"""umed-mini's chat form, as text: the same characters that its Jinja template in `tokenizer_config.json` writes.

The onnxruntime engine renders here and needs no transformers; a test holds both equal. Every engine keeps a model's own
marks out of what people write by `as_words`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from umed_core.records import Turn

__all__ = ["ASSISTANT", "CHAT_TEMPLATE", "END", "IMAGE", "PAD", "USER", "as_words", "render_chat"]

PAD, END, USER, ASSISTANT, IMAGE = "<pad>", "<end>", "<user>", "<assistant>", "<image>"

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %}<user>{% else %}<assistant>{% endif %}"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<end>"
    "{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def render_chat(turns: Sequence[Turn], image_tokens: int, add_generation_prompt: bool = True) -> str:
    """The conversation with `image_tokens` placeholders at the head of the first user turn."""
    parts: list[str] = []
    for number, turn in enumerate(turns):
        image = IMAGE * image_tokens if number == 0 else ""
        parts.append(f"{USER if turn.role == 'user' else ASSISTANT}{image}{turn.text}{END}")
    return "".join(parts) + (ASSISTANT if add_generation_prompt else "")


def as_words(turns: Sequence[Turn], marks: Iterable[str]) -> list[Turn]:
    """The turns with every mark of the model (an image, the end of a turn) broken by a space, so that it is only words.

    A mark of a single character can't be broken and stays.
    """
    spellings = [re.escape(mark.strip()) for mark in marks if len(mark.strip()) > 1]
    if not spellings:
        return list(turns)
    # A look ahead finds marks that overlap, too.
    first_of_mark = re.compile(f"(?={'|'.join(spellings)})(.)", re.DOTALL)
    return [replace(turn, text=first_of_mark.sub(r"\1 ", turn.text)) for turn in turns]
