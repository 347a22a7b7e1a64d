"""The search for better codes at variable rate: depths are chosen by the encoder's codes, and the search keeps them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from audiocodec.codec.channels import Rows
from audiocodec.codec.variable import VariableEncoder
from audiocodec.tokens.depths import depths_of

if TYPE_CHECKING:
    from audiocodec.codec.refine import SoundRefiner


class VariableRefiner:
    """A `VariableEncoder` whose codes are searched for, as many in each frame as it has chosen; as `SoundEncoder`.

    It keeps the sound until its end, which the depths depend on: 230 MB for an hour of speech at 16 kHz, 1.27 GB for an
    hour of stereo at 44.1 kHz.

    Args:
        plain: chooses the depths.
        search: depths "r t" -> a search for codes of these depths.
    """

    def __init__(self, plain: VariableEncoder, search: Callable[[np.ndarray], SoundRefiner]) -> None:
        self.plain, self.search = plain, search
        self._sound: list[np.ndarray] = []

    @property
    def rows(self) -> Rows:
        return self.plain.rows

    def push(self, block: np.ndarray) -> np.ndarray:
        """Samples "c t" -> no codes yet, "r q 0"."""
        self._sound.append(block)
        return self.plain.push(block)

    def flush(self, frames: int) -> np.ndarray:
        """All codes "r q t", `NO_CODE` where a frame has fewer."""
        search = self.search(depths_of(self.plain.flush(frames)))
        found = [search.push(block) for block in self._sound]
        return np.concatenate([*found, search.flush(frames)], axis=2)
