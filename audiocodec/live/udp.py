"""Datagrams over UDP."""

from __future__ import annotations

import select
import socket
from typing import Any, NamedTuple, Protocol

from audiocodec.errors import ConfigError
from audiocodec.live.packets.receiver import MAX_DATAGRAM

MOST_PER_POLL = 256  # datagrams read before anything else is done


class Address(NamedTuple):
    """An address to send to, or to listen at."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str, host: str | None = None) -> Address:
    """ "host:port", "[ipv6]:port", or only a port if a `host` to listen at is given, then perhaps 0: any that is free.

    Raises:
        ConfigError: it is none of these.
    """
    before, _, port = text.rpartition(":")
    name = before.strip("[]") or host
    if not name or not port.isdigit() or not (0 if host else 1) <= int(port) < 65536:
        raise ConfigError(f"{text!r} is not an address; write {'PORT or ' if host else ''}HOST:PORT")
    return Address(name, int(port))


class Link(Protocol):
    """A source of datagrams."""

    def poll(self, timeout_s: float) -> list[bytes]:
        """The datagrams that have arrived; waits up to the given time for the first."""


class UdpListener:
    """Receives datagrams from any sender.

    Args:
        address: to listen at; port 0 lets the system choose.

    Attributes:
        address: where it listens.

    Raises:
        ConfigError: the address cannot be used.
    """

    def __init__(self, address: Address) -> None:
        self._socket, _ = _socket(address, bind=True)
        self.address = Address(*self._socket.getsockname()[:2])

    def poll(self, timeout_s: float) -> list[bytes]:
        got: list[bytes] = []
        while len(got) < MOST_PER_POLL and select.select([self._socket], [], [], 0 if got else max(0.0, timeout_s))[0]:
            try:
                got.append(self._socket.recv(MAX_DATAGRAM + 1))  # one more byte reveals a datagram that is too long
            except OSError:  # the response to an earlier datagram, on some systems
                break
        return got

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


class UdpSender:
    """Sends datagrams.

    Args:
        address: to send to.

    Attributes:
        sent: datagrams that the system accepted.
        unsent: those that it refused.
        problem: its message for the last of these.

    Raises:
        ConfigError: the host is unknown.
    """

    def __init__(self, address: Address) -> None:
        self._socket, self._target = _socket(address, bind=False)
        self.sent = self.unsent = 0
        self.problem = ""

    def send(self, data: bytes) -> None:
        """Send one; a network that is down is not an error, it may come back."""
        try:
            self._socket.sendto(data, self._target)
            self.sent += 1
        except OSError as error:
            self.unsent, self.problem = self.unsent + 1, error.strerror or str(error)

    def close(self) -> None:
        """Stop sending."""
        self._socket.close()


def _socket(address: Address, bind: bool) -> tuple[socket.socket, Any]:
    """A socket, optionally bound, and the address as the system writes it."""
    what = "listened at" if bind else "sent to"
    try:
        found = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)
        # "localhost" may be ::1 first; our listener is at 127.0.0.1 if only a port is given
        family, kind, protocol, _, target = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        try:
            if bind:
                made.bind(target)
        except OSError:
            made.close()
            raise
    except OSError as error:
        raise ConfigError(f"{address} cannot be {what} ({error.strerror or error})") from error
    return made, target
