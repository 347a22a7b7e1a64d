"""Reading, writing and resampling sound. Arrays are float32 "c t", rates in Hz."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import soundfile
import soxr

from audiocodec.errors import AudioError, OutputError

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
            raise AudioError(f"{path}: cannot be read as sound ({_reason(error)})") from error
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
                raise AudioError(f"{self.path}: breaks off while being read ({_reason(error)})") from error
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


def _reason(error: Exception) -> str:
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


class AudioWriter:
    """A sound file written block by block (libsndfile crashes on long Vorbis in one call).

    Args:
        path: where to write; the file is replaced.
        sample_rate: Hz.
        channels: of every block.
        suffix: tells the format (".wav", ".flac", ...); 16-bit where the format has bits.
        tags: written as far as the format has a place for them; names not in `TAGS` are left out.

    Raises:
        OutputError: the format is unknown or cannot hold this rate or channel count.
    """

    def __init__(
        self, path: Path, sample_rate: int, channels: int, suffix: str, tags: Mapping[str, str] | None = None
    ) -> None:
        self.path = path
        formats: dict[str, dict[str, Any]] = {
            ".opus": {"format": "OGG", "subtype": "OPUS"},
            ".oga": {"format": "OGG"},
            ".aif": {"format": "AIFF"},
        }
        spec = formats.get(suffix.lower(), {"format": suffix.lower().lstrip(".").upper()})
        if spec["format"] not in soundfile.available_formats():
            raise OutputError(f"cannot write {suffix or 'a file without suffix'}; try .wav or .flac")
        spec.setdefault("subtype", "PCM_16" if spec["format"] not in ("OGG", "MP3") else None)
        try:
            self._file = soundfile.SoundFile(os.fsencode(path), "w", samplerate=sample_rate, channels=channels, **spec)
        except (soundfile.LibsndfileError, OSError, ValueError) as error:
            raise OutputError(
                f"cannot write {suffix} with {channels} channels at {sample_rate} Hz ({_reason(error)})"
            ) from error
        for name, text in (tags or {}).items():
            if name in TAGS:
                with contextlib.suppress(soundfile.LibsndfileError):
                    setattr(self._file, name, text)

    def write(self, block: np.ndarray) -> None:
        """block: "c t", clipped to full scale.

        Raises:
            OutputError: the disk is full, or the like.
        """
        try:
            self._file.write(np.clip(block.T, -1.0, 1.0))
        except (soundfile.LibsndfileError, OSError, AssertionError) as error:  # it asserts that all was written
            raise OutputError(f"{self.path}: cannot be written ({_reason(error) or 'no space left?'})") from error

    def close(self) -> None:
        """Finish the file. Raises: OutputError if that fails."""
        try:
            self._file.close()
        except (soundfile.LibsndfileError, OSError) as error:
            raise OutputError(f"{self.path}: cannot be written ({_reason(error)})") from error


class WavPipe:
    """A WAV of 16 bits written into something that cannot seek; without a known length its header promises none.

    Args:
        output: gets the header with the first block.
        sample_rate: Hz.
        channels: of every block.
        samples: in each channel, if known.
    """

    def __init__(self, output: BinaryIO, sample_rate: int, channels: int, samples: int | None) -> None:
        self._output, self._started = output, False
        size = min(2**32 - 1 if samples is None else samples * channels * 2, 2**32 - 1)
        self._header = struct.pack(
            "<4sI4s4sIHHIIHH4sI",
            *(b"RIFF", min(size + 36, 2**32 - 1), b"WAVE", b"fmt ", 16, 1, channels),
            *(sample_rate, sample_rate * channels * 2, channels * 2, 16, b"data", size),
        )

    def write(self, block: np.ndarray) -> None:
        """block: "c t", clipped to full scale."""
        if not self._started:
            self._output.write(self._header)
            self._started = True
        self._output.write(np.rint(np.clip(block.T, -1.0, 1.0) * 32767).astype("<i2").tobytes())
        self._output.flush()

    def close(self) -> None:
        """The output stays open."""
