"""MedVInt: the image's tokens stand before the text, and a causal language model answers.

Source: Zhang et al., "PMC-VQA" (MedVInT-TD), with the connector as a choice; see METHOD on the paper's use of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoBackbone, AutoModel
from transformers.cache_utils import Cache
from transformers.generation import GenerationMixin
from transformers.modeling_outputs import ModelOutput
from transformers.modeling_utils import PreTrainedModel

from umed_core.vlm.medvint.configuration import MedVIntConfig
from umed_core.vlm.medvint.connector import ConnectorOutput, GridConnector, QueryConnector
from umed_core.vlm.medvint.encoder import EfficientNetLiteBackbone

__all__ = ["MedVIntForConditionalGeneration", "MedVIntOutput"]


@dataclass
class MedVIntOutput(ModelOutput):
    """Shapes: logits (B, T, V); image_estimates (B, P, 5) and image_reading (B, N, P) as the connector gives
    them; attentions as captured."""

    loss: Tensor | None = None
    logits: Tensor | None = None
    past_key_values: Cache | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    image_estimates: Tensor | None = None
    image_reading: Tensor | None = None
    last_hidden_state: Tensor | None = None


class MedVIntForConditionalGeneration(PreTrainedModel, GenerationMixin):
    """Answers questions about images; `input_ids` holds `image_seq_length` placeholders an image.

    Shapes: input_ids (B, T); pixel_values (B, 3, S, S), one image a row.
    """

    config: MedVIntConfig
    config_class = MedVIntConfig
    base_model_prefix = "model"
    main_input_name = "input_ids"
    input_modalities = ("image", "text")
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_attention_backend = True
    _tied_weights_keys = {"lm_head.weight": "language_model.embed_tokens.weight"}

    def __init__(self, config: MedVIntConfig) -> None:
        super().__init__(config)
        self.vision_tower = AutoBackbone.from_config(config.vision_config)
        channels, strides = _map_shapes(self.vision_tower, config)
        connector = GridConnector if config.connector == "grid" else QueryConnector
        self.connector = connector(config, channels, strides)
        self.language_model = AutoModel.from_config(config.text_config)
        self.lm_head = nn.Linear(config.text_config.hidden_size, config.text_config.vocab_size, bias=False)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.language_model.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.language_model.set_input_embeddings(value)

    def get_output_embeddings(self) -> nn.Module:
        return self.lm_head

    def encode_images(self, pixel_values: Tensor) -> ConnectorOutput:
        """Shapes: pixel_values (B, 3, S, S)."""
        # Channels last halves the cost of depthwise convolutions on a CPU.
        pixel_values = pixel_values.contiguous(memory_format=torch.channels_last)
        return self.connector(self.vision_tower(pixel_values).feature_maps)

    def embed(self, input_ids: Tensor, image_tokens: Tensor | None) -> Tensor:
        """Text embeddings with the image's tokens in place of the placeholders, (B, T, D)."""
        embeddings = self.get_input_embeddings()(input_ids)
        if image_tokens is None:
            return embeddings
        places = (input_ids == self.config.image_token_id).unsqueeze(-1).expand_as(embeddings)
        return embeddings.masked_scatter(places, image_tokens.to(embeddings.dtype))

    def forward(
        self,
        input_ids: Tensor | None = None,
        pixel_values: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Cache | None = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        logits_to_keep: int | Tensor = 0,
        **kwargs: Any,
    ) -> MedVIntOutput:
        image = self.encode_images(pixel_values) if pixel_values is not None else None
        if inputs_embeds is None:
            inputs_embeds = self.embed(input_ids, image.tokens if image is not None else None)
        outputs = self.language_model(
            inputs_embeds=inputs_embeds,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            **kwargs,
        )
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits = self.lm_head(outputs.last_hidden_state[:, kept, :])
        loss = None
        if labels is not None:
            loss = self.loss_function(logits=logits, labels=labels, vocab_size=self.config.text_config.vocab_size)
        return MedVIntOutput(
            loss=loss,
            logits=logits,
            past_key_values=outputs.past_key_values,
            hidden_states=outputs.hidden_states,
            attentions=outputs.attentions,
            image_estimates=image.estimates if image is not None else None,
            image_reading=image.reading if image is not None else None,
            last_hidden_state=outputs.last_hidden_state,
        )

    def prepare_inputs_for_generation(
        self, input_ids: Tensor, past_key_values: Cache | None = None, pixel_values: Tensor | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        inputs = super().prepare_inputs_for_generation(input_ids, past_key_values=past_key_values, **kwargs)
        # The image's keys and values are in the cache after the first step.
        is_first = past_key_values is None or past_key_values.get_seq_length() == 0
        inputs["pixel_values"] = pixel_values if is_first else None
        return inputs


@torch.no_grad()
def _map_shapes(tower: nn.Module, config: MedVIntConfig) -> tuple[list[int], list[int]]:
    """Channels and strides of the encoder's feature maps."""
    if isinstance(tower, EfficientNetLiteBackbone):
        vision = config.vision_config
        strides = [2]
        for stride in vision.strides:
            strides.append(strides[-1] * stride)
    else:
        # A ResNet halves the side twice before its first stage and once in each later one.
        strides = [4] + [4 * 2**index for index in range(len(config.vision_config.depths))]
    names = config.vision_config.stage_names
    return list(tower.channels), [strides[names.index(name)] for name in config.vision_config.out_features]
