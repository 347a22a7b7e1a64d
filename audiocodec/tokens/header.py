"""The header of a token file."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from audiocodec.errors import DamagedFileError, TokenFileError, VersionError
from audiocodec.tokens import metadata
from audiocodec.tokens.depths import NO_CODE
from audiocodec.tokens.joint import Joint
from audiocodec.tokens.strides import codes_per_frame

MAGIC = b"\x89FSQ\r\n\x1a\n"
VERSION = 4  # of files whose frames have different codes; those with joint channels are of version 3, others of 2
PACKED, CODED = 0, 1  # coders of pages: mixed radix, or by an entropy model
NO_ENTROPY = bytes(16)
UNKNOWN = 2**64 - 1
MAX_PAGE_CODES = 1 << 20
_PREFIX = struct.Struct("<8sBBH")
_FIELDS = struct.Struct("<IBQIII16sBBHB")


@dataclass(frozen=True)
class Header:
    """What a token file says about itself.

    Attributes:
        model: name of the model that made the codes.
        model_hash: 16 bytes, of the weights that turn codes into latents.
        sample_rate: of the source, Hz.
        channels: of the source.
        samples: of each source channel; None while a stream is being written, and for codes of unknown length: all
            that their frames hold (`held_samples`).
        model_sample_rate: Hz.
        hop_length: model samples per frame.
        delay: model samples by which decoded audio lags.
        num_codebooks: codes per frame and row.
        levels: of each dimension of a codebook; their product is the codebook size.
        frames_per_page: frames of every page but the last.
        entropy: 16 bytes, hash of the entropy model that pages may be coded with; zeros: all are packed.
        metadata: text by name, such as "title"; see `audiocodec.tokens.metadata`.
        joint: whether, and how, two channels are one row of codes, see `audiocodec.codec.channels`.
        variable: frames may have fewer than `num_codebooks` codes, see `audiocodec.tokens.depths`.
        strides: codebook q has a code only in every strides[q]-th frame, for all until the next; empty: in every frame.
    """

    model: str
    model_hash: bytes
    sample_rate: int
    channels: int
    samples: int | None
    model_sample_rate: int
    hop_length: int
    delay: int
    num_codebooks: int
    levels: tuple[int, ...]
    frames_per_page: int
    entropy: bytes = NO_ENTROPY
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)
    joint: Joint = Joint.APART
    variable: bool = False
    strides: tuple[int, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of codes, r in "r q t"."""
        return 1 if self.joint else self.channels

    @property
    def least_code(self) -> int:
        """The least number in an array of codes: 0, or `NO_CODE` where codes may be missing."""
        return NO_CODE if self.variable or self.strides else 0

    @property
    def block(self) -> int:
        """Frames after which all codebooks have a code again."""
        return math.lcm(*self.strides)

    @property
    def codebook_size(self) -> int:
        return math.prod(self.levels)

    @property
    def frame_rate(self) -> float:
        return self.model_sample_rate / self.hop_length

    @property
    def duration_s(self) -> float | None:
        return None if self.samples is None else self.samples / self.sample_rate

    @property
    def codebook_bitrate(self) -> float:
        """Bits per second of one codebook with a code in every frame, all rows."""
        return self.frame_rate * self.rows * math.log2(self.codebook_size)

    @property
    def nominal_bitrate(self) -> float:
        """Bits per second of the codes alone, all rows."""
        return codes_per_frame(self.num_codebooks, self.strides) * self.codebook_bitrate

    def expected_frames(self) -> int | None:
        """Frames that `samples` need, or None if that is not known yet."""
        if self.samples is None:
            return None
        return frames_for(self.samples, self.sample_rate, self.model_sample_rate, self.hop_length, self.delay)

    def held_samples(self, frames: int) -> int:
        """The most samples of each source channel that so many frames hold: all but the delay, at the source's rate."""
        return max(0, (frames * self.hop_length - self.delay) * self.sample_rate // self.model_sample_rate)

    def check(self) -> Header:
        """Refuse values that no writer makes and that would cost memory or time.

        Raises:
            TokenFileError: some field is out of its range.
        """
        ranges = {
            "source sample rate": (self.sample_rate, 1, 10**6),
            "channels": (self.channels, 1, 255),
            "model sample rate": (self.model_sample_rate, 1, 10**6),
            "hop length": (self.hop_length, 1, 2**20),
            "delay": (self.delay, 0, 2**20),
            "codebooks": (self.num_codebooks, 1, 255),
            "levels": (len(self.levels), 1, 64),
            "smallest level": (min(self.levels, default=0), 2, 2**32 - 1),
            "codebook size": (self.codebook_size, 2, 2**32),
            "frames a page": (self.frames_per_page, 1, 65535),
            "codes a page": (self.rows * self.num_codebooks * self.frames_per_page, 1, MAX_PAGE_CODES),
            "model name length": (len(self.model.encode()), 1, 64),
            "model hash length": (len(self.model_hash), 16, 16),
            "entropy model hash length": (len(self.entropy), 16, 16),
            "samples": (self.samples or 0, 0, 2**62),
        }
        if self.joint:
            ranges["joint channels"] = (self.channels, 2, 2)
        if self.strides:
            ranges["strides"] = (len(self.strides), self.num_codebooks, self.num_codebooks)
            ranges["smallest stride"] = (min(self.strides), 1, 255)
            ranges["largest stride"] = (max(self.strides), 1, 255)
        for name, (value, low, high) in ranges.items():
            if not low <= value <= high:
                raise TokenFileError(f"header: {name} is {value}, must be {low} to {high}")
        if any(self.frames_per_page % stride for stride in self.strides):
            raise TokenFileError("header: frames a page are not a multiple of every stride")
        metadata.check(self.metadata)
        return self

    @property
    def _version(self) -> int:
        """The lowest that can say all this: so no older reader refuses what it could read."""
        if self.variable or self.strides or self.joint > Joint.MID_SIDE:
            return VERSION
        return 3 if self.joint else 2

    def to_bytes(self) -> bytes:
        """The header as it stands at the start of the file, its CRC included.

        Raises:
            TokenFileError: see `check`.
        """
        self.check()
        name = self.model.encode()
        fields = _FIELDS.pack(
            self.sample_rate,
            self.channels,
            UNKNOWN if self.samples is None else self.samples,
            self.model_sample_rate,
            self.hop_length,
            self.delay,
            self.model_hash,
            self.num_codebooks,
            PACKED if self.entropy == NO_ENTROPY else CODED,
            self.frames_per_page,
            len(self.levels),
        )
        fields += struct.pack(f"<{len(self.levels)}I", *self.levels) + bytes([len(name)]) + name
        fields += self.entropy
        if self._version > 2:
            fields += bytes([self.joint])
        if self._version > 3:
            fields += bytes([self.variable, len(self.strides), *self.strides])
        fields += metadata.to_bytes(self.metadata)
        head = _PREFIX.pack(MAGIC, self._version, 0, len(fields)) + fields
        return head + struct.pack("<I", zlib.crc32(head))

    @classmethod
    def read(cls, file: BinaryIO, name: str) -> Header:
        """Read from the start of a file, at most 64 KiB.

        Args:
            file: positioned at its start; left after the header.
            name: of the file, for messages.

        Raises:
            TokenFileError: this is no token file, or a field is out of range.
            VersionError: it is of a newer version.
            DamagedFileError: it is cut short or its CRC does not match.
        """
        prefix = file.read(_PREFIX.size)
        if prefix[: len(MAGIC)] != MAGIC[: len(prefix)] or not prefix:
            raise TokenFileError(f"{name}: is not a token file (.fsq)")
        if len(prefix) < _PREFIX.size:
            raise DamagedFileError(f"{name}: is cut short inside the header")
        _, version, _, length = _PREFIX.unpack(prefix)
        body = file.read(length + 4)
        if len(body) < length + 4:
            raise DamagedFileError(f"{name}: is cut short inside the header")
        if zlib.crc32(prefix + body[:length]) != int.from_bytes(body[length:], "little"):
            raise DamagedFileError(f"{name}: header is damaged (checksum does not match)")
        if version > VERSION:
            raise VersionError(
                f"{name}: is of format version {version}, this program reads up to {VERSION}; upgrade it"
            )
        try:
            return cls._parse(body[:length], version).check()
        except (struct.error, IndexError, UnicodeDecodeError) as error:
            raise DamagedFileError(f"{name}: header is damaged ({error})") from error
        except TokenFileError as error:
            raise TokenFileError(f"{name}: {error}") from error

    @classmethod
    def _parse(cls, fields: bytes, version: int) -> Header:
        rate, channels, samples, model_rate, hop, delay, digest, codebooks, _, page, n = _FIELDS.unpack_from(fields)
        levels = struct.unpack_from(f"<{n}I", fields, _FIELDS.size)
        name_at = _FIELDS.size + 4 * n
        name_length = fields[name_at]
        name = fields[name_at + 1 : name_at + 1 + name_length]
        if len(name) < name_length:
            raise IndexError("model name is cut")
        rest = _Rest.parse(fields[name_at + 1 + name_length :], version)
        return cls(
            model=name.decode(),
            model_hash=digest,
            sample_rate=rate,
            channels=channels,
            samples=None if samples == UNKNOWN else samples,
            model_sample_rate=model_rate,
            hop_length=hop,
            delay=delay,
            num_codebooks=codebooks,
            levels=levels,
            frames_per_page=page,
            entropy=rest.entropy,
            metadata=rest.metadata,
            joint=rest.joint,
            variable=rest.variable,
            strides=rest.strides,
        )

    def with_codebooks(self, num_codebooks: int) -> Header:
        """The same header for a file that keeps fewer codebooks."""
        return replace(self, num_codebooks=num_codebooks, strides=self.strides[:num_codebooks])


@dataclass(frozen=True)
class _Rest:
    """The fields that came after version 1, see `Header`."""

    entropy: bytes = NO_ENTROPY
    metadata: Mapping[str, str] = field(default_factory=dict)
    joint: Joint = Joint.APART
    variable: bool = False
    strides: tuple[int, ...] = ()

    @classmethod
    def parse(cls, fields: bytes, version: int) -> _Rest:
        """Bytes after the model's name -> fields.

        Raises:
            IndexError: they are cut short.
            TokenFileError: a value is not known.
        """
        if version == 1:
            return cls()
        entropy, at = fields[:16], 16
        joint, variable, strides = Joint.APART, 0, b""
        if version > 2:
            if fields[at] not in ([Joint.MID_SIDE] if version == 3 else list(Joint)):
                raise TokenFileError(f"channels are joined in way {fields[at]}, which this version does not know")
            joint, at = Joint(fields[at]), at + 1
        if version > 3:
            variable, count, at = fields[at], fields[at + 1], at + 2
            strides, at = fields[at : at + count], at + count
            if variable > 1 or len(strides) < count:
                raise IndexError("depths and strides are cut or unknown")
        return cls(entropy, metadata.from_bytes(fields[at:]), joint, bool(variable), tuple(strides))


def frames_for(samples: int, sample_rate: int, model_rate: int, hop_length: int, delay: int) -> int:
    """Frames that code `samples` at `sample_rate`: they cover the model's delay too."""
    if samples == 0:
        return 0
    model_samples = -(-samples * model_rate // sample_rate)
    return -(-(model_samples + delay) // hop_length)
