"""Bursts of frames that do not reach the decoder."""

from __future__ import annotations

import torch
from torch import Tensor

from audiocodec.model import ranks

BURSTS, LONGEST_BURST = 2, 5  # of lost frames in a segment; frames


def loss_bursts(items: int, frames: int, num_codebooks: int, probability: float, device: torch.device) -> Tensor:
    """Codebooks that reach the decoder, "b t": all of them, but for bursts of frames with fewer or none.

    Args:
        items: of this process's batch.
        frames: of a segment.
        num_codebooks: that there are.
        probability: that a segment has bursts.
        device: of the result.
    """
    batch = items * ranks.world_size()  # drawn for all processes together: one process draws the same
    shape = (batch, BURSTS, 1)
    start = torch.randint(frames, shape, device=device)
    length = torch.randint(1, LONGEST_BURST + 1, shape, device=device)
    kept = torch.randint(num_codebooks, shape, device=device) * torch.randint(2, shape, device=device)
    time, hit = torch.arange(frames, device=device), torch.rand(batch, 1, 1, device=device) < probability
    inside = (time >= start) & (time < start + length) & hit
    return ranks.mine(kept.where(inside, num_codebooks).amin(1))
