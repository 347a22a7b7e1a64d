"""Multi-resolution STFT distance of auraloss."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from audiocodec.quality.losses.pair import Pair


class MultiResolutionSTFTLoss(nn.Module):
    """Spectral convergence plus log magnitude, averaged over resolutions.

    See [Yamamoto et al., 2020](https://arxiv.org/abs/1910.11480) and
    [auraloss, Steinmetz and Reiss, 2020](https://github.com/csteinmetz1/auraloss).

    Args:
        windows: STFT lengths in samples; the hop is a quarter.
    """

    windows = ()  # asked of a pair: it computes its own

    def __init__(self, windows: Sequence[int]) -> None:
        super().__init__()
        import auraloss  # for training alone: searching for codes does without

        hops = [w // 4 for w in windows]
        self.loss = auraloss.freq.MultiResolutionSTFTLoss(list(windows), hops, list(windows))

    def forward(self, pair: Pair) -> Tensor:
        """Scalar."""
        return self.loss(pair.estimate.float(), pair.target.float())
