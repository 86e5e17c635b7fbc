"""From feature maps to language-model tokens, keeping track of which cell of the image each token saw.

`QueryConnector` is MedVInt-TD's: a pre-norm transformer decoder with learned queries reads the coarsest map, then two
linear layers with ReLU. `GridConnector` makes one token of each cell: finer maps are folded into the cell
(space to depth), coarser ones interpolated, and one pre-norm self-attention stack lets the cells see one another,
which a causal language model alone would not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from umed_core.vlm.medvint.configuration import MedVIntConfig

__all__ = ["ConnectorOutput", "GridConnector", "QueryConnector", "cell_positions"]

POSITION_FREQUENCIES = 5


@dataclass(frozen=True)
class ConnectorOutput:
    """Shapes: tokens (B, N, D) for the language model; cells (B, P, C) features of the grid's cells, row-major;
    reading (B, N, P) weight of cell p in token n, rows summing to 1, or None where token n *is* cell n."""

    tokens: Tensor
    cells: Tensor
    reading: Tensor | None


def cell_positions(rows: int, columns: int, device: torch.device | str = "cpu") -> Tensor:
    """Centres of the cells in 0..1 and their Fourier features, (rows * columns, 2 + 4 * POSITION_FREQUENCIES)."""
    y, x = torch.meshgrid(
        (torch.arange(rows, device=device) + 0.5) / rows,
        (torch.arange(columns, device=device) + 0.5) / columns,
        indexing="ij",
    )
    centers = torch.stack([x, y], dim=-1).reshape(-1, 2)
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

    def forward(self, maps: tuple[Tensor, ...]) -> ConnectorOutput:
        """Shapes: maps, each (B, C, H, W), finest first."""
        merged = sum(
            self._at_grid(project, fold, feature_map)
            for project, fold, feature_map in zip(self.inputs, self.folds, maps, strict=True)
        )
        merged = functional.gelu(merged)
        merged = merged + functional.gelu(self.mix(merged))
        rows, columns = merged.shape[-2:]
        x = merged.flatten(2).transpose(1, 2) + self.position(cell_positions(rows, columns, merged.device))
        for block in self.blocks:
            x = block(x)
        cells = self.norm(x)
        return ConnectorOutput(self.project(cells), cells, None)

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
        cells = cells + self.position(cell_positions(rows, columns, cells.device))
        x = self.queries.expand(cells.shape[0], -1, -1)
        readings = []
        for block in self.blocks:
            x, weights = block(x, cells)
            readings.append(weights)
        return ConnectorOutput(self.project(self.norm(x)), cells, torch.stack(readings).mean(dim=0))
