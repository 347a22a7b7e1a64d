"""Between samples and companded coefficients of a lapped transform: first and last layer of a network over spectra."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from audiocodec.model.lapped_basis import (
    AROUND,
    FLOOR,
    NEAR,
    QUIET,
    SIGN_ROWS,
    lapped_basis,
    neighbour_means,
    sign_table,
)
from audiocodec.model.nn.conv import overlap_add, with_previous


def compress(x: Tensor) -> Tensor:
    """sign(x) sqrt(|x|), linear below FLOOR. By square roots alone, which every processor rounds identically."""
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

    Music and speech fall off by 40 to 60 dB towards high frequencies. After a linear first layer what is soft is
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

    From coefficient `noise_from` on the signs are random: at a few kbit/s no phase is coded there, and signs that the
    network makes up repeat from frame to frame, which is heard as a buzz. The magnitudes remain the network's. The
    signs are those of `sign_table`, whose row is the number of the step since the start of the sound, so that it
    decodes identically in one piece and in many; training draws new ones.

    Where signs are random, `postfilter` makes formants stand out: what the codes leave open is answered by its mean,
    which is smoother than any voice. The mean power of 3 coefficients over that of 13, to the power of `postfilter`,
    is the gain in power, but for a factor that leaves the power of the neighbourhood as it is. Post-filters of speech
    coders ([Chen and Gersho, 1995](https://doi.org/10.1109/89.365380)) and of statistical speech synthesis do the same.
    It takes no part in training: losses of the mean would take it back.

    Args:
        d_in: channels in.
        hop: samples out for one step in.
        noise_from: first coefficient whose sign is random; None: none is.
        postfilter: exponent from 0 (none) to 1.
    """

    signs: Tensor

    def __init__(self, d_in: int, hop: int, noise_from: int | None = None, postfilter: float = 0.0) -> None:
        super().__init__()
        self.hop, self.noise_from, self.postfilter = hop, noise_from, postfilter
        if postfilter:
            self.near, self.around = (FixedLinear(torch.from_numpy(neighbour_means(hop, n))) for n in (NEAR, AROUND))
        self.linear = nn.Linear(d_in, hop)
        self.transform = FixedLinear(torch.from_numpy(lapped_basis(hop).T.copy()))
        table = np.ones((1, hop), np.float32) if noise_from is None else sign_table(hop, noise_from)
        self.register_buffer("signs", torch.from_numpy(table), persistent=False)

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """x: "b t d_in" -> "b (t hop) 1"; state: tail still to be added, "b 1 hop", and steps so far, "b"."""
        tail, step = state if state is not None else (None, torch.zeros(x.shape[0], dtype=torch.long, device=x.device))
        companded = self.linear(x)
        with torch.autocast(x.device.type, enabled=False):
            coefficients = expand(companded.float())
            if self.noise_from is not None:
                steps = step[:, None] + torch.arange(x.shape[1], device=x.device)
                coefficients = self._sharpened(coefficients) * self.signs[steps % SIGN_ROWS]
            parts = self.transform(coefficients)
        y, tail = overlap_add(parts, tail)
        return rearrange(y, "b t s -> b (t s) 1"), (tail, step + x.shape[1])

    def _sharpened(self, coefficients: Tensor) -> Tensor:
        """Coefficients "... hop" with the post-filter applied to those from `noise_from` on."""
        if not self.postfilter:
            return coefficients
        power = coefficients.square()
        near, around = self.near(power) + QUIET, self.around(power) + QUIET
        gain = (near / around) ** self.postfilter
        gain = (gain * around / (self.around(near * gain) + QUIET)).sqrt()
        low = torch.arange(self.hop, device=gain.device) < cast(int, self.noise_from)
        return coefficients * torch.where(low, 1.0, gain)

    def draws(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x: "b t d_in" -> what lies below `noise_from`, and two draws of the whole, "b (t hop) 1" each."""
        assert self.noise_from is not None
        companded = self.linear(x)
        with torch.autocast(x.device.type, enabled=False):
            low, high = split_bands(expand(companded.float()), self.noise_from)
            sounds = [self._sound(part) for part in (low, high * random_signs(high), high * random_signs(high))]
        return sounds[0], sounds[0] + sounds[1], sounds[0] + sounds[2]

    def predictable(self, waveform: Tensor) -> Tensor:
        """What of a waveform "b 1 (t hop)" could be predicted: what lies below `noise_from`, the same shape."""
        assert self.noise_from is not None
        padded = F.pad(waveform, (0, self.hop))  # the transform is late by a step
        both, _ = with_previous(rearrange(padded, "b 1 (t s) -> b t s", s=self.hop), None)
        low, _ = split_bands(both @ self.transform.weight, self.noise_from)
        return rearrange(self._sound(low), "b t 1 -> b 1 t")[..., self.hop :]

    def _sound(self, coefficients: Tensor) -> Tensor:
        return rearrange(overlap_add(self.transform(coefficients), None)[0], "b t s -> b (t s) 1")


def random_signs(x: Tensor) -> Tensor:
    """1 or -1, each as likely, of the shape of x."""
    return torch.randint_like(x, 2) * 2 - 1


def split_bands(coefficients: Tensor, first: int) -> tuple[Tensor, Tensor]:
    """Coefficients "... k" with those from `first` on set to zero, and the rest."""
    low = torch.arange(coefficients.shape[-1], device=coefficients.device) < first
    return coefficients * low, coefficients * ~low
