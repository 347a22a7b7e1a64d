"""The waveform folded at several periods."""

from __future__ import annotations

from collections.abc import Sequence

from einops import rearrange
from torch import Tensor, nn

from audiocodec.train.discriminators.layers import ConvStack


class PeriodDiscriminator(nn.Module):
    """Looks at every p-th sample side by side: good at pitch, dear on a CPU.

    See [HiFi-GAN, Kong et al., 2020](https://arxiv.org/abs/2010.05646).

    Args:
        periods: in samples, best with no common factor.
        dim: channels.
    """

    def __init__(self, periods: Sequence[int] = (2, 3, 5, 7, 11), dim: int = 32) -> None:
        super().__init__()
        self.periods = tuple(periods)
        kernels, strides = [(5, 1)] * 4 + [(3, 1)], [(3, 1)] * 3 + [(1, 1)] * 2
        self.stacks = nn.ModuleList(ConvStack(1, dim, kernels, strides) for _ in periods)

    def forward(self, waveform: Tensor) -> list[list[Tensor]]:
        """waveform: "b 1 t" -> features "b d t p" of each layer, for each period."""
        views = []
        for period, stack in zip(self.periods, self.stacks, strict=True):
            samples = waveform.shape[-1] // period * period
            views.append(stack(rearrange(waveform[..., :samples], "b 1 (t p) -> b 1 t p", p=period)))
        return views
