"""Where the sound of a file lies by what its header says: RIFF, RF64, W64, AIFF, 8SVX, AU, CAF, SPHERE, VOC, MP4, ASF.

libsndfile believes these headers, or quietly reads what there is: so they are read here once more, and compared with
the size of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

UNKNOWN_32 = 2**31 - 1 - 2**16  # sizes from here on are what programs write that do not know the length
TAGS = (b"TAG", b"ID3", b"APE")  # that programs append to any kind of file


@dataclass(frozen=True)
class Extent:
    """Bytes of sound.

    Attributes:
        start: where they begin.
        size: how many the header promises; None: it does not know.
        trailing: bytes after them that are of no chunk.
    """

    start: int
    size: int | None
    trailing: int = 0


def find_extent(file: BinaryIO, file_size: int) -> Extent | None:
    """Where the sound lies; None: the file is of another kind, or has no sound."""
    file.seek(0)
    head = file.read(64)
    for matches, parse in KINDS:
        if matches(head):
            return parse(file, head, file_size)
    return None


def _chunks(file: BinaryIO, at: int, order: str) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and size of each chunk of four letters and 32 bits, the last of which may not be whole."""
    while True:
        file.seek(at)
        head = file.read(8)
        if len(head) < 8 or not all(32 <= letter < 127 for letter in head[:4]) or head[:4] in (b"RIFF", b"RF64"):
            return
        size = int.from_bytes(head[4:], order)  # type: ignore[arg-type]
        yield head[:4], at + 8, size
        at += 8 + size + size % 2


def _riff(file: BinaryIO, head: bytes, file_size: int) -> Extent | None:
    order, long_size = ("big" if head[:4] == b"RIFX" else "little"), None
    for name, start, size in _chunks(file, 12, order):
        if name == b"ds64":
            file.seek(start + 8)
            long_size = int.from_bytes(file.read(8), "little")
        if name == b"data":
            if long_size is not None and size == 2**32 - 1:
                return Extent(start, long_size, _trailing(file, start + long_size, order, file_size))
            if size >= UNKNOWN_32 and start + size > file_size:
                return Extent(start, None)
            return Extent(start, size, _trailing(file, start + size + size % 2, order, file_size))
    return None


def _trailing(file: BinaryIO, at: int, order: str, file_size: int) -> int:
    """Bytes from `at` on that are neither chunks nor tags nor zeros."""
    for _, start, size in _chunks(file, at, order):
        if start + size > file_size:
            break
        at = start + size + size % 2
    file.seek(at)
    rest = file.read(4096)
    return 0 if not rest.strip(b"\0") or rest[:3] in TAGS else file_size - at


def _form(file: BinaryIO, head: bytes, file_size: int) -> Extent | None:
    for name, start, size in _chunks(file, 12, "big"):
        if name in (b"SSND", b"BODY"):
            skipped = 8 if name == b"SSND" else 0  # offset and block size
            unknown = size >= UNKNOWN_32 and start + size > file_size
            return Extent(start + skipped, None if unknown else max(0, size - skipped))
    return None


def _w64(file: BinaryIO, head: bytes, file_size: int) -> Extent | None:
    at = 40
    while True:
        file.seek(at)
        head = file.read(24)
        size = int.from_bytes(head[16:], "little") - 24
        if len(head) < 24 or size < 0:
            return None
        if head[:4] == b"data":
            return Extent(at + 24, None if size >= 2**62 else size)
        at += -(-(24 + size) // 8) * 8


def _au(file: BinaryIO, head: bytes, file_size: int) -> Extent:
    order = "big" if head[:4] == b".snd" else "little"
    start, size = (int.from_bytes(head[i : i + 4], order) for i in (4, 8))  # type: ignore[arg-type]
    return Extent(start, None if size == 2**32 - 1 else size, 0 if size == 2**32 - 1 else file_size - start - size)


def _caf(file: BinaryIO, head: bytes, file_size: int) -> Extent | None:
    at = 8
    while True:
        file.seek(at)
        head = file.read(12)
        size = int.from_bytes(head[4:], "big", signed=True)
        if len(head) < 12 or (size < 0 and head[:4] != b"data"):
            return None
        if head[:4] == b"data":
            return Extent(at + 16, None if size < 0 else max(0, size - 4))
        at += 12 + size


def _sphere(file: BinaryIO, head: bytes, file_size: int) -> Extent | None:
    file.seek(0)
    start = int(head[8:16])
    fields = {}
    for line in file.read(min(start, 65_536)).decode("latin-1").splitlines():
        name, _, value = line.partition(" ")
        fields[name] = value.split(" ", 1)[-1].strip()
    try:
        size = int(fields["sample_count"]) * int(fields["channel_count"]) * int(fields["sample_n_bytes"])
    except (KeyError, ValueError):
        return None
    packed = "shorten" in fields.get("sample_coding", "")
    return Extent(start, None if packed else size)


def _voc(file: BinaryIO, head: bytes, file_size: int) -> Extent:
    start = at = int.from_bytes(head[20:22], "little")
    while True:
        file.seek(at)
        block = file.read(4)
        if len(block) < 4 or block[0] == 0:  # 0: the end
            return Extent(start, at - start)
        at += 4 + int.from_bytes(block[1:], "little")


def _mp4(file: BinaryIO, head: bytes, file_size: int) -> Extent | None:
    """The first box that is not whole, if there is one."""
    at = 0
    while True:
        file.seek(at)
        head = file.read(16)
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:], "big")
        if len(head) < 8 or size < 8:  # 0: up to the end
            return None
        if at + size > file_size:
            return Extent(at, size)
        at += size


def _asf(file: BinaryIO, head: bytes, file_size: int) -> Extent | None:
    """The first object that is not whole, if there is one; of a broadcast sizes are not known."""
    at = 0
    while True:
        file.seek(at)
        size = int.from_bytes(file.read(24)[16:], "little")
        if size < 24 or size >= 2**62:
            return None
        if at + size > file_size:
            return Extent(at, size)
        at += size


Parse = Callable[[BinaryIO, bytes, int], Extent | None]
KINDS: tuple[tuple[Callable[[bytes], bool], Parse], ...] = (
    (lambda head: head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and head[8:12] == b"WAVE", _riff),
    (lambda head: head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC", b"8SVX", b"16SV"), _form),
    (lambda head: head[:8] == b"riff\x2e\x91\xcf\x11", _w64),
    (lambda head: head[:4] in (b".snd", b"dns."), _au),
    (lambda head: head[:4] == b"caff", _caf),
    (lambda head: head[:8] == b"NIST_1A\n" and head[8:16].strip().isdigit(), _sphere),
    (lambda head: head[:19] == b"Creative Voice File", _voc),
    (lambda head: head[4:8] == b"ftyp", _mp4),
    (lambda head: head[:8] == b"0&\xb2u\x8ef\xcf\x11", _asf),
)
