"""The plan of a corpus, fixed before work starts, so that its shards depend on neither workers nor timing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from audiocodec.corpus.sounds import Sound

LEAST, MOST, SHARDS = 8, 1000, 64
MOST_BYTES = 2**29  # of sound files, on average: a shard is held in memory until it is written


@dataclass(frozen=True)
class Settings:
    """The settings that determine a corpus.

    Attributes:
        audiocodec: version of this package.
        format: a name of `FORMATS`.
        model: name of the model, as token files hold it.
        model_version: of its weights.
        model_hash: of the weights that tokens depend on, in hexadecimal.
        backend: "onnx", or "torch" on the CPU; a code in a million differs between them. "torch/cuda" and the like: on
            another device, where tokens are not guaranteed to be bit-identical.
        num_codebooks: kept.
        sounds_per_shard: of all shards but the last.
        input: hash of the list of sounds, their sizes and metadata.
        high_pass: Hz below which sounds were filtered; 0: not at all, as by older versions, which did not write it.
    """

    audiocodec: str
    format: str
    model: str
    model_version: str
    model_hash: str
    backend: str
    num_codebooks: int
    sounds_per_shard: int
    input: str
    high_pass: float = 0.0

    @property
    def library(self) -> str:
        """The `backend` of `audiocodec.load`."""
        return self.backend.partition("/")[0]

    @property
    def device(self) -> str:
        """The `device` of `audiocodec.load`."""
        return self.backend.partition("/")[2] or "cpu"


@dataclass(frozen=True)
class Shard:
    """A part of the sorted list of sounds.

    Attributes:
        index: of the shard.
        first: index of its first sound in the whole list.
        sounds: in order.
    """

    index: int
    first: int
    sounds: tuple[Sound, ...]

    @property
    def name(self) -> str:
        return f"shard-{self.index:05d}"


def usual_shard(sounds: Sequence[Sound]) -> int:
    """Default number of sounds per shard: enough shards to distribute, none of them huge."""
    mean = max(1, sum(sound.size for sound in sounds) // len(sounds))
    return min(MOST, max(LEAST, -(-len(sounds) // SHARDS)), max(1, MOST_BYTES // mean))


def cut(sounds: Sequence[Sound], size: int) -> list[Shard]:
    """The sorted list in shards of `size` sounds."""
    starts = range(0, len(sounds), size)
    return [Shard(i, start, tuple(sounds[start : start + size])) for i, start in enumerate(starts)]


def fingerprint(sounds: Sequence[Sound]) -> str:
    """A hash of a list of sounds, without their location."""
    digest = hashlib.sha256()
    for sound in sounds:
        fields = {key: value for key, value in asdict(sound).items() if key != "root"}
        digest.update(json.dumps(fields, sort_keys=True).encode() + b"\n")
    return digest.hexdigest()[:32]
