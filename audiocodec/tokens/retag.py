"""Other texts in the header of a token file; pages and trailer are copied byte by byte."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from audiocodec.tokens.header import Header
from audiocodec.tokens.reader import opened


def retag_file(source: Path, output: BinaryIO, metadata: Mapping[str, str]) -> None:
    """Copy a token file with other texts. Codes are not looked at, so damaged files can be copied, too.

    Args:
        source: the token file.
        output: gets the copy.
        metadata: all texts of the copy, by name.

    Raises:
        TokenFileError: the source is no token file, its header is damaged, or there is too much text.
    """
    with opened(source) as file:
        header = replace(Header.read(file, str(source)), metadata=dict(metadata))
        output.write(header.to_bytes())
        shutil.copyfileobj(file, output)
