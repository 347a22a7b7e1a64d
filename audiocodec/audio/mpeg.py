"""Walks through the frames of MPEG audio, layers I to III: how much sound there is, whatever the header says.

A Xing or Info header is a frame that holds no sound: flags, frames and bytes of what follows.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

BIT_RATES = {  # kbit/s by version 1 or 2, and layer
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
SAMPLE_RATES = (44_100, 48_000, 32_000)


class Frame(NamedTuple):
    """What the four bytes before a frame say: bytes, samples of each channel, Hz, channels, where a Xing header is."""

    size: int
    samples: int
    sample_rate: int
    channels: int
    xing_at: int


@dataclass
class Walk:
    """What a file holds.

    Attributes:
        samples: of each channel, decoder delay and padding counted.
        promised: samples by all Xing headers.
        streams: ends joined to one another: Xing headers after the first, changes of rate or channels.
        has_header: there is a Xing header with the number of frames.
    """

    samples: int = 0
    promised: int = 0
    streams: int = 1
    has_header: bool = False


def frame_at(data: mmap.mmap | bytes, at: int) -> Frame | None:
    """The frame that starts at a place, if one could."""
    head = data[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = (head[1] >> 3) & 3, 4 - ((head[1] >> 1) & 3)
    rate_index, hz_index, padding = head[2] >> 4, (head[2] >> 2) & 3, (head[2] >> 1) & 1
    if version == 1 or layer == 4 or rate_index in (0, 15) or hz_index == 3:
        return None
    generation = 1 if version == 3 else 2
    sample_rate = SAMPLE_RATES[hz_index] // {3: 1, 2: 2, 0: 4}[version]
    samples = 384 if layer == 1 else 576 if layer == 3 and generation == 2 else 1152
    bits = 1000 * BIT_RATES[generation, layer][rate_index]
    size = (12 * bits // sample_rate + padding) * 4 if layer == 1 else samples // 8 * bits // sample_rate + padding
    channels = 1 if head[3] >> 6 == 3 else 2
    side = (17 if channels == 1 else 32) if generation == 1 else (9 if channels == 1 else 17)
    return Frame(size, samples, sample_rate, channels, at + 4 + side)


def walk(file: BinaryIO, file_size: int) -> Walk | None:
    """All frames of a file, one after the other; None if it does not begin with one (or a tag and one)."""
    if file_size < 4:
        return None
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = _after_tags(data, 0)
        first = frame_at(data, at)
        if first is None or frame_at(data, at + first.size) is None:
            return None
        found, before = Walk(), first
        while at < len(data):
            frame = frame_at(data, at)
            if frame is None or at + frame.size > len(data):
                at = _next(data, at)
                continue
            if frame[2:4] != before[2:4]:
                found.streams += 1
            before = frame
            at = _take(found, data, at, frame)
        return found


def _take(found: Walk, data: mmap.mmap, at: int, frame: Frame) -> int:
    """Count a frame, or all that a header counts for us; returns where to go on."""
    if data[frame.xing_at : frame.xing_at + 4] not in (b"Xing", b"Info"):
        found.samples += frame.samples
        return at + frame.size
    if found.samples or found.has_header:
        found.streams += 1
    flags, frames, size = (int.from_bytes(data[frame.xing_at + i : frame.xing_at + i + 4], "big") for i in (4, 8, 12))
    if flags & 1:
        found.has_header = True
        found.promised += frames * frame.samples
        end = at + size
        if flags & 2 and at < end <= len(data) and (frame_at(data, end) or _after_tags(data, end) == len(data)):
            found.samples += frames * frame.samples
            return end
    return at + frame.size


def _after_tags(data: mmap.mmap, at: int) -> int:
    """Where the tags that start at a place are over: ID3 before the sound or between, ID3v1 and APE after it."""
    while True:
        if data[at : at + 3] == b"ID3" and at + 10 <= len(data):
            a, b, c, d = data[at + 6 : at + 10]
            at += 10 + (a << 21 | b << 14 | c << 7 | d)
        elif data[at : at + 3] == b"TAG":
            at += 128
        elif data[at : at + 8] == b"APETAGEX":
            at += 32 + int.from_bytes(data[at + 12 : at + 16], "little")
        else:
            return min(at, len(data))


def _next(data: mmap.mmap, at: int) -> int:
    """The next place where two frames follow one another, or the last one ends the file."""
    after = _after_tags(data, at)
    if after > at:
        return after
    while (at := data.find(b"\xff", at + 1)) >= 0:
        frame = frame_at(data, at)
        if frame and (at + frame.size == len(data) or frame_at(data, at + frame.size)):
            return at
    return len(data)
