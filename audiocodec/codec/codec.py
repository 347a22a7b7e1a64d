"""The codec: audio to tokens and back, as arrays or files."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, overload

import numpy as np

from audiocodec import audio
from audiocodec._util.extras import require
from audiocodec._util.numbers import check_count
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
from audiocodec.model.bundle import Bundle, list_models, load_bundle
from audiocodec.model.hub import fetch_hub_folder, save_hub_folder
from audiocodec.tokens import Header, TokenReader, Tokens
from audiocodec.tokens.joint import Joint

if TYPE_CHECKING:
    import torch

    from audiocodec.codec.module import CodecModule
    from audiocodec.model import CodecModel

    Array = np.ndarray | torch.Tensor

Rate = float | str | None  # bits per second, as a number or as 3k


class Codec(Facts):
    """A loaded model, for arrays of numpy or torch, files and streams.

    Args:
        bundle: of `audiocodec.model.bundle.load_bundle`.
        threads: number of channels (or batch items) to process in parallel; never changes a token.
        backend: "onnx", "torch" or "auto": see `audiocodec.backends.base.open_model`.
        device: device of torch, such as "cuda" (`docs/onnx.md` says what is guaranteed on it).

    Attributes:
        info: every fact of the model.
        device: on which it computes.

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
        threads = check_count(threads, "threads", 1)
        self.bundle, self.info, self.entropy = bundle, bundle.info, bundle.entropies
        self.model, self.threads, self._backend = open_model(bundle, backend, device), threads, backend
        self.device = str(device)

    def __reduce__(self) -> tuple[type[Codec], tuple[Bundle, int, str, str]]:
        return Codec, (self.bundle, self.threads, self._backend, self.device)

    def to(self, device: str | torch.device) -> Codec:
        """Move to another device, as `load(..., device=device)` does; returns this codec.

        Streams created before stay on theirs.

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

        Created on first access, then always the same object. Training it does not change `encode` and `decode`.

        Raises:
            MissingExtraError: torch is not installed.
        """
        require("torch", "torch")
        from audiocodec.codec.module import CodecModule

        return CodecModule(self.bundle.build_model().requires_grad_()).to(self.device).eval()

    def save_pretrained(self, folder: str | Path, overwrite: bool = False) -> None:
        """Write the model as a Hugging Face Hub repository; `load` and `from_pretrained` accept the folder.

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

    def rows(self, channels: int, num_codebooks: int, joint: Joint | None = None) -> Rows:
        """How the channels of a sound become rows of codes; `joint`: how two share one, by default as in a stream."""
        return Rows(channels, num_codebooks, self.info.joint(channels) if joint is None else joint)

    def sound_encoder(self, rows: Rows) -> SoundEncoder:
        """An encoder for all channels of a sound at the model's rate; see `encode_sounds`."""
        return SoundEncoder(self._encoder, rows, self.threads)

    def sound_decoder(self, channels: int, joint: Joint | None = None) -> SoundDecoder:
        """A decoder for all channels of a stream."""
        return SoundDecoder(self._decoder, channels, self.rows(channels, 1, joint).joint)

    def block_decoder(self, header: Header, skipped: int | None = None) -> BlockDecoder:
        """The decoder to it; `skipped` model samples are dropped at the start, by default the delay."""
        return BlockDecoder(self._decoder, header, self.threads, skipped)

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
        """Encode audio.

        Args:
            wav: "c t" or "t", floats in about [-1, 1], numpy or torch, on any device; or a list of these, of any
                lengths, which is encoded as a batch. Each gets the same tokens as alone. "b c t" is treated as a list
                of b sounds.
            sample_rate: of `wav`, Hz, any.
            num_codebooks: number of codebooks to keep (the first N); all by default.
            bitrate: alternatively the target bitrate, in bits per second for all channels together: 3000 or "3k".
            refine: steps of a search for codes that sound better with this number of codebooks; 20 are enough, and 140
                to 210 times as slow as encoding alone (`docs/refine.md`). Its tokens do not depend on threads and
                batching either, but may differ between machines. It runs on the CPU.

        Returns:
            Tokens with codes "r q t" (r: row, one channel or two in joint stereo), always numpy
            (`torch.from_numpy(tokens.codes)`); for a list or "b c t", a list.

        Raises:
            AudioError: the shape is wrong, or there are NaN or infinite samples.
            ConfigError: `num_codebooks` or `bitrate` is out of range, or `refine` is not a whole number, 0 or more.
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
        """Decode tokens, or codes alone.

        Args:
            tokens: of `encode` or `Tokens.load`; or codes of mono sound, integers "q t" or a batch "b q t", numpy or
                torch, q in 1 to all codebooks; or a list of these, of any lengths, which is decoded as a batch;
                each gives the same samples as alone. Use `Tokens` for several channels of one sound.
            num_codebooks: number of codebooks to use (the first N); all by default.

        Returns:
            Of `Tokens`: "c t", float32, at the sample rate and with the length of the encoded audio, or all that the
            frames hold if the header does not say. Of codes: "1 t", of a batch "b 1 t", at the model's rate: all
            frames less the delay; for a tensor, a tensor on its device. For a list: a list.

        Raises:
            ModelError: the tokens belong to another model.
            ConfigError: they are not codes of this model, or there are not that many codebooks.
        """
        return arrays.decode(self, tokens, num_codebooks)

    def stream_encoder(self, num_codebooks: int | None = None, bitrate: Rate = None) -> StreamEncoder:
        """An encoder for one live channel at the model's rate: `push` samples, get codes.

        Raises:
            ConfigError: the number of codebooks or the bitrate is out of range.
        """
        return StreamEncoder(self._encoder, self.info.choose_codebooks(num_codebooks, bitrate, 1))

    def stream_decoder(self) -> StreamDecoder:
        """A decoder for one live channel: `push` codes, get samples, `delay_samples` late; `conceal` lost frames."""
        return StreamDecoder(self._decoder)

    def encode_together(self, encoders: Sequence[StreamEncoder], samples: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Push samples "t", of any length each, to each of many streams; returns their codes, "q t".

        Each stream gets the same codes as alone. Streams may be added and removed between calls;
        up to `threads` of them are processed in parallel.

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
        high_pass: float = 0.0,
        quality: float | None = None,
    ) -> FileReport:
        """An open sound file into a binary stream: see `audiocodec.codec.files.encode_stream`."""
        return files.encode_stream(
            self, reader, output, num_codebooks, bitrate, metadata, refine, vbr, high_pass, quality
        )

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
        high_pass: float = 0.0,
        quality: float | None = None,
    ) -> FileReport:
        """A sound file to a token file: see `audiocodec.codec.files.encode_file`."""
        return files.encode_file(
            self,
            Path(source),
            Path(target),
            num_codebooks,
            bitrate,
            overwrite,
            metadata,
            refine,
            vbr,
            high_pass,
            quality,
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
        """Decode a token file, or a part of it, to a sound file: see `audiocodec.codec.files.decode_file`."""
        return files.decode_file(
            self, Path(source), Path(target), num_codebooks, overwrite, salvage, start_s, duration_s
        )

    def decode_stream(self, reader: TokenReader, output: BinaryIO, num_codebooks: int | None = None) -> FileReport:
        """Decode tokens to a WAV, as they arrive: see `audiocodec.codec.files.decode_stream`."""
        return files.decode_stream(self, reader, output, num_codebooks)
