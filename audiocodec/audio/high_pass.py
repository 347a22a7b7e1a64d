"""A recursive filter that takes off a constant offset and rumble, whole or block by block."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from audiocodec._util.arrays import as_array
from audiocodec._util.numbers import as_float
from audiocodec.errors import AudioError, ConfigError

MIN_CUTOFF, MAX_CUTOFF = 1.0, 500.0  # Hz; voices begin at 80, and far below 1 the filter cannot be computed
RANGE = 300.0  # nepers by which weights grow within a period; float64 holds 700
MAX_PERIOD = 1 << 14  # samples; longer ones take longer to prepare


def check_cutoff(cutoff: float, sample_rate: float = math.inf) -> float:
    """A cutoff in Hz as a float; 0 stands for no filter.

    Raises:
        ConfigError: it is no number, neither 0 nor 1 to 500 Hz, or not below half of `sample_rate`.
    """
    hz = as_float(cutoff)
    if hz != 0 and not MIN_CUTOFF <= hz <= MAX_CUTOFF:
        cutoffs = f"0 (none) or {MIN_CUTOFF:g} to {MAX_CUTOFF:g} Hz"
        raise ConfigError(f"a high-pass at {cutoff!r} Hz cannot be; give {cutoffs}, such as 50")
    if hz and hz >= sample_rate / 2:
        raise ConfigError(
            f"a high-pass at {hz:g} Hz leaves nothing of sound at {sample_rate:g} Hz; it must be below half of that"
        )
    return hz


class HighPass:
    """A fourth-order Butterworth high-pass: 3 dB off at the cutoff, 24 dB an octave below.

    It begins as if the first sample had lasted forever before, so that an offset makes no thump. Its output does not
    depend, to the last bit, on how the sound is cut into blocks.

    The coefficients are those of two high-passes of the
    [Audio EQ Cookbook](https://www.w3.org/TR/audio-eq-cookbook/) in a row, with the Q of Butterworth. In partial
    fractions, with a pole p of each: y[n] = direct x[n] + sum of 2 Re(residue z[n]), z[n] = p z[n - 1] + x[n]. The sum
    z[n] / p^n = z[n - 1] / p^(n - 1) + x[n] / p^n is a running one, which numpy computes in order; at the end of each
    period of a fixed number of samples the weights 1 / p^n start again.

    Args:
        sample_rate: Hz.
        cutoff: Hz.

    Raises:
        ConfigError: see `check_cutoff`; or a cutoff of 0.
    """

    def __init__(self, sample_rate: int, cutoff: float) -> None:
        hz = check_cutoff(cutoff, sample_rate)
        if not hz:
            raise ConfigError("a high-pass needs a cutoff above 0 Hz")
        self._direct, poles, residues = partial_fractions(2 * math.pi * hz / sample_rate)
        self._period = min(MAX_PERIOD, int(RANGE / -np.log(np.abs(poles).min())))
        self._modes = [_Mode(pole, residue, self._period) for pole, residue in zip(poles, residues, strict=True)]
        self._at = 0  # samples of the period that have been
        self._channels: int | None = None  # not known before the first block

    def push(self, block: np.ndarray) -> np.ndarray:
        """Samples "c t" -> as many filtered ones, "c t", float32.

        Raises:
            AudioError: it does not have two axes, or not as many channels as the blocks before.
        """
        block = as_array(block)
        if block.ndim != 2 or self._channels not in (None, len(block)):
            expected = f"{self._channels or 'c'} t"
            raise AudioError(f"a high-pass takes blocks of samples '{expected}', got one of shape {block.shape}")
        self._channels = len(block)
        out, begin = np.empty(block.shape, np.float32), 0
        while begin < block.shape[1]:
            end = min(block.shape[1], begin + self._period - self._at)
            out[:, begin:end] = self._within_period(block[:, begin:end].astype(np.float64))
            begin = end
        return out

    def _within_period(self, wav: np.ndarray) -> np.ndarray:
        out = wav * self._direct
        for mode in self._modes:
            mode.add(wav, self._at, out)
        self._at = (self._at + wav.shape[1]) % self._period
        return out


def partial_fractions(angle: float) -> tuple[float, np.ndarray, np.ndarray]:
    """What passes directly, poles "2" and their residues "2" of a cutoff in radians a sample; see `HighPass`."""
    tilts = np.pi / 8 * np.array([1, 3])  # of the poles in the s plane, from the negative real axis; cos = 1 / 2Q
    alphas = np.sin(angle) * np.cos(tilts)
    poles = (np.cos(angle) + 1j * np.sin(angle) * np.sin(tilts)) / (1 + alphas)
    gain = np.prod((1 + np.cos(angle)) / 2 / (1 + alphas))
    others = np.stack([poles.conj(), poles[::-1], poles[::-1].conj()])
    residues = gain * (1 - 1 / poles) ** 4 / np.prod(1 - others / poles, axis=0)
    return gain / np.prod(np.abs(poles) ** 2), poles, residues


def _powers(base: complex, count: int) -> np.ndarray:
    """The first powers, as products of few, since powers of complex numbers take long."""
    fine, coarse = base ** np.arange(128), base ** np.arange(0, count, 128)
    return np.multiply.outer(coarse, fine).ravel()[:count]


class _Mode:
    """One pole and its conjugate: a complex state that decays and turns."""

    def __init__(self, pole: complex, residue: complex, period: int) -> None:
        powers = _powers(pole, period)
        weights, answers = 1 / powers, 2 * residue * powers
        self._weights = np.ascontiguousarray(weights.real), np.ascontiguousarray(weights.imag)
        self._answers = np.ascontiguousarray(answers.real), np.ascontiguousarray(-answers.imag)
        self._period, self._renewal = period, pole**period
        self._forever = pole / (1 - pole)  # the sum of a sound that has always been 1
        self._sum: np.ndarray | None = None  # "c 1"

    def add(self, wav: np.ndarray, at: int, out: np.ndarray) -> None:
        """What comes of samples "c t", which lie within a period from `at` on, is added to `out`, "c t"."""
        if self._sum is None:
            self._sum = wav[:, :1] * self._forever
        end = at + wav.shape[1]
        sums = np.empty(wav.shape, np.complex128)
        parts = sums.real, sums.imag  # multiplied apart: products of complex numbers are not rounded alike everywhere
        for part, weights in zip(parts, self._weights, strict=True):
            np.multiply(wav, weights[at:end], out=part)
        sums[:, :1] += self._sum
        np.cumsum(sums, axis=1, out=sums)
        for part, answers in zip(parts, self._answers, strict=True):
            out += part * answers[at:end]
        last = sums[:, -1:].copy()
        self._sum = last * self._renewal if end == self._period else last


def high_passed(blocks: Iterable[np.ndarray], sample_rate: int, cutoff: float) -> Iterator[np.ndarray]:
    """A stream of blocks "c t" without what lies below a cutoff in Hz; 0: as it is.

    Raises:
        ConfigError: see `check_cutoff`.
    """
    hz = check_cutoff(cutoff, sample_rate)
    return map(HighPass(sample_rate, hz).push, blocks) if hz else iter(blocks)
