"""What may reach a terminal, a page or a sentence, and whether there is a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from audiocodec.errors import AudioCodecError


def on_terminal() -> bool:
    """Whether standard error is a terminal; it may be closed."""
    return sys.stderr is not None and sys.stderr.isatty()


@contextlib.contextmanager
def errors_in_one_sentence() -> Iterator[None]:
    """An expected error of the block, or of the function that this decorates, ends the script with exit code 1."""
    try:
        yield
    except AudioCodecError as error:
        sys.exit(f"error: {printable(str(error))}")


def first_line(error: Exception) -> str:
    r"""What an error of a library says, for a sentence; its type if that is nothing.

    Example:
        >>> first_line(ValueError("too long\nfor a line")), first_line(MemoryError())
        ('too long', 'MemoryError')
    """
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def escaped(text: str) -> str:
    """A file name, which may not be UTF-8, as valid UTF-8 text."""
    return text.encode(errors="backslashreplace").decode()


def printable(text: str) -> str:
    r"""Text in one line that moves no cursor: control characters as escapes.

    Example:
        >>> printable("a\nb \x1b[2J")
        'a\\nb \\x1b[2J'
    """
    return "".join(char if _harmless(char) else char.encode("unicode_escape").decode() for char in text)


def _harmless(char: str) -> bool:
    code = ord(char)
    control = code < 32 or 127 <= code < 160 or code in (0x2028, 0x2029)
    return not control and not 0x202A <= code <= 0x202E and not 0x2066 <= code <= 0x2069  # nor turns its direction
