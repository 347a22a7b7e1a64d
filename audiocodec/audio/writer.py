"""Writing sound files and pipes."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile

from audiocodec._util.files import replacing
from audiocodec.audio.reader import BLOCK_SAMPLES, check_rate, check_samples, reason
from audiocodec.audio.sndfile import TAGS, VORBIS_ORDER
from audiocodec.errors import AudioError, OutputError

FORMATS: dict[str, dict[str, str]] = {  # of suffixes that libsndfile calls otherwise
    ".opus": {"format": "OGG", "subtype": "OPUS"},
    ".oga": {"format": "OGG"},
    ".aif": {"format": "AIFF"},
}


def format_of(suffix: str) -> dict[str, Any]:
    """What libsndfile calls the format of a suffix: `format` and `subtype`.

    Raises:
        OutputError: it is unknown, or takes a second file beside the first.
    """
    spec: dict[str, Any] = dict(FORMATS.get(suffix.lower(), {"format": suffix.lower().lstrip(".").upper()}))
    if spec["format"] == "SD2":
        raise OutputError(f"cannot write {suffix}, which keeps rate and channels in a second file; try .wav or .flac")
    if spec["format"] not in soundfile.available_formats():
        raise OutputError(f"cannot write {suffix or 'a file without suffix'}; try .wav or .flac")
    spec.setdefault("subtype", "PCM_16" if spec["format"] not in ("OGG", "MP3") else None)
    return spec


class AudioWriter:
    """A sound file written block by block (libsndfile crashes on long Vorbis in one call).

    Args:
        path: where to write; the file is replaced.
        sample_rate: Hz.
        channels: of every block.
        suffix: tells the format (".wav", ".flac", ...); 16-bit where the format has bits.
        tags: written as far as the format has a place for them; names not in `TAGS` are left out.
        name: of the file, for messages; by default `path`.

    Raises:
        OutputError: the format is unknown or cannot hold this rate or channel count.
    """

    def __init__(
        self,
        path: Path,
        sample_rate: int,
        channels: int,
        suffix: str,
        tags: Mapping[str, str] | None = None,
        name: Path | None = None,
    ) -> None:
        self.name = name or path
        spec = format_of(suffix)
        try:
            self._file = soundfile.SoundFile(os.fsencode(path), "w", samplerate=sample_rate, channels=channels, **spec)
        except (soundfile.LibsndfileError, OSError, ValueError) as error:
            raise OutputError(
                f"cannot write {suffix} with {channels} channels at {sample_rate} Hz ({reason(error)})"
            ) from error
        for tag, text in (tags or {}).items():
            if tag in TAGS:
                with contextlib.suppress(soundfile.LibsndfileError):
                    setattr(self._file, tag, text)

    def write(self, block: np.ndarray) -> None:
        """block: "c t", clipped to full scale, channels in the order of WAV; 16 bits are rounded to the nearest.

        Raises:
            AudioError: the block holds NaN.
            OutputError: the disk is full, or the like.
        """
        if np.isnan(block).any():
            raise AudioError(f"{self.name}: what is to be written holds NaN")
        try:
            self._file.write(self._as_held(block.T))
        except (soundfile.LibsndfileError, OSError, AssertionError) as error:  # it asserts that all was written
            raise OutputError(f"{self.name}: cannot be written ({_said(error)})") from error

    def _as_held(self, block: np.ndarray) -> np.ndarray:
        if self._file.subtype == "PCM_16":
            return to_int16(block)
        order = VORBIS_ORDER.get(block.shape[1]) if self._file.format == "OGG" else None
        clipped = np.clip(block, -1.0, 1.0)
        return clipped if order is None else clipped[:, np.argsort(order)]

    def close(self) -> None:
        """Finish the file. Raises: OutputError if that fails."""
        try:
            self._file.close()
        except (soundfile.LibsndfileError, OSError) as error:
            raise OutputError(f"{self.name}: cannot be written ({_said(error)})") from error


def to_int16(samples: np.ndarray) -> np.ndarray:
    """Samples to the nearest of 16 bits, clipped to full scale."""
    return np.rint(np.clip(samples, -1, 32767 / 32768) * 32768).astype("<i2")


def _said(error: Exception) -> str:
    """Of a full disk libsndfile says nothing, or little."""
    said = reason(error)
    return "is the disk full?" if said in ("", "System error") else said


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
        self._output.write(to_int16(block.T).tobytes())
        self._output.flush()

    def close(self) -> None:
        """The output stays open."""


def write(path: str | Path, wav: np.ndarray, sample_rate: int, overwrite: bool = False) -> None:
    """Write a whole file; its format follows from the suffix; 16-bit where the format has bits.

    Args:
        path: where to write; on any error it is as it was.
        wav: "c t" or "t", floats, clipped to [-1, 1].
        sample_rate: Hz.
        overwrite: allow `path` to exist.

    Raises:
        AudioError: the shape is wrong, the rate is none, or there are NaN or infinite samples.
        OutputError: `path` exists, its format is unknown or cannot hold `wav`, or it cannot be written.
    """
    path, wav = Path(path), np.atleast_2d(wav)
    if wav.ndim != 2 or not np.issubdtype(wav.dtype, np.floating):
        raise AudioError(f"wav must be floats 't' or 'c t', got {wav.dtype} of shape {wav.shape}")
    check_samples(wav, "wav")
    sample_rate = check_rate(sample_rate, "wav")
    with replacing(path, overwrite) as temporary:
        writer = AudioWriter(temporary, sample_rate, len(wav), path.suffix)
        try:
            for start in range(0, wav.shape[1], BLOCK_SAMPLES):
                writer.write(wav[:, start : start + BLOCK_SAMPLES])
        finally:
            writer.close()
