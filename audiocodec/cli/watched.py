"""A reader whose blocks are looked at on their way, for remarks about the sound."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from audiocodec.audio import AudioReader


class Watch(Protocol):
    """Looks at a sound block by block."""

    def take(self, block: np.ndarray) -> None:
        """Samples "c t"."""

    def note(self) -> str:
        """What there is to say of all of them, or nothing."""


class WatchedReader(AudioReader):
    """A reader that shows every block to some watches.

    Args:
        path: of the sound.
        salvage: see `AudioReader`.

    Attributes:
        watches: to be filled in before it is read.
    """

    def __init__(self, path: Path, salvage: bool) -> None:
        super().__init__(path, salvage)
        self.watches: list[Watch] = []

    def __iter__(self) -> Iterator[np.ndarray]:
        """See `AudioReader`."""
        for block in super().__iter__():
            for watch in self.watches:
                watch.take(block)
            yield block

    def notes(self) -> tuple[str, ...]:
        """What the watches have to say."""
        return tuple(note for watch in self.watches if (note := watch.note()))
