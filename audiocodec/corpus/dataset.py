"""Token corpora as torch datasets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audiocodec._util.extras import require
from audiocodec._util.numbers import check_count
from audiocodec.corpus import Corpus, Item, open_corpus
from audiocodec.errors import ConfigError

require("torch", "torch")
import torch  # noqa: E402
from torch.utils.data import IterableDataset, get_worker_info  # noqa: E402


class TokenDataset(IterableDataset[dict[str, Any]]):
    """Codes of a corpus made by `audiocodec tokenize`, in any of its formats.

    Every process and every worker of a `DataLoader` gets its own part of the sounds: each is read once per epoch, and
    parts differ by at most one sound. The order of the shards, and of all crops of a shard, is drawn from `seed` and
    epoch.

    Args:
        folder: of the corpus, or its URL.
        frames: length of crops; a sound yields as many consecutive ones as fit, from a random start, and none if it
            is shorter. None: whole sounds.
        seed: of the order and the crops; None: the order of the corpus, with crops starting at the first frame.
        rank: of this process; by default that of `torch.distributed`, if it is in use.
        world_size: processes.

    Raises:
        TokenFileError: there is no finished corpus.
        ConfigError: `frames`, `rank` or `world_size` is out of range.

    Yields:
        A dictionary for each crop of each row of codes: `codes` "q t", int64; `path`; `row`; `start`, the first frame;
        and the metadata of the sound.
    """

    def __init__(
        self,
        folder: str,
        frames: int | None = None,
        seed: int | None = 0,
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        self.corpus: Corpus = open_corpus(folder)
        together = torch.distributed.is_available() and torch.distributed.is_initialized()
        self.rank = (torch.distributed.get_rank() if together else 0) if rank is None else rank
        self.world_size = (torch.distributed.get_world_size() if together else 1) if world_size is None else world_size
        if not 0 <= self.rank < self.world_size:
            raise ConfigError(f"rank {self.rank} of {self.world_size} processes cannot be, it counts from 0")
        self.frames, self.seed = None if frames is None else check_count(frames, "frames", 1), seed
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]  # workers that live on see it change

    def set_epoch(self, epoch: int) -> None:
        """Draw a new order; call it in every process before the epoch begins."""
        self._epoch.fill_(epoch)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Index of the part of this process and worker, and the number of parts."""
        worker = get_worker_info()
        index, count = (worker.id, worker.num_workers) if worker else (0, 1)
        part, parts = self.rank * count + index, self.world_size * count
        for shard, sounds in self._part(part, parts):
            crops = [(sounds[i], row, start) for i in sounds for row, start in self._crops(sounds[i], shard, i)]
            for n in self._order(len(crops), shard, part, 0):
                item, row, start = crops[n]
                codes = item.tokens.codes[row, :, start:][:, : self.frames]
                fields = {"path": item.path, "row": row, "start": start}
                yield {**item.metadata, **fields, "codes": torch.from_numpy(codes.copy())}

    def _part(self, part: int, parts: int) -> Iterator[tuple[int, dict[int, Item]]]:
        """Part `part` of `parts` of all sounds in this epoch's order, by shard; reads only the shards needed."""
        counts = [shard["sounds"] for shard in self.corpus.manifest["shards"]]
        begin, end = (sum(counts) * i // parts for i in (part, part + 1))
        at = 0
        for shard in self._order(len(counts)):
            first, last = max(begin - at, 0), min(end - at, counts[shard])
            at += counts[shard]
            if first < last:
                items = list(self.corpus.read(shard))
                yield shard, {i: items[i] for i in self._order(len(items), shard)[first:last]}

    def _crops(self, item: Item, *key: int) -> list[tuple[int, int]]:
        """Row and first frame of the crops of a sound."""
        rows, _, total = item.tokens.codes.shape
        length = self.frames or max(total, 1)
        generator = self._generator(*key)
        spare = total % length if total >= length else 0
        offset = 0 if generator is None else int(generator.integers(spare + 1))
        return [(row, offset + n * length) for n in range(total // length) for row in range(rows)]

    def _order(self, count: int, *key: int) -> list[int]:
        generator = self._generator(*key)
        return list(range(count)) if generator is None else [int(i) for i in generator.permutation(count)]

    def _generator(self, *key: int) -> np.random.Generator | None:
        return None if self.seed is None else np.random.default_rng([self.seed, int(self._epoch), *key])
