"""The token file `.fsq`: written down in docs/format.md. Needs numpy, never torch."""

from audiocodec.tokens.entropy.model import EntropyModel
from audiocodec.tokens.entropy.store import find_entropy, load_entropy, save_entropy
from audiocodec.tokens.header import Header, frames_for
from audiocodec.tokens.mapped import TokenFile
from audiocodec.tokens.reader import TokenReader, open_tokens
from audiocodec.tokens.recovery.repair import repair
from audiocodec.tokens.recovery.salvage import Page, salvage
from audiocodec.tokens.recovery.verify import verify
from audiocodec.tokens.retag import retag_file
from audiocodec.tokens.splice import cut_file, join_files
from audiocodec.tokens.tokens import Tokens, truncate_file
from audiocodec.tokens.writer import TokenWriter

__all__ = [
    "EntropyModel",
    "Header",
    "Page",
    "TokenFile",
    "TokenReader",
    "TokenWriter",
    "Tokens",
    "cut_file",
    "find_entropy",
    "frames_for",
    "join_files",
    "load_entropy",
    "open_tokens",
    "repair",
    "retag_file",
    "salvage",
    "save_entropy",
    "truncate_file",
    "verify",
]
