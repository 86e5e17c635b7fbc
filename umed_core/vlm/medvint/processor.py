"""Images and text to the model's inputs, and the map from image tokens back to pixels."""

from __future__ import annotations

from typing import Any

from transformers.image_processing_backends import PilBackend
from transformers.image_utils import PILImageResampling
from transformers.processing_utils import ProcessorMixin

__all__ = ["IMAGE_TOKEN", "MedVIntImageProcessorPil", "MedVIntProcessor"]

IMAGE_TOKEN = "<image>"


class MedVIntImageProcessorPil(PilBackend):
    """Whole image to a square: no crop, so that one affine maps cells to pixels; values to -1..1.

    `umed_core.vlm.pixels.model_pixels` is the same function without transformers; a test holds them equal.
    """

    resample = PILImageResampling.BILINEAR
    image_mean = [0.5, 0.5, 0.5]
    image_std = [0.5, 0.5, 0.5]
    size = {"height": 512, "width": 512}
    do_resize = True
    do_rescale = True
    do_normalize = True
    do_convert_rgb = True


class MedVIntProcessor(ProcessorMixin):
    """Tokenizer and image processor; each `<image>` in a text becomes `image_seq_length` placeholders."""

    attributes = ["image_processor", "tokenizer"]

    def __init__(
        self,
        image_processor: Any = None,
        tokenizer: Any = None,
        image_seq_length: int = 32,
        chat_template: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.image_seq_length = image_seq_length
        self.image_token = IMAGE_TOKEN
        self.image_token_id = tokenizer.convert_tokens_to_ids(IMAGE_TOKEN)
        super().__init__(image_processor, tokenizer, chat_template=chat_template)

    def replace_image_token(self, image_inputs: dict, image_idx: int, **kwargs: Any) -> str:
        return self.image_token * self.image_seq_length
