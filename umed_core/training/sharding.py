"""A model in equal parts on all processes (FSDP2): a layer's weights are together only while it computes.

accelerate launches the processes and reads its configuration; the cut is torch's own `fully_shard`, since accelerate makes
it on GPUs alone, and what runs on GPUs is to be tried on processors.
"""

from __future__ import annotations

import os

import torch
from accelerate import Accelerator
from accelerate.utils import FullyShardedDataParallelPlugin
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from umed_core.errors import ConfigError

__all__ = ["in_parts", "is_sharded", "shard", "wants_shards", "whole"]


def wants_shards(accelerator: Accelerator) -> bool:
    """Whether `accelerate launch` was given a configuration of FSDP."""
    return accelerator.num_processes > 1 and os.environ.get("ACCELERATE_USE_FSDP", "false") == "true"


def shard(model: nn.Module, accelerator: Accelerator) -> None:
    """Cuts each layer that the model's family calls indivisible, then what is left. Raises: ConfigError."""
    plugin = FullyShardedDataParallelPlugin()
    if plugin.fsdp_version != 2:
        raise ConfigError("Of FSDP, umed knows version 2 alone.", "Set fsdp_version: 2 in accelerate's file.")
    layers = getattr(model, "_no_split_modules", None) or ()
    model.to(memory_format=torch.contiguous_format)  # FSDP cuts no other order of memory
    mesh = init_device_mesh(accelerator.device.type, (accelerator.num_processes,))
    for module in list(model.modules()):
        if type(module).__name__ in layers and module is not model:
            fully_shard(
                module, mesh=mesh, reshard_after_forward=plugin.reshard_after_forward, offload_policy=plugin.cpu_offload
            )
    fully_shard(model, mesh=mesh, offload_policy=plugin.cpu_offload)


def is_sharded(model: nn.Module) -> bool:
    """Whether the model lies in parts."""
    return isinstance(model, FSDPModule)


def whole(tensor: Tensor) -> Tensor:
    """The tensor with the parts of all processes, which must all ask for it."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def in_parts(tensor: Tensor, like: Tensor) -> Tensor:
    """This process's part of a whole tensor that each process has read; all of it where `like` is whole, in the same
    order of memory, which fused AdamW takes for granted."""
    if not isinstance(like, DTensor):
        return torch.empty_like(like, dtype=tensor.dtype).copy_(tensor)
    return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements, src_data_rank=None)
