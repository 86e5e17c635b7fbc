"""From feature maps to language-model tokens, keeping track of which cell of the image each token saw.

`QueryConnector` is MedVInt-TD's: a pre-norm transformer decoder with learned queries reads the coarsest map, then two
linear layers with ReLU. `GridConnector` makes one token of each cell: finer maps are folded into the cell
(space to depth), coarser ones interpolated, and one pre-norm self-attention stack lets the cells see one another,
which a causal language model alone would not. Each cell also estimates the box of what it belongs to and writes that
estimate into its token in the code of the coordinate vocabulary: the language model still chooses where to read and
spells every coordinate, but need not learn trigonometry from a few thousand images to do so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from umed_core.vlm.medvint.configuration import MedVIntConfig

__all__ = [
    "CODE_WIDTH",
    "ConnectorOutput",
    "GridConnector",
    "QueryConnector",
    "cell_centers",
    "cell_positions",
    "coordinate_code",
]

POSITION_FREQUENCIES = 5
CODE_OCTAVES = 7
CODE_WIDTH = 2 + 2 * CODE_OCTAVES


@dataclass(frozen=True)
class ConnectorOutput:
    """Shapes: tokens (B, N, D) for the language model; reading (B, N, P) weight of cell p in token n, rows summing to
    1, or None where token n *is* cell n; estimates (B, P, 5) of a grid: heat logit, then distances from the cell's
    centre to the left, top, right and bottom of its box in 0..1 of the image; None without a grid."""

    tokens: Tensor
    reading: Tensor | None
    estimates: Tensor | None


def cell_centers(rows: int, columns: int, device: torch.device | str = "cpu") -> Tensor:
    """Centres of the cells in 0..1, row-major, (rows * columns, 2) as x, y."""
    y, x = torch.meshgrid(
        (torch.arange(rows, device=device) + 0.5) / rows,
        (torch.arange(columns, device=device) + 0.5) / columns,
        indexing="ij",
    )
    return torch.stack([x, y], dim=-1).reshape(-1, 2)


def coordinate_code(value: Tensor) -> Tensor:
    """The code of a coordinate in 0..1: a parabola and Fourier features of falling weight, (..., CODE_WIDTH).

    A scalar product with the code of v is largest near v, and smooth.
    """
    centered = value[..., None] - 0.5
    octaves = torch.arange(CODE_OCTAVES, device=value.device)
    angles = centered * (2 * math.pi * 2.0**octaves)
    waves = torch.cat([angles.sin(), angles.cos()], dim=-1)
    return torch.cat([3.5 * centered, 13.4 * (centered**2 - 1 / 12), 1.4 * waves], dim=-1)


def cell_positions(rows: int, columns: int, device: torch.device | str = "cpu") -> Tensor:
    """Centres of the cells in 0..1 and their Fourier features, (rows * columns, 2 + 4 * POSITION_FREQUENCIES)."""
    centers = cell_centers(rows, columns, device)
    angles = centers[:, :, None] * (math.pi * 2.0 ** torch.arange(POSITION_FREQUENCIES, device=device))
    return torch.cat([centers, angles.sin().flatten(1), angles.cos().flatten(1)], dim=-1)


class SelfAttentionBlock(nn.Module):
    """Pre-norm self-attention and MLP over all cells."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        batch, cells, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, cells, 3, self.heads, width // self.heads).unbind(2)
        mixed = functional.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2))
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, cells, width))
        return x + self.mlp(self.norm2(x))


class GridConnector(nn.Module):
    """One token a cell of the grid of `config.grid_stride`."""

    def __init__(self, config: MedVIntConfig, channels: list[int], strides: list[int]) -> None:
        super().__init__()
        width = config.connector_hidden_size
        self.grid = config.grid
        self.folds = [max(1, config.grid_stride // stride) for stride in strides]
        folded = zip(channels, self.folds, strict=True)
        self.inputs = nn.ModuleList([nn.Conv2d(count * fold * fold, width, 1) for count, fold in folded])
        self.mix = nn.Conv2d(width, width, 3, padding=1)
        self.position = nn.Linear(2 + 4 * POSITION_FREQUENCIES, width)
        self.blocks = nn.ModuleList(
            [SelfAttentionBlock(width, config.connector_heads) for _ in range(config.connector_layers)]
        )
        self.norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, config.text_config.hidden_size)
        self.estimate = nn.Linear(width, 5)
        self.write_box = nn.Linear(4 * CODE_WIDTH, config.text_config.hidden_size, bias=False)

    def forward(self, maps: tuple[Tensor, ...]) -> ConnectorOutput:
        """Shapes: maps, each (B, C, H, W), finest first."""
        merged = sum(
            self._at_grid(project, fold, feature_map)
            for project, fold, feature_map in zip(self.inputs, self.folds, maps, strict=True)
        )
        merged = functional.gelu(merged)
        merged = merged + functional.gelu(self.mix(merged))
        rows, columns = merged.shape[-2:]
        positions = cell_positions(rows, columns, merged.device).to(merged.dtype)
        x = merged.flatten(2).transpose(1, 2) + self.position(positions)
        for block in self.blocks:
            x = block(x)
        cells = self.norm(x)
        estimates = self.estimate(cells)
        # The estimate has a loss of its own; through its code's high frequencies the answer's would only shake it.
        code = coordinate_code(self._boxes(estimates.detach(), rows, columns)).flatten(2).to(estimates.dtype)
        return ConnectorOutput(self.project(cells) + self.write_box(code), None, estimates)

    def _boxes(self, estimates: Tensor, rows: int, columns: int) -> Tensor:
        """Each cell's box as x, y, w, h in 0..1, (B, P, 4)."""
        low = (cell_centers(rows, columns, estimates.device) - estimates[..., 1:3]).clamp(0, 1)
        high = (cell_centers(rows, columns, estimates.device) + estimates[..., 3:5]).clamp(0, 1)
        return torch.cat([low, (high - low).clamp(min=0)], dim=-1)

    def _at_grid(self, project: nn.Module, fold: int, feature_map: Tensor) -> Tensor:
        if fold > 1:
            return project(functional.pixel_unshuffle(feature_map, fold))
        projected = project(feature_map)
        if projected.shape[-2:] == self.grid:
            return projected
        return functional.interpolate(projected, self.grid, mode="bilinear", align_corners=False)


class QueryBlock(nn.Module):
    """Pre-norm decoder layer: queries attend to one another, then to the cells, then an MLP."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.own = SelfAttentionBlock(width, heads)
        self.norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, cells: Tensor) -> tuple[Tensor, Tensor]:
        batch, count, width = x.shape
        head = width // self.heads
        q = self.query(self.norm(x)).view(batch, count, self.heads, head).transpose(1, 2)
        k, v = self.key_value(cells).view(batch, -1, 2, self.heads, head).unbind(2)
        weights = (q @ k.transpose(1, 2).transpose(-1, -2) / math.sqrt(head)).softmax(dim=-1)
        read = (weights @ v.transpose(1, 2)).transpose(1, 2).reshape(batch, count, width)
        return self.own(x + self.out(read)), weights.mean(dim=1)


class QueryConnector(nn.Module):
    """MedVInt-TD's 32 learned queries over the coarsest map."""

    def __init__(self, config: MedVIntConfig, channels: list[int], strides: list[int]) -> None:
        super().__init__()
        width = config.connector_hidden_size
        self.input = nn.Linear(channels[-1], width)
        self.position = nn.Linear(2 + 4 * POSITION_FREQUENCIES, width)
        self.queries = nn.Parameter(torch.randn(config.num_queries, width) * 0.02)
        self.blocks = nn.ModuleList([QueryBlock(width, config.connector_heads) for _ in range(config.connector_layers)])
        self.norm = nn.LayerNorm(width)
        self.project = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Linear(width, config.text_config.hidden_size)
        )

    def forward(self, maps: tuple[Tensor, ...]) -> ConnectorOutput:
        """Shapes: maps, each (B, C, H, W); the last is read. `reading` is the mean over heads and layers."""
        rows, columns = maps[-1].shape[-2:]
        cells = self.input(maps[-1].flatten(2).transpose(1, 2))
        cells = cells + self.position(cell_positions(rows, columns, cells.device).to(cells.dtype))
        x = self.queries.expand(cells.shape[0], -1, -1)
        readings = []
        for block in self.blocks:
            x, weights = block(x, cells)
            readings.append(weights)
        return ConnectorOutput(self.project(self.norm(x)), torch.stack(readings).mean(dim=0), None)
