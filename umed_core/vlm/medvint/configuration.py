"""Configurations of MedVInt and of its small image encoder."""

from __future__ import annotations

from typing import Any, Literal

from huggingface_hub.dataclasses import strict
from transformers import AutoConfig
from transformers.backbone_utils import BackboneConfigMixin
from transformers.configuration_utils import PreTrainedConfig, SubConfigSpec

__all__ = ["EfficientNetLiteConfig", "MedVIntConfig"]


@strict
class EfficientNetLiteConfig(BackboneConfigMixin, PreTrainedConfig):
    """EfficientNet-Lite0 (no squeeze-and-excitation, ReLU6), normalisation folded into its convolutions.

    One entry a stage in every list: expansion, kernel size, stride of the first block, channels, blocks.
    """

    model_type = "efficientnet_lite"

    num_channels: int = 3
    stem_channels: int = 32
    expansions: list[int] | tuple[int, ...] = (1, 6, 6, 6, 6, 6)
    kernel_sizes: list[int] | tuple[int, ...] = (3, 3, 5, 3, 5, 5)
    strides: list[int] | tuple[int, ...] = (1, 2, 2, 2, 1, 2)
    hidden_sizes: list[int] | tuple[int, ...] = (16, 24, 40, 80, 112, 192)
    depths: list[int] | tuple[int, ...] = (1, 2, 2, 3, 3, 4)

    def __post_init__(self, **kwargs: Any) -> None:
        self.stage_names = ["stem"] + [f"stage{index}" for index in range(1, len(self.depths) + 1)]
        self.set_output_features_output_indices(
            out_indices=kwargs.pop("out_indices", None), out_features=kwargs.pop("out_features", None)
        )
        super().__post_init__(**kwargs)


@strict
class MedVIntConfig(PreTrainedConfig):
    """Image encoder -> connector -> causal LM.

    connector: `queries` is MedVInt-TD's (learned queries read the last feature map by cross-attention); `grid` turns
        each cell of the map `grid_stage` into one token.
    connector_hidden_size, connector_layers, connector_heads: width, depth and heads of the connector's transformer.
    num_queries: tokens per image of `queries`.
    image_size: side in pixels of the square that the processor resizes every image to.
    image_token_id, image_seq_length: the placeholder's id and how often it stands for one image.
    """

    model_type = "medvint"
    sub_configs_defaults = {
        "vision_config": SubConfigSpec(config_class=AutoConfig, model_type="resnet"),
        "text_config": SubConfigSpec(config_class=AutoConfig, model_type="llama"),
    }

    vision_config: dict | PreTrainedConfig | None = None
    text_config: dict | PreTrainedConfig | None = None
    connector: Literal["grid", "queries"] = "queries"
    connector_hidden_size: int = 1024
    connector_layers: int = 4
    connector_heads: int = 8
    num_queries: int = 32
    grid_stride: int = 16
    image_size: int = 512
    image_token_id: int = 0
    image_seq_length: int = 32
    tie_word_embeddings: bool = False

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        if not self.tie_word_embeddings and self.text_config.tie_word_embeddings:
            self.tie_word_embeddings = True

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the cells that an attention row weighs."""
        side = self.image_size // self.grid_stride
        return side, side
