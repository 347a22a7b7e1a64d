"""How much of each codebook a run uses."""

from __future__ import annotations

import torch
from torch import Tensor

from audiocodec.model import ranks


class CodeUsage:
    """Counts codes over many steps.

    Args:
        num_codebooks: counted apart.
        codebook_size: values a code may take.
        device: where the codes are.
    """

    def __init__(self, num_codebooks: int, codebook_size: int, device: torch.device) -> None:
        self.counts = torch.zeros(num_codebooks, codebook_size, device=device)

    def add(self, codes: Tensor) -> None:
        """codes: "b q t"."""
        q, size = self.counts.shape
        flat = (codes + size * torch.arange(q, device=codes.device)[:, None]).flatten()
        self.counts += torch.bincount(flat, minlength=q * size).view(q, size)

    def scalars(self) -> dict[str, float]:
        """`usage_1` and `perplexity_1` of the first codebook, as shares of its size, and so on. Starts afresh."""
        counts, self.counts = ranks.mean(self.counts), torch.zeros_like(self.counts)
        shares = counts / counts.sum(1, keepdim=True).clamp_min(1e-9)
        perplexity = torch.exp(-(shares * shares.clamp_min(1e-12).log()).sum(1)) / counts.shape[1]
        usage = (counts > 0).float().mean(1)
        named = {"usage": usage, "perplexity": perplexity}
        return {f"{name}_{i + 1}": float(value) for name, row in named.items() for i, value in enumerate(row)}
