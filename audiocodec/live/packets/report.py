"""Reports: the share of a stream that was lost lately, told to its sender by packets on the way back."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from audiocodec.errors import PacketError

REPORT = 0xB2  # first byte; the low half is the version
LAYOUT = struct.Struct("<BHB")
WHOLE = 255


@dataclass(frozen=True)
class Report:
    """What the receiver of a stream says of it.

    Attributes:
        stream: number of the stream.
        lost: share of its packets since the report before, 0 to 1.
    """

    stream: int
    lost: float


def build_report(report: Report) -> bytes:
    """The bytes of a report, without a checksum."""
    return LAYOUT.pack(REPORT, report.stream, round(report.lost * WHOLE))


def is_report(body: bytes) -> bool:
    """Whether these bytes are to be read by `parse_report`."""
    return body[:1] == bytes([REPORT])


def parse_report(body: bytes) -> Report:
    """Inverse of `build_report`, for untrusted bytes.

    Raises:
        PacketError: it has another length.
    """
    if len(body) != LAYOUT.size:
        raise PacketError(f"a report has {LAYOUT.size} bytes, got {len(body)}")
    _, stream, lost = LAYOUT.unpack(body)
    return Report(stream, lost / WHOLE)
