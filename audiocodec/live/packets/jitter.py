"""The jitter buffer: packets go in as they arrive, frames come out in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audiocodec._util.numbers import check_count
from audiocodec.errors import ConfigError
from audiocodec.live.packets.packet import Packet

SETTLE_S = 1.0  # how long the buffer must have been too full before a frame is dropped
GIVE_UP_S = 1.0  # without new frames: the stream counts as ended
MAX_AHEAD_S = 5.0  # packets further ahead are rejected


@dataclass
class Counts:
    """Frame counters.

    Attributes:
        played: as sent.
        repaired: decoded from the first codebooks, which a later packet repeated.
        lost: concealed, with later frames available.
        waited: concealed because later frames came late: the delay grew by a frame. What is concealed after the last
            frame of a stream is not counted.
        skipped: dropped to reduce the delay.
        missed: sent before the first one that was played, or during a pause after which playing had stopped.
        late: arrived after their turn.
        duplicates: arrived again.
        out_of_range: too far ahead to be plausible.
    """

    played: int = 0
    repaired: int = 0
    lost: int = 0
    waited: int = 0
    skipped: int = 0
    missed: int = 0
    late: int = 0
    duplicates: int = 0
    out_of_range: int = 0


class JitterBuffer:
    """Orders the frames of one stream and keeps the delay near `target`, and below `target + slack` plus one packet.

    It has no clock: the caller calls `pull` once per frame, at the pace of the sound
    card or of any clock, real or simulated. If the clocks of both ends differ, or the network
    falls behind, the delay grows or shrinks by single frames.

    Args:
        target: frames held before playing starts, and kept from then on.
        slack: frames above it that are tolerated, at most.
        frame_s: duration of a frame in seconds, `ModelInfo.frame_s`.

    Raises:
        ConfigError: a number is out of range.

    Attributes:
        counts: frame counters.
        started: whether frames are being played.
    """

    def __init__(self, target: int = 3, slack: int = 10, *, frame_s: float) -> None:
        self.target, self.slack = check_count(target, "target", 1), check_count(slack, "slack")
        if not frame_s > 0:
            raise ConfigError(f"frame_s is {frame_s!r}, it must be more than 0 seconds")
        self._settle, self._give_up, self._max_ahead = (
            round(seconds / frame_s) for seconds in (SETTLE_S, GIVE_UP_S, MAX_AHEAD_S)
        )
        self.counts = Counts()
        self.begin()

    def begin(self) -> None:
        """Start another stream: frame numbers start over."""
        self.started, self._next, self._ended = False, -1, 0
        self.clear()

    def clear(self) -> None:
        """Discard all frames; the counts stay, and frames from before count as late."""
        if self.started:
            self._ended = self._next
        self.started = False
        self._full: dict[int, np.ndarray] = {}
        self._coarse: dict[int, np.ndarray] = {}
        self._next = self._newest = -1
        self._waiting = 0  # pulls since a new frame arrived
        self._settled = 0  # pulls since the buffer was last at `target` or below
        self._largest = 1  # frames per packet, which arrive together

    @property
    def level(self) -> int:
        """Frames between the next one to play and the newest that arrived."""
        return self._newest - self._next + 1 if self._next >= 0 else 0

    def push(self, packet: Packet) -> None:
        """Take in the frames of a packet."""
        if self._next < 0 and self._ended - self._max_ahead <= packet.frame < self._ended:
            self.counts.late += packet.frames
            return
        if self._next < 0:
            self._next = packet.frame
        if abs(packet.frame - self._next) > self._max_ahead:
            self.counts.out_of_range += packet.frames
            return
        if not self.started:
            self._next = min(self._next, packet.frame)
        self._largest = max(self._largest, packet.frames)
        for i, column in enumerate(packet.codes.T):
            self._put(packet.frame + i, column[:, None])
        for i, column in enumerate(packet.earlier.T):
            frame = packet.frame - packet.distance + i
            if frame >= self._next:
                self._coarse.setdefault(frame, column[:, None])

    def _put(self, frame: int, codes: np.ndarray) -> None:
        if frame < self._next:
            self.counts.late += 1
        elif frame in self._full:
            self.counts.duplicates += 1
        else:
            self._full[frame] = codes
        if frame > self._newest:
            self.counts.waited += self._waiting if self.started else 0
            self._newest, self._waiting = frame, 0

    def pull(self) -> np.ndarray | None:
        """The codes of the frame due now, "q 1"; None: conceal it, or play silence while not `started`."""
        if not self.started:
            if self.level < self.target:
                self._wait()
                return None
            self.started, self._waiting = True, 0
            self.counts.missed += max(0, self._next - self._ended)
        self._shorten()
        frame = self._next
        codes, coarse = self._full.pop(frame, None), self._coarse.pop(frame, None)
        if codes is None and coarse is None and self.level <= 0:
            self._wait()
            return None
        self._next += 1
        if codes is not None:
            self.counts.played += 1
        elif coarse is not None:
            self.counts.repaired += 1
        else:
            self.counts.lost += 1
        return coarse if codes is None else codes

    def _wait(self) -> None:
        self._waiting += 1
        if self._waiting > self._give_up:
            self.clear()

    def _shorten(self) -> None:
        """Drop frames if the buffer is far too full, or has been slightly too full for long."""
        self._settled = self._settled + 1 if self.level > self.target else 0
        above = self.level - self.target - (self._largest - 1)
        excess = above if above > self.slack else self._settled // self._settle
        for _ in range(excess):
            self._full.pop(self._next, None)
            self._coarse.pop(self._next, None)
            self._next += 1
            self.counts.skipped += 1
            self._settled = 0
