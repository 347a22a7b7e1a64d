"""One page: about a second of codes with a checksum of its own."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from audiocodec.errors import DamagedFileError, TokenFileError
from audiocodec.tokens import radix
from audiocodec.tokens.depths import NO_CODE, depths_of, most_bytes, pack_depths, present, unpack_depths
from audiocodec.tokens.entropy.model import EntropyModel
from audiocodec.tokens.entropy.page_coder import decode_codes, encode_codes
from audiocodec.tokens.entropy.store import find_entropy
from audiocodec.tokens.header import CODED, NO_ENTROPY, PACKED, Header

SYNC = b"PG"
PREFIX = struct.Struct("<2sBHI")  # sync, coder, frames, payload bytes
OVERHEAD = PREFIX.size + 4
BATCH_CODES = 1 << 14  # decoded together: a network call costs the same for one page and for many
MAX_CODED_FRAMES = 1 << 12  # of a page: bounds the time that a few bytes can ask for
MAX_CODED_DIGITS = 1 << 21  # of a page, all codebooks of the entropy model counted: bounds memory


def codebook_bits(header: Header, there: np.ndarray) -> list[int]:
    """Bits of each packed codebook of a page, all rows; there: which codes it has, "r q t"."""
    return [radix.packed_bits(int(n), header.codebook_size) for n in there.sum((0, 2))]


def packed_bytes(header: Header, frames: int) -> int:
    """Bytes of a page whose frames have every code, packed: no coder makes more."""
    bits = header.num_codebooks * radix.packed_bits(frames * header.rows, header.codebook_size)
    return -(-bits // 8) + (most_bytes(header.rows, frames) if header.variable else 0)


def checksum(index: int, body: bytes) -> bytes:
    """CRC of a page. The index is not stored: a page in the wrong place fails its checksum."""
    return struct.pack("<I", zlib.crc32(body, zlib.crc32(struct.pack("<I", index))))


def seal(index: int, coder: int, frames: int, payload: bytes) -> bytes:
    """A whole page around its payload."""
    body = PREFIX.pack(SYNC, coder, frames, len(payload)) + payload
    return body + checksum(index, body)


def plausible(header: Header, coder: int, frames: int, length: int) -> bool:
    """Whether a page of this file may have such a prefix."""
    if not 1 <= frames <= header.frames_per_page:
        return False
    most = packed_bytes(header, frames)
    if coder == CODED and header.entropy != NO_ENTROPY:
        return length < most
    return coder == PACKED and (length == most or (header.least_code < 0 and length < most))


def frames_of(header: Header, index: int, data: bytes, name: str) -> int:
    """Check a whole page and return its frames.

    Raises:
        DamagedFileError: checksum, or fields that contradict the header.
    """
    if len(data) < OVERHEAD or data[-4:] != checksum(index, data[:-4]):
        raise DamagedFileError(f"{name}: page {index} is damaged (checksum does not match)")
    sync, coder, frames, length = PREFIX.unpack_from(data)
    if sync != SYNC or length != len(data) - OVERHEAD:
        raise DamagedFileError(f"{name}: page {index} is damaged")
    if coder not in (PACKED, CODED):
        raise DamagedFileError(f"{name}: page {index} uses coder {coder}, which this version does not know")
    if not plausible(header, coder, frames, length):
        raise DamagedFileError(f"{name}: page {index} holds {frames} frames in {length} bytes, which cannot be")
    return int(frames)


_Part = tuple[np.ndarray, bytes] | None  # of a page: which codes it has, "r q t", and their bytes


class PageCodec:
    """Turns codes into the bytes of pages and back.

    Args:
        header: of the file.
        entropy: models that `header` may name; another is looked for when it is needed.
        name: of the file, for messages.
    """

    def __init__(self, header: Header, entropy: Sequence[EntropyModel], name: str) -> None:
        self.header, self._known, self.name = header, entropy, name

    @cached_property
    def entropy(self) -> EntropyModel:
        """The entropy model that the header names.

        Raises:
            TokenFileError: it is not here, or is for other codes.
        """
        known = [model for model in self._known if model.hash == self.header.entropy]
        model = known[0] if known else find_entropy(self.header.entropy, self.name)
        if not model.fits(self.header.levels, self.header.num_codebooks):
            raise TokenFileError(f"{self.name}: its entropy model is for codes of other levels")
        return model

    def _codable(self, frames: int) -> bool:
        model = self.entropy
        if frames > MAX_CODED_FRAMES:
            return False
        return self.header.rows * frames * model.num_codebooks * len(model.levels) <= MAX_CODED_DIGITS

    @property
    def pages_at_once(self) -> int:
        """How many pages are best decoded together."""
        header = self.header
        return max(1, BATCH_CODES // (header.rows * header.num_codebooks * header.frames_per_page))

    def build(self, index: int, codes: np.ndarray) -> bytes:
        """codes: "r q t" of one page -> its bytes, in the coder that makes fewer."""
        header, frames = self.header, codes.shape[2]
        depths = depths_of(codes) if header.variable else None
        head = b"" if depths is None else pack_depths(depths, header.num_codebooks)
        there = self._there(depths, frames)
        bits = codebook_bits(header, there)
        size = -(-sum(bits) // 8)
        if header.entropy != NO_ENTROPY and self._codable(frames):
            payload = encode_codes(self.entropy, codes)
            if len(payload) < size:
                return seal(index, CODED, frames, head + payload)
        number, at = 0, 0
        for q, length in enumerate(bits):
            number |= radix.pack(codes[:, q][there[:, q]], header.codebook_size) << at
            at += length
        return seal(index, PACKED, frames, head + number.to_bytes(size, "little"))

    def _there(self, depths: np.ndarray | None, frames: int) -> np.ndarray:
        """Which codes a page has, "r q t"; depths: "r t", None where all frames have all."""
        header = self.header
        if depths is None:
            depths = np.full((header.rows, frames), header.num_codebooks)
        return present(depths, header.num_codebooks, header.strides)

    def _opened(self, data: bytes, frames: int) -> tuple[np.ndarray, bytes] | None:
        """Which codes an intact page has, "r q t", and the bytes of these; None if no writer makes it."""
        payload, header = data[PREFIX.size : -4], self.header
        if not header.variable:
            return self._there(None, frames), payload
        try:
            depths, size = unpack_depths(payload, header.rows, frames, header.num_codebooks)
        except ValueError:
            return None
        return self._there(depths, frames), payload[size:]

    def parse(self, pages: Sequence[tuple[int, bytes]], until: int | None = None) -> Iterator[np.ndarray]:
        """Index and bytes of pages -> codes "r q t" of each, int64; with `until`, of coded pages only so many frames.

        Raises:
            DamagedFileError: checksum, or contents that no writer makes; the pages before it are given first.
            TokenFileError: the entropy model is not here.
        """
        frames: list[int] = []
        problem: DamagedFileError | None = None
        for index, data in pages:
            try:
                frames.append(frames_of(self.header, index, data, self.name))
            except DamagedFileError as error:
                problem = error
                break
        parts = {index: self._opened(data, count) for (index, data), count in zip(pages, frames, strict=False)}
        coded = self._decode(
            {i: parts[i] for (i, data), _ in zip(pages, frames, strict=False) if data[2] == CODED}, until
        )
        for index, part in parts.items():
            codes = coded[index] if index in coded else self._unpack(part)
            if codes is None:
                raise DamagedFileError(f"{self.name}: page {index} is damaged (payload does not decode)")
            yield codes
        if problem is not None:
            raise problem

    def _decode(self, pages: dict[int, _Part], until: int | None) -> dict[int, np.ndarray | None]:
        """Coded pages, those of equal length together."""
        found: dict[int, np.ndarray | None] = dict.fromkeys(pages)
        intact = {index: part for index, part in pages.items() if part is not None}
        for count in {there.shape[2] for there, _ in intact.values()}:
            same = {index: part for index, part in intact.items() if part[0].shape[2] == count}
            if self._codable(count):
                there, payloads = zip(*same.values(), strict=True)
                found.update(zip(same, decode_codes(self.entropy, list(payloads), list(there), until), strict=True))
        return found

    def _unpack(self, part: _Part) -> np.ndarray | None:
        if part is None:
            return None
        there, payload = part
        bits = codebook_bits(self.header, there)
        number = int.from_bytes(payload, "little")
        if len(payload) != -(-sum(bits) // 8) or number >> sum(bits):
            return None
        codes = np.full(there.shape, NO_CODE, np.int64)
        try:
            for q, length in enumerate(bits):
                own = there[:, q]
                codes[:, q][own] = radix.unpack(number & ((1 << length) - 1), int(own.sum()), self.header.codebook_size)
                number >>= length
        except ValueError:
            return None
        return codes

    def keep_codebooks(self, index: int, data: bytes, num_codebooks: int) -> bytes:
        """The page with its first `num_codebooks` only.

        Raises:
            DamagedFileError: the page is damaged.
        """
        kept = PageCodec(self.header.with_codebooks(num_codebooks), self._known, self.name)
        (codes,) = self.parse([(index, data)])
        return kept.build(index, codes[:, :num_codebooks])
