"""Authenticated encryption of packets: ChaCha20-Poly1305 with a key both ends hold.

A sealed packet is the byte 0xE1, 8 bytes of session (seconds of the sender's clock at its
start, 4 random bytes), a counter of 4 bytes, the ciphertext, and 16 bytes of tag. Session and
counter are the nonce: never used twice with one key. The first 13 bytes are authenticated too.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audiocodec._util.extras import require
from audiocodec.errors import ConfigError, PacketError
from audiocodec.live.packets.window import Window

MAGIC = 0xE1
HEAD = struct.Struct(">BI4sI")
OVERHEAD = HEAD.size + 16
KEY_BYTES = 32


def read_key(path: Path) -> bytes:
    """The key in a file: 64 hexadecimal digits, as `openssl rand -hex 32` prints them.

    Raises:
        ConfigError: the file cannot be read or holds something else.
    """
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not hexadecimal digits"
        raise ConfigError(f"{path}: no key ({reason}); make one with: openssl rand -hex 32") from error
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{path}: no key ({len(key)} bytes, not {KEY_BYTES}); make one with: openssl rand -hex 32")
    return key


def _cipher(key: bytes) -> Any:
    return require("cryptography.hazmat.primitives.ciphers.aead", "stream").ChaCha20Poly1305(key)


class Sealer:
    """Encrypts the packets of one session.

    Args:
        key: 32 bytes, for one direction only: whoever listens with the key he sends with could
            be sent his own packets.
        clock: seconds since 1970; sessions that start later replace those before.

    Raises:
        MissingExtraError: cryptography is not installed.
    """

    def __init__(self, key: bytes, clock: Callable[[], float]) -> None:
        self._cipher = _cipher(key)
        self._session = (int(clock()) & 0xFFFFFFFF, secrets.token_bytes(4))
        self._counter = 0

    def seal(self, packet: bytes) -> bytes:
        """The packet, encrypted.

        Raises:
            PacketError: 2**32 packets were sealed; start another session.
        """
        if self._counter >= 2**32:
            raise PacketError("this session is used up after 2**32 packets; start another one")
        head = HEAD.pack(MAGIC, *self._session, self._counter)
        self._counter += 1
        return head + bytes(self._cipher.encrypt(head[1:], packet, head))


class Opener:
    """Decrypts packets, each once, of the latest session.

    Args:
        key: 32 bytes, the sender's.

    Raises:
        MissingExtraError: cryptography is not installed.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = _cipher(key)
        self._invalid = require("cryptography.exceptions", "stream").InvalidTag
        self._session: tuple[int, bytes] | None = None
        self._window = Window()

    def open(self, data: bytes) -> bytes | None:
        """The packet inside; None if it came before.

        Raises:
            PacketError: it was not made with this key, was changed, or is of a session that is over.
        """
        if len(data) < OVERHEAD or data[0] != MAGIC:
            raise PacketError("a packet is not sealed")
        _, started, drawn, counter = HEAD.unpack_from(data)
        session = (started, drawn)
        try:
            packet = bytes(self._cipher.decrypt(data[1 : HEAD.size], data[HEAD.size :], data[: HEAD.size]))
        except self._invalid as error:
            raise PacketError("a packet was not made with this key") from error
        if self._session is None or started > self._session[0]:
            self._session, self._window = session, Window()
        if session != self._session:
            raise PacketError("a packet is of a session that is over")
        return packet if self._window.accept(counter) else None
