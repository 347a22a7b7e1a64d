"""A last layer over spectra that decides, coefficient by coefficient, how much of its sound is noise."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn

from audiocodec.model.lapped_basis import LEAST_NOISE, SIGN_ROWS, lapped_basis, sign_table
from audiocodec.model.nn.conv import overlap_add
from audiocodec.model.nn.lapped import FixedLinear, expand, random_signs


class NoisySynthesis(nn.Module):
    """`LappedSynthesis` in which a learned share of each coefficient has a random sign.

    Where the codes say which sign a coefficient has (a tone, an attack), it keeps it; where they say only how loud the
    coefficient is (hiss, breath, cymbals), a sign made up by the network would repeat from frame to frame, which is
    heard as a buzz. Of a coefficient c this layer keeps a c and adds sqrt(1 - a^2) c times a random sign, which leaves
    its mean power at c^2; a, from 0 to 1, is read off the input. Losses that compare phases see a c alone (`draws`), so
    that a becomes what can be predicted; the energy score sees two draws of the whole.

    The signs are those of `sign_table`, whose row is the number of the step since the start of the sound, so that it
    decodes identically in one piece and in many; training draws new ones.

    Args:
        d_in: channels in.
        hop: samples out for one step in.
    """

    signs: Tensor

    def __init__(self, d_in: int, hop: int) -> None:
        super().__init__()
        self.hop = hop
        self.linear = nn.Linear(d_in, hop)
        self.norm = nn.LayerNorm(d_in)
        self.share = nn.Linear(d_in, hop)
        self.transform = FixedLinear(torch.from_numpy(lapped_basis(hop).T.copy()))
        self.register_buffer("signs", torch.from_numpy(sign_table(hop, 0)), persistent=False)

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """x: "b t d_in" -> "b (t hop) 1"; state: tail still to be added, "b 1 hop", and steps so far, "b"."""
        tail, step = state if state is not None else (None, torch.zeros(x.shape[0], dtype=torch.long, device=x.device))
        steps = step[:, None] + torch.arange(x.shape[1], device=x.device)
        kept, noise = self._parts(x)
        parts = self.transform(kept + noise * self.signs[steps % SIGN_ROWS])
        y, tail = overlap_add(parts, tail)
        return rearrange(y, "b t s -> b (t s) 1"), (tail, step + x.shape[1])

    def draws(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x: "b t d_in" -> what is not noise, and two draws of the whole, "b (t hop) 1" each."""
        kept, noise = self._parts(x)
        known, first, second = map(self._sound, (kept, noise * random_signs(noise), noise * random_signs(noise)))
        return known, known + first, known + second

    def _parts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Of each coefficient what keeps its sign and the size of what does not, "b t hop" each."""
        coefficients = expand(self.linear(x).float())
        share = torch.sigmoid(self.share(self.norm(x)).float())
        return coefficients * share, coefficients * (1 - share.square()).clamp_min(LEAST_NOISE).sqrt()

    def predictable(self, waveform: Tensor) -> Tensor:
        """What of a waveform could be predicted: all of it."""
        return waveform

    def _sound(self, coefficients: Tensor) -> Tensor:
        return rearrange(overlap_add(self.transform(coefficients), None)[0], "b t s -> b (t s) 1")
