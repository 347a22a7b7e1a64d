"""The token file `.fsq`: written down in docs/format.md. Needs numpy, never torch."""

from audiocodec.container.header import Header, frames_for
from audiocodec.container.reader import Page, TokenReader, verify
from audiocodec.container.tokens import Tokens, truncate_file
from audiocodec.container.writer import TokenWriter

__all__ = ["Header", "Page", "TokenReader", "TokenWriter", "Tokens", "frames_for", "truncate_file", "verify"]
