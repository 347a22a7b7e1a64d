"""What codes will take in a file, as a loss: the entropy model in floats, with gradients."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from audiocodec.tokens.depths import NO_CODE
from audiocodec.tokens.entropy import EntropyModel
from audiocodec.tokens.entropy.model import HIDDEN_MAX, HIDDEN_SHIFT, LOGIT_SHIFT, SPAN
from audiocodec.tokens.entropy.page_coder import code_bits, encode_codes

OCTAVE = 16 << LOGIT_SHIFT  # of an output of the entropy model is a factor of two


class CodeRate(nn.Module):
    """Bits of the codes of one channel, pages of a file each coded without a past.

    A digit has gradients in two ways: another value of it would have another probability, and would lead to other
    probabilities of the digits that are coded after it.

    Args:
        entropy: model that the file is coded with.
        page_frames: frames of a page.
    """

    def __init__(self, entropy: EntropyModel, page_frames: int) -> None:
        super().__init__()
        self.entropy, self.page_frames = entropy, page_frames
        self.levels = torch.from_numpy(entropy.levels.astype(np.float32))
        q, h, steps, _, d = entropy.hidden_weight.shape
        hidden = torch.from_numpy(entropy.hidden_weight.astype(np.float32)).reshape(q, h, steps, q * d)
        self.hidden_weight = hidden / 2**HIDDEN_SHIFT
        self.hidden_bias = torch.from_numpy(entropy.hidden_bias.astype(np.float32)) / 2**HIDDEN_SHIFT
        self.out_weight = torch.from_numpy(entropy.out_weight.astype(np.float32)) / OCTAVE
        self.out_bias = torch.from_numpy(entropy.out_bias.astype(np.float32)) / OCTAVE

    def by_frame(self, codes: np.ndarray) -> np.ndarray:
        """Bits of frames of codes "q t", the first at the beginning of a page, as the coder counts them, "t"."""
        bits = [code_bits(self.entropy, page)[0] for page in self._pages(codes)]
        found: np.ndarray = (np.concatenate(bits, axis=1) * (codes != NO_CODE)).sum(0)
        return found

    def in_file(self, codes: np.ndarray) -> int:
        """Bits of codes "q t", the first frame at the beginning of a page, as a file has them: pages of whole bytes."""
        return 8 * sum(len(encode_codes(self.entropy, page)) for page in self._pages(codes))

    def _pages(self, codes: np.ndarray) -> list[np.ndarray]:
        return [codes[None, :, t : t + self.page_frames] for t in range(0, codes.shape[1], self.page_frames)]

    def forward(self, digits: Tensor, there: Tensor) -> Tensor:
        """Digits "1 q t l" with gradients, the first frame at the beginning of a page -> bits, scalar.

        Args:
            digits: of codes.
            there: which codes there are, "1 q t"; others take no bits and tell nothing.
        """
        chosen, known = digits[0].transpose(0, 1), there[0].T  # t q l, t q
        outputs = self._outputs(chosen, known) * math.log(2)
        bits = [
            _bits(F.log_softmax(values, -1) / math.log(2), chosen[..., d], known)
            for d, values in enumerate(torch.split(outputs, self.entropy.levels.tolist(), -1))
        ]
        return torch.stack(bits).sum()

    def _outputs(self, digits: Tensor, known: Tensor) -> Tensor:
        """Digits "t q l", those known "t q" -> log2 of the probabilities of their values, not normalized, "t q v"."""
        frames, q, _ = digits.shape
        top = self.levels - 1
        scaled = ((2 * digits - top) * SPAN / top * known[..., None]).flatten(1)
        in_page = torch.arange(frames) % self.page_frames
        hidden = self.hidden_bias[:q]
        for k in range(self.entropy.past + 1):
            seen = F.pad(scaled, (0, 0, k, 0))[:frames] * (in_page >= k)[:, None]
            hidden = hidden + torch.einsum("ti,qhi->tqh", seen, self.hidden_weight[:q, :, k, : scaled.shape[1]])
        return torch.einsum("tqh,qvh->tqv", hidden.clamp(0, HIDDEN_MAX), self.out_weight[:q]) + self.out_bias[:q]


def _bits(logs: Tensor, digits: Tensor, known: Tensor) -> Tensor:
    """Bits of the digits "t q" that are known, "t q", by log2 of the probabilities of values, "t q v".

    They are sloped as from neighbour to neighbour.
    """
    chosen = digits.detach().round().long()[..., None]
    above, below = (chosen + 1).clamp_max(logs.shape[-1] - 1), (chosen - 1).clamp_min(0)
    slope = (logs.gather(-1, above) - logs.gather(-1, below)) / (above - below)
    moved = slope.detach() * (digits - digits.detach())[..., None]
    return -((logs.gather(-1, chosen) + moved)[..., 0] * known).sum()
