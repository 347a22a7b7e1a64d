"""What the next code will probably be: a tiny network in whole numbers, one for each model.

Every digit (level index) of codebook q in frame t gets its probabilities from codebooks 0 ... q of the
frames before t in the same page, and from codebooks 0 ... q - 1 of frame t. All arithmetic is on integers
below 2**30, so every machine finds the same probabilities; they are held in floats, of which every one is exact, as
matrix products of floats are faster. docs/format.md has it step by step.
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
POWERS_BELOW = POWERS[np.arange(16 * 31 + 1) & 15] >> (np.arange(16 * 31 + 1) >> 4)  # by how many steps of a 16th
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
        if self._largest_sum >= 2**30:
            raise ModelError("entropy model: its sums could overflow 32 bits")

    @property
    def _largest_sum(self) -> int:
        _, h, steps, q, d = self.hidden_weight.shape
        bias = max(int(np.abs(b.astype(np.int64)).max()) for b in (self.hidden_bias, self.out_bias))
        return max(steps * q * d * SPAN, h * HIDDEN_MAX) * 128 + bias

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

    def part(self, codebooks: np.ndarray) -> EntropyModel:
        """The networks of some codebooks, "q", which must see no others."""
        weight = self.hidden_weight[codebooks][:, :, :, codebooks]
        if np.count_nonzero(weight) != np.count_nonzero(self.hidden_weight[codebooks]):
            raise ModelError("entropy model: these codebooks look at others")
        arrays = self.hidden_bias, self.out_weight, self.out_bias
        return EntropyModel(self.levels, weight, *(array[codebooks] for array in arrays))

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
    def float_type(self) -> type[np.floating]:
        """A float wide enough for all sums to be exact in any order."""
        return np.float32 if self._largest_sum < 2**24 else np.float64

    @cached_property
    def _floats(self) -> tuple[np.ndarray, ...]:
        """Weights and biases of both layers: "q (s k d) h", "q 1 h", "q h (d l)", "q 1 (d l)"; l: largest level."""
        hidden = self.hidden_weight.reshape(*self.hidden_bias.shape, -1).transpose(0, 2, 1)
        value = (np.cumsum(self.levels) - self.levels)[:, None] + np.arange(self.levels.max())
        at = np.where(self._is_value, value, 0).ravel()
        bias = np.where(self._is_value.ravel(), self.out_bias[:, at], -np.inf)
        arrays = hidden, self.hidden_bias[:, None], self.out_weight[:, at].transpose(0, 2, 1), bias[:, None]
        return tuple(np.ascontiguousarray(array, self.float_type) for array in arrays)

    @cached_property
    def _is_value(self) -> np.ndarray:
        """Which "d l" are values of a digit."""
        return np.arange(self.levels.max()) < self.levels[:, None]

    @cached_property
    def _free(self) -> np.ndarray:
        """What is left of the whole, "d 1", when each value of a digit has a share of 1."""
        return ((1 << SHARE_BITS) - self.levels[:, None]).astype(np.int32)

    @cached_property
    def _least_sums(self) -> np.ndarray:
        """The whole behind the last value of each digit, to which goes what rounding left over; else 0: "d (l + 1)"."""
        behind = np.arange(self.levels.max() + 1) >= self.levels[:, None]
        return (behind << SHARE_BITS).astype(np.int32)

    def sums(self, inputs: np.ndarray, first: int) -> np.ndarray:
        """Probabilities of the digits of neighbouring codebooks.

        Args:
            inputs: "n q (s k d)", of `float_type`: `scaled` digits of this frame and the `past` before it, of all
                codebooks k; anything where a digit is not known.
            first: the codebook of q = 0.

        Returns:
            "n q d (l + 1)", int32: the sum of the shares below each value, the whole at the end.
        """
        here = slice(first, first + inputs.shape[1])
        hidden_weight, hidden_bias, out_weight, out_bias = (array[here] for array in self._floats)
        hidden = np.floor((inputs.swapaxes(0, 1) @ hidden_weight + hidden_bias) * 2.0**-HIDDEN_SHIFT)
        outputs = np.minimum(np.maximum(hidden, 0), HIDDEN_MAX) @ out_weight + out_bias
        logits = outputs.swapaxes(0, 1).reshape(*inputs.shape[:2], *self._is_value.shape)
        below = np.floor((logits.max(-1, keepdims=True) - logits) * 2.0**-LOGIT_SHIFT)
        powers = POWERS_BELOW[np.minimum(below, len(POWERS_BELOW) - 1).astype(np.intp)]
        shares = powers * self._free // powers.sum(-1, keepdims=True, dtype=np.int32) + self._is_value
        sums = np.zeros((*shares.shape[:-1], shares.shape[-1] + 1), np.int32)
        np.cumsum(shares, -1, out=sums[..., 1:])
        return np.maximum(sums, self._least_sums)
