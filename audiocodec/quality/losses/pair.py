"""An estimate beside its target, with spectra computed once for all losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
from einops import rearrange
from torch import Tensor, nn


@dataclass(frozen=True)
class Spectrum:
    """A complex STFT by parts, "b f t" each: on a CPU several times faster than complex tensors.

    Attributes:
        real, imag: the parts.
        power: sum of their squares.
    """

    real: Tensor
    imag: Tensor
    power: Tensor

    @classmethod
    def of(cls, real: Tensor, imag: Tensor) -> Spectrum:
        """With the power worked out."""
        return cls(real, imag, real.square() + imag.square())


class Pair:
    """What the losses compare.

    Args:
        estimate: "b 1 t".
        target: "b 1 t".
        known: spectra of both that are there already, by window.
        offsets: sample at which the frames of each window begin; by default drawn, whichever loss asks first.
        second: another random draw of the estimate, of decoders with noise.
        known_second: its spectra that are there already.
        predictable: what of estimate and target is not noise, for losses whose `needs_phase` is true.

    Attributes:
        known, known_second: those asked for so far too.
    """

    def __init__(
        self,
        estimate: Tensor,
        target: Tensor,
        known: Mapping[int, tuple[Spectrum, Spectrum]] | None = None,
        offsets: Mapping[int, int] | None = None,
        second: Tensor | None = None,
        known_second: Mapping[int, Spectrum] | None = None,
        predictable: Pair | None = None,
    ) -> None:
        assert estimate.shape == target.shape
        self.estimate, self.target, self.offsets = estimate, target, offsets
        self.second, self.predictable = second, predictable
        self.known, self.known_second = dict(known or {}), dict(known_second or {})
        self._seed: int | None = None

    def spectra(self, n_fft: int) -> tuple[Spectrum, Spectrum]:
        """STFT of estimate and target, Hann window, hop n_fft / 2.

        The frames begin at a random place within the first hop, so that over the steps of a training
        run every place counts equally, at half the cost of frames twice as dense.
        """
        if n_fft not in self.known:
            start = self._start(n_fft)
            with torch.no_grad():
                target = _stft(self.target, n_fft, start)
            self.known[n_fft] = (_stft(self.estimate, n_fft, start), target)
        return self.known[n_fft]

    def second_spectrum(self, n_fft: int) -> Spectrum:
        """STFT of the second draw, in the frames of `spectra`."""
        if n_fft not in self.known_second:
            assert self.second is not None
            self.known_second[n_fft] = _stft(self.second, n_fft, self._start(n_fft))
        return self.known_second[n_fft]

    def seen_by(self, loss: nn.Module) -> Pair:
        """What a loss compares: those that know phase get what is not noise."""
        return self.predictable if self.predictable is not None and getattr(loss, "needs_phase", False) else self

    def _start(self, n_fft: int) -> int:
        if self.offsets is not None:
            return self.offsets[n_fft]
        if self._seed is None:  # one number for all windows: their order leaves what torch draws next as it is
            self._seed = int(torch.randint(2**31, ()))
        return draw_place(n_fft, torch.Generator().manual_seed(self._seed + n_fft))


def draw_place(n_fft: int, generator: torch.Generator) -> int:
    """A random sample within the first hop."""
    return int(torch.randint(n_fft // 2, (), generator=generator))


def windows_of(loss: nn.Module) -> tuple[int, ...]:
    """The windows whose spectra a loss asks for; every loss of a `Pair` states them as `windows`."""
    return cast(tuple[int, ...], loss.windows)


def _stft(waveform: Tensor, n_fft: int, start: int) -> Spectrum:
    window = torch.hann_window(n_fft, device=waveform.device)
    x = rearrange(waveform.float(), "b 1 t -> b t")[:, start:]
    spectrum = torch.stft(x, n_fft, n_fft // 2, window=window, normalized=True, return_complex=True)
    real, imag = torch.view_as_real(spectrum).unbind(-1)
    return Spectrum.of(real, imag)
