"""One page: about a second of codes with a checksum of its own."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from audiocodec.errors import DamagedFileError, TokenFileError
from audiocodec.tokens import radix
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


def codebook_bits(header: Header, frames: int) -> int:
    """Bits of one packed codebook of a page, all rows."""
    return radix.packed_bits(frames * header.rows, header.codebook_size)


def packed_bytes(header: Header, frames: int) -> int:
    """Bytes of the packed codes of a page: no coder makes more."""
    return -(-header.num_codebooks * codebook_bits(header, frames) // 8)


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
    if coder == CODED and header.entropy != NO_ENTROPY:
        return length < packed_bytes(header, frames)
    return coder == PACKED and length == packed_bytes(header, frames)


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


class PageCodec:
    """Turns codes into the bytes of pages and back.

    Args:
        header: of the file.
        entropy: the model that `header` names; by default it is looked for when it is needed.
        name: of the file, for messages.
    """

    def __init__(self, header: Header, entropy: EntropyModel | None, name: str) -> None:
        self.header, self.name = header, name
        self._entropy = entropy

    @property
    def entropy(self) -> EntropyModel:
        """The entropy model that the header names.

        Raises:
            TokenFileError: it is not here, or is for other codes.
        """
        if self._entropy is None or self._entropy.hash != self.header.entropy:
            self._entropy = find_entropy(self.header.entropy, self.name)
        if not self._entropy.fits(self.header.levels, self.header.num_codebooks):
            raise TokenFileError(f"{self.name}: its entropy model is for codes of other levels")
        return self._entropy

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
        frames = codes.shape[2]
        packed = packed_bytes(self.header, frames)
        if self.header.entropy != NO_ENTROPY and self._codable(frames):
            payload = encode_codes(self.entropy, codes)
            if len(payload) < packed:
                return seal(index, CODED, frames, payload)
        bits = codebook_bits(self.header, frames)
        number = 0
        for q in range(self.header.num_codebooks):
            number |= radix.pack(codes[:, q].reshape(-1), self.header.codebook_size) << (q * bits)
        return seal(index, PACKED, frames, number.to_bytes(packed, "little"))

    def parse(self, pages: Sequence[tuple[int, bytes]]) -> Iterator[np.ndarray]:
        """Index and bytes of pages -> codes "r q t" of each, int64.

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
        intact = list(zip(pages, frames, strict=False))
        coded = self._decode({i: (data, f) for (i, data), f in intact if data[2] == CODED})
        for (index, data), count in intact:
            codes = coded[index] if index in coded else self._unpack(data, count)
            if codes is None:
                raise DamagedFileError(f"{self.name}: page {index} is damaged (payload does not decode)")
            yield codes
        if problem is not None:
            raise problem

    def _decode(self, pages: dict[int, tuple[bytes, int]]) -> dict[int, np.ndarray | None]:
        """Coded pages, those of equal length together."""
        header = self.header
        found: dict[int, np.ndarray | None] = {}
        for count in {frames for _, frames in pages.values()}:
            indices = [index for index, (_, frames) in pages.items() if frames == count]
            payloads = [pages[index][0][PREFIX.size : -4] for index in indices]
            codes: list[np.ndarray | None] = [None] * len(indices)
            if self._codable(count):
                codes = decode_codes(self.entropy, payloads, header.rows, header.num_codebooks, count)
            found.update(zip(indices, codes, strict=True))
        return found

    def _unpack(self, data: bytes, frames: int) -> np.ndarray | None:
        header = self.header
        number = int.from_bytes(data[PREFIX.size : -4], "little")
        bits, n = codebook_bits(header, frames), frames * header.rows
        codes = np.empty((header.rows, header.num_codebooks, frames), np.int64)
        if number >> (header.num_codebooks * bits):
            return None
        try:
            for q in range(header.num_codebooks):
                part = (number >> (q * bits)) & ((1 << bits) - 1)
                codes[:, q] = radix.unpack(part, n, header.codebook_size).reshape(header.rows, frames)
        except ValueError:
            return None
        return codes

    def keep_codebooks(self, index: int, data: bytes, num_codebooks: int) -> bytes:
        """The page with its first `num_codebooks` only: packed bits are cut, coded ones are coded again.

        Raises:
            DamagedFileError: the page is damaged.
        """
        frames = frames_of(self.header, index, data, self.name)
        kept = self.header.with_codebooks(num_codebooks)
        if data[2] == CODED or self.header.entropy != NO_ENTROPY:
            (codes,) = self.parse([(index, data)])
            return PageCodec(kept, self.entropy, self.name).build(index, codes[:, :num_codebooks])
        mask = (1 << num_codebooks * codebook_bits(self.header, frames)) - 1
        number = int.from_bytes(data[PREFIX.size : -4], "little") & mask
        return seal(index, PACKED, frames, number.to_bytes(packed_bytes(kept, frames), "little"))
