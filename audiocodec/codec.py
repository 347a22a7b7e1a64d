"""The codec as people use it: sound to tokens, tokens to sound, arrays or files."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, overload

import numpy as np

from audiocodec import audio
from audiocodec.container import Header, TokenReader, Tokens, TokenWriter, frames_for
from audiocodec.container.reader import salvage as salvage_pages
from audiocodec.container.reader import total_samples
from audiocodec.container.tokens import check_depth, open_tokens
from audiocodec.errors import AudioError, ConfigError, ModelError
from audiocodec.files import replacing
from audiocodec.models.pretrained import Bundle, fetch_hub_folder, list_models, load_bundle, save_hub_folder
from audiocodec.nn import lay_out_for_few_rows
from audiocodec.streaming import StreamDecoder, StreamEncoder, decode_together, encode_together, single_thread

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class FileReport:
    """What coding a file came to.

    Attributes:
        duration_s: of the sound.
        file_bytes: of the token file.
        elapsed_s: time spent.
        lost_frames: frames that salvage replaced by silence.
    """

    duration_s: float
    file_bytes: int
    elapsed_s: float
    lost_frames: int = 0

    @property
    def bitrate(self) -> float:
        """Bits a second on disk, everything counted."""
        return 8 * self.file_bytes / self.duration_s if self.duration_s else 0.0

    @property
    def speed(self) -> float:
        """Seconds of sound a second."""
        return self.duration_s / self.elapsed_s if self.elapsed_s else 0.0


class Codec:
    """A loaded model. Arrays go in as numpy or torch and come out as numpy.

    Args:
        bundle: of `audiocodec.models.pretrained.load_bundle`.
        threads: channels (or batch items) worked on at once; never changes a token.

    Example:
        >>> import audiocodec, numpy as np
        >>> codec = audiocodec.load("speech-16k")
        >>> wav = np.zeros((1, 16000), np.float32)
        >>> tokens = codec.encode(wav, sample_rate=16000)
        >>> codec.decode(tokens).shape
        (1, 16000)
    """

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        if threads < 1:
            raise ConfigError(f"threads is {threads}, it must be 1 or more")
        self.name, self.version, self.model_hash = bundle.name, bundle.version, bundle.model_hash
        self.bundle, self.model = bundle, bundle.model
        self.sample_rate, self.hop_length = self.model.sample_rate, self.model.hop_length
        self.delay_samples = self.model.delay
        self.num_codebooks = self.model.quantizer.num_codebooks
        self.codebook_size = self.model.quantizer.codebook_size
        self.levels = tuple(getattr(self.model.quantizer, "level_list", (self.codebook_size,)))
        self.threads = threads
        lay_out_for_few_rows(self.model)

    def save_pretrained(self, folder: str | Path, overwrite: bool = False) -> None:
        """Write the model as a Hugging Face Hub repository holds it; `load` and `from_pretrained` take the folder.

        Raises:
            OutputError: files exist in `folder`, or cannot be written.
        """
        save_hub_folder(Path(folder), self.bundle, overwrite)

    @classmethod
    def from_pretrained(cls, name: str, threads: int = 1) -> Codec:
        """As `load`; a name that is neither a model nor a path is taken as a Hugging Face Hub repository.

        Raises:
            MissingExtraError: it is one, and huggingface_hub is not installed.
            ModelError: unknown or damaged.
        """
        known = name in list_models() or Path(name).exists()
        return load(name if known else str(fetch_hub_folder(name)), threads)

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return self.sample_rate / self.hop_length

    @property
    def codebook_bitrate(self) -> float:
        """Bits a second of one codebook of one channel."""
        return self.frame_rate * math.log2(self.codebook_size)

    def depth_for(self, num_codebooks: int | None, bitrate: float | None, channels: int) -> int:
        """Codebooks to use: as asked, the most that fit `bitrate`, or all.

        Raises:
            ConfigError: both are given, or neither can be met.
        """
        if num_codebooks is not None and bitrate is not None:
            raise ConfigError("give num_codebooks or bitrate, not both")
        if bitrate is not None:
            smallest = channels * self.codebook_bitrate
            if not bitrate >= smallest:
                raise ConfigError(
                    f"bitrate {bitrate:.0f} is below the {math.ceil(smallest)} bit/s "
                    f"of one codebook in {channels} channel(s)"
                )
            return min(self.num_codebooks, int(bitrate / smallest))
        depth = self.num_codebooks if num_codebooks is None else num_codebooks
        check_depth(depth, self.num_codebooks)
        return depth

    def header(self, sample_rate: int, channels: int, samples: int | None, num_codebooks: int) -> Header:
        """A file header for codes of this model."""
        return Header(
            model=self.name,
            model_hash=self.model_hash,
            sample_rate=sample_rate,
            channels=channels,
            samples=samples,
            model_sample_rate=self.sample_rate,
            hop_length=self.hop_length,
            delay=self.delay_samples,
            num_codebooks=num_codebooks,
            levels=self.levels,
            frames_per_page=max(1, round(self.frame_rate)),
        )

    def check_matches(self, header: Header) -> None:
        """Refuse codes of another model: they would decode to noise.

        Raises:
            ModelError: name, weights or layout differ.
        """
        if header.model != self.name:
            raise ModelError(f"these tokens are of model {header.model!r}, loaded is {self.name!r}")
        if header.model_hash != self.model_hash:
            raise ModelError(
                f"these tokens were made with other weights of {self.name!r} "
                f"(hash {header.model_hash.hex()[:8]}, loaded {self.model_hash.hex()[:8]}, version {self.version}); "
                "decode them with the audiocodec release that made them"
            )
        layout = (header.model_sample_rate, header.hop_length, header.delay, header.levels)
        if layout != (self.sample_rate, self.hop_length, self.delay_samples, self.levels):
            raise ModelError(f"these tokens do not have the layout of {self.name!r}")

    # Streams of blocks: what both arrays and files go through

    def _encode_blocks(
        self, blocks: Iterable[np.ndarray], sample_rate: int, channels: int, depth: int, counted: list[int]
    ) -> Iterator[np.ndarray]:
        """Blocks "c t" -> codes "b q t"; `counted[0]` becomes the number of source samples."""

        def count() -> Iterator[np.ndarray]:
            for block in blocks:
                counted[0] += block.shape[1]
                yield block

        encoders = [StreamEncoder(self.model, depth) for _ in range(channels)]
        resampled = audio.resample_blocks(count(), sample_rate, self.sample_rate, channels)
        with ThreadPoolExecutor(self.threads) as pool:
            for block in resampled:
                yield _on_channels(pool, StreamEncoder.push, encoders, block)
            frames = frames_for(counted[0], sample_rate, self.sample_rate, self.hop_length, self.delay_samples)
            yield _on_channels(pool, StreamEncoder.flush, encoders, [frames] * channels)

    def _decode_blocks(self, pages: Iterable[np.ndarray | int], header: Header) -> Iterator[np.ndarray]:
        """Codes "b q t" (or a number of lost frames) -> blocks "c t" at the source's rate, trimmed."""
        decoders = [StreamDecoder(self.model) for _ in range(header.channels)]

        def waveforms() -> Iterator[np.ndarray]:
            lag = self.delay_samples
            with ThreadPoolExecutor(self.threads) as pool:
                for page in pages:
                    if isinstance(page, int):
                        block = _on_channels(pool, StreamDecoder.skip, decoders, [page] * len(decoders))
                    else:
                        block = _on_channels(pool, StreamDecoder.push, decoders, page)
                    dropped = min(lag, block.shape[1])
                    lag -= dropped
                    yield block[:, dropped:]

        return audio.resample_blocks(waveforms(), self.sample_rate, header.sample_rate, header.channels)

    # Arrays

    @overload
    def encode(
        self, wav: list[Any], sample_rate: int, num_codebooks: int | None = None, bitrate: float | None = None
    ) -> list[Tokens]: ...

    @overload
    def encode(
        self,
        wav: np.ndarray | torch.Tensor,
        sample_rate: int,
        num_codebooks: int | None = None,
        bitrate: float | None = None,
    ) -> Tokens: ...

    def encode(
        self, wav: Any, sample_rate: int, num_codebooks: int | None = None, bitrate: float | None = None
    ) -> Tokens | list[Tokens]:
        """Sound to tokens.

        Args:
            wav: "c t" or "t", floats in about [-1, 1], numpy or torch; or a list of such, of any
                lengths. Each item of a list gives the tokens that it gives alone.
            sample_rate: of `wav`, Hz, any.
            num_codebooks: keep the first so many; all by default.
            bitrate: instead: as many as fit, in bits a second for all channels together.

        Returns:
            Tokens with codes "b q t" (b: channel); for a list, a list.

        Raises:
            AudioError: the shape is wrong, or there are NaN or infinite samples.
            ConfigError: the number of codebooks or the bitrate cannot be had.
        """
        if isinstance(wav, (list, tuple)):
            return [self._encode_one(item, sample_rate, num_codebooks, bitrate) for item in wav]
        return self._encode_one(wav, sample_rate, num_codebooks, bitrate)

    def _encode_one(self, wav: Any, sample_rate: int, num_codebooks: int | None, bitrate: float | None) -> Tokens:
        samples = _as_channels(wav)
        audio.check_rate(sample_rate, "wav")
        channels = len(samples)
        depth = self.depth_for(num_codebooks, bitrate, channels)
        counted = [0]
        codes = np.concatenate(list(self._encode_blocks([samples], sample_rate, channels, depth, counted)), axis=2)
        return Tokens(codes, self.header(sample_rate, channels, counted[0], depth))

    def decode(self, tokens: Tokens, num_codebooks: int | None = None) -> np.ndarray:
        """Tokens to sound.

        Args:
            tokens: of `encode` or `Tokens.load`.
            num_codebooks: use the first so many; all by default.

        Returns:
            "c t", float32, at the rate and with the length of what was encoded.

        Raises:
            ModelError: the tokens are of another model.
            ConfigError: there are not that many codebooks.
        """
        if num_codebooks is not None:
            tokens = tokens.truncate(num_codebooks)
        self.check_matches(tokens.header)
        samples = tokens.header.samples or 0
        blocks = list(self._decode_blocks([tokens.codes], tokens.header))
        wav = np.concatenate([np.zeros((tokens.header.channels, 0), np.float32), *blocks], axis=1)[:, :samples]
        return np.pad(wav, ((0, 0), (0, samples - wav.shape[1])))

    # Live

    def stream_encoder(self, num_codebooks: int | None = None, bitrate: float | None = None) -> StreamEncoder:
        """An encoder for one live channel at the model's rate: `push` samples, get codes.

        Raises:
            ConfigError: the number of codebooks or the bitrate cannot be had.
        """
        return StreamEncoder(self.model, self.depth_for(num_codebooks, bitrate, 1), every_frame=True)

    def stream_decoder(self) -> StreamDecoder:
        """A decoder for one live channel: `push` codes, get samples, late by `delay_samples`; `conceal` lost frames."""
        return StreamDecoder(self.model)

    def encode_together(self, encoders: Sequence[StreamEncoder], samples: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Push samples "t", of any length each, to each of many streams; returns their codes, "q t".

        The codes are those that each stream gives alone. Streams may come and go between calls;
        `threads` of them are worked on at once.

        Raises:
            AudioError: see `StreamEncoder.push`.
        """
        return encode_together(encoders, samples, self.threads)

    def decode_together(self, decoders: Sequence[StreamDecoder], codes: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Push codes "q t" to each of many streams; returns their samples, "(t hop)".

        Raises:
            ConfigError: see `StreamDecoder.push`.
        """
        return decode_together(decoders, codes)

    # Files

    def encode_stream(
        self,
        reader: audio.AudioReader,
        output: BinaryIO,
        num_codebooks: int | None = None,
        bitrate: float | None = None,
    ) -> FileReport:
        """Encode an open sound file into a binary stream, in constant memory.

        Raises:
            AudioError, ConfigError: see `encode`.
        """
        begin = time.monotonic()
        depth = self.depth_for(num_codebooks, bitrate, reader.channels)
        writer = TokenWriter(output, self.header(reader.sample_rate, reader.channels, None, depth))
        counted = [0]
        for codes in self._encode_blocks(reader, reader.sample_rate, reader.channels, depth, counted):
            writer.push(codes)
        writer.close(counted[0])
        return FileReport(counted[0] / reader.sample_rate, writer.bytes_written, time.monotonic() - begin)

    def encode_file(
        self,
        source: str | Path,
        target: str | Path,
        num_codebooks: int | None = None,
        bitrate: float | None = None,
        overwrite: bool = False,
    ) -> FileReport:
        """A sound file to a token file; nothing is left behind if that fails.

        Raises:
            AudioError, ConfigError: see `encode`.
            OutputError: the target exists (unless `overwrite`) or cannot be written.
        """
        with audio.AudioReader(Path(source)) as reader, replacing(Path(target), overwrite, Path(source)) as temporary:
            with temporary.open("wb") as file:
                return self.encode_stream(reader, file, num_codebooks, bitrate)

    def decode_file(
        self,
        source: str | Path,
        target: str | Path,
        num_codebooks: int | None = None,
        overwrite: bool = False,
        salvage: bool = False,
    ) -> FileReport:
        """A token file to a sound file, its format told by the target's suffix.

        Args:
            source: token file.
            target: sound file.
            num_codebooks: use the first so many.
            overwrite: allow the target to exist.
            salvage: put silence where pages are damaged instead of refusing.

        Raises:
            TokenFileError: the source is damaged or no token file.
            ModelError: it is of another model.
            OutputError: the target exists or cannot be written.
        """
        begin = time.monotonic()
        source, target = Path(source), Path(target)
        with open_tokens(source) as reader:
            header = reader.header
            self.check_matches(header)
            depth = num_codebooks or header.num_codebooks
            check_depth(depth, header.num_codebooks)
            lost = [0]
            pages = _salvaged(source, lost) if salvage else _checked(reader)
            kept = (page if isinstance(page, int) else page[:, :depth] for page in pages)
            promised = total_samples(source, header)
            with replacing(target, overwrite, source) as temporary:
                samples = self._write_sound(kept, header, promised, temporary, target.suffix)
        return FileReport(
            samples / header.sample_rate, source.stat().st_size, time.monotonic() - begin, lost_frames=lost[0]
        )

    def _write_sound(
        self, pages: Iterator[np.ndarray | int], header: Header, promised: int | None, path: Path, suffix: str
    ) -> int:
        """Write the sound, at most `promised` samples; returns how many."""
        writer = audio.AudioWriter(path, header.sample_rate, header.channels, suffix)
        written = 0
        try:
            for block in self._decode_blocks(pages, header):
                block = block if promised is None else block[:, : promised - written]
                writer.write(block)
                written += block.shape[1]
            if promised is not None and 0 < promised - written < header.sample_rate:  # the resampler's rounding
                writer.write(np.zeros((header.channels, promised - written), np.float32))
                written = promised
        finally:
            writer.close()
        return written


def _on_channels(pool: ThreadPoolExecutor, work: Callable[..., np.ndarray], *arguments: Iterable[Any]) -> np.ndarray:
    """`work` on each channel, as many at once as the pool has threads, each on one torch thread."""
    with single_thread():
        return np.stack(list(pool.map(work, *arguments)))


def _checked(reader: TokenReader) -> Iterator[np.ndarray | int]:
    yield from reader


def _salvaged(path: Path, lost: list[int]) -> Iterator[np.ndarray | int]:
    for page in salvage_pages(path):
        if page.codes is None:
            lost[0] += page.frames
            yield page.frames
        else:
            yield page.codes


def _as_channels(wav: Any) -> np.ndarray:
    """Any array of samples to float32 "c t".

    Raises:
        AudioError: not one or two axes, no or too many channels, not numbers, NaN or infinity.
    """
    array = wav.detach().cpu().numpy() if hasattr(wav, "detach") else np.asarray(wav)
    if array.ndim not in (1, 2) or not np.issubdtype(array.dtype, np.floating):
        raise AudioError(f"wav must be floats 't' or 'c t', got {array.dtype} of shape {array.shape}")
    array = np.atleast_2d(array).astype(np.float32)
    if not 1 <= len(array) <= audio.MAX_CHANNELS:
        raise AudioError(f"wav has {len(array)} channels ('c t'); 1 to {audio.MAX_CHANNELS} can be coded")
    audio.check_samples(array, "wav")
    return array


def load(name: str = "speech-16k", threads: int = 1) -> Codec:
    """Load a model that is in the package, or a bundle of your own.

    Args:
        name: of a model (`audiocodec.list_models()`), or the path of a model's folder or YAML.
        threads: channels worked on at once.

    Raises:
        ModelError: unknown or damaged.
    """
    return Codec(load_bundle(name), threads)


def encode_file(source: str | Path, target: str | Path, model: str = "speech-16k", **options: Any) -> FileReport:
    """`load(model).encode_file(source, target, ...)`."""
    return load(model).encode_file(source, target, **options)


def decode_file(source: str | Path, target: str | Path, model: str | None = None, **options: Any) -> FileReport:
    """`Codec.decode_file` with the model that the file names."""
    if model is None:
        with open_tokens(Path(source)) as reader:
            model = reader.header.model
    return load(model).decode_file(source, target, **options)
