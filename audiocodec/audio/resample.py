"""Resampling, whole or block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import soxr


class Resampler:
    """Resamples a stream block by block with soxr HQ; equal rates pass through.

    Args:
        rate_in: Hz.
        rate_out: Hz.
        channels: of every block.
    """

    def __init__(self, rate_in: int, rate_out: int, channels: int) -> None:
        self.channels = channels
        self._stream = (
            None if rate_in == rate_out else soxr.ResampleStream(rate_in, rate_out, channels, dtype="float32")
        )

    def push(self, block: np.ndarray, last: bool = False) -> np.ndarray:
        """block: "c t" -> what is ready by now, "c t"; with `last`, all the rest."""
        if self._stream is None:
            return block
        out = self._stream.resample_chunk(np.ascontiguousarray(block.T), last=last)
        return np.ascontiguousarray(out.reshape(-1, self.channels).T)


def resample_blocks(blocks: Iterable[np.ndarray], rate_in: int, rate_out: int, channels: int) -> Iterator[np.ndarray]:
    """A stream of blocks "c t" at another rate."""
    resampler = Resampler(rate_in, rate_out, channels)
    for block in blocks:
        out = resampler.push(block)
        if out.shape[1]:
            yield out
    out = resampler.push(np.zeros((channels, 0), np.float32), last=True)
    if out.shape[1]:
        yield out


def resample(wav: np.ndarray, rate_in: int, rate_out: int) -> np.ndarray:
    """wav: "c t" -> "c t" at another rate."""
    blocks = list(resample_blocks([wav], rate_in, rate_out, len(wav)))
    return np.concatenate([wav[:, :0], *blocks], axis=1)
