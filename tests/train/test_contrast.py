"""Targets with more contrast: harmonics stand out more, levels stay."""

from __future__ import annotations

import torch

from audiocodec.train.contrast import sharpened


def test_without_an_exponent_nothing_changes() -> None:
    torch.manual_seed(0)
    for length in (4000, 4096, 100):
        wav = torch.randn(2, 1, length)
        torch.testing.assert_close(sharpened(wav, 0.0, 128), wav, atol=1e-4, rtol=0)


def test_harmonics_stand_out_below_the_limit_and_levels_stay() -> None:
    torch.manual_seed(0)
    time = torch.arange(16_000) / 16_000
    harmonics = sum(torch.sin(2 * torch.pi * 200 * k * time) for k in range(1, 38))
    wav = (harmonics + torch.randn(16_000))[None, None]
    changed = sharpened(wav, 0.3, 128)  # up to 4 kHz
    power = [torch.fft.rfft(x[0, 0]).abs().square() for x in (wav, changed)]

    def depth(spectrum: torch.Tensor, first: int) -> float:
        """Of the valleys between 8 harmonics, in dB; a bin is 1 Hz."""
        peaks = sum(spectrum[200 * k - 3 : 200 * k + 4].sum() for k in range(first, first + 8))
        valleys = sum(spectrum[200 * k + 97 : 200 * k + 104].sum() for k in range(first, first + 8))
        return float(10 * torch.log10(peaks / valleys))

    assert depth(power[1], 5) > depth(power[0], 5) + 2
    assert abs(depth(power[1], 25) - depth(power[0], 25)) < 0.3
    for low, high in ((500, 2000), (2000, 3500), (5000, 7000)):
        ratio = 10 * torch.log10(power[1][low:high].sum() / power[0][low:high].sum())
        assert abs(ratio) < 1
