"""SIGTERM and SIGHUP end a command as Ctrl-C does: nothing half written stays, recordings are kept."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class Terminated(KeyboardInterrupt):
    """Asked to end by a signal.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def signals_interrupt() -> Iterator[None]:
    """For as long as the block lasts; a signal that is ignored, as by `nohup`, stays so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    heeded = [n for n in (getattr(signal, name) for name in names) if signal.getsignal(n) == signal.SIG_DFL]

    def interrupt(number: int, frame: FrameType | None) -> None:
        for each in heeded:  # one is enough: a second must not disturb the clearing up
            signal.signal(each, signal.SIG_IGN)
        raise Terminated(number)

    for number in heeded:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, signal.SIG_DFL)
