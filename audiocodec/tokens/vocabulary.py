"""The numbers of the tokens of a language model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Vocabulary:
    """The numbers of tokens: codes first, then the special ones.

    Attributes:
        codes: tokens that stand for codes, [0, codes).
    """

    codes: int

    @property
    def begin(self) -> int:
        return self.codes

    @property
    def end(self) -> int:
        return self.codes + 1

    @property
    def pad(self) -> int:
        return self.codes + 2

    @property
    def size(self) -> int:
        return self.codes + 3
