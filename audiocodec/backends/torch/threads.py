"""One thread for each network: small matrices gain nothing from more, and sums would depend on their number.

torch keeps a number for each thread of Python, and a thread that is new to it takes the one set last, by whomever: so
what to go back to must be known to all.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator


class _Users(threading.local):
    """Those that run on one thread now.

    Attributes:
        depth: 1 within a block of this thread of Python.
    """

    def __init__(self) -> None:
        self.depth = 0


_here, _lock, _numbers = _Users(), threading.Lock(), list[int]()  # what to go back to, an entry for each user


@contextlib.contextmanager
def single_thread() -> Iterator[None]:
    """Run torch operations of this thread of Python, if there are any, on one thread each, while the block lasts."""
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "set_num_threads") or _here.depth:  # half imported, or done
        yield
        return
    with _lock:
        own = torch.get_num_threads()
        before = max(_numbers, default=own) if own == 1 else own
        _numbers.append(before)
        torch.set_num_threads(1)
    _here.depth += 1
    try:
        yield
    finally:
        _here.depth -= 1
        with _lock:
            _numbers.remove(before)
            torch.set_num_threads(before)
