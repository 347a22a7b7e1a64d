"""What discriminators and the decoder want of each other's scores."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def _mean(terms: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(terms)).mean()


class HingeLoss(nn.Module):
    """Scores of real sound above 1, of decoded below -1, and no care beyond.

    See [Lim and Ye, 2017](https://arxiv.org/abs/1705.02894); in codecs since
    [SoundStream, Zeghidour et al., 2021](https://arxiv.org/abs/2107.03312).
    """

    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """Scores "..." of each discriminator for real and for decoded sound -> scalar."""
        return _mean([(1 - r).relu().mean() + (1 + f).relu().mean() for r, f in zip(real, fake, strict=True)])

    def generator(self, fake: Sequence[Tensor]) -> Tensor:
        """Scores "..." of each discriminator for decoded sound -> scalar."""
        return _mean([(1 - f).relu().mean() for f in fake])
