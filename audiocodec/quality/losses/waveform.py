"""Distance of samples."""

from __future__ import annotations

from torch import Tensor, nn

from audiocodec.quality.losses.pair import Pair


class WaveformLoss(nn.Module):
    """Mean absolute sample difference over the root mean square of the target, item by item.

    Dividing by the level makes quiet and loud items count equally.

    Args:
        floor: RMS level below which an item counts no more.
    """

    needs_phase = True
    windows = ()

    def __init__(self, floor: float = 1e-3) -> None:
        super().__init__()
        self.floor = floor

    def forward(self, pair: Pair) -> Tensor:
        """Scalar."""
        level = pair.target.square().mean(dim=(1, 2), keepdim=True).sqrt() + self.floor
        return ((pair.estimate - pair.target) / level).abs().mean()
