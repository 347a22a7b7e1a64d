"""All training sound on one device, at several playing speeds."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torchaudio.functional import resample

from audiocodec import audio
from audiocodec.errors import AudioCodecError, AudioError
from audiocodec.train.data.segments import SILENCE

logger = logging.getLogger(__name__)

SPEEDS = 9  # odd: the middle one is 1
BLOCK_S = 120  # of sound resampled at a time


class SoundBank:
    """Int16 samples of all files in one tensor, from which segments are drawn without leaving the device.

    It takes 2 bytes a sample and speed: 3 GB an hour at 44.1 kHz. A segment may run from one file into the next.

    Args:
        domains: the files of each, and its weight.
        sample_rate: Hz, of the segments.
        speed: share of the segments played at another speed than 1.
        speed_range: the largest and, inverted, the smallest speed.
        device: where the samples are kept.

    Raises:
        AudioError: no file of a domain can be read.
    """

    def __init__(
        self,
        domains: Sequence[tuple[list[Path], float]],
        sample_rate: int,
        speed: float,
        speed_range: float,
        device: torch.device,
    ) -> None:
        self.speed = speed
        self.speeds = [1.0] if speed == 0 else [speed_range ** (2 * i / (SPEEDS - 1) - 1) for i in range(SPEEDS)]
        pieces: list[Tensor] = []
        places = []  # domain speed 2: where it begins, and its length
        begin = 0
        for paths, _ in domains:
            clips = _read(paths)
            rows = []
            for factor in self.speeds:
                played = [_played(clip, rate * factor / sample_rate, device) for clip, rate in clips]
                length = sum(map(len, played))
                rows.append((begin, length))
                begin += length
                pieces += played
            places.append(rows)
        self.samples = torch.cat(pieces).to(device)  # from the host: there is room for it once only
        self.places = torch.tensor(places, device=device, dtype=torch.float64)  # float32 counts to 2**24 only
        weights = torch.tensor([weight for _, weight in domains], device=device)
        self.edges = (weights / weights.sum()).cumsum(0)

    def draw(self, batch: int, samples: int) -> Tensor:
        """Random segments, "b t"; a silent one is drawn again, once."""
        first, second = self._draw(batch, samples), self._draw(batch, samples)
        return torch.where(first.square().mean(1, keepdim=True) < SILENCE, second, first)

    def _draw(self, batch: int, samples: int) -> Tensor:
        device = self.samples.device
        domain = torch.bucketize(torch.rand(batch, device=device), self.edges).clamp(max=len(self.edges) - 1)
        other = (torch.rand(batch, device=device) * len(self.speeds)).long().clamp(max=len(self.speeds) - 1)
        varied = torch.rand(batch, device=device) < self.speed
        begin, length = self.places[domain, torch.where(varied, other, len(self.speeds) // 2)].unbind(1)
        room = (length - samples - 1).clamp_min(0)
        start = begin + (torch.rand(batch, device=device, dtype=torch.float64) * room).floor()
        index = start.long()[:, None] + torch.arange(samples, device=device)
        return self.samples[index.clamp(max=len(self.samples) - 1)].float() / 32768


def _read(paths: list[Path]) -> list[tuple[np.ndarray, int]]:
    """Mono int16 samples and rate of each file; those that cannot be read are logged."""

    def one(path: Path) -> tuple[np.ndarray, int] | None:
        try:
            wav, rate = audio.read(path)
        except AudioCodecError as error:
            logger.warning("skipped: %s", error)
            return None
        return (wav.mean(0) * 32768).round().clip(-32768, 32767).astype(np.int16), rate

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        clips = [clip for clip in pool.map(one, paths) if clip is not None and len(clip[0])]
    if not clips:
        raise AudioError(f"none of {len(paths)} sound files can be read, the first is {paths[0]}")
    return clips


def _played(clip: np.ndarray, ratio: float, device: torch.device) -> Tensor:
    """int16 "t" -> the same with `ratio` times fewer samples, resampled on the device."""
    fraction = Fraction(ratio).limit_denominator(200)
    samples = torch.from_numpy(clip)
    if fraction == 1:
        return samples
    rates = fraction.numerator, fraction.denominator
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):  # its 10 bits would be noise at -66 dB
        blocks = [
            resample(block.to(device).float(), *rates, lowpass_filter_width=48, rolloff=0.97)
            for block in torch.split(samples, BLOCK_S * 48_000)
        ]
    return torch.cat(blocks).round().clamp(-32768, 32767).short().cpu()
