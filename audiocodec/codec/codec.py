"""The codec as people use it: sound to tokens, tokens to sound, arrays or files."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, overload

import numpy as np

from audiocodec import audio
from audiocodec._util.extras import require
from audiocodec.backends.base import FrameDecoder, FrameEncoder, frame_decoder, frame_encoder, open_model
from audiocodec.codec import arrays, files
from audiocodec.codec.blocks import BlockDecoder
from audiocodec.codec.channels import Rows
from audiocodec.codec.facts import Facts
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

    from audiocodec.codec.module import CodecModule
    from audiocodec.model import CodecModel

    Array = np.ndarray | torch.Tensor

Rate = float | str | None  # bits per second, as a number or as 3k


class Codec(Facts):
    """A loaded model: sound and codes of numpy or torch, files and streams.

    Args:
        bundle: of `audiocodec.model.bundle.load_bundle`.
        threads: channels (or batch items) worked on at once; never changes a token.
        backend: "onnx", "torch" or "auto": see `audiocodec.backends.base.open_model`.
        device: "cpu", or where torch is to compute, such as "cuda" (`docs/onnx.md` says what that promises).

    Attributes:
        info: every fact of the model.
        device: where it computes.

    Example:
        >>> import audiocodec, numpy as np
        >>> codec = audiocodec.load("speech-16k")
        >>> wav = np.zeros((1, 16000), np.float32)
        >>> tokens = codec.encode(wav, sample_rate=16000)
        >>> codec.decode(tokens).shape
        (1, 16000)
    """

    def __init__(
        self, bundle: Bundle, threads: int = 1, backend: str = "auto", device: str | torch.device = "cpu"
    ) -> None:
        if not isinstance(threads, int) or threads < 1:
            raise ConfigError(f"threads is {threads!r}, it must be 1 or more")
        self.bundle, self.info, self.entropy = bundle, bundle.info, bundle.entropy
        self.model, self.threads, self._backend = open_model(bundle, backend, device), threads, backend
        self.device = str(device)

    def __reduce__(self) -> tuple[type[Codec], tuple[Bundle, int, str, str]]:
        return Codec, (self.bundle, self.threads, self._backend, self.device)

    def to(self, device: str | torch.device) -> Codec:
        """Compute on another device from now on, as `load(..., device=device)` does; returns this codec.

        Streams made before stay where they are.

        Raises:
            ConfigError: there is no such device, or the backend is onnx, which runs on the CPU.
            MissingExtraError: torch is not installed.
        """
        moved = Codec(self.bundle, self.threads, self._backend, device)
        if "module" in self.__dict__:
            moved.__dict__["module"] = self.module.to(device)
        self.__dict__ = moved.__dict__
        return self

    @functools.cached_property
    def module(self) -> CodecModule:
        """The network as a `torch.nn.Module` for training: a copy of the weights, with gradients, in eval mode.

        Made when it is first asked for, then always the same. Training it leaves `encode` and `decode` as they are.

        Raises:
            MissingExtraError: torch is not installed.
        """
        require("torch", "torch")
        from audiocodec.codec.module import CodecModule

        return CodecModule(self.bundle.build_model().requires_grad_()).to(self.device).eval()

    def save_pretrained(self, folder: str | Path, overwrite: bool = False) -> None:
        """Write the model as a Hugging Face Hub repository holds it; `load` and `from_pretrained` take the folder.

        Raises:
            OutputError: files exist in `folder`, or cannot be written.
        """
        save_hub_folder(Path(folder), self.bundle, overwrite)

    @classmethod
    def from_pretrained(
        cls, name: str, threads: int = 1, backend: str = "auto", device: str | torch.device = "cpu"
    ) -> Codec:
        """As `load`; a name that is neither a model nor a path is taken as a Hugging Face Hub repository.

        Raises:
            MissingExtraError: it is one, and huggingface_hub is not installed.
            ModelError: unknown or damaged.
        """
        known = name in list_models() or Path(name).exists()
        return cls(load_bundle(name if known else str(fetch_hub_folder(name))), threads, backend, device)

    @functools.cached_property
    def _encoder(self) -> FrameEncoder:
        return frame_encoder(self.model, self.info)

    @functools.cached_property
    def _decoder(self) -> FrameDecoder:
        return frame_decoder(self.model, self.info)

    def sound_encoder(self, channels: int, num_codebooks: int) -> SoundEncoder:
        """An encoder for all channels of a sound at the model's rate; see `encode_sounds`."""
        return SoundEncoder(self._encoder, self.row_plan(channels, num_codebooks), self.threads)

    def sound_decoder(self, channels: int) -> SoundDecoder:
        """Decodes all channels of a stream, as they are stored."""
        return SoundDecoder(self._decoder, channels, self.row_plan(channels, 1).joint)

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
        self, wav: list[Any], sample_rate: int, num_codebooks: int | None = None, bitrate: Rate = None, refine: int = 0
    ) -> list[Tokens]: ...

    @overload
    def encode(
        self, wav: Array, sample_rate: int, num_codebooks: int | None = None, bitrate: Rate = None, refine: int = 0
    ) -> Tokens: ...

    def encode(
        self, wav: Any, sample_rate: int, num_codebooks: int | None = None, bitrate: Rate = None, refine: int = 0
    ) -> Tokens | list[Tokens]:
        """Sound to tokens.

        Args:
            wav: "c t" or "t", floats in about [-1, 1], numpy or torch, on any device; or a list of such, of any
                lengths, which go through the network together. Each gives the tokens that it gives alone. "b c t" is
                taken as the list of its b sounds.
            sample_rate: of `wav`, Hz, any.
            num_codebooks: keep the first so many; all by default.
            bitrate: instead: as many as fit, in bits per second for all channels together: 3000 or "3k".
            refine: steps of a search for codes that decode to better sound at this number of codebooks; 20 are enough,
                and 140 to 210 times as slow as encoding alone (`docs/refine.md`). Its tokens do not depend on
                threads and lists either, but may differ between machines. It runs on the CPU.

        Returns:
            Tokens with codes "r q t" (r: row, a channel or two that are joint), always of numpy
            (`torch.from_numpy(tokens.codes)`); for a list or "b c t", a list.

        Raises:
            AudioError: the shape is wrong, or there are NaN or infinite samples.
            ConfigError: `num_codebooks` or `bitrate` is out of range, or `refine` is negative.
            MissingExtraError: refine, and torch or torchaudio is not installed.
        """
        if isinstance(wav, (list, tuple)) or getattr(wav, "ndim", 0) == 3:
            return arrays.encode(self, list(wav), sample_rate, num_codebooks, bitrate, refine)
        return arrays.encode(self, [wav], sample_rate, num_codebooks, bitrate, refine)[0]

    @overload
    def decode(self, tokens: Sequence[Any], num_codebooks: int | None = None) -> list[Any]: ...

    @overload
    def decode(self, tokens: torch.Tensor, num_codebooks: int | None = None) -> torch.Tensor: ...

    @overload
    def decode(self, tokens: Tokens | np.ndarray, num_codebooks: int | None = None) -> np.ndarray: ...

    def decode(self, tokens: Any, num_codebooks: int | None = None) -> Any:
        """Tokens, or codes alone, to sound.

        Args:
            tokens: of `encode` or `Tokens.load`; or codes of mono sound, integers "q t" or a batch "b q t", numpy or
                torch, q in 1 to all codebooks; or a list of these, of any lengths, which go through the network
                together. Each gives the sound that it gives alone. Several channels of one sound go in as `Tokens`.
            num_codebooks: use the first so many; all by default.

        Returns:
            Of `Tokens`: "c t", float32, at the rate and with the length of what was encoded, or all that the frames
            hold if the header does not say. Of codes: "1 t", of a batch "b 1 t", at the model's rate: all frames less
            the delay; of a tensor a tensor, on its device. Of a list: a list.

        Raises:
            ModelError: the tokens are of another model.
            ConfigError: they are no codes of this model, or there are not that many codebooks.
        """
        return arrays.decode(self, tokens, num_codebooks)

    def stream_encoder(self, num_codebooks: int | None = None, bitrate: Rate = None) -> StreamEncoder:
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
        bitrate: Rate = None,
        metadata: Mapping[str, str] | None = None,
        refine: int = 0,
        vbr: bool = False,
    ) -> FileReport:
        """An open sound file into a binary stream: see `audiocodec.codec.files.encode_stream`."""
        return files.encode_stream(self, reader, output, num_codebooks, bitrate, metadata, refine, vbr)

    def encode_file(
        self,
        source: str | Path,
        target: str | Path,
        num_codebooks: int | None = None,
        bitrate: Rate = None,
        overwrite: bool = False,
        metadata: Mapping[str, str] | None = None,
        refine: int = 0,
        vbr: bool = False,
    ) -> FileReport:
        """A sound file to a token file: see `audiocodec.codec.files.encode_file`."""
        return files.encode_file(
            self, Path(source), Path(target), num_codebooks, bitrate, overwrite, metadata, refine, vbr
        )

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
