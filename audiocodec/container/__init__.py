"""The token file `.fsq`: written down in docs/format.md. Needs numpy, never torch."""

from audiocodec.container.entropy import EntropyModel
from audiocodec.container.entropy_file import find_entropy, load_entropy, save_entropy
from audiocodec.container.file import TokenFile
from audiocodec.container.header import Header, frames_for
from audiocodec.container.reader import TokenReader, open_tokens
from audiocodec.container.repair import repair
from audiocodec.container.salvage import Page, salvage
from audiocodec.container.scan import verify
from audiocodec.container.tokens import Tokens, truncate_file
from audiocodec.container.writer import TokenWriter

__all__ = [
    "EntropyModel",
    "Header",
    "Page",
    "TokenFile",
    "TokenReader",
    "TokenWriter",
    "Tokens",
    "find_entropy",
    "frames_for",
    "load_entropy",
    "open_tokens",
    "repair",
    "salvage",
    "save_entropy",
    "truncate_file",
    "verify",
]
