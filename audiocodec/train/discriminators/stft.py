"""Complex spectra at several resolutions."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from audiocodec.train.discriminators.layers import ConvStack, complex_spectrum


class STFTDiscriminator(nn.Module):
    """Looks at real and imaginary parts of STFTs, one small network for each window length.

    See the MS-STFT discriminator of [EnCodec, Defossez et al., 2022](https://arxiv.org/abs/2210.13438);
    fewer channels, and the frequency axis is halved by every layer, for the sake of CPUs.

    Args:
        windows: STFT lengths in samples.
        dim: channels.
    """

    def __init__(self, windows: Sequence[int] = (256, 512, 1024), dim: int = 16) -> None:
        super().__init__()
        self.windows = tuple(windows)
        kernels, strides = [(3, 9), (3, 9), (3, 9), (3, 3), (3, 3)], [(1, 2), (1, 2), (1, 2), (1, 1), (1, 1)]
        self.stacks = nn.ModuleList(ConvStack(2, dim, kernels, strides) for _ in windows)

    def forward(self, waveform: Tensor) -> list[list[Tensor]]:
        """waveform: "b 1 t" -> features "b d t f" of each layer, for each window."""
        return [
            stack(complex_spectrum(waveform, window)) for window, stack in zip(self.windows, self.stacks, strict=True)
        ]
