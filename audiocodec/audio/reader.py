"""Reading sound files, whole or block by block."""

from __future__ import annotations

import logging
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
import soundfile

from audiocodec._util.folders import why_no_file
from audiocodec.audio import ffmpeg
from audiocodec.audio.high_pass import high_passed
from audiocodec.audio.inspect import Findings, inspect
from audiocodec.audio.resample import resample_blocks
from audiocodec.audio.sndfile import SndFile
from audiocodec.errors import AudioError, CutShortError

logger = logging.getLogger(__name__)

BLOCK_SAMPLES = 1 << 16
SALVAGED_SAMPLES = 1 << 10  # read at once of a file to be salvaged: those in which it breaks off are lost
MAX_CHANNELS = 255
MIN_SAMPLE_RATE, MAX_SAMPLE_RATE = 100, 1_000_000
MAX_PEAK = 100.0  # 40 dB above full scale: what is louder has another full scale


def check_samples(samples: np.ndarray, name: str) -> None:
    """Refuse NaN, infinity, and numbers of another range than [-1, 1].

    Raises:
        AudioError: `samples` holds any.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    if not np.isfinite(peak):
        raise AudioError(f"{name}: holds NaN or infinite samples")
    if peak > MAX_PEAK:
        raise AudioError(f"{name}: has a peak of {peak:.6g} where full scale is 1; divide integers of 16 bits by 32768")


class AudioReader:
    """A sound file read block by block.

    What its header promises is compared with what there is. A file that libsndfile reads completely is read by it
    alone; one that it reads incompletely, or not at all, by `ffmpeg` where that is installed.

    Args:
        path: any file that libsndfile or ffmpeg reads.
        salvage: read what is there of a file that is not whole.

    Attributes:
        sample_rate: Hz.
        channels: at most 255; in the order that WAV has.
        samples: in each channel; 0 if that is not known before all are read.
        seekable: libsndfile reads it, so pieces of it can be.
        tags: text that the file carries: title, artist and the like.
        missing: once all is read with `salvage`, why that is not the whole file; empty if it is.
        on_block: called with the number of samples of each block read.

    Raises:
        CutShortError: part of it is missing.
        AudioError: the file does not exist, is no sound, or nothing here reads all of it.
    """

    def __init__(self, path: str | Path, salvage: bool = False) -> None:
        path = Path(path)
        self.path, self.missing, self._salvage, self._over = path, "", salvage, ""
        _check_path(path)
        self._file, self._findings = _open(path, salvage)
        self.sample_rate, self.channels = self._file.sample_rate, self._file.channels
        self.seekable = isinstance(self._file, SndFile)
        self.samples = self._file.samples if isinstance(self._file, SndFile) else 0
        self.tags = self._file.tags
        self.on_block: Callable[[int], None] = lambda samples: None
        try:
            check_rate(self.sample_rate, str(path))
            if self.channels > MAX_CHANNELS:
                raise AudioError(f"{path}: has {self.channels} channels, at most {MAX_CHANNELS} can be coded")
        except AudioError:
            self._file.close()
            raise
        if self._findings.note:
            logger.warning("%s: %s", path, self._findings.note)

    def __enter__(self) -> AudioReader:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
        self._over = "is closed"

    def __iter__(self) -> Iterator[np.ndarray]:
        """Blocks "c t" of at most `BLOCK_SAMPLES`, checked for NaN.

        Raises:
            CutShortError: a block cannot be decoded, or the file ends before all is read.
            AudioError: a block holds NaN or infinity; nothing at all can be read; or it has been read or closed before.
        """
        if self._over:
            raise AudioError(f"{self.path}: {self._over}; open it again")
        self._over = "has been read already"
        count, missing = 0, self._findings.cut
        blocks = _gathered(self._file.blocks(SALVAGED_SAMPLES)) if self._salvage else self._file.blocks(BLOCK_SAMPLES)
        try:
            for block in blocks:
                check_samples(block, str(self.path))
                count += len(block)
                self.on_block(len(block))
                yield np.ascontiguousarray(block.T)
        except (soundfile.LibsndfileError, OSError) as error:
            missing = f"breaks off while being read ({_plain(reason(error))})"
        if not count and self._findings.unread:
            raise AudioError(f"{self.path}: {self._findings.unread}; nor does ffmpeg read any of it")
        if count < self.samples - self._findings.spare:
            missing = missing or f"is cut short, {count} of the {self.samples} samples it promises are there"
        if missing and not (self._salvage and count):
            raise CutShortError(f"{self.path}: {missing}{'; none of it can be read' if self._salvage else ''}")
        self.missing = missing


def _check_path(path: Path) -> None:
    try:
        kind = path.stat()
        if stat.S_ISDIR(kind.st_mode):
            raise AudioError(why_no_file(path, "a sound file"))
        if not stat.S_ISREG(kind.st_mode):
            raise AudioError(f"{path}: is a pipe or a device, not a sound file")
        if kind.st_size == 0:
            raise AudioError(f"{path}: is empty (0 bytes)")
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise AudioError(f"{path}: no such file") from error
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror})") from error


def _open(path: Path, salvage: bool) -> tuple[SndFile | ffmpeg.FfmpegFile, Findings]:
    """The file in the hands of what reads all of it, and what was found about it.

    Raises:
        CutShortError: part of it is missing, and not to be salvaged.
        AudioError: nothing reads it.
    """
    opened, problem = None, ""
    try:
        opened = SndFile(path)
    except (soundfile.LibsndfileError, OSError, TypeError) as error:
        problem = _plain(reason(error))
    findings = inspect(path, None if opened is None else opened.samples)
    if opened is not None and not findings.unread and (salvage or not findings.cut):
        return opened, findings
    if opened is not None:
        opened.close()
    if findings.cut and not salvage:
        raise CutShortError(f"{path}: {findings.cut}")
    if findings.note:
        raise AudioError(f"{path}: cannot be read as sound ({problem}): {findings.note}; joined files must be split")
    return _by_ffmpeg(path, findings.cut or findings.unread, problem), findings


def _by_ffmpeg(path: Path, unread: str, problem: str) -> ffmpeg.FfmpegFile:
    said = unread or f"cannot be read as sound ({problem})"
    if ffmpeg.program() is None:
        raise AudioError(f"{path}: {said}; ffmpeg may read it, install that")
    try:
        return ffmpeg.FfmpegFile(path)
    except AudioError as error:
        raise AudioError(f"{path}: {said}; nor does ffmpeg read it") from error


def _gathered(blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """The same sound "t c" in blocks of `BLOCK_SAMPLES`; what came before an error is given before it."""
    held: list[np.ndarray] = []
    try:
        for block in blocks:
            held.append(block)
            if len(held) * SALVAGED_SAMPLES >= BLOCK_SAMPLES:
                yield np.concatenate(held)
                held = []
    except (soundfile.LibsndfileError, OSError):
        if held:
            yield np.concatenate(held)
        raise
    if held:
        yield np.concatenate(held)


def _plain(said: str) -> str:
    """What libsndfile says of files that it takes for something that they are not."""
    misleading = ("does not exist or is not a regular file", "internal", "unknown error")
    return "its sound cannot be decoded" if any(words in said.lower() for words in misleading) else said


def check_rate(sample_rate: float, name: str) -> int:
    """A sample rate as an int; refuse those that no sound has.

    Raises:
        AudioError: not a whole number, or outside 100 Hz to 1 MHz.
    """
    try:
        whole = int(sample_rate) == sample_rate
    except (TypeError, ValueError, OverflowError):
        whole = False
    if not whole:
        raise AudioError(f"{name}: sample rate {sample_rate!r} is not a whole number of Hz")
    if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise AudioError(f"{name}: sample rate {sample_rate} Hz is outside {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz")
    return int(sample_rate)


def reason(error: Exception) -> str:
    """What libsndfile or the system says, without a full stop."""
    text = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    return str(text).strip().rstrip(".")


def stream_resampled(path: Path, sample_rate: int, high_pass: float = 0.0) -> Iterator[np.ndarray]:
    """Blocks "c t" of a file at `sample_rate`, without what lies below `high_pass` Hz.

    Raises:
        AudioError: see `AudioReader`.
        ConfigError: see `check_cutoff`.
    """
    with AudioReader(path) as reader:
        sound = high_passed(reader, reader.sample_rate, high_pass)
        yield from resample_blocks(sound, reader.sample_rate, sample_rate, reader.channels)


def read(path: str | Path, sample_rate: int | None = None) -> tuple[np.ndarray, int]:
    """A whole file, "c t", and its rate; resampled if `sample_rate` is given.

    Raises:
        AudioError: see `AudioReader` and `check_rate`.
    """
    wanted = None if sample_rate is None else check_rate(sample_rate, "sample_rate")
    with AudioReader(Path(path)) as reader:
        rate = wanted or reader.sample_rate
        blocks = list(resample_blocks(reader, reader.sample_rate, rate, reader.channels))
        return np.concatenate([np.zeros((reader.channels, 0), np.float32), *blocks], axis=1), rate
