"""Between samples and companded coefficients of a lapped transform: first and last layer of a network over spectra."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from audiocodec.nn.conv import overlap_add, with_previous
from audiocodec.transform import FLOOR, lapped_basis


def compress(x: Tensor) -> Tensor:
    """sign(x) sqrt(|x|), linear below FLOOR. By square roots alone, which every processor rounds alike."""
    return x / (x.square() + FLOOR**2).sqrt().sqrt()


def expand(y: Tensor) -> Tensor:
    """What undoes `compress`, but for half of what is near FLOOR."""
    return y * (y.square() + FLOOR).sqrt()


class FixedLinear(nn.Module):
    """A linear layer that is not learned, nor kept in weight files.

    Args:
        weight: "out in".
    """

    weight: Tensor
    bias: None = None

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """x: "... in" -> "... out"."""
        return F.linear(x, self.weight)


class LappedAnalysis(nn.Module):
    """Lapped transform, companded, and a linear layer over its bands: stands in for a first `Downsample`.

    Music and speech fall off by 40 to 60 dB towards high frequencies. Behind a linear first layer what is soft is
    learned last or never; companding (as in AAC's quantizer) shows the network all bands at about one level.

    Args:
        d_out: channels out.
        hop: samples in for one step out.
    """

    def __init__(self, d_out: int, hop: int) -> None:
        super().__init__()
        self.hop = hop
        self.transform = FixedLinear(torch.from_numpy(lapped_basis(hop)))
        self.linear = nn.Linear(hop, d_out)

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """x: "b (t hop) 1" -> "b t d_out"; state: the last patch, "b 1 hop"."""
        both, state = with_previous(rearrange(x, "b (t s) 1 -> b t s", s=self.hop), state)
        with torch.autocast(x.device.type, enabled=False):  # soft bands are small differences of loud samples
            companded = compress(self.transform(both.float()))
        return self.linear(companded), state


class LappedSynthesis(nn.Module):
    """A linear layer to companded coefficients, expanded, and the inverse transform: stands in for a last `Upsample`.

    Args:
        d_in: channels in.
        hop: samples out for one step in.
    """

    def __init__(self, d_in: int, hop: int) -> None:
        super().__init__()
        self.hop = hop
        self.linear = nn.Linear(d_in, hop)
        self.transform = FixedLinear(torch.from_numpy(lapped_basis(hop).T.copy()))

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """x: "b t d_in" -> "b (t hop) 1"; state: tail still to be added, "b 1 hop"."""
        companded = self.linear(x)
        with torch.autocast(x.device.type, enabled=False):
            parts = self.transform(expand(companded.float()))
        y, state = overlap_add(parts, state)
        return rearrange(y, "b t s -> b (t s) 1"), state
