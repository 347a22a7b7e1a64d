"""Training segments by number: segment i of a run is the same whoever asks for it, and when."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from audiocodec.errors import AudioCodecError, AudioError
from audiocodec.train.data.augment import Augment, mixed
from audiocodec.train.data.sources import Source

logger = logging.getLogger(__name__)

TRIES = 20
SILENCE = 1e-6  # mean square, -60 dBFS


class LoaderKilledError(AudioCodecError):
    """A process of `data.workers` is gone, perhaps for want of memory; the weights are sound."""


class SegmentDataset(Dataset[np.ndarray]):
    """Segment i, a function of the seed and i alone.

    That makes a resumed run see what the unbroken one would have seen, and several processes or
    loader workers together what one would. Sources are drawn by weight, files by length, places
    evenly; a segment never crosses from one file into the next, and silent places and broken
    files are drawn again.

    Args:
        sources: one for each domain, with its weight.
        segment_samples: length of a segment.
        augment: changes made to each.
        seed: of everything drawn.

    Raises:
        AudioError: no sources, or no positive weight.
    """

    def __init__(
        self, sources: Sequence[tuple[Source, float]], segment_samples: int, augment: Augment, seed: int = 0
    ) -> None:
        weights = np.array([weight for _, weight in sources], dtype=float)
        if len(sources) == 0 or weights.min() < 0 or weights.sum() <= 0:
            raise AudioError("the weights of the data must be positive")
        self.sources = [source for source, _ in sources]
        self.weights = weights / weights.sum()
        self.segment_samples, self.augment, self.seed = segment_samples, augment, seed
        self._told = False  # of silence
        self._usable = [_long_enough(source.lengths, segment_samples) for source in self.sources]

    def __getitem__(self, index: int) -> np.ndarray:
        """Segment `index`, "1 t", float32.

        Raises:
            AudioError: 20 files drawn one after the other could not be read.
        """
        rng = np.random.default_rng([self.seed, index])
        segment = self._draw(rng)
        if level := self.augment.draw_mix(rng):
            segment = mixed(segment, self._draw(rng), level)
        return self.augment(segment, rng)[None]

    def _draw(self, rng: np.random.Generator) -> np.ndarray:
        segment, read = np.zeros(self.segment_samples, np.float32), False
        for _ in range(TRIES):
            try:
                piece = self._piece(rng)
            except AudioError:
                continue
            read = True
            segment[: len(piece)], segment[len(piece) :] = piece, 0
            if np.mean(segment**2) > SILENCE:
                return segment
        if not read:
            raise AudioError(f"{TRIES} pieces of training data in a row could not be read")
        if not self._told:
            self._told = True
            logger.warning(
                "%d pieces of training data in a row were silent; is all of it? are channels out of phase?",
                TRIES,
            )
        return segment

    def _piece(self, rng: np.random.Generator) -> np.ndarray:
        domain = rng.choice(len(self.sources), p=self.weights)
        source, (files, ends) = self.sources[domain], self._usable[domain]
        file = int(files[np.searchsorted(ends, rng.random(), side="right")])
        speed = self.augment.draw_speed(rng)
        room = source.lengths[file] - int(self.segment_samples * speed) - 64
        return source.read(file, int(rng.integers(0, max(1, room + 1))), self.segment_samples, speed)


def _long_enough(lengths: np.ndarray, segment_samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of files that hold a segment (or the longest, if none does), and where each one's share of 1 ends."""
    usable = np.flatnonzero(lengths >= segment_samples)
    if len(usable) == 0:
        usable = np.array([int(np.argmax(lengths))])
    ends = np.cumsum(lengths[usable], dtype=float)
    ends[-1:] *= 1 + 1e-9  # no draw falls after the last
    return usable, ends / np.sum(lengths[usable])


class _StepSampler:
    """For each step from `first` on, the numbers of this rank's segments."""

    def __init__(self, first: int, batch_size: int, rank: int, world_size: int) -> None:
        self.first, self.batch_size, self.rank, self.world_size = first, batch_size, rank, world_size

    def __iter__(self) -> Iterator[list[int]]:
        step = self.first
        while True:
            start = (step * self.world_size + self.rank) * self.batch_size
            yield list(range(start, start + self.batch_size))
            step += 1


def batches(
    dataset: SegmentDataset, batch_size: int, first_step: int = 0, rank: int = 0, world_size: int = 1, workers: int = 0
) -> Iterator[torch.Tensor]:
    """Endless batches "b 1 t" of this rank, beginning at `first_step`.

    Args:
        dataset: of segments.
        batch_size: segments of one rank. All ranks together get what one process would get with
            `batch_size * world_size`.
        first_step: training step of the first batch.
        rank: number of this process.
        world_size: number of processes.
        workers: processes that read ahead; 0 reads in this one.

    Raises:
        LoaderKilledError: one of these was killed.
    """
    loader: DataLoader[np.ndarray] = DataLoader(
        dataset,
        batch_sampler=_StepSampler(first_step, batch_size, rank, world_size),
        num_workers=workers,
        pin_memory=torch.cuda.is_available(),
        prefetch_factor=4 if workers else None,
    )
    return _alive(iter(loader))


def _alive(found: Iterator[Any]) -> Iterator[Any]:
    while True:
        try:
            batch = next(found)
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            raise LoaderKilledError(f"a process that reads data was killed ({str(error).splitlines()[0]})") from error
        yield batch
