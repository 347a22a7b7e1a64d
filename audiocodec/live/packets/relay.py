"""A relay that makes streams smaller without the model."""

from __future__ import annotations

from audiocodec._util.numbers import check_count
from audiocodec.live.packets.checksum import add_checksum, remove_checksum
from audiocodec.live.packets.packet import Packet, build, build_compact, is_compact, keep_codebooks, parse
from audiocodec.live.packets.report import is_report


class Relay:
    """Cuts the packets of one stream to their first codebooks. Those that are encrypted cannot be cut.

    Args:
        num_codebooks: to keep.

    Raises:
        ConfigError: `num_codebooks` is not a whole number, 1 or more.
    """

    def __init__(self, num_codebooks: int) -> None:
        self.num_codebooks = check_count(num_codebooks, "num_codebooks", 1)
        self._reference: Packet | None = None

    def cut(self, data: bytes) -> bytes:
        """A datagram -> the one to send on; a report stays as it is.

        Raises:
            PacketError: it is damaged, or compact before any full one of its stream.
        """
        body = remove_checksum(data, self._reference)
        if is_report(body):
            return data
        packet = parse(body, self._reference)
        if not is_compact(body):
            self._reference = packet
        cut = keep_codebooks(packet, self.num_codebooks)
        return add_checksum(build_compact(cut) if is_compact(body) else build(cut), cut)
