"""Token layouts for language models: codes "q t" as one or several rows of tokens, and exactly back.

    codes            flattened                  delayed                 parallel      one codebook after another
    q0: a0 a1 a2     a0 b0 c0 a1 b1 c1 a2 ..    a0 a1 a2  p  p          a0 a1 a2      a0 a1 a2 b0 b1 b2 c0 c1 c2
    q1: b0 b1 b2                                 p b0 b1 b2  p          b0 b1 b2
    q2: c0 c1 c2                                 p  p c0 c1 c2          c0 c1 c2

Layouts of one row give each codebook a range of its own in the vocabulary; in layouts of q rows, where a model has an
embedding and an output for each row, all rows share the range [0, codebook_size). The special tokens come after them.
Where a frame has no code (`NO_CODE`, of a variable rate or of strides), there is padding; only the flattened layout has
nothing: with strides 4 2 1 it is a0 b0 c0 c1 b2 c2 c3 a4 ..
See [Copet et al., 2023](https://arxiv.org/abs/2306.05284) for how the layouts compare.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from audiocodec.errors import ConfigError
from audiocodec.tokens.depths import NO_CODE, present
from audiocodec.tokens.vocabulary import Vocabulary


class Layout(Protocol):
    """How codes are laid out."""

    @property
    def num_codebooks(self) -> int:
        """Of the codes, q."""

    @property
    def codebook_size(self) -> int:
        """Values of a code."""

    @property
    def variable(self) -> bool:
        """Whether frames may lack codes."""

    @property
    def strides(self) -> tuple[int, ...]:
        """Frames of a code, of each codebook; empty: one."""

    @property
    def rows(self) -> int:
        """Of tokens: 1, or one for each codebook."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The numbers of tokens."""

    def encode(self, codes: np.ndarray) -> np.ndarray:
        """Codes "q t" -> tokens "rows n", int64, with begin and end.

        Raises:
            ConfigError: the shape or a code does not fit.
        """

    def decode(self, tokens: np.ndarray) -> np.ndarray:
        """Tokens "rows n" -> codes "q t", int64: of all whole frames between begin and end.

        Begin, end, and padding after the end may be missing, so that what a model makes can be decoded while it is
        still making it.

        Raises:
            ConfigError: the shape does not fit, or a token stands where the layout cannot have it.
        """


@dataclass(frozen=True)
class _Shape:
    """What all layouts are made with.

    Attributes:
        num_codebooks: q, of the codes.
        codebook_size: values of a code.
        variable: frames may lack codes (`NO_CODE`).
        strides: codebook k has a code only in every strides[k]-th frame, counted from the first.
    """

    num_codebooks: int
    codebook_size: int
    variable: bool = False
    strides: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.num_codebooks < 1 or self.codebook_size < 1:
            raise ConfigError(
                f"a layout needs a codebook or more of one code or more, got {self.num_codebooks} of "
                f"{self.codebook_size}"
            )
        if self.strides and (self.variable or len(self.strides) != self.num_codebooks):
            need = f"need one for each of {self.num_codebooks} codebooks, and no variable rate"
            raise ConfigError(f"strides {self.strides}: {need}")


class _OneRow(_Shape):
    """One row; codebook k has the tokens [k * codebook_size, (k + 1) * codebook_size)."""

    rows = 1

    @property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(self.num_codebooks * self.codebook_size)

    @property
    def _offsets(self) -> np.ndarray:
        return np.arange(self.num_codebooks)[:, None] * self.codebook_size  # "q 1"


class _ManyRows(_Shape):
    """A row for each codebook."""

    @property
    def rows(self) -> int:
        return self.num_codebooks

    @property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(self.codebook_size)


class Flattened(_OneRow):
    """All codebooks of a frame, coarse first, then the next frame. See `Layout`.

    Example:
        >>> layout = Flattened(num_codebooks=2, codebook_size=10)
        >>> layout.encode(np.array([[1, 2], [3, 4]]))
        array([[20,  1, 13,  2, 14, 21]])
        >>> layout.decode(np.array([[20, 1, 13, 2]]))
        array([[1],
               [3]])
    """

    def encode(self, codes: np.ndarray) -> np.ndarray:
        """See `Layout.encode`; each frame needs its first code, with strides any, by which frames are told apart."""
        codes = _checked(self, codes)
        telling = codes.max(0, initial=NO_CODE) if self.strides else codes[0]
        if (telling == NO_CODE).any():
            raise ConfigError("a frame has no code by which it is told apart; the flattened layout would lose it")
        there = (codes != NO_CODE).T
        return _framed((codes + self._offsets).T[there][None], self.vocabulary)

    def decode(self, tokens: np.ndarray) -> np.ndarray:
        """See `Layout.decode`; with `variable`, the last frame is given as far as it goes."""
        (inner,) = _inner(self, tokens)
        if self.strides:
            frames = int((_due(self, len(inner)).sum(0).cumsum() <= len(inner)).sum())
            due, grid = _due(self, frames), np.full((self.num_codebooks, frames), NO_CODE)
            grid.T[due.T] = inner[: due.sum()] - np.nonzero(due.T)[1] * self.codebook_size
            return _in_range(self, grid)
        if not self.variable:
            frames = len(inner) // self.num_codebooks
            grid = inner[: frames * self.num_codebooks].reshape(frames, self.num_codebooks).T
            return _in_range(self, grid - self._offsets)
        codebook, code = np.divmod(inner, self.codebook_size)
        begins = codebook == 0
        follows = np.diff(codebook, prepend=-1) > 0
        if not (begins | follows).all() or not begins[:1].all() or not (codebook < self.num_codebooks).all():
            raise ConfigError("a token is not where the layout has it")
        grid = np.full((self.num_codebooks, int(begins.sum())), NO_CODE)
        grid[codebook, np.cumsum(begins) - 1] = code
        return grid


class Sequential(_OneRow):
    """All frames of the first codebook, then all of the second, and so on: coarse first. See `Layout`.

    Whole frames are known only at the end, so `decode` needs all of them.

    Example:
        >>> layout = Sequential(num_codebooks=2, codebook_size=10)
        >>> layout.encode(np.array([[1, 2], [3, 4]]))
        array([[20,  1,  2, 13, 14, 21]])
    """

    def encode(self, codes: np.ndarray) -> np.ndarray:
        """See `Layout.encode`."""
        codes = _checked(self, codes)
        shifted = np.where(codes == NO_CODE, self.vocabulary.pad, codes + self._offsets)
        return _framed(shifted.reshape(1, -1), self.vocabulary)

    def decode(self, tokens: np.ndarray) -> np.ndarray:
        """See `Layout.decode`."""
        inner = _inner(self, tokens)
        if inner.shape[1] % self.num_codebooks:
            raise ConfigError(
                f"{inner.shape[1]} tokens are not a whole number of frames of {self.num_codebooks} codebooks"
            )
        return _codes(self, inner.reshape(self.num_codebooks, -1), self._offsets)


class Parallel(_ManyRows):
    """All codebooks of a frame in one step. See `Layout`.

    Example:
        >>> layout = Parallel(num_codebooks=2, codebook_size=10)
        >>> layout.encode(np.array([[1, 2], [3, 4]]))
        array([[10,  1,  2, 11],
               [10,  3,  4, 11]])
    """

    def encode(self, codes: np.ndarray) -> np.ndarray:
        """See `Layout.encode`."""
        codes = _checked(self, codes)
        return _framed(np.where(codes == NO_CODE, self.vocabulary.pad, codes), self.vocabulary)

    def decode(self, tokens: np.ndarray) -> np.ndarray:
        """See `Layout.decode`."""
        return _codes(self, _inner(self, tokens))


class Delayed(_ManyRows):
    """Codebook k is k steps late, so each code can depend on the coarser ones of its frame. See `Layout`.

    Padding stands where a codebook has not begun or is over.

    Example:
        >>> layout = Delayed(num_codebooks=2, codebook_size=10)
        >>> layout.encode(np.array([[1, 2], [3, 4]]))
        array([[10,  1,  2, 12, 11],
               [10, 12,  3,  4, 11]])
        >>> layout.decode(np.array([[10, 1, 2], [10, 12, 3]]))
        array([[1],
               [3]])
    """

    def encode(self, codes: np.ndarray) -> np.ndarray:
        """See `Layout.encode`."""
        codes = _checked(self, codes)
        q, t = codes.shape
        tokens = np.full((q, t + q - 1 if t else 0), self.vocabulary.pad)
        for k in range(q):
            tokens[k, k : k + t] = np.where(codes[k] == NO_CODE, self.vocabulary.pad, codes[k])
        return _framed(tokens, self.vocabulary)

    def decode(self, tokens: np.ndarray) -> np.ndarray:
        """See `Layout.decode`."""
        inner = _inner(self, tokens)
        q = self.num_codebooks
        frames = max(0, inner.shape[1] - q + 1)
        grid = np.stack([inner[k, k : k + frames] for k in range(q)])
        outside = [inner[k, :k] for k in range(q)]
        if any((part != self.vocabulary.pad).any() for part in outside):
            raise ConfigError("a codebook begins before its delay is over")
        return _codes(self, grid)


LAYOUTS = {"flattened": Flattened, "delayed": Delayed, "parallel": Parallel, "sequential": Sequential}


def _checked(layout: Layout, codes: np.ndarray) -> np.ndarray:
    """Codes as int64."""
    codes = np.asarray(codes)
    if codes.ndim != 2 or codes.dtype.kind not in "iu" or len(codes) != layout.num_codebooks:
        raise ConfigError(
            f"codes must be integers 'q t' with {layout.num_codebooks} codebooks, got {codes.dtype} {codes.shape}"
        )
    return _in_range(layout, codes.astype(np.int64))


def _codes(layout: Layout, grid: np.ndarray, offsets: np.ndarray | int = 0) -> np.ndarray:
    """Tokens without begin and end -> codes."""
    missing = (grid == layout.vocabulary.pad) & (layout.variable or bool(layout.strides))
    codes = grid - offsets
    if (codes[~missing] < 0).any():  # before `NO_CODE` is put in: padding alone stands for it
        raise ConfigError("a token is not where the layout has it")
    return _in_range(layout, np.where(missing, NO_CODE, codes))


def _due(layout: Layout, frames: int) -> np.ndarray:
    """Which codes so many frames have, "q t"."""
    return present(np.full((1, frames), layout.num_codebooks), layout.num_codebooks, layout.strides)[0]


def _in_range(layout: Layout, codes: np.ndarray) -> np.ndarray:
    if layout.strides and ((codes != NO_CODE) != _due(layout, codes.shape[1])).any():
        raise ConfigError(f"codes are missing ({NO_CODE}) in other frames than strides {layout.strides} leave out")
    least = NO_CODE if layout.variable or layout.strides else 0
    if codes.size and not least <= codes.min() <= codes.max() < layout.codebook_size:
        raise ConfigError(f"a code is outside [0, {layout.codebook_size}), or a token is not where the layout has it")
    return codes


def _framed(tokens: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """Begin and end around tokens "rows n"."""
    return np.pad(tokens, ((0, 0), (1, 1)), constant_values=((0, 0), (vocabulary.begin, vocabulary.end)))


def _inner(layout: Layout, tokens: np.ndarray) -> np.ndarray:
    """What stands between begin and end, "rows n", int64."""
    tokens = np.asarray(tokens)
    if tokens.ndim != 2 or tokens.dtype.kind not in "iu" or len(tokens) != layout.rows:
        raise ConfigError(
            f"tokens must be integers 'rows n' with {layout.rows} rows, got {tokens.dtype} {tokens.shape}"
        )
    tokens = tokens.astype(np.int64)
    if tokens.shape[1] and (tokens[:, 0] == layout.vocabulary.begin).all():
        tokens = tokens[:, 1:]
    ends = (tokens == layout.vocabulary.end).any(axis=0)
    return tokens[:, : int(ends.argmax()) if ends.any() else None]
