"""The codec as people use it: sound to tokens, tokens to sound, arrays or files."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, overload

import numpy as np

from audiocodec import audio, stereo
from audiocodec._util.extras import require
from audiocodec._util.files import replacing
from audiocodec.backends import FrameDecoder, FrameEncoder, frame_decoder, frame_encoder
from audiocodec.backends.base import open_model
from audiocodec.backends.torch.threads import single_thread
from audiocodec.errors import AudioError, ConfigError, ModelError
from audiocodec.excerpt import excerpt
from audiocodec.model.bundle import Bundle, list_models, load_bundle
from audiocodec.model.hub import fetch_hub_folder, save_hub_folder
from audiocodec.model.receptive_field import frames_of_past
from audiocodec.streaming import SoundEncoder, StreamDecoder, StreamEncoder, decode_together, encode_together
from audiocodec.tokens import (
    EntropyModel,
    Header,
    TokenFile,
    TokenReader,
    Tokens,
    TokenWriter,
    frames_for,
    open_tokens,
)
from audiocodec.tokens.bitrate import check_depth, choose_depth
from audiocodec.tokens.header import NO_ENTROPY
from audiocodec.tokens.metadata import check as check_metadata
from audiocodec.tokens.metadata import fitting
from audiocodec.tokens.reader import total_samples
from audiocodec.tokens.recovery.salvage import salvage as salvage_pages

if TYPE_CHECKING:
    import torch

    from audiocodec.model import CodecModel
    from audiocodec.refine import SoundRefiner

MOST_LOST = 1000  # frames of silence made at once


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
        bundle: of `audiocodec.model.bundle.load_bundle`.
        threads: channels (or batch items) worked on at once; never changes a token.
        backend: "onnx", "torch" or "auto": see `audiocodec.backends.base.open_model`.

    Example:
        >>> import audiocodec, numpy as np
        >>> codec = audiocodec.load("speech-16k")
        >>> wav = np.zeros((1, 16000), np.float32)
        >>> tokens = codec.encode(wav, sample_rate=16000)
        >>> codec.decode(tokens).shape
        (1, 16000)
    """

    def __init__(self, bundle: Bundle, threads: int = 1, backend: str = "auto") -> None:
        if threads < 1:
            raise ConfigError(f"threads is {threads}, it must be 1 or more")
        self.name, self.version, self.model_hash = bundle.name, bundle.version, bundle.model_hash
        self.bundle, self.model = bundle, open_model(bundle, backend)
        self.sample_rate, self.hop_length = self.model.sample_rate, self.model.hop_length
        self.delay_samples = self.model.delay
        self.num_codebooks = self.model.quantizer.num_codebooks
        self.codebook_size = self.model.quantizer.codebook_size
        self.levels = tuple(getattr(self.model.quantizer, "level_list", (self.codebook_size,)))
        self.entropy = bundle.entropy
        if self.entropy is not None and not self.entropy.fits(self.levels, self.num_codebooks):
            raise ModelError(f"{self.name}: its entropy model is for other codes")
        self.joint_stereo = self.model.joint_stereo
        self.threads = threads

    def rows(self, channels: int) -> int:
        """Rows of codes that a sound takes: one for each channel, or for two channels together."""
        return 1 if channels == 2 and self.joint_stereo else channels

    def save_pretrained(self, folder: str | Path, overwrite: bool = False) -> None:
        """Write the model as a Hugging Face Hub repository holds it; `load` and `from_pretrained` take the folder.

        Raises:
            OutputError: files exist in `folder`, or cannot be written.
        """
        save_hub_folder(Path(folder), self.bundle, overwrite)

    @classmethod
    def from_pretrained(cls, name: str, threads: int = 1, backend: str = "auto") -> Codec:
        """As `load`; a name that is neither a model nor a path is taken as a Hugging Face Hub repository.

        Raises:
            MissingExtraError: it is one, and huggingface_hub is not installed.
            ModelError: unknown or damaged.
        """
        known = name in list_models() or Path(name).exists()
        return load(name if known else str(fetch_hub_folder(name)), threads, backend)

    @functools.cached_property
    def _encoder(self) -> FrameEncoder:
        return frame_encoder(self.model)

    @functools.cached_property
    def _decoder(self) -> FrameDecoder:
        return frame_decoder(self.model)

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return self.sample_rate / self.hop_length

    @property
    def codebook_bitrate(self) -> float:
        """Bits a second of one codebook of one channel."""
        return self.frame_rate * math.log2(self.codebook_size)

    def depth_for(self, num_codebooks: int | None, bitrate: float | str | None, channels: int) -> int:
        """Codebooks to use: as asked, the most that fit `bitrate`, or all.

        Raises:
            ConfigError: both are given, or neither can be met.
        """
        each = self.rows(channels) * self.codebook_bitrate
        return choose_depth(num_codebooks, bitrate, self.num_codebooks, each)

    def header(
        self,
        sample_rate: int,
        channels: int,
        samples: int | None,
        num_codebooks: int,
        metadata: Mapping[str, str] | None = None,
    ) -> Header:
        """A file header for codes of this model."""
        joint = self.rows(channels) < channels
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
            entropy=self.entropy.hash if self.entropy is not None and not joint else NO_ENTROPY,
            metadata=dict(metadata or {}),
            joint=joint,
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

    def sound_encoder(self, channels: int, num_codebooks: int) -> SoundEncoder:
        """An encoder for all channels of a sound at the model's rate; see `audiocodec.streaming.encode_sounds`."""
        return SoundEncoder(self._encoder, self._row_plan(channels, num_codebooks), self.threads)

    def _row_plan(self, channels: int, num_codebooks: int) -> stereo.Rows:
        return stereo.Rows(channels, num_codebooks, self.rows(channels) < channels)

    def _file_encoder(self, channels: int, num_codebooks: int, refine: int) -> SoundEncoder | SoundRefiner:
        """A `sound_encoder`, or with steps to refine in, the search for codes in its place.

        Raises:
            ConfigError: not a whole number of steps.
            MissingExtraError: the search needs what is not installed.
        """
        if type(refine) is not int or refine < 0:
            raise ConfigError(f"refine is {refine}, it must be a whole number of steps, 0 or more")
        if not refine:
            return self.sound_encoder(channels, num_codebooks)
        require("torchaudio", "refine")
        import torch

        from audiocodec.refine import SoundRefiner

        with torch.inference_mode(False):  # what is made in it takes no part in gradients
            return SoundRefiner(self._searched_model, self._row_plan(channels, num_codebooks), refine, self.threads)

    @functools.cached_property
    def _searched_model(self) -> CodecModel:
        return replace(self.bundle).model  # one of its own: those that stream are changed to round alike

    def _encode_blocks(
        self,
        blocks: Iterable[np.ndarray],
        sample_rate: int,
        encoder: SoundEncoder | SoundRefiner,
        counted: list[int],
    ) -> Iterator[np.ndarray]:
        """Blocks "c t" -> codes "b q t"; `counted[0]` becomes the number of source samples."""

        def count() -> Iterator[np.ndarray]:
            for block in blocks:
                counted[0] += block.shape[1]
                yield block

        for block in audio.resample_blocks(count(), sample_rate, self.sample_rate, encoder.rows.channels):
            yield encoder.push(block)
        frames = frames_for(counted[0], sample_rate, self.sample_rate, self.hop_length, self.delay_samples)
        yield encoder.flush(frames)

    def _decode_blocks(
        self, pages: Iterable[np.ndarray | int], header: Header, skipped: int | None = None
    ) -> Iterator[np.ndarray]:
        """Codes "b q t" (or a number of lost frames) -> blocks "c t" at the source's rate.

        Args:
            pages: of one sound, in order.
            header: of the tokens.
            skipped: model samples dropped at the start; by default the delay.
        """
        decoders = [StreamDecoder(self._decoder) for _ in range(header.channels)]

        def waveforms() -> Iterator[np.ndarray]:
            lag = self.delay_samples if skipped is None else skipped
            with ThreadPoolExecutor(self.threads) as pool:
                for page in pages:
                    if isinstance(page, int):
                        block = _on_channels(pool, StreamDecoder.skip, decoders, [page] * len(decoders))
                    elif header.joint:
                        block = stereo.to_left_right(_on_channels(pool, _push, decoders, stereo.split(page)))
                    else:
                        block = _on_channels(pool, _push, decoders, page)
                    dropped = min(lag, block.shape[1])
                    lag -= dropped
                    yield block[:, dropped:]

        return audio.resample_blocks(waveforms(), self.sample_rate, header.sample_rate, header.channels)

    # Arrays

    @overload
    def encode(
        self,
        wav: list[Any],
        sample_rate: int,
        num_codebooks: int | None = None,
        bitrate: float | str | None = None,
        refine: int = 0,
    ) -> list[Tokens]: ...

    @overload
    def encode(
        self,
        wav: np.ndarray | torch.Tensor,
        sample_rate: int,
        num_codebooks: int | None = None,
        bitrate: float | str | None = None,
        refine: int = 0,
    ) -> Tokens: ...

    def encode(
        self,
        wav: Any,
        sample_rate: int,
        num_codebooks: int | None = None,
        bitrate: float | str | None = None,
        refine: int = 0,
    ) -> Tokens | list[Tokens]:
        """Sound to tokens.

        Args:
            wav: "c t" or "t", floats in about [-1, 1], numpy or torch; or a list of such, of any
                lengths. Each item of a list gives the tokens that it gives alone.
            sample_rate: of `wav`, Hz, any.
            num_codebooks: keep the first so many; all by default.
            bitrate: instead: as many as fit, in bits a second for all channels together: 3000 or "3k".
            refine: steps of a search for codes that decode to better sound at this number of codebooks; 20 are enough,
                and 140 to 210 times as slow as encoding alone (`docs/refine.md`). Its tokens do not depend on
                threads and lists either, but may differ between machines.

        Returns:
            Tokens with codes "b q t" (b: channel); for a list, a list.

        Raises:
            AudioError: the shape is wrong, or there are NaN or infinite samples.
            ConfigError: the number of codebooks or the bitrate cannot be had, or refine is no number of steps.
            MissingExtraError: refine, and torch or torchaudio is not installed.
        """
        if isinstance(wav, (list, tuple)):
            return [self._encode_one(item, sample_rate, num_codebooks, bitrate, refine) for item in wav]
        return self._encode_one(wav, sample_rate, num_codebooks, bitrate, refine)

    def _encode_one(
        self, wav: Any, sample_rate: int, num_codebooks: int | None, bitrate: float | str | None, refine: int
    ) -> Tokens:
        samples = _as_channels(wav)
        audio.check_rate(sample_rate, "wav")
        channels = len(samples)
        depth = self.depth_for(num_codebooks, bitrate, channels)
        encoder, counted = self._file_encoder(channels, depth, refine), [0]
        blocks = self._encode_blocks([samples], sample_rate, encoder, counted)
        codes = np.concatenate(list(blocks), axis=2)
        return Tokens(codes, self.header(sample_rate, channels, counted[0], depth), self.entropy)

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

    def stream_encoder(self, num_codebooks: int | None = None, bitrate: float | str | None = None) -> StreamEncoder:
        """An encoder for one live channel at the model's rate: `push` samples, get codes.

        Raises:
            ConfigError: the number of codebooks or the bitrate cannot be had.
        """
        return StreamEncoder(self._encoder, self.depth_for(num_codebooks, bitrate, 1))

    def stream_decoder(self) -> StreamDecoder:
        """A decoder for one live channel: `push` codes, get samples, late by `delay_samples`; `conceal` lost frames."""
        return StreamDecoder(self._decoder)

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
        bitrate: float | str | None = None,
        metadata: Mapping[str, str] | None = None,
        refine: int = 0,
    ) -> FileReport:
        """Encode an open sound file into a binary stream, in constant memory.

        Args:
            reader: its tags (title, artist, ...) are kept.
            output: gets each page as soon as it is full.
            num_codebooks: see `encode`.
            bitrate: see `encode`.
            metadata: text to keep besides the tags, by name; it comes before a tag of the same name.
            refine: see `encode`.

        Raises:
            AudioError, ConfigError, MissingExtraError: see `encode`.
            TokenFileError: there is more metadata than a file can hold.
        """
        begin = time.monotonic()
        depth = self.depth_for(num_codebooks, bitrate, reader.channels)
        encoder = self._file_encoder(reader.channels, depth, refine)
        check_metadata(metadata or {})
        texts = fitting({**(metadata or {}), **{k: v for k, v in reader.tags.items() if k not in (metadata or {})}})
        header = self.header(reader.sample_rate, reader.channels, None, depth, texts)
        writer = TokenWriter(output, header, self.entropy)
        counted = [0]
        for codes in self._encode_blocks(reader, reader.sample_rate, encoder, counted):
            writer.push(codes)
        writer.close(counted[0])
        return FileReport(counted[0] / reader.sample_rate, writer.bytes_written, time.monotonic() - begin)

    def encode_file(
        self,
        source: str | Path,
        target: str | Path,
        num_codebooks: int | None = None,
        bitrate: float | str | None = None,
        overwrite: bool = False,
        metadata: Mapping[str, str] | None = None,
        refine: int = 0,
    ) -> FileReport:
        """A sound file to a token file; nothing is left behind if that fails. See `encode_stream`.

        Raises:
            AudioError, ConfigError, MissingExtraError: see `encode`.
            OutputError: the target exists (unless `overwrite`) or cannot be written.
        """
        with audio.AudioReader(Path(source)) as reader, replacing(Path(target), overwrite, Path(source)) as temporary:
            with temporary.open("wb") as file:
                return self.encode_stream(reader, file, num_codebooks, bitrate, metadata, refine)

    def decode_file(
        self,
        source: str | Path,
        target: str | Path,
        num_codebooks: int | None = None,
        overwrite: bool = False,
        salvage: bool = False,
        start_s: float = 0.0,
        duration_s: float | None = None,
    ) -> FileReport:
        """A token file to a sound file, its format told by the target's suffix.

        Args:
            source: token file.
            target: sound file.
            num_codebooks: use the first so many.
            overwrite: allow the target to exist.
            salvage: put silence where pages are damaged instead of refusing.
            start_s: where to start, in seconds; only the pages needed are read.
            duration_s: how much from there; by default all the rest.

        Raises:
            TokenFileError: the source is damaged or no token file.
            ModelError: it is of another model.
            ConfigError: the source does not reach to `start_s`, or has fewer codebooks.
            OutputError: the target exists or cannot be written.
        """
        begin = time.monotonic()
        source, target = Path(source), Path(target)
        part = start_s != 0 or duration_s is not None
        if part and salvage:
            raise ConfigError("a part cannot be salvaged, salvage the whole file first")
        lost = [0]
        with open_tokens(source, self.entropy) as reader:
            header = reader.header
            self.check_matches(header)
            depth = num_codebooks or header.num_codebooks
            check_depth(depth, header.num_codebooks)
            samples = total_samples(source, header)
            if part:
                blocks, samples = self._part(source, start_s, duration_s, depth)
            else:
                pages = _salvaged(source, self.entropy, lost) if salvage else iter(reader)
                kept = (page if isinstance(page, int) else page[:, :depth] for page in pages)
                blocks = self._decode_blocks(kept, header)
            with replacing(target, overwrite, source) as temporary:
                writer = audio.AudioWriter(
                    temporary, header.sample_rate, header.channels, target.suffix, header.metadata
                )
                written = _write_sound(writer, blocks, header, lambda: samples)
        return FileReport(
            written / header.sample_rate, source.stat().st_size, time.monotonic() - begin, lost_frames=lost[0]
        )

    def _part(
        self, path: Path, start_s: float, duration_s: float | None, depth: int
    ) -> tuple[Iterator[np.ndarray], int]:
        """A stretch of a file as blocks "c t", and its source samples."""
        file = TokenFile(path, self.entropy)
        total, rate = file.header.samples or 0, file.header.sample_rate
        length = total / rate if duration_s is None else min(duration_s, total / rate)
        if not 0 <= start_s <= total / rate or not length >= 0:
            raise ConfigError(f"{path}: has {total / rate:.3f} s, cannot give {length:g} s from {start_s:g} s on")
        start = round(start_s * rate)
        end = min(total, start + round(length * rate))
        plan = excerpt(file.header, len(file), start, end, frames_of_past(self.bundle.description["model"]["decoder"]))

        def blocks() -> Iterator[np.ndarray]:
            dropped, each = plan.dropped, file.header.frames_per_page
            frames = range(plan.first_frame, plan.end_frame, each)
            pages = (file[i : min(i + each, plan.end_frame)][:, :depth] for i in frames)
            with file:
                for block in self._decode_blocks(pages, file.header, plan.skipped):
                    yield block[:, dropped:]
                    dropped = max(0, dropped - block.shape[1])

        return blocks(), plan.samples

    def decode_stream(self, reader: TokenReader, output: BinaryIO, num_codebooks: int | None = None) -> FileReport:
        """Tokens as they arrive to a WAV (16 bit) that is written as they do.

        Args:
            reader: opened with `live`.
            output: gets the sound of each page as soon as the page is there.
            num_codebooks: use the first so many.

        Raises:
            TokenFileError, ModelError, ConfigError: see `decode_file`.
        """
        begin = time.monotonic()
        header = reader.header
        self.check_matches(header)
        depth = num_codebooks or header.num_codebooks
        check_depth(depth, header.num_codebooks)
        writer = audio.WavPipe(output, header.sample_rate, header.channels, header.samples)

        def promised() -> int | None:
            return reader.trailer.samples if reader.trailer else header.samples

        written = _write_sound(
            writer, self._decode_blocks((page[:, :depth] for page in reader), header), header, promised
        )
        return FileReport(written / header.sample_rate, 0, time.monotonic() - begin)


def _write_sound(
    writer: audio.AudioWriter | audio.WavPipe,
    blocks: Iterable[np.ndarray],
    header: Header,
    promised: Callable[[], int | None],
) -> int:
    """Write blocks "c t" and close the writer.

    The last frame is longer than the sound: as long as nobody knows where that ends, so much is held back.

    Args:
        writer: of the result.
        blocks: of the sound.
        header: of its tokens.
        promised: how many samples there are, or None while that is not known.

    Returns:
        Samples written.
    """
    written = 0
    held = np.zeros((header.channels, 0), np.float32)
    reserve = -(-header.hop_length * header.sample_rate // header.model_sample_rate)
    try:
        for block in blocks:
            held = np.concatenate([held, block], axis=1)
            total = promised()
            ready = held.shape[1] - reserve if total is None else min(held.shape[1], total - written)
            if ready > 0:
                writer.write(held[:, :ready])
                written, held = written + ready, held[:, ready:]
        total = promised()
        rest = held if total is None else held[:, : total - written]
        writer.write(rest)
        written += rest.shape[1]
        if total is not None and 0 < total - written < header.sample_rate:  # the resampler's rounding
            writer.write(np.zeros((header.channels, total - written), np.float32))
            written = total
    finally:
        writer.close()
    return written


def _on_channels(pool: ThreadPoolExecutor, work: Callable[..., np.ndarray], *arguments: Iterable[Any]) -> np.ndarray:
    """`work` on each channel, as many at once as the pool has threads, each on one torch thread."""
    with single_thread():
        return np.stack(list(pool.map(work, *arguments)))


def _push(decoder: StreamDecoder, codes: np.ndarray) -> np.ndarray:
    """What a channel of codes "q t" sounds like: silence where it has none, as a side of few codebooks may."""
    return decoder.push(codes) if len(codes) else decoder.skip(codes.shape[1])


def _salvaged(path: Path, entropy: EntropyModel | None, lost: list[int]) -> Iterator[np.ndarray | int]:
    for page in salvage_pages(path, entropy):
        if page.codes is None:
            lost[0] += page.frames
            for start in range(0, page.frames, MOST_LOST):
                yield min(MOST_LOST, page.frames - start)
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


def load(name: str = "speech-16k", threads: int = 1, backend: str = "auto") -> Codec:
    """Load a model that is in the package, or a bundle of your own.

    Args:
        name: of a model (`audiocodec.list_models()`), or the path of a model's folder or YAML.
        threads: channels worked on at once.
        backend: "onnx", "torch" or "auto": see `audiocodec.backends.base.open_model`.

    Raises:
        ModelError: unknown or damaged.
        MissingExtraError: what runs the model is not installed.
    """
    return Codec(load_bundle(name), threads, backend)


def encode_file(
    source: str | Path, target: str | Path, model: str = "speech-16k", backend: str = "auto", **options: Any
) -> FileReport:
    """`load(model, backend=backend).encode_file(source, target, ...)`."""
    return load(model, backend=backend).encode_file(source, target, **options)


def decode_file(
    source: str | Path, target: str | Path, model: str | None = None, backend: str = "auto", **options: Any
) -> FileReport:
    """`Codec.decode_file` with the model that the file names."""
    if model is None:
        with open_tokens(Path(source)) as reader:
            model = reader.header.model
    return load(model, backend=backend).decode_file(source, target, **options)
