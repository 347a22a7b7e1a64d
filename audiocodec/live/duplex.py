"""Both directions of a conversation in one process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from audiocodec.errors import AudioCodecError
from audiocodec.live.sources import Source
from audiocodec.live.udp import Link


class Sending:
    """Sends in a second thread; this thread receives from it instead of from `link`.

    Sending may end before receiving, for example at the end of a file. If it fails, `poll` raises the error.

    Args:
        source: what is sent.
        link: from which this process receives.
        send: sends a source to its end.
    """

    def __init__(self, source: Source, link: Link, send: Callable[[Source], None]) -> None:
        self._stop = threading.Event()
        self._error: AudioCodecError | None = None
        self._send, self._source = send, source
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._link = link

    def __enter__(self) -> Sending:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join(timeout=2)  # a blocked pipe cannot be closed sooner

    def poll(self, timeout_s: float) -> list[bytes]:
        """See `Link.poll`.

        Raises:
            AudioCodecError: sending failed.
        """
        if self._error is not None:
            raise self._error
        return self._link.poll(timeout_s)

    def _run(self) -> None:
        try:
            self._send(replace(self._source, blocks=self._until_stopped()))
        except AudioCodecError as error:
            self._error = error

    def _until_stopped(self) -> Iterator[np.ndarray]:
        for block in self._source.blocks:
            if self._stop.is_set():
                return
            yield block
