"""What may reach a terminal, and whether there is one."""

from __future__ import annotations

import sys


def on_terminal() -> bool:
    """Whether standard error is a terminal; it may be closed."""
    return sys.stderr is not None and sys.stderr.isatty()


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
