"""An int16 copy of a folder of sound, decoded and resampled once, read by memory map."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiocodec import audio
from audiocodec.errors import AudioCodecError, AudioError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SampleCache:
    """Mono samples of many files, end to end.

    Attributes:
        samples: "t", int16, full scale 32768.
        starts: "n + 1", first sample of each file, and the end of the last.
        sample_rate: Hz.
    """

    samples: np.ndarray
    starts: np.ndarray
    sample_rate: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.sample_rate


def _mono_int16(path: Path, sample_rate: int) -> Iterator[np.ndarray]:
    for block in audio.stream_resampled(path, sample_rate):
        mono = block.mean(axis=0)
        yield np.clip(np.round(mono * 32768), -32768, 32767).astype("<i2")


def _key(paths: list[Path], sample_rate: int) -> str:
    listing = [[str(p), p.stat().st_size, p.stat().st_mtime_ns] for p in paths]
    return hashlib.sha256(json.dumps([sample_rate, listing]).encode()).hexdigest()[:16]


def build_cache(root: Path, sample_rate: int, folder: Path) -> SampleCache:
    """Decode every sound file under `root` once; later calls only map the result.

    Args:
        root: folder searched recursively; channels are averaged.
        sample_rate: Hz, of the cached samples.
        folder: where the cache is kept; it takes 2 bytes a sample.

    Raises:
        AudioError: no file under `root` could be read. Single broken files are logged and skipped.
    """
    paths = audio.list_audio_files(root)
    key = _key(paths, sample_rate)
    data_path, index_path = folder / f"{key}.i2", folder / f"{key}.json"
    if not index_path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        starts = [0]
        temporary = data_path.with_suffix(".part")
        with temporary.open("wb") as file:
            for path in paths:
                try:
                    for block in _mono_int16(path, sample_rate):
                        file.write(block.tobytes())
                except AudioCodecError as error:
                    logger.warning("skipped: %s", error)
                if file.tell() // 2 > starts[-1]:
                    starts.append(file.tell() // 2)
        os.replace(temporary, data_path)
        index_path.write_text(json.dumps({"starts": starts}))
    starts = json.loads(index_path.read_text())["starts"]
    if len(starts) < 2:
        raise AudioError(f"{root}: no sound file here can be read")
    samples = np.memmap(data_path, dtype="<i2", mode="r")
    return SampleCache(samples, np.asarray(starts), sample_rate)
