"""Authenticated encryption of packets: ChaCha20-Poly1305 with a key that both ends hold.

A full packet is sealed as the byte 0xE2, 8 bytes of session (seconds of the sender's clock at its start, 4 random
bytes), a counter of 4 bytes, the ciphertext, and 16 bytes of tag; a compact one as the byte 0xD2, the low 2 bytes of
the counter, the ciphertext, and the tag. Session and counter form the nonce, which is never reused with one key. The
bytes before the ciphertext are authenticated too, and for a compact packet the fields taken from the full one before
it. The tag replaces the checksum.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audiocodec._util.extras import require
from audiocodec.errors import ConfigError, PacketError
from audiocodec.live.packets.packet import Packet, UnannouncedError, is_compact, steps_between
from audiocodec.live.packets.window import Window

FULL, COMPACT = 0xE2, 0xD2
SESSION = struct.Struct(">I4s")
FULL_HEAD = struct.Struct(">B8sI")
COMPACT_HEAD = struct.Struct(">BH")
TAG_BYTES = 16
OVERHEAD = FULL_HEAD.size + TAG_BYTES
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
        raise ConfigError(f"{path}: not a key ({reason}); make one with: openssl rand -hex 32") from error
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{path}: not a key ({len(key)} bytes, not {KEY_BYTES}); make one with: openssl rand -hex 32")
    return key


def _cipher(key: bytes) -> Any:
    return require("cryptography.hazmat.primitives.ciphers.aead", "stream").ChaCha20Poly1305(key)


def _nonce(session: bytes, counter: int) -> bytes:
    return session + struct.pack(">I", counter)


def _constants(body: bytes, packet: Packet | None) -> bytes:
    return packet.constants() if packet is not None and is_compact(body) else b""


class Sealer:
    """Encrypts the packets of one session.

    Args:
        key: 32 bytes, for one direction only: with the same key for both directions, an attacker could send a
            participant's own packets back.
        clock: seconds since 1970; later sessions replace earlier ones.

    Raises:
        MissingExtraError: cryptography is not installed.
    """

    def __init__(self, key: bytes, clock: Callable[[], float]) -> None:
        self._cipher = _cipher(key)
        self._session = SESSION.pack(int(clock()) & 0xFFFFFFFF, secrets.token_bytes(4))
        self._counter = 0

    def seal(self, body: bytes, packet: Packet | None) -> bytes:
        """The bytes of a packet without checksum -> the same, encrypted; a report is of no `packet`.

        Raises:
            PacketError: 2**32 packets were sealed; start another session.
        """
        if self._counter >= 2**32:
            raise PacketError("this session is used up after 2**32 packets; start another one")
        nonce = _nonce(self._session, self._counter)
        head = (
            COMPACT_HEAD.pack(COMPACT, self._counter & 0xFFFF)
            if is_compact(body)
            else FULL_HEAD.pack(FULL, self._session, self._counter)
        )
        self._counter += 1
        return head + bytes(self._cipher.encrypt(nonce, body, head + _constants(body, packet)))


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
        self._session: bytes | None = None
        self._over: set[bytes] = set()  # sessions that began in the same second, and were replaced
        self._window = Window()

    def open(self, data: bytes, reference: Packet | None = None) -> bytes | None:
        """The decrypted packet, without checksum; None for a duplicate.

        Args:
            data: a datagram.
            reference: the last full packet of the stream, for a compact one.

        Raises:
            UnannouncedError: a compact packet came without a reference, or before any full one of its session.
            PacketError: it is not authenticated with this key, or belongs to another session or stream.
        """
        if len(data) > OVERHEAD and data[0] == FULL:
            return self._open_full(data)
        if len(data) > COMPACT_HEAD.size + TAG_BYTES and data[0] == COMPACT:
            return self._open_compact(data, reference)
        raise PacketError("a packet is not encrypted")

    def _open_full(self, data: bytes) -> bytes | None:
        head, session, counter = data[: FULL_HEAD.size], *FULL_HEAD.unpack_from(data)[1:]
        body = self._decrypted(data[FULL_HEAD.size :], _nonce(session, counter), head)
        if is_compact(body):
            raise PacketError("a packet is damaged (its two heads do not agree)")
        if self._session is None or session[:4] > self._session[:4]:
            self._session, self._over, self._window = session, set(), Window()
        if session != self._session:
            if session[:4] != self._session[:4] or session in self._over:
                raise PacketError("a packet is of a session that is over")
            self._over.add(self._session)  # which of two of one second began later nobody knows: the one heard last
            self._session, self._window = session, Window()
        return body if self._window.accept(counter) else None

    def _open_compact(self, data: bytes, reference: Packet | None) -> bytes | None:
        if self._session is None or reference is None:
            raise UnannouncedError
        head, (_, low) = data[: COMPACT_HEAD.size], COMPACT_HEAD.unpack_from(data)
        counter = self._window.highest + steps_between(self._window.highest % 2**16, low)
        if not 0 <= counter < 2**32:
            raise PacketError("a packet is of another session")
        nonce = _nonce(self._session, counter)
        body = self._decrypted(data[COMPACT_HEAD.size :], nonce, head + reference.constants())
        return body if self._window.accept(counter) else None

    def _decrypted(self, sealed: bytes, nonce: bytes, authenticated: bytes) -> bytes:
        try:
            return bytes(self._cipher.decrypt(nonce, sealed, authenticated))
        except self._invalid as error:
            raise PacketError("a packet was not made with this key, or is of another session or stream") from error
