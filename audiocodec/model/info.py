"""Every fact of a model, once; without torch."""

from __future__ import annotations

import hashlib
import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from audiocodec.errors import ConfigError, ModelError, TokenFileError
from audiocodec.model import plan
from audiocodec.model.fsq import check_strides
from audiocodec.tokens import EntropyModel, Header
from audiocodec.tokens.bitrate import choose_depth, read_bitrate
from audiocodec.tokens.header import NO_ENTROPY
from audiocodec.tokens.joint import Joint
from audiocodec.tokens.strides import codes_per_frame

MAX_LEVELS = 2**16
_UNBUILT = (  # what a description of anyone's comes up with
    *(ConfigError, TokenFileError, KeyError, IndexError, TypeError, ValueError, AttributeError),
    *(ArithmeticError, struct.error),
)
MOST_OF_SPEECH = 24_000  # Hz: models up to this sample rate are for speech, others for any sound


def is_for_speech(sample_rate: int) -> bool:
    """Whether a model of this sample rate is for speech alone."""
    return sample_rate <= MOST_OF_SPEECH


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a model without running it.

    Attributes:
        name: as recorded in token files.
        version: of the weights.
        hash: 16 bytes over what codes stand for, see `hash_tensors`. Better encoders and decoders leave it.
        sample_rate: Hz.
        hop_length: samples per frame.
        delay: samples by which the decoder's output lags the encoder's input.
        past: frames before the current one on which the decoder's output depends.
        latent_dim: size of the latent vector.
        levels: FSQ: number of values of each dimension of a code; of other quantizers the codebook size alone.
        num_codebooks: codes per frame.
        joint_stereo: two channels are coded as mid and side, in one row of codes.
        conceals: the decoder was trained to conceal lost frames, which reach it as zeros.
        entropy: hash of the entropy model of rows of one channel in token files; `NO_ENTROPY`: they are packed.
        joint_entropy: hash of that of rows of two channels.
        strides: frames of a code, of each codebook (`audiocodec.tokens.strides`); empty: one.
    """

    name: str
    version: str
    hash: bytes
    sample_rate: int
    hop_length: int
    delay: int
    past: int
    latent_dim: int
    levels: tuple[int, ...]
    num_codebooks: int
    joint_stereo: bool = False
    conceals: bool = False
    entropy: bytes = NO_ENTROPY
    joint_entropy: bytes = NO_ENTROPY
    strides: tuple[int, ...] = ()

    @classmethod
    def of(
        cls,
        description: Mapping[str, Any],
        tensors: Mapping[str, np.ndarray],
        entropy: EntropyModel | None = None,
        joint_entropy: EntropyModel | None = None,
    ) -> ModelInfo:
        """The facts of a model.

        Args:
            description: its YAML: `name`, `version`, `model`.
            tensors: its weights by name.
            entropy: what rows of one channel are coded with in token files.
            joint_entropy: what rows of two channels are coded with.

        Raises:
            ModelError: the description cannot be built, token files cannot name such a model, or an entropy model is
                for other codes.
        """
        name = checked_name(str(description["name"]))
        try:
            spec = description["model"]
            encoder, decoder = (plan.read(part, spec[part]) for part in ("encoder", "decoder"))
            latent_dim, levels, num_codebooks, strides = _quantizer(spec["quantizer"])
            sample_rate, joint_stereo = int(spec["sample_rate"]), bool(spec.get("joint_stereo", False))
            if strides and joint_stereo:
                raise ConfigError("joint_stereo cannot be combined with codebooks of several strides")
            info = cls(
                name=name,
                version=str(description["version"]),
                hash=hash_tensors(tensors),
                sample_rate=sample_rate,
                hop_length=encoder.hop_length,
                delay=decoder.delay,
                past=decoder.past,
                latent_dim=latent_dim,
                levels=levels,
                num_codebooks=num_codebooks,
                joint_stereo=joint_stereo,
                conceals=decoder.conceals,
                entropy=NO_ENTROPY if entropy is None else entropy.hash,
                joint_entropy=NO_ENTROPY if joint_entropy is None else joint_entropy.hash,
                strides=strides,
            )
            info.header(sample_rate, 1, 0, num_codebooks).to_bytes()  # a token file can say all this
        except _UNBUILT as error:
            reason = error if isinstance(error, (ConfigError, TokenFileError)) else repr(error)
            raise ModelError(f"{name}: its description cannot be built ({reason})") from error
        if not all(model.fits(levels, num_codebooks) for model in (entropy, joint_entropy) if model is not None):
            raise ModelError(f"{name}: its entropy model is for other codes")
        return info

    @property
    def codebook_size(self) -> int:
        """Values one code may take."""
        return math.prod(self.levels)

    @property
    def for_speech(self) -> bool:
        """Whether the model is for speech alone."""
        return is_for_speech(self.sample_rate)

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.hop_length

    @property
    def block(self) -> int:
        """Frames that are encoded together: the longest stride."""
        return max(self.strides, default=1)

    @property
    def page_frames(self) -> int:
        """Frames of a page of a token file: about a second."""
        return self.block * max(1, round(self.frame_rate / self.block))

    @property
    def frame_s(self) -> float:
        """Seconds per frame."""
        return self.hop_length / self.sample_rate

    @property
    def codebook_bitrate(self) -> float:
        """Bits per second of one codebook with a code in every frame, of one channel."""
        return self.frame_rate * math.log2(self.codebook_size)

    def bitrate(self, num_codebooks: int) -> float:
        """Bits per second of the first codebooks of one channel."""
        return codes_per_frame(num_codebooks, self.strides) * self.codebook_bitrate

    def rows(self, channels: int) -> int:
        """Rows of codes of a sound: one per channel, or one for two channels together."""
        return 1 if channels == 2 and self.joint_stereo else channels

    def joint(self, channels: int) -> Joint:
        """How channels become rows, where nothing is known of the sound."""
        return Joint.MID_SIDE if self.rows(channels) < channels else Joint.APART

    def choose_codebooks(
        self, num_codebooks: int | None, bitrate: float | str | None, channels: int, packets: bool = False
    ) -> int:
        """Number of codebooks to use: as asked, the most that fit `bitrate` (bits per second), or all.

        Args:
            num_codebooks: that many.
            bitrate: of all channels together.
            channels: of the sound.
            packets: the codes go into packets, which have one of each codebook in every frame, whatever its stride.

        Raises:
            ConfigError: both are given, or neither can be met.
        """
        each = self.rows(channels) * self.codebook_bitrate
        strides = () if packets else self.strides
        return choose_depth(num_codebooks, bitrate, self.num_codebooks, each, strides)

    def check_variable(self) -> None:
        """Refuse a variable rate where there is none.

        Raises:
            ConfigError: codebooks have several strides.
        """
        if self.strides:
            raise ConfigError(f"{self.name}: has codebooks of several strides, which have no variable rate")

    def mean_codebooks(self, num_codebooks: int | None, bitrate: float | str | None, channels: int) -> float:
        """As `choose_codebooks`, where the number may differ from frame to frame: its mean, all but for a fraction.

        Raises:
            ConfigError: see there and `check_variable`.
        """
        self.check_variable()
        depth = self.choose_codebooks(num_codebooks, bitrate, channels)
        if bitrate is None:
            return depth
        return min(self.num_codebooks, read_bitrate(bitrate) / (self.rows(channels) * self.codebook_bitrate))

    def header(
        self,
        sample_rate: int,
        channels: int,
        samples: int | None,
        num_codebooks: int,
        metadata: Mapping[str, str] | None = None,
        joint: Joint | None = None,
        variable: bool = False,
    ) -> Header:
        """A file header for codes of this model.

        Args:
            sample_rate: of the source, Hz.
            channels: of the source.
            samples: of the source, per channel; None: not known yet.
            num_codebooks: codes per frame that are kept.
            metadata: text by name.
            joint: how two channels share a row, if they do; None: as `joint` says.
            variable: frames may have fewer codes.
        """
        joint = self.joint(channels) if joint is None else joint
        return Header(
            model=self.name,
            model_hash=self.hash,
            sample_rate=sample_rate,
            channels=channels,
            samples=samples,
            model_sample_rate=self.sample_rate,
            hop_length=self.hop_length,
            delay=self.delay,
            num_codebooks=num_codebooks,
            levels=self.levels,
            frames_per_page=self.page_frames,
            entropy=self.joint_entropy if joint else self.entropy,
            metadata=dict(metadata or {}),
            joint=joint,
            variable=variable,
            strides=self.strides[:num_codebooks],
        )

    def check(self, header: Header) -> None:
        """Refuse codes of another model: they would decode to noise. Weights of the same hash fit under any name.

        Raises:
            ModelError: weights or layout differ.
        """
        if header.model_hash != self.hash and header.model != self.name:
            raise ModelError(f"these tokens are of model {header.model!r}, loaded is {self.name!r}")
        if header.model_hash != self.hash:
            raise ModelError(
                f"these tokens were made with other weights of {self.name!r} "
                f"(hash {header.model_hash.hex()[:8]}, loaded {self.hash.hex()[:8]}, version {self.version}): "
                "from version 1.0 on token files stay decodable; decode older ones with the audiocodec release that "
                "made them"
            )
        layout = (header.model_sample_rate, header.hop_length, header.delay, header.levels, header.strides)
        strides = self.strides[: header.num_codebooks]
        if layout != (self.sample_rate, self.hop_length, self.delay, self.levels, strides):
            raise ModelError(f"these tokens do not have the layout of {self.name!r}")


def checked_name(name: str) -> str:
    """The name of a model, which becomes that of files and folders.

    Raises:
        ModelError: it is none, as one that leads out of a folder.
    """
    if not re.fullmatch(r"[\w+-][\w.+-]{0,63}", name):
        rule = "use letters, digits, '_', '+', '-' and '.', at most 64, and no '.' first"
        raise ModelError(f"{name!r} is not a model name: {rule}")
    return name


def _quantizer(spec: Mapping[str, Any]) -> tuple[int, tuple[int, ...], int, tuple[int, ...]]:
    """Latent dimension, levels, number of codebooks and strides of a quantizer's section."""
    stage = spec.get("stage", spec)
    levels = tuple(map(int, stage.get("levels", ())))
    if max(levels, default=2) > MAX_LEVELS:  # it would take all memory before anything else refuses it
        raise ConfigError(f"a dimension of its codes has {max(levels)} levels, at most {MAX_LEVELS}")
    levels = levels or (int(stage["codebook_size"]),)
    strides = check_strides(spec["strides"]) if "strides" in spec else ()
    return int(stage.get("dim", len(levels))), levels, len(strides) or int(spec.get("num_codebooks", 1)), strides


def hash_tensors(tensors: Mapping[str, Any]) -> bytes:
    """16 bytes of SHA-256 over name, type, shape and bytes of what the quantizer needs to turn codes into latents.

    The encoder, what projects its latents into the quantizer, and the decoder are left out: each may improve, and
    every token file stays decodable.

    Args:
        tensors: the weights of a model by name, arrays of numpy or torch.
    """
    digest = hashlib.sha256()
    for name in sorted(tensors):
        if name.startswith("quantizer.") and "project_in" not in name:
            array = np.asarray(tensors[name])
            digest.update(f"{name}:torch.{array.dtype.name}:{array.shape};".encode())
            digest.update(array.tobytes())
    return digest.digest()[:16]
