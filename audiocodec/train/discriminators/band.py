"""Bands of the complex spectrum, each with its own network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from audiocodec.train.discriminators.layers import ConvStack, complex_spectrum


class BandDiscriminator(nn.Module):
    """Cuts each STFT into bands, so that what is wrong high up does not hide behind the loud low end.

    See the multi-band multi-scale STFT discriminator of
    [DAC, Kumar et al., 2023](https://arxiv.org/abs/2306.06546).

    Args:
        windows: STFT lengths in samples.
        edges: of the bands, as shares of half the sample rate, inner edges only.
        dim: channels.
    """

    def __init__(
        self,
        windows: Sequence[int] = (512, 1024, 2048),
        edges: Sequence[float] = (0.1, 0.25, 0.5, 0.75),
        dim: int = 32,
    ) -> None:
        super().__init__()
        self.windows, self.edges = tuple(windows), (0.0, *edges, 1.0)
        kernels, strides = [(3, 9), (3, 9), (3, 9), (3, 3), (3, 3)], [(1, 1), (1, 2), (1, 2), (1, 1), (1, 1)]
        self.stacks = nn.ModuleList(
            nn.ModuleList(ConvStack(2, dim, kernels, strides) for _ in self.edges[1:]) for _ in windows
        )

    def forward(self, waveform: Tensor) -> list[list[Tensor]]:
        """waveform: "b 1 t" -> features "b d t f" of each layer, for each band of each window."""
        views = []
        for window, stacks in zip(self.windows, self.stacks, strict=True):
            spectrum = complex_spectrum(waveform, window)
            cuts = [round(edge * spectrum.shape[-1]) for edge in self.edges]
            for stack, low, high in zip(cast(nn.ModuleList, stacks), cuts[:-1], cuts[1:], strict=True):
                views.append(stack(spectrum[..., low:high]))
        return views
