"""Arithmetic shared by the FSQ family: uniform cells, level indices, mixed-radix codes.

A latent n of unit variance is bounded to u = (f(g n) + 1) / 2 in (0, 1), which L levels cut
into L equal cells: the level index is floor(u L). This is the same as bounding to
x = a f(g n) with a = L / (L - 1) and rounding to the levels 2 k / (L - 1) - 1: every cell
is equally wide, the outer ones too ("cover-matched"), of odd and even L alike. See
[Mentzer et al., 2023](https://arxiv.org/abs/2309.15505). The bounds, by name:

- `tanh`: f = tanh, g = 0.8. A Gaussian latent uses the levels almost equally often. It is the scaled sigmoid of
  iFSQ too: 2 sigmoid(1.6 n) - 1 = tanh(0.8 n).
- `normal`: f = erf, g = sqrt(1/2), so u is the distribution function of the normal distribution, and a Gaussian latent
  uses the levels equally often.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from audiocodec.errors import ConfigError
from audiocodec.model.fsq import GAINS as GAINS
from audiocodec.model.fsq import check_bound as check_bound
from audiocodec.tokens.levels import place_values

SQUASH = {"tanh": torch.tanh, "normal": torch.erf}  # the f of each bound, and
UNSQUASH = {"tanh": torch.atanh, "normal": torch.erfinv}  # its inverse


def check_levels(levels: Sequence[int]) -> None:
    """Refuse level sets that cannot be coded.

    Raises:
        ConfigError: empty, a level below 2, or more than 2**62 codes.
    """
    if not levels or min(levels) < 2:
        raise ConfigError(f"levels {list(levels)}: need at least one, each 2 or more")
    if math.prod(levels) > 2**62:
        raise ConfigError(f"levels {list(levels)}: their product does not fit a 64-bit code")


def bound(normalized: Tensor, name: str = "tanh") -> Tensor:
    """Any real to (0, 1), near uniform for unit-variance Gaussian input."""
    return (SQUASH[name](GAINS[name] * normalized) + 1) / 2


def unbound(u: Tensor, name: str = "tanh") -> Tensor:
    """Inverse of `bound`."""
    return UNSQUASH[name](2 * u - 1) / GAINS[name]


def clip_limit(levels: Tensor, name: str = "tanh") -> Tensor:
    """Size of a normalized latent up to which its outer level stands for it: a quarter beyond that level's value."""
    return 1.25 * unbound(1 - 0.5 / levels, name)


def level_indices(u: Tensor, levels: Tensor) -> Tensor:
    """u: "... d" in [0, 1], levels: "d" -> the cell each falls into, int64, "... d"."""
    return torch.minimum((u * levels).floor().long(), levels - 1).clamp_min(0)


def cell_centers(indices: Tensor, levels: Tensor) -> Tensor:
    """Middle of each cell, in (0, 1), float of the default type."""
    return (indices + 0.5) / levels


def place_values_like(levels: Sequence[int], like: Tensor) -> Tensor:
    """What one step of each dimension adds to the code, on the device of `like`."""
    return torch.tensor(place_values(levels), device=like.device)


def to_codes(indices: Tensor, levels: Sequence[int]) -> Tensor:
    """Level indices "... d" to one code "...": first dimension least significant."""
    return (indices * place_values_like(levels, indices)).sum(-1)


def from_codes(codes: Tensor, levels: Sequence[int]) -> Tensor:
    """Inverse of `to_codes`: "..." -> "... d"."""
    rounded = torch.div(codes[..., None], place_values_like(levels, codes), rounding_mode="floor")
    return rounded % torch.tensor(levels, device=codes.device)
