"""Random changes to a segment: what a codec must not care about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class Augment:
    """How segments are varied. Zeros switch a change off.

    Attributes:
        gain_db: gain is uniform within this range, but never clips.
        speed: fraction of segments played faster or slower, by up to `speed_range`.
        speed_range: largest factor; pitch and formants move with it, as if others spoke.
        mix: fraction of segments with another one added, 0 to 15 dB softer: two speakers, or speech over music.
        room: fraction of segments that sound in a room, reverberating for .1 to .6 s (at 16 kHz; less at higher rates).
        equalize: fraction of segments with a random smooth frequency response.
        equalize_db: standard deviation of that response.
        band_limit: fraction of segments with nothing above a random frequency (1/8 of the sample rate to half).
        noise: fraction of segments with white noise, 20 to 50 dB below them.
        tones: fraction of segments with one to three pure tones up to full scale, steady, gliding or pulsed, like dial
            tones and birds: alone in half of them, added in the other half.
    """

    gain_db: tuple[float, float] = (-10.0, 6.0)
    speed: float = 0.0
    speed_range: float = 1.22
    mix: float = 0.0
    room: float = 0.0
    equalize: float = 0.0
    equalize_db: float = 3.0
    band_limit: float = 0.0
    noise: float = 0.0
    tones: float = 0.0

    def draw_speed(self, rng: np.random.Generator) -> float:
        """A playing speed; 1 for most."""
        if self.speed == 0 or rng.random() >= self.speed:
            return 1.0
        return float(self.speed_range ** rng.uniform(-1, 1))

    def draw_mix(self, rng: np.random.Generator) -> float:
        """Level of a segment to be added, as a factor on that of the first; 0 for none."""
        if self.mix == 0 or rng.random() >= self.mix:
            return 0.0
        return float(10 ** (-rng.uniform(0, 15) / 20))

    def __call__(self, segment: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """segment: "t" -> the same, changed, never above full scale."""
        if self.tones and rng.random() < self.tones:
            segment = _tones(len(segment), rng) + segment * np.float32(rng.random() < 0.5)
        if self.room and rng.random() < self.room:
            segment = _in_a_room(segment, rng)
        segment = _filtered(segment, self._response(rng))
        if self.noise and rng.random() < self.noise:
            level = np.sqrt(np.mean(segment**2)) * 10 ** (-rng.uniform(20, 50) / 20)
            segment = segment + level * rng.standard_normal(len(segment)).astype(np.float32)
        gain = 10 ** (rng.uniform(*self.gain_db) / 20)
        peak = np.abs(segment).max() + 1e-9
        return segment * np.float32(rng.choice([-1.0, 1.0]) * min(gain, 0.99 / peak))

    def _response(self, rng: np.random.Generator) -> tuple[np.ndarray, float]:
        """Gains in dB at six octaves down from half the sample rate, and the highest frequency kept (1 = all)."""
        gains = np.zeros(7)
        if self.equalize and rng.random() < self.equalize:
            gains = rng.normal(0, self.equalize_db, 7)
        limited = self.band_limit and rng.random() < self.band_limit
        return gains, float(2 ** -rng.uniform(0, 2)) if limited else 1.0


def mixed(first: np.ndarray, second: np.ndarray, level: float) -> np.ndarray:
    """Both together, "t" each, the second at `level` times the loudness of the first."""
    return first + second * np.float32(level * np.sqrt(np.mean(first**2) / (np.mean(second**2) + 1e-9)))


def _tones(length: int, rng: np.random.Generator) -> np.ndarray:
    """Tones from .2 % of the sample rate (88 Hz at 44.1 kHz) to 47 %, up to 20 dB apart, 0 to 40 dB soft, "length"."""
    time = np.arange(length) / length
    total = np.zeros(length)
    for _ in range(rng.integers(1, 4)):
        frequency = np.exp(rng.uniform(np.log(0.002), np.log(0.47)))  # cycles per sample
        glide = rng.choice([0.0, rng.normal(0, 0.5)])  # octaves over the segment
        phase = 2 * np.pi * np.cumsum((frequency * 2 ** (glide * time)).clip(0, 0.48))
        level = 10 ** (-rng.uniform(0, 20) / 20)
        pulses = np.sin(2 * np.pi * (rng.uniform(1, 20) * time + rng.random())) > rng.choice([-1.0, 0.0])
        total += level * pulses * np.sin(phase + rng.uniform(0, 2 * np.pi))
    return (10 ** (-rng.uniform(0, 40) / 20) * total).astype(np.float32)


def _in_a_room(segment: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """With a tail of decaying noise, 3 to 20 dB below what comes directly. The time is that of 16 kHz."""
    seconds = np.arange(len(segment)) / 16000
    tail = rng.standard_normal(len(segment)) * np.exp(-6.9 * seconds / rng.uniform(0.1, 0.6)) * (seconds > 0.003)
    tail *= 10 ** (-rng.uniform(3, 20) / 20) / np.sqrt(np.sum(tail**2))
    size = 2 * len(segment)
    echo = np.fft.irfft(np.fft.rfft(segment, size) * np.fft.rfft(tail, size), size)
    return segment + echo[: len(segment)].astype(np.float32)


def _filtered(segment: np.ndarray, response: tuple[np.ndarray, float]) -> np.ndarray:
    gains, highest = response
    if highest == 1 and not gains.any():
        return segment
    frequencies = np.linspace(0, 1, len(segment) // 2 + 1)
    octaves = np.log2(frequencies + 2.0**-7)
    curve = 10 ** (np.interp(octaves, np.arange(-6, 1), gains) / 20)
    curve *= np.clip((highest - frequencies) / 0.02 + 1, 0, 1)
    return np.fft.irfft(np.fft.rfft(segment) * curve, len(segment)).astype(np.float32)
