"""Files that libsndfile reads, and WAV with 24 bits in 4 bytes, which it reads wrong."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from audiocodec.audio import container

TAGS = ("title", "artist", "album", "tracknumber", "date", "genre", "comment", "copyright", "license")
VORBIS_ORDER = {  # where the channels of a WAV are in Vorbis and Opus; fewer than three are in the same order
    3: (0, 2, 1),
    5: (0, 2, 1, 3, 4),
    6: (0, 2, 1, 5, 3, 4),
    7: (0, 2, 1, 6, 5, 3, 4),
    8: (0, 2, 1, 7, 5, 6, 3, 4),
}


class _Forwards(soundfile.SoundFile):  # type: ignore[misc]
    """A file that is only read from its start to its end.

    `soundfile` seeks after every read of a file that can seek, which changes nothing but in an MP3: there the decoder
    loses the bits that earlier frames hold for the next ones, and what follows is noise.
    """

    def seekable(self) -> bool:
        """Never."""
        return False


class SndFile:
    """A file open in libsndfile.

    Args:
        path: of the file.

    Attributes:
        sample_rate: Hz.
        channels: of the sound.
        samples: of each channel, as libsndfile has it.
        tags: text that the file carries.

    Raises:
        soundfile.LibsndfileError, OSError, TypeError: it does not open.
    """

    def __init__(self, path: Path) -> None:
        self._file = _Forwards(os.fsencode(path))
        self.sample_rate, self.channels = int(self._file.samplerate), int(self._file.channels)
        self.samples = int(self._file.frames)
        self.tags = _tags(self._file)
        self._order = VORBIS_ORDER.get(self.channels) if self._file.format == "OGG" else None
        self._wide = _wide_start(path, self.channels) if self._file.format in ("WAV", "WAVEX") else None
        if self._wide is not None:
            self.samples = self._wide[1] // (4 * self.channels)
        self._path = path

    def blocks(self, samples: int) -> Iterator[np.ndarray]:
        """Blocks "t c" of at most that many samples, float32, channels in the order of WAV.

        Raises:
            soundfile.LibsndfileError, OSError: it breaks off.
        """
        if self._wide is not None:
            yield from _wide_blocks(self._path, self._wide, self.channels, samples)
            return
        while len(block := self._file.read(samples, dtype="float32", always_2d=True)):
            yield block if self._order is None else block[:, self._order]

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _tags(file: soundfile.SoundFile) -> dict[str, str]:
    """What is readable of the tags of an open file."""
    found = {}
    for name in TAGS:
        with contextlib.suppress(UnicodeDecodeError):
            found[name] = str(getattr(file, name))
    return {name: text for name, text in found.items() if text}


def _wide_start(path: Path, channels: int) -> tuple[int, int] | None:
    """Start and bytes of the sound of a WAV whose 24 bits lie in the lower three of 4 bytes."""
    size = path.stat().st_size
    with path.open("rb") as file:
        fields = _format(file)
        extent = container.find_extent(file, size) if fields else None
    if extent is None or fields is None:
        return None
    tag, align, bits = fields
    if tag not in (1, 0xFFFE) or bits != 24 or align != 4 * channels:
        return None
    return extent.start, size - extent.start if extent.size is None else extent.size


def _format(file: BinaryIO) -> tuple[int, int, int] | None:
    """Format, bytes per frame, and bits per sample of a WAV."""
    file.seek(12)
    while len(head := file.read(8)) == 8:
        size = int.from_bytes(head[4:], "little")
        if head[:4] == b"fmt ":
            body = file.read(16)
            return tuple(int.from_bytes(body[i : i + 2], "little") for i in (0, 12, 14))  # type: ignore[return-value]
        file.seek(size + size % 2, os.SEEK_CUR)
    return None


def _wide_blocks(path: Path, place: tuple[int, int], channels: int, samples: int) -> Iterator[np.ndarray]:
    start, size = place
    with path.open("rb") as file:
        file.seek(start)
        left = size // (4 * channels)
        while left:
            data = np.frombuffer(file.read(4 * channels * min(samples, left)), "<i4").reshape(-1, channels)
            if not len(data):
                return
            left -= len(data)
            yield ((data << 8) >> 8).astype(np.float32) / 2**23
