"""One torch thread per network: small matrices gain nothing from more, and results would depend on their number.

torch keeps the number of threads per Python thread, and a Python thread new to torch inherits the number set last, by
any thread. The number to restore must therefore be shared by all.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator


class _Users(threading.local):
    """The Python threads that currently run torch on one thread.

    Attributes:
        depth: 1 within a block of this Python thread.
    """

    def __init__(self) -> None:
        self.depth = 0


_here, _lock, _numbers = _Users(), threading.Lock(), list[int]()  # the numbers to restore, one for each user


@contextlib.contextmanager
def single_thread() -> Iterator[None]:
    """Within the block, torch operations of this Python thread run on one thread."""
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
