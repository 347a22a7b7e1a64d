"""Sound files and pipes to token files and pipes, and back, in constant memory."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from audiocodec import audio
from audiocodec._util.files import replacing
from audiocodec._util.numbers import check_seconds
from audiocodec.codec.blocks import BlockEncoder, sound_coder, variable_coder
from audiocodec.codec.channels import Rows, peek_joint
from audiocodec.codec.excerpt import excerpt
from audiocodec.codec.variable import ChooseDepths, depths_at_price, depths_of_mean, price_of
from audiocodec.errors import ConfigError
from audiocodec.model.info import ModelInfo
from audiocodec.tokens import EntropyModel, Header, TokenFile, TokenReader, TokenWriter, open_tokens
from audiocodec.tokens.bitrate import check_depth
from audiocodec.tokens.metadata import check as check_metadata
from audiocodec.tokens.metadata import fitting
from audiocodec.tokens.reader import total_samples
from audiocodec.tokens.recovery.salvage import salvage as salvage_pages

if TYPE_CHECKING:
    from audiocodec.codec.codec import Codec

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FileReport:
    """Report of coding a file.

    Attributes:
        duration_s: of the sound.
        file_bytes: of the token file.
        elapsed_s: time spent.
        lost_frames: frames that salvage replaced with silence, or that are missing at the end.
        clipped: fraction of the decoded samples that were beyond full scale.
    """

    duration_s: float
    file_bytes: int
    elapsed_s: float
    lost_frames: int = 0
    clipped: float = 0.0

    @property
    def bitrate(self) -> float:
        """Bits per second on disk, headers included."""
        return 8 * self.file_bytes / self.duration_s if self.duration_s else 0.0

    @property
    def speed(self) -> float:
        """Seconds of audio coded per second."""
        return self.duration_s / self.elapsed_s if self.elapsed_s else 0.0


def encode_stream(
    codec: Codec,
    reader: audio.AudioReader,
    output: BinaryIO,
    num_codebooks: int | None = None,
    bitrate: float | str | None = None,
    metadata: Mapping[str, str] | None = None,
    refine: int = 0,
    vbr: bool = False,
    high_pass: float = 0.0,
    quality: float | None = None,
) -> FileReport:
    """Encode an open sound file into a binary stream, in constant memory unless the rate is variable.

    Args:
        codec: of the tokens.
        reader: its tags (title, artist, ...) are kept.
        output: each page is written as soon as it is full.
        num_codebooks: see `Codec.encode`.
        bitrate: see `Codec.encode`.
        metadata: additional text to store, by name; it takes precedence over a tag of the same name.
        refine: see `Codec.encode`.
        vbr: variable rate: each frame has as many codebooks as it needs, `num_codebooks` or `bitrate` in the mean.
            Codes are then written when all of the sound is known (`audiocodec.codec.variable`).
        high_pass: Hz below which each channel is filtered before anything else (`audiocodec.audio.HighPass`); 0: it
            is not.
        quality: instead of a rate: 1 to 10, about equally good for all sounds; the rate is variable, and its mean what
            the sound needs for that (`docs/variable-rate.md`).

    Raises:
        AudioError, ConfigError, MissingExtraError: see `Codec.encode`.
        ConfigError: `high_pass` is below 0, above 500, or not below half of the sample rate; `quality` is out of range
            or beside a rate; or the model has no variable rate.
        TokenFileError: there is more metadata than a file can hold.
    """
    begin = time.monotonic()
    info, channels = codec.info, reader.channels
    depth = info.choose_codebooks(num_codebooks, bitrate, channels)
    choose = _choice(info, channels, num_codebooks, bitrate, vbr, quality)
    sound = audio.high_passed(reader, reader.sample_rate, high_pass)
    blocks, joint = peek_joint(sound, channels, reader.sample_rate, info)
    rows = Rows(channels, info.num_codebooks if choose else depth, joint)
    coder = variable_coder(codec, rows, choose, refine) if choose else sound_coder(codec, rows, refine)
    encoder = BlockEncoder(info, coder, reader.sample_rate)
    texts = _texts(reader, metadata or {})
    header = info.header(reader.sample_rate, channels, None, rows.num_codebooks, texts, joint, choose is not None)
    writer = TokenWriter(output, header, codec.entropy)
    for codes in encoder.encode(blocks):
        writer.push(codes)
    writer.close(encoder.samples)
    return FileReport(encoder.samples / reader.sample_rate, writer.bytes_written, time.monotonic() - begin)


def _texts(reader: audio.AudioReader, metadata: Mapping[str, str]) -> dict[str, str]:
    """Metadata, and the tags of the sound that fit beside it; a warning names the others.

    Raises:
        TokenFileError: there is more metadata than a file can hold.
    """
    check_metadata(metadata)
    tags = {name: text for name, text in reader.tags.items() if name not in metadata}
    texts = fitting({**metadata, **tags})
    for name in tags.keys() - texts.keys():
        logger.warning("%s: its tag %r does not fit into a token file and is left out", reader.path, name)
    return texts


def _choice(
    info: ModelInfo,
    channels: int,
    num_codebooks: int | None,
    bitrate: float | str | None,
    vbr: bool,
    quality: float | None,
) -> ChooseDepths | None:
    """What chooses the depths of frames; None: all have the same."""
    if quality is None:
        return partial(depths_of_mean, mean=info.mean_codebooks(num_codebooks, bitrate, channels)) if vbr else None
    if vbr or num_codebooks is not None or bitrate is not None:
        raise ConfigError(
            "quality finds the rate of a sound itself; give either quality or num_codebooks, bitrate, vbr"
        )
    info.check_variable()
    return partial(depths_at_price, price=price_of(quality))


def encode_file(
    codec: Codec,
    source: Path,
    target: Path,
    num_codebooks: int | None = None,
    bitrate: float | str | None = None,
    overwrite: bool = False,
    metadata: Mapping[str, str] | None = None,
    refine: int = 0,
    vbr: bool = False,
    high_pass: float = 0.0,
    quality: float | None = None,
) -> FileReport:
    """Encode a sound file to a token file; a failure leaves no file behind. See `encode_stream`.

    Raises:
        AudioError, ConfigError, MissingExtraError: see `Codec.encode`.
        OutputError: the target exists (unless `overwrite`) or cannot be written.
    """
    with audio.AudioReader(source) as reader, replacing(target, overwrite, source) as temporary:
        with temporary.open("wb") as file:
            return encode_stream(codec, reader, file, num_codebooks, bitrate, metadata, refine, vbr, high_pass, quality)


def decode_file(
    codec: Codec,
    source: Path,
    target: Path,
    num_codebooks: int | None = None,
    overwrite: bool = False,
    salvage: bool = False,
    start_s: float = 0.0,
    duration_s: float | None = None,
) -> FileReport:
    """Decode a token file to a sound file; the target's suffix determines the format.

    Args:
        codec: of the tokens.
        source: token file.
        target: sound file.
        num_codebooks: number of codebooks to use (the first N).
        overwrite: allow the target to exist.
        salvage: replace damaged pages with silence instead of refusing the file; frames missing at the end are counted.
        start_s: where to start, in seconds; only the pages needed are read.
        duration_s: length; by default everything to the end.

    Raises:
        TokenFileError: the source is damaged or not a token file.
        ModelError: it belongs to another model.
        ConfigError: the source ends before `start_s`, or has fewer codebooks; or a time is no number.
        OutputError: the target exists or cannot be written.
    """
    begin = time.monotonic()
    part = start_s != 0 or duration_s is not None
    if part and salvage:
        raise ConfigError("a part cannot be salvaged, salvage the whole file first")
    with open_tokens(source, codec.entropy) as reader:
        header = reader.header
        codec.info.check(header)
        depth = header.num_codebooks if num_codebooks is None else num_codebooks
        check_depth(depth, header.num_codebooks)
        samples, decoder = total_samples(source, header), codec.block_decoder(header)
        if part:
            blocks, samples = decode_part(codec, source, start_s, duration_s, depth)
        else:
            pages = _salvaged(source, codec.entropy) if salvage else iter(reader)
            blocks = decoder.decode(page if isinstance(page, int) else page[:, :depth] for page in pages)
        with replacing(target, overwrite, source) as temporary:
            writer = audio.AudioWriter(
                temporary, header.sample_rate, header.channels, target.suffix, header.metadata, target
            )
            written, clipped = _write_sound(writer, blocks, header, lambda: samples)
    elapsed_s, lost = time.monotonic() - begin, decoder.lost_frames
    if salvage and samples is not None and written < samples:  # truncated: not replaced with silence
        lost += math.ceil((samples - written) / header.sample_rate * header.frame_rate)
    return FileReport(written / header.sample_rate, source.stat().st_size, elapsed_s, lost, clipped)


def decode_part(
    codec: Codec, path: Path, start_s: float, duration_s: float | None, depth: int
) -> tuple[Iterator[np.ndarray], int]:
    """An excerpt of a file as blocks "c t", and its number of source samples.

    Raises:
        ConfigError: the file ends before that, or a time is no number.
    """
    file = TokenFile(path, codec.entropy)
    total, rate = file.header.samples or 0, file.header.sample_rate
    start_s = check_seconds(start_s, "start_s")
    length = total / rate if duration_s is None else min(check_seconds(duration_s, "duration_s"), total / rate)
    if start_s < 0 or length < 0:
        raise ConfigError(f"a part of {length:g} s from {start_s:g} s on was asked for; neither may be negative")
    start = min(total, round(min(start_s, total / rate) * rate))
    if start_s and start == total:
        raise ConfigError(f"{path}: holds {total / rate:.3f} s, nothing is left of it from {start_s:g} s on")
    end = min(total, start + round(length * rate))
    plan = excerpt(file.header, len(file), start, end, codec.info.past)

    decoder = codec.block_decoder(file.header, plan.skipped)
    decoder.start_at(plan.first_frame)

    def blocks() -> Iterator[np.ndarray]:
        dropped, each = plan.dropped, file.header.frames_per_page
        frames = range(plan.first_frame, plan.end_frame, each)
        pages = (file[i : min(i + each, plan.end_frame)][:, :depth] for i in frames)
        with file:
            for block in decoder.decode(pages):
                yield block[:, dropped:]
                dropped = max(0, dropped - block.shape[1])

    return blocks(), plan.samples


def decode_stream(codec: Codec, reader: TokenReader, output: BinaryIO, num_codebooks: int | None = None) -> FileReport:
    """Decode tokens to a WAV (16 bit), as they arrive.

    Args:
        codec: of the tokens.
        reader: opened with `live`.
        output: the audio of each page is written as soon as the page has arrived.
        num_codebooks: number of codebooks to use (the first N).

    Raises:
        TokenFileError, ModelError, ConfigError: see `decode_file`.
    """
    begin = time.monotonic()
    header = reader.header
    codec.info.check(header)
    depth = header.num_codebooks if num_codebooks is None else num_codebooks
    check_depth(depth, header.num_codebooks)
    writer = audio.WavPipe(output, header.sample_rate, header.channels, header.samples)

    def promised() -> int | None:
        return reader.trailer.samples if reader.trailer else header.samples

    blocks = codec.block_decoder(header).decode(page[:, :depth] for page in reader)
    written, clipped = _write_sound(writer, blocks, header, promised)
    return FileReport(written / header.sample_rate, 0, time.monotonic() - begin, clipped=clipped)


def _write_sound(
    writer: audio.AudioWriter | audio.WavPipe,
    blocks: Iterable[np.ndarray],
    header: Header,
    promised: Callable[[], int | None],
) -> tuple[int, float]:
    """Write blocks "c t" and close the writer.

    The last frame extends past the end of the audio: until the length is known, one frame is held back.

    Args:
        writer: of the result.
        blocks: of the sound.
        header: of its tokens.
        promised: the number of samples, or None while it is unknown.

    Returns:
        Samples of each channel written, and the fraction of all that were clipped.
    """
    written = clipped = 0
    held = np.zeros((header.channels, 0), np.float32)
    reserve = -(-header.hop_length * header.sample_rate // header.model_sample_rate)
    try:
        for block in blocks:
            held = np.concatenate([held, block], axis=1)
            total = promised()
            ready = held.shape[1] - reserve if total is None else min(held.shape[1], total - written)
            if ready > 0:
                writer.write(held[:, :ready])
                clipped += int(np.count_nonzero(np.abs(held[:, :ready]) > 1))
                written, held = written + ready, held[:, ready:]
        total = promised()
        rest = held if total is None else held[:, : total - written]
        writer.write(rest)
        clipped += int(np.count_nonzero(np.abs(rest) > 1))
        written += rest.shape[1]
    finally:
        writer.close()
    return written, clipped / max(1, written * header.channels)


def _salvaged(path: Path, entropy: Sequence[EntropyModel]) -> Iterator[np.ndarray | int]:
    """The intact pages of a damaged file, and the number of frames lost between them."""
    for page in salvage_pages(path, entropy):
        yield page.frames if page.codes is None else page.codes
