"""SIGTERM and SIGHUP end a command like Ctrl-C: partial files are removed, recordings are kept."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class Terminated(KeyboardInterrupt):
    """Raised when a signal asks the program to end.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def signals_interrupt() -> Iterator[None]:
    """Handle these signals within the block; a signal that is ignored, as under `nohup`, stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    heeded = [n for n in (getattr(signal, name) for name in names) if signal.getsignal(n) == signal.SIG_DFL]

    def interrupt(number: int, frame: FrameType | None) -> None:
        for each in heeded:  # one is enough: a second signal must not interrupt the cleanup
            signal.signal(each, signal.SIG_IGN)
        raise Terminated(number)

    for number in heeded:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, signal.SIG_DFL)
