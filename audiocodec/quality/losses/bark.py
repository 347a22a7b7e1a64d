"""Critical bands and the threshold in quiet, for the losses that ask what is heard."""

from __future__ import annotations

import torch
from einops import reduce
from torch import Tensor

LEVEL_DB = 75.0  # sound pressure that the target is taken to be played at


def bark(hz: Tensor) -> Tensor:
    """Critical-band rate in Bark, [Traunmüller, 1990](https://doi.org/10.1121/1.399849)."""
    return 26.81 * hz / (1960 + hz) - 0.53


def band_edges(bands: int, highest: float) -> Tensor:
    """Edges of triangular bands of equal width in Bark from 50 Hz to `highest`, in Bark: "bands + 2"."""
    low, high = (float(bark(torch.tensor(hz))) for hz in (50.0, highest))
    return torch.linspace(low, high, bands + 2)


def band_filters(edges: Tensor, n_fft: int, sample_rate: int) -> Tensor:
    """Filters that add up the power of a spectrum in bands, "bands f", those next to each other summing to 1.

    Args:
        edges: of `band_edges`, "bands + 2".
        n_fft: length of the STFT in samples.
        sample_rate: Hz.
    """
    z = bark(torch.linspace(0, sample_rate / 2, n_fft // 2 + 1))
    edges = edges[:, None]
    rise = (z - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - z) / (edges[2:] - edges[1:-1])
    filters = torch.minimum(rise, fall).clamp_min(0)
    filters = filters / filters.sum(0).max()
    nearest = (z - edges[1:-1]).abs().argmin(1)  # narrow bands may fall between two bins
    rows = torch.arange(len(nearest))
    filters[rows, nearest] = filters[rows, nearest].clamp_min(1e-3)
    return filters


def threshold_in_quiet(edges: Tensor) -> Tensor:
    """The softest power that is heard in each band, Terhardt's formula, "bands 1"."""
    khz = 1960 * (edges[1:-1] + 0.53) / (26.28 - edges[1:-1]) / 1000
    quiet_db = 3.64 * khz**-0.8 - 6.5 * torch.exp(-0.6 * (khz - 3.3) ** 2) + 1e-3 * khz**4
    return 10 ** (quiet_db.clamp(max=60) / 10)[:, None]


def to_pressure(power: Tensor) -> Tensor:
    """The factor that brings power spectra "b f t" of a target to LEVEL_DB, "b 1 1"."""
    level = reduce(power, "b f t -> b 1 1", "mean") * power.shape[1]
    return 10 ** (LEVEL_DB / 10) / (level + 1e-9)
