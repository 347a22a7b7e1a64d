"""`audiocodec.train.data.Augment` for whole batches on a device."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from audiocodec.train.data import Augment

LOWEST_TONE, HIGHEST_TONE = np.log([0.002, 0.47])  # of cycles a sample, as in `Augment`


class BatchAugment:
    """Changes every segment of a batch by its own draw, as `Augment` changes one; playing speed is `SoundBank`'s.

    Args:
        augment: how.
        samples: length of the segments.
        device: where they are.
    """

    def __init__(self, augment: Augment, samples: int, device: torch.device) -> None:
        self.augment, self.samples = augment, samples
        frequencies = np.linspace(0, 1, samples // 2 + 1)
        octaves = np.log2(frequencies + 2.0**-7)
        hats = np.stack([np.interp(octaves, np.arange(-6, 1), row) for row in np.eye(7)])
        self.hats = torch.tensor(hats, dtype=torch.float32, device=device)  # weight of each octave in the response
        self.frequencies = torch.tensor(frequencies, dtype=torch.float32, device=device)
        self.seconds = torch.arange(samples, device=device) / 16000

    def __call__(self, x: Tensor) -> Tensor:
        """x: "b t" -> "b t", never above full scale."""
        augment = self.augment
        if augment.mix:
            x = self._mixed(x)
        if augment.tones:
            others = torch.where(_uniform(x) < 0.5, 0.0, 1.0)
            x = torch.where(_uniform(x) < augment.tones, self._tones(x) + others * x, x)
        if augment.room:
            x = self._in_a_room(x)
        if augment.equalize or augment.band_limit:
            x = torch.fft.irfft(torch.fft.rfft(x) * self._response(x), self.samples)
        if augment.noise:
            level = x.square().mean(1, keepdim=True).sqrt() * 10 ** (-(20 + 30 * _uniform(x)) / 20)
            x = x + torch.randn_like(x) * torch.where(_uniform(x) < augment.noise, level, 0.0)
        low, high = augment.gain_db
        gain = 10 ** ((low + (high - low) * _uniform(x)) / 20)
        sign = torch.where(_uniform(x) < 0.5, -1.0, 1.0)
        return x * sign * torch.minimum(gain, 0.99 / (x.abs().amax(1, keepdim=True) + 1e-9))

    def _mixed(self, x: Tensor) -> Tensor:
        level = torch.where(_uniform(x) < self.augment.mix, 10 ** (-_uniform(x) * 15 / 20), 0.0)
        other = x.roll(1, 0)
        power, other_power = x.square().mean(1, keepdim=True), other.square().mean(1, keepdim=True)
        return x + other * level * (power / (other_power + 1e-9)).sqrt().clamp(max=100)

    def _tones(self, x: Tensor) -> Tensor:
        """One to three tones for each item; see `Augment`."""
        time = torch.arange(self.samples, device=x.device) / self.samples
        total = torch.zeros_like(x)
        for i in range(3):
            frequency = torch.exp(LOWEST_TONE + (HIGHEST_TONE - LOWEST_TONE) * _uniform(x))
            glide = torch.where(_uniform(x) < 0.5, 0.5 * torch.randn(len(x), 1, device=x.device), 0.0)
            phase = 2 * torch.pi * (frequency * 2 ** (glide * time)).clamp(0, 0.48).cumsum(1)
            level = torch.where(_uniform(x) < (3 - i) / 3, 10 ** -_uniform(x), 0.0)
            beat = torch.sin(2 * torch.pi * ((1 + 19 * _uniform(x)) * time + _uniform(x)))
            pulses = beat > torch.where(_uniform(x) < 0.5, -1.0, 0.0)
            total = total + level * pulses * torch.sin(phase + 2 * torch.pi * _uniform(x))
        return 10 ** (-2 * _uniform(x)) * total

    def _in_a_room(self, x: Tensor) -> Tensor:
        fall = torch.exp(-6.9 * self.seconds / (0.1 + 0.5 * _uniform(x))) * (self.seconds > 0.003)
        tail = torch.randn_like(x) * fall
        level = torch.where(_uniform(x) < self.augment.room, 10 ** (-(3 + 17 * _uniform(x)) / 20), 0.0)
        tail = tail * level / tail.square().sum(1, keepdim=True).sqrt()
        size = 2 * self.samples
        return x + torch.fft.irfft(torch.fft.rfft(x, size) * torch.fft.rfft(tail, size), size)[:, : self.samples]

    def _response(self, x: Tensor) -> Tensor:
        chosen = _uniform(x) < self.augment.equalize
        gains = torch.randn(len(x), 7, device=x.device) * self.augment.equalize_db * chosen
        curve = 10 ** (gains @ self.hats / 20)
        highest = torch.where(_uniform(x) < self.augment.band_limit, 2 ** (-2 * _uniform(x)), 1.0)
        return curve * ((highest - self.frequencies) / 0.02 + 1).clamp(0, 1)


def _uniform(x: Tensor) -> Tensor:
    """A number from 0 to 1 for each item, "b 1"."""
    return torch.rand(len(x), 1, device=x.device)
