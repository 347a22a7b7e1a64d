"""Several processes as one: what a layer or a trainer must share between ranks.

Without `torch.distributed` every function is the identity, so one process is the same code.
"""

from __future__ import annotations

import torch
from torch import Tensor, distributed


def rank() -> int:
    """Number of this process, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def world_size() -> int:
    """Number of processes."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def gather(x: Tensor) -> Tensor:
    """The first axes of all ranks end to end, in the order of ranks; every rank gets the same. No gradient."""
    if world_size() == 1:
        return x
    parts = [torch.empty_like(x) for _ in range(world_size())]
    distributed.all_gather(parts, x.detach().contiguous())
    return torch.cat(parts)


def mean(x: Tensor) -> Tensor:
    """Mean over ranks, of equal shape on each. No gradient."""
    if world_size() == 1:
        return x
    total = x.detach().clone()
    distributed.all_reduce(total)
    return total / world_size()


def mine(x: Tensor) -> Tensor:
    """This rank's share of the first axis: the inverse of `gather`."""
    return x.chunk(world_size())[rank()]
