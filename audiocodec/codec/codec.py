"""The codec as people use it: sound to tokens, tokens to sound, arrays or files."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, overload

import numpy as np

from audiocodec import audio
from audiocodec.backends.base import FrameDecoder, FrameEncoder, frame_decoder, frame_encoder, open_model
from audiocodec.codec import arrays, files
from audiocodec.codec.blocks import BlockDecoder, BlockEncoder, sound_coder
from audiocodec.codec.channels import Rows
from audiocodec.codec.files import FileReport
from audiocodec.codec.sound_decoder import SoundDecoder
from audiocodec.codec.sound_encoder import SoundEncoder
from audiocodec.codec.stream_decoder import StreamDecoder, decode_streams
from audiocodec.codec.stream_encoder import StreamEncoder, encode_streams
from audiocodec.errors import ConfigError
from audiocodec.model.bundle import Bundle, list_models, load_bundle
from audiocodec.model.hub import fetch_hub_folder, save_hub_folder
from audiocodec.tokens import Header, TokenReader, Tokens

if TYPE_CHECKING:
    import torch

    from audiocodec.model import CodecModel


class Codec:
    """A loaded model. Arrays go in as numpy or torch and come out as numpy.

    Args:
        bundle: of `audiocodec.model.bundle.load_bundle`.
        threads: channels (or batch items) worked on at once; never changes a token.
        backend: "onnx", "torch" or "auto": see `audiocodec.backends.base.open_model`.

    Attributes:
        info: every fact of the model.

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
        self.bundle, self.info, self.entropy = bundle, bundle.info, bundle.entropy
        self.model, self.threads, self._backend = open_model(bundle, backend), threads, backend

    def __reduce__(self) -> tuple[type[Codec], tuple[Bundle, int, str]]:
        return Codec, (self.bundle, self.threads, self._backend)

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
        return cls(load_bundle(name if known else str(fetch_hub_folder(name))), threads, backend)

    @functools.cached_property
    def _encoder(self) -> FrameEncoder:
        return frame_encoder(self.model, self.info)

    @functools.cached_property
    def _decoder(self) -> FrameDecoder:
        return frame_decoder(self.model, self.info)

    @property
    def name(self) -> str:
        """Name of the model, as recorded in token files."""
        return self.info.name

    @property
    def model_hash(self) -> bytes:
        """16 bytes that identify what the codes of the model stand for."""
        return self.info.hash

    @property
    def sample_rate(self) -> int:
        """Of the model, Hz."""
        return self.info.sample_rate

    @property
    def hop_length(self) -> int:
        """Samples per frame."""
        return self.info.hop_length

    @property
    def delay_samples(self) -> int:
        """Samples by which decoded sound is late."""
        return self.info.delay

    @property
    def num_codebooks(self) -> int:
        """Codes per frame."""
        return self.info.num_codebooks

    @property
    def codebook_size(self) -> int:
        """Values one code may take."""
        return self.info.codebook_size

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.info.frame_rate

    def sound_encoder(self, channels: int, num_codebooks: int) -> SoundEncoder:
        """An encoder for all channels of a sound at the model's rate; see `encode_sounds`."""
        return SoundEncoder(self._encoder, self.row_plan(channels, num_codebooks), self.threads)

    def sound_decoder(self, channels: int) -> SoundDecoder:
        """Decodes all channels of a stream, as they are stored."""
        return SoundDecoder(self._decoder, channels, self.row_plan(channels, 1).joint)

    def block_encoder(self, sample_rate: int, channels: int, num_codebooks: int, refine: int = 0) -> BlockEncoder:
        """An encoder for all channels of a sound at any rate, block by block. Raises as `sound_coder`."""
        return BlockEncoder(self.info, sound_coder(self, channels, num_codebooks, refine), sample_rate)

    def block_decoder(self, header: Header, skipped: int | None = None) -> BlockDecoder:
        """The way back; `skipped` model samples are dropped at the start, by default the delay."""
        return BlockDecoder(self._decoder, header, self.threads, skipped)

    def row_plan(self, channels: int, num_codebooks: int) -> Rows:
        """How the channels of a sound become rows of codes."""
        return Rows(channels, num_codebooks, self.info.rows(channels) < channels)

    @functools.cached_property
    def searched_model(self) -> CodecModel:
        """The network for `refine`, without post-filter."""
        return self.bundle.build_model().without_postfilter()

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
                lengths, which go through the network together. Each gives the tokens that it gives alone.
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
            return arrays.encode(self, wav, sample_rate, num_codebooks, bitrate, refine)
        return arrays.encode(self, [wav], sample_rate, num_codebooks, bitrate, refine)[0]

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
        return arrays.decode(self, tokens, num_codebooks)

    def stream_encoder(self, num_codebooks: int | None = None, bitrate: float | str | None = None) -> StreamEncoder:
        """An encoder for one live channel at the model's rate: `push` samples, get codes.

        Raises:
            ConfigError: the number of codebooks or the bitrate cannot be had.
        """
        return StreamEncoder(self._encoder, self.info.choose_codebooks(num_codebooks, bitrate, 1))

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
        return encode_streams(encoders, samples, self.threads)

    def decode_together(self, decoders: Sequence[StreamDecoder], codes: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Push codes "q t" to each of many streams; returns their samples, "(t hop)".

        Raises:
            ConfigError: see `StreamDecoder.push`.
        """
        return decode_streams(decoders, codes)

    def encode_stream(
        self,
        reader: audio.AudioReader,
        output: BinaryIO,
        num_codebooks: int | None = None,
        bitrate: float | str | None = None,
        metadata: Mapping[str, str] | None = None,
        refine: int = 0,
    ) -> FileReport:
        """An open sound file into a binary stream, in constant memory: see `audiocodec.codec.files.encode_stream`."""
        return files.encode_stream(self, reader, output, num_codebooks, bitrate, metadata, refine)

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
        """A sound file to a token file: see `audiocodec.codec.files.encode_file`."""
        return files.encode_file(self, Path(source), Path(target), num_codebooks, bitrate, overwrite, metadata, refine)

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
        """A token file to a sound file, or a part of it: see `audiocodec.codec.files.decode_file`."""
        return files.decode_file(
            self, Path(source), Path(target), num_codebooks, overwrite, salvage, start_s, duration_s
        )

    def decode_stream(self, reader: TokenReader, output: BinaryIO, num_codebooks: int | None = None) -> FileReport:
        """Tokens as they arrive to a WAV that is written as they do: see `audiocodec.codec.files.decode_stream`."""
        return files.decode_stream(self, reader, output, num_codebooks)
