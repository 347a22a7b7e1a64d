"""Reading sound files, whole or block by block."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
import soundfile

from audiocodec.audio.resample import resample_blocks
from audiocodec.errors import AudioError

SUFFIXES = frozenset(
    {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf", ".w64", ".rf64"}
)
BLOCK_SAMPLES = 1 << 16
TAGS = ("title", "artist", "album", "tracknumber", "date", "genre", "comment", "copyright", "license")
MAX_CHANNELS = 255
MIN_SAMPLE_RATE, MAX_SAMPLE_RATE = 100, 1_000_000


def list_audio_files(root: Path) -> list[Path]:
    """Every sound file below `root` (or `root` itself), sorted, told by suffix.

    Raises:
        AudioError: there is none.
    """
    if not root.is_dir():
        return [root]
    paths = sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if not paths:
        raise AudioError(f"{root}: no sound file found here (looked for {' '.join(sorted(SUFFIXES))})")
    return paths


def check_samples(samples: np.ndarray, name: str) -> None:
    """Refuse NaN and infinity.

    Raises:
        AudioError: `samples` holds either.
    """
    if not np.isfinite(samples).all():
        raise AudioError(f"{name}: holds NaN or infinite samples")


class AudioReader:
    """A sound file read block by block.

    Args:
        path: any file that libsndfile reads.

    Attributes:
        sample_rate: Hz.
        channels: at most 255.
        samples: in each channel, by the header.
        tags: text that the file carries: title, artist and the like.
        on_block: called with the number of samples of each block read.

    Raises:
        AudioError: the file is missing, is no sound, or is cut short.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.is_dir():
            raise AudioError(f"{path}: is a folder, not a sound file")
        if not path.exists():
            raise AudioError(f"{path}: no such file")
        try:
            if path.stat().st_size == 0:
                raise AudioError(f"{path}: is empty (0 bytes)")
            self._file = soundfile.SoundFile(os.fsencode(path))
        except (soundfile.LibsndfileError, OSError, TypeError) as error:
            raise AudioError(f"{path}: cannot be read as sound ({reason(error)})") from error
        self.sample_rate = int(self._file.samplerate)
        self.channels = int(self._file.channels)
        self.samples = int(self._file.frames)
        self.tags = _tags(self._file)
        self.on_block: Callable[[int], None] = lambda samples: None
        try:
            self._check()
        except AudioError:
            self._file.close()
            raise

    def _check(self) -> None:
        check_rate(self.sample_rate, str(self.path))
        if self.channels > MAX_CHANNELS:
            raise AudioError(f"{self.path}: has {self.channels} channels, at most {MAX_CHANNELS} can be coded")
        missing = _missing_bytes(self.path)
        if missing:
            raise AudioError(f"{self.path}: is cut short, {missing} bytes that its header promises are missing")

    def __enter__(self) -> AudioReader:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[np.ndarray]:
        """Blocks "c t" of at most `BLOCK_SAMPLES`, checked for NaN.

        Raises:
            AudioError: a block cannot be decoded, or holds NaN or infinity.
        """
        while True:
            try:
                block = self._file.read(BLOCK_SAMPLES, dtype="float32", always_2d=True)
            except (soundfile.LibsndfileError, OSError) as error:
                raise AudioError(f"{self.path}: breaks off while being read ({reason(error)})") from error
            if len(block) == 0:
                return
            check_samples(block, str(self.path))
            self.on_block(len(block))
            yield np.ascontiguousarray(block.T)


def _tags(file: soundfile.SoundFile) -> dict[str, str]:
    """What is readable of the tags of an open file."""
    found = {}
    for name in TAGS:
        with contextlib.suppress(UnicodeDecodeError):
            found[name] = str(getattr(file, name))
    return {name: text for name, text in found.items() if text}


def check_rate(sample_rate: int, name: str) -> None:
    """Refuse sample rates that no sound has.

    Raises:
        AudioError: outside 100 Hz to 1 MHz.
    """
    if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise AudioError(f"{name}: sample rate {sample_rate} Hz is outside {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz")


def reason(error: Exception) -> str:
    """What libsndfile or the system says, without a full stop."""
    text = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    return str(text).strip().rstrip(".")


def _missing_bytes(path: Path) -> int:
    """Bytes that the data chunk of a RIFF WAV promises beyond the end of the file.

    libsndfile reads such a file as if it were whole. Sizes of 2**31 - 1 and above are what
    programs write that do not know the length; they promise nothing.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return 0
        while len(chunk := file.read(8)) == 8:
            length = int.from_bytes(chunk[4:], "little")
            if chunk[:4] == b"data":
                unknown = length >= 2**31 - 1 - 2**16
                return 0 if unknown else max(0, file.tell() + length - size)
            file.seek(length + length % 2, os.SEEK_CUR)
    return 0


def stream_resampled(path: Path, sample_rate: int) -> Iterator[np.ndarray]:
    """Blocks "c t" of a file at `sample_rate`.

    Raises:
        AudioError: see `AudioReader`.
    """
    with AudioReader(path) as reader:
        yield from resample_blocks(reader, reader.sample_rate, sample_rate, reader.channels)


def read(path: str | Path, sample_rate: int | None = None) -> tuple[np.ndarray, int]:
    """A whole file, "c t", and its rate; resampled if `sample_rate` is given.

    Raises:
        AudioError: see `AudioReader`.
    """
    with AudioReader(Path(path)) as reader:
        rate = sample_rate or reader.sample_rate
        blocks = list(resample_blocks(reader, reader.sample_rate, rate, reader.channels))
        return np.concatenate([np.zeros((reader.channels, 0), np.float32), *blocks], axis=1), rate
