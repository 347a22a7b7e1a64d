"""An int16 copy of a folder of sound, decoded and resampled once, read by memory map."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiocodec import audio
from audiocodec._util.files import replacing
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


def build_cache(paths: list[Path], sample_rate: int, folder: Path) -> SampleCache:
    """Decode sound files once; later calls only map the result.

    Args:
        paths: of the files; channels are averaged.
        sample_rate: Hz, of the cached samples.
        folder: where the cache is kept; it takes 2 bytes a sample.

    Raises:
        AudioError: no file could be read. Single broken files are logged and skipped.
        OutputError: the cache cannot be written.
    """
    key = _key([path for path in paths if path.is_file()], sample_rate)
    data_path, index_path = folder / f"{key}.i2", folder / f"{key}.json"
    if not (index_path.exists() and data_path.exists()):
        with replacing(data_path, overwrite=True) as temporary:
            starts = _write_samples(paths, sample_rate, temporary)
        if len(starts) < 2:
            data_path.unlink()
            raise AudioError(f"none of {len(paths)} sound files can be read, the first is {paths[0]}")
        with replacing(index_path, overwrite=True) as temporary:
            temporary.write_text(json.dumps({"starts": starts}))
    starts = json.loads(index_path.read_text())["starts"]
    return SampleCache(np.memmap(data_path, dtype="<i2", mode="r"), np.asarray(starts), sample_rate)


def _write_samples(paths: list[Path], sample_rate: int, target: Path) -> list[int]:
    """All files end to end; returns where each starts, and the end."""
    starts = [0]
    with target.open("wb") as file:
        for path in paths:
            try:
                for block in _mono_int16(path, sample_rate):
                    file.write(block.tobytes())
            except AudioCodecError as error:
                logger.warning("skipped: %s", error)
                file.seek(starts[-1] * 2)
                file.truncate()
            if file.tell() // 2 > starts[-1]:
                starts.append(file.tell() // 2)
    return starts
