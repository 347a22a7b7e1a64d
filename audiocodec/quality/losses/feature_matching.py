"""Distance of what discriminators see in real and in decoded sound."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class FeatureMatchingLoss(nn.Module):
    """Mean absolute difference of discriminator features, relative to the real ones.

    See [MelGAN, Kumar et al., 2019](https://arxiv.org/abs/1910.06711); divided by the mean of the
    real features as in [EnCodec, Defossez et al., 2022](https://arxiv.org/abs/2210.13438).
    """

    def forward(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """Features of equal shapes, one tensor for each layer of each discriminator -> scalar."""
        distances = [
            (f - r.detach()).abs().mean() / r.detach().abs().mean().clamp_min(1e-6)
            for r, f in zip(real, fake, strict=True)
        ]
        return torch.stack(distances).mean()
