"""What the discriminators have in common."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

Pairs = Sequence[tuple[int, int]]


class ConvStack(nn.Module):
    """Weight-normed 2-D convolutions with leaky ReLU between; the last gives one channel of scores.

    Args:
        d_in: channels of the input.
        dim: channels of every layer.
        kernels: of each layer; the padding keeps the size where the stride is 1.
        strides: of each layer.
    """

    def __init__(self, d_in: int, dim: int, kernels: Pairs, strides: Pairs) -> None:
        super().__init__()
        dims = [d_in] + [dim] * (len(kernels) - 1) + [1]
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(a, b, kernel, stride, padding=(kernel[0] // 2, kernel[1] // 2)))
            for a, b, kernel, stride in zip(dims[:-1], dims[1:], kernels, strides, strict=True)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """x: "b d_in h w" -> the output of each layer, the scores last."""
        features = []
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i < len(self.layers) - 1:
                x = nn.functional.leaky_relu(x, 0.2)
            features.append(x)
        return features


def complex_spectrum(waveform: Tensor, window: int) -> Tensor:
    """waveform: "b 1 t" -> real and imaginary part of its STFT, hop window / 4, "b 2 t f"."""
    hann = torch.hann_window(window, device=waveform.device)
    x = rearrange(waveform.float(), "b 1 t -> b t")
    spectrum = torch.stft(x, window, window // 4, window=hann, normalized=True, return_complex=True)
    return rearrange(torch.view_as_real(spectrum), "b f t p -> b p t f")
