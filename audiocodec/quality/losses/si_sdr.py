"""Scale-invariant signal-to-distortion ratio as a loss."""

from __future__ import annotations

from torch import Tensor, nn

from audiocodec.quality.losses.pair import Pair


class SISDRLoss(nn.Module):
    """Minus SI-SDR in dB, averaged over items.

    See [Le Roux et al., 2019](https://arxiv.org/abs/1811.02508). The scale of the estimate does not
    count, so it needs another loss beside it that does.

    Args:
        floor: energy below which neither signal nor error counts; keeps the loss finite.
    """

    needs_phase = True

    def __init__(self, floor: float = 1e-6) -> None:
        super().__init__()
        self.floor = floor

    def forward(self, pair: Pair) -> Tensor:
        """Scalar, dB."""
        target, estimate = pair.target.flatten(1), pair.estimate.flatten(1)
        energy = target.square().sum(1, keepdim=True) + self.floor
        signal = (estimate * target).sum(1, keepdim=True) / energy * target
        ratio = (signal.square().sum(1) + self.floor) / ((estimate - signal).square().sum(1) + self.floor)
        return -10 * ratio.log10().mean()
