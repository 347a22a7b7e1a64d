"""What the next code will probably be: a tiny network in whole numbers, one for each model.

Every digit (level index) of codebook q in frame t gets its probabilities from codebooks 0 ... q of the
frames before t in the same page, and from codebooks 0 ... q - 1 of frame t. All arithmetic is on integers
of at most 32 bits, so every machine finds the same probabilities. docs/format.md has it step by step.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from audiocodec.errors import ModelError
from audiocodec.tokens.entropy.range_coder import SHARE_BITS
from audiocodec.tokens.levels import to_codes, to_level_indices

SPAN = 64  # digits are scaled to -64 ... 64
HIDDEN_SHIFT, HIDDEN_MAX = 7, 255
LOGIT_SHIFT = 7  # then 16 steps are a factor of two
POWERS = np.array([round(2 ** (16 - k / 16)) for k in range(16)], np.int32)
MAX_VALUES = 128  # of all digits of a codebook together
_KINDS = {"levels": "<i4", "hidden_weight": "<i1", "hidden_bias": "<i4", "out_weight": "<i1", "out_bias": "<i4"}


@dataclass(frozen=True)
class EntropyModel:
    """The arrays of the network; q codebooks, d digits a code, h hidden units, v values.

    Attributes:
        levels: "d".
        hidden_weight: "q h s q d", int8; s: this frame, the one before, and so on.
        hidden_bias: "q h", int32.
        out_weight: "q v h", int8; v: the values of digit 0, then those of digit 1, and so on.
        out_bias: "q v", int32.

    Raises:
        ModelError: the arrays do not fit each other, could overflow, or look at what is not decoded yet.
    """

    levels: np.ndarray
    hidden_weight: np.ndarray
    hidden_bias: np.ndarray
    out_weight: np.ndarray
    out_bias: np.ndarray

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            array: np.ndarray = getattr(self, name)
            if array.dtype.kind not in "iu" or not np.array_equal(array, array.astype(kind)):
                raise ModelError(f"entropy model: {name} does not hold integers of its size")
            object.__setattr__(self, name, np.ascontiguousarray(array.astype(np.dtype(kind).newbyteorder("="))))
        self._check_shapes()
        self._check_sums()
        now = np.any(self.hidden_weight[:, :, 0], axis=(1, 3))  # "q q"
        before = np.any(self.hidden_weight[:, :, 1:], axis=(1, 2, 4))
        if np.triu(now).any() or np.triu(before, 1).any():
            raise ModelError("entropy model: looks at codes that are not decoded yet")

    def _check_shapes(self) -> None:
        if self.levels.ndim != 1 or self.hidden_weight.ndim != 5:
            raise ModelError("entropy model: arrays have wrong axes")
        q, h, steps, _, d = self.hidden_weight.shape
        v = int(self.levels.sum())
        expected = {"levels": (d,), "hidden_weight": (q, h, steps, q, d), "hidden_bias": (q, h)}
        expected |= {"out_weight": (q, v, h), "out_bias": (q, v)}
        if any(getattr(self, name).shape != shape for name, shape in expected.items()) or not q * h * d * steps:
            raise ModelError("entropy model: the shapes of its arrays do not fit each other")
        if self.levels.min() < 2 or v > MAX_VALUES:
            raise ModelError(f"entropy model: levels must be 2 or more, {MAX_VALUES} in all")

    def _check_sums(self) -> None:
        _, h, steps, q, d = self.hidden_weight.shape
        bias = max(int(np.abs(b.astype(np.int64)).max()) for b in (self.hidden_bias, self.out_bias))
        if max(steps * q * d * SPAN, h * HIDDEN_MAX) * 128 + bias >= 2**30:
            raise ModelError("entropy model: its sums could overflow 32 bits")

    @property
    def num_codebooks(self) -> int:
        return len(self.hidden_bias)

    @property
    def past(self) -> int:
        """Frames before the present one that are looked at."""
        return int(self.hidden_weight.shape[2]) - 1

    @cached_property
    def hash(self) -> bytes:
        """16 bytes of SHA-256 over `to_bytes`: what token files name."""
        return hashlib.sha256(self.to_bytes()).digest()[:16]

    def to_bytes(self) -> bytes:
        """Names, types, shapes and contents of the arrays, one after the other."""
        data = b""
        for field in fields(self):
            array = getattr(self, field.name).astype(_KINDS[field.name])
            data += f"{field.name}:{_KINDS[field.name]}:{array.shape};".encode() + array.tobytes()
        return data

    def fits(self, levels: tuple[int, ...], num_codebooks: int) -> bool:
        """Whether it can code files of these levels and that many codebooks."""
        return tuple(self.levels.tolist()) == levels and num_codebooks <= self.num_codebooks

    def digits(self, codes: np.ndarray) -> np.ndarray:
        """codes: "..." -> digits "... d", int32."""
        return to_level_indices(codes, self.levels.tolist(), np.int32)

    def codes(self, digits: np.ndarray) -> np.ndarray:
        """Inverse of `digits`: "... d" -> "...", int64."""
        return to_codes(digits, self.levels.tolist())

    def scaled(self, digits: np.ndarray) -> np.ndarray:
        """Digits "... d" -> inputs of the network, -`SPAN` ... `SPAN`, int32."""
        top = self.levels - 1
        scaled: np.ndarray = (2 * digits - top) * SPAN // top
        return scaled

    @cached_property
    def _wide(self) -> tuple[np.ndarray, ...]:
        """Weights "q h (s q d)" and "q d l h" in int32, biases, and which "d l" are no values; l: largest level."""
        largest = int(self.levels.max())
        none = np.arange(largest) >= self.levels[:, None]
        at = np.where(none, 0, np.cumsum(self.levels)[:, None] - self.levels[:, None] + np.arange(largest))
        hidden = self.hidden_weight.reshape(*self.hidden_bias.shape, -1).astype(np.int32)
        return hidden, self.out_weight[:, at].astype(np.int32), self.out_bias[:, at], none

    def sums(self, inputs: np.ndarray, first: int) -> np.ndarray:
        """Probabilities of the digits of neighbouring codebooks.

        Args:
            inputs: "n q (s k d)", int32: `scaled` digits of this frame and the `past` before it, of all
                codebooks k; anything where a digit is not known.
            first: the codebook of q = 0.

        Returns:
            "n q d (l + 1)", int32: the sum of the shares below each value, the whole at the end.
        """
        hidden_weight, out_weight, bias, none = self._wide
        here = slice(first, first + inputs.shape[1])
        h = np.einsum("nqi,qhi->nqh", inputs, hidden_weight[here]) + self.hidden_bias[here]
        h = np.clip(h >> HIDDEN_SHIFT, 0, HIDDEN_MAX)
        logits = np.einsum("nqh,qdlh->nqdl", h, out_weight[here]) + bias[here]
        np.copyto(logits, np.iinfo(np.int32).min // 2, where=none)
        steps = np.minimum((logits.max(-1, keepdims=True) - logits) >> LOGIT_SHIFT, 16 * 31)
        powers = (POWERS[steps & 15] >> (steps >> 4)).astype(np.int64)
        free = (1 << SHARE_BITS) - self.levels[:, None]
        shares = powers * free // powers.sum(-1, keepdims=True) + ~none
        sums = np.zeros((*shares.shape[:-1], shares.shape[-1] + 1), np.int32)
        np.cumsum(shares, -1, out=sums[..., 1:])
        return _whole(sums, self.levels)


def _whole(sums: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """What rounding left over goes to the last value of each digit."""
    for i, level in enumerate(levels.tolist()):
        sums[..., i, level:] = 1 << SHARE_BITS
    return sums
