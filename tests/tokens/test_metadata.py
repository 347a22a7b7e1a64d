"""Text in the header."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from audiocodec.errors import DamagedFileError, TokenFileError
from audiocodec.tokens import Header, Tokens
from audiocodec.tokens.metadata import MAX_BYTES, check, fitting
from tests.golden.make_golden import tokens_v2


def saved(tmp_path: Path, metadata: Mapping[str, str]) -> Mapping[str, str]:
    made = tokens_v2()
    Tokens(made.codes, replace(made.header, metadata=metadata), made.entropy).save(tmp_path / "a.fsq", overwrite=True)
    return Tokens.load(tmp_path / "a.fsq", made.entropy).header.metadata


@pytest.mark.parametrize(
    "metadata",
    [{}, {"title": ""}, {"Größe": "雪 \U0001f3b5\n\0"}, {f"k{i}": "x" * 400 for i in range(64)}, {"a": "é" * 16_000}],
)
def test_any_text_comes_back(tmp_path: Path, metadata: dict[str, str]) -> None:
    assert saved(tmp_path, metadata) == metadata


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"": "x"}, "must be 1 to 64"),
        ({"é" * 33: "x"}, "has 66 bytes"),
        ({f"k{i}": "" for i in range(65)}, "65 entries"),
        ({"a": "x" * MAX_BYTES}, "more than 32768 bytes"),
        ({"a": "\ud800"}, "UTF-8"),
        ({"a": 1}, "names and texts are text, got 'a': 1"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, metadata: dict[str, str], message: str) -> None:
    with pytest.raises(TokenFileError, match=message):
        saved(tmp_path, metadata)
    assert list(tmp_path.iterdir()) == []
    assert saved(tmp_path, fitting({"title": "t", **metadata})).get("title") == "t"


def test_metadata_that_is_cut_or_no_text_is_damage() -> None:
    data = replace(tokens_v2().header, metadata={"title": "abc"}).to_bytes()
    length = int.from_bytes(data[10:12], "little")
    for fields in (data[12 : 8 + length], data[12 : 11 + length] + b"\xff"):
        head = data[:10] + struct.pack("<H", len(fields)) + fields
        with pytest.raises(DamagedFileError, match="header is damaged"):
            Header.read(io.BytesIO(head + struct.pack("<I", zlib.crc32(head))), "x")


def test_metadata_is_a_mapping() -> None:
    with pytest.raises(TokenFileError, match="is a mapping of names to texts, got list"):
        check([("a", "b")])  # type: ignore[arg-type]
