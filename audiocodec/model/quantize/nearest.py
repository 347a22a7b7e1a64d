"""What the vector quantizers share: the search, and new entries for dead ones."""

from __future__ import annotations

import torch
from torch import Tensor


def nearest(flat: Tensor, codebook: Tensor) -> Tensor:
    """Index of the closest row of `codebook` "k d" for each row of `flat` "n d": "n", int64."""
    scores = flat @ codebook.T - codebook.square().sum(1) / 2
    return scores.argmax(dim=1)


def least_count(frames: int, codebook_size: int, dead_below: float) -> float:
    """The moving count of uses in batches of `frames` below which an entry is dead; less for large codebooks."""
    return dead_below * min(1.0, frames / (4 * codebook_size))


def replacements(dead: Tensor, flat: Tensor) -> tuple[Tensor, Tensor]:
    """Latents of a batch for dead entries; each for one at most: copies of one latent would never all be used.

    Args:
        dead: "k", bool.
        flat: the batch, "n d".

    Returns:
        which entries get one, "k", and what they would get, "k d".
    """
    turn = dead.cumsum(0) - 1
    order = torch.randperm(len(flat), device=flat.device)
    return dead & (turn < len(flat)), flat[order[turn.clamp(0, len(flat) - 1)]]
