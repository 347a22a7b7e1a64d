"""Token files to arrays that other programs read, and back: .npy, .npz, .safetensors, .parquet."""

from __future__ import annotations

import json
import math
import operator
import struct
import zipfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from audiocodec._util.extras import require
from audiocodec._util.terminal import first_line
from audiocodec.errors import AudioCodecError, ConfigError, OutputError, TokenFileError
from audiocodec.tokens import Header, Tokens
from audiocodec.tokens.joint import Joint

KEY = "audiocodec"
MAX_CODES = 2**27  # of an array: a day of speech-16k, and 1 GiB as int64


def header_to_json(header: Header) -> str:
    """Every field of a header; hashes in hexadecimal."""
    fields = asdict(header)
    plain = {k: v.hex() if isinstance(v, bytes) else v for k, v in fields.items()}
    return json.dumps(plain, ensure_ascii=False, default=int)  # int: of numpy


def header_from_json(text: str, name: str) -> Header:
    """Inverse of `header_to_json`.

    Raises:
        TokenFileError: it is not what `header_to_json` makes.
    """
    try:
        fields = json.loads(text)
        fields |= {key: bytes.fromhex(fields[key]) for key in ("model_hash", "entropy")}
        fields |= {key: tuple(fields[key]) for key in ("levels", "strides") if key in fields}
        header = Header(**(fields | {"joint": Joint(operator.index(fields.get("joint", False)))}))
        if not isinstance(header.variable, bool):
            raise TypeError(f"variable is {header.variable!r}, it must be true or false")
        header.to_bytes()  # numbers that are not whole lie in the ranges of `Header.check`, but cannot be written
        return header
    except (TokenFileError, ValueError, TypeError, KeyError, AttributeError, RecursionError, struct.error) as error:
        raise TokenFileError(f"{name}: its description of the codes cannot be read ({error})") from error


def small(codes: np.ndarray, header: Header) -> np.ndarray:
    """Codes in the smallest type that holds them all, unsigned unless some may be missing (`NO_CODE`)."""
    farthest = -header.codebook_size if header.least_code else header.codebook_size - 1
    return codes.astype(np.min_scalar_type(farthest))


def _save_npy(path: Path, tokens: Tokens) -> None:
    with path.open("wb") as file:
        np.save(file, small(tokens.codes, tokens.header), allow_pickle=False)


def _save_npz(path: Path, tokens: Tokens) -> None:
    with path.open("wb") as file:
        header = np.array(header_to_json(tokens.header))
        np.savez_compressed(file, codes=small(tokens.codes, tokens.header), header=header)


def _save_safetensors(path: Path, tokens: Tokens) -> None:
    codes = np.ascontiguousarray(small(tokens.codes, tokens.header))
    try:
        save_file({"codes": codes}, path, metadata={KEY: header_to_json(tokens.header)})
    except SafetensorError as error:
        raise OutputError(f"{path}: cannot be written ({error})") from error


def _save_parquet(path: Path, tokens: Tokens) -> None:
    parquet, arrow = require("pyarrow.parquet", "parquet"), require("pyarrow", "parquet")
    codes = small(tokens.codes, tokens.header)
    columns = {f"c{b}_q{q}": codes[b, q] for b in range(codes.shape[0]) for q in range(codes.shape[1])}
    table = arrow.table(columns).replace_schema_metadata({KEY: header_to_json(tokens.header)})
    parquet.write_table(table, path, compression="zstd")


def _load_npy(path: Path) -> tuple[np.ndarray, str | None]:
    with path.open("rb") as file:
        _check_promise(file, path.stat().st_size)
        return np.lib.format.read_array(file, allow_pickle=False), None


def _check_promise(file: BinaryIO, size: int) -> None:
    """Refuse an array larger than the `size` bytes that hold it, or than any sound; the file is left at its start.

    Raises:
        ValueError: it is.
    """
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    count = math.prod(shape)
    if count * dtype.itemsize > size:
        raise ValueError(f"an array of shape {shape} is promised, but the file has {size} bytes")
    if count > MAX_CODES:
        raise ValueError(f"{count} codes are more than the {MAX_CODES} that are converted in one go")
    file.seek(0)


def _load_npz(path: Path) -> tuple[np.ndarray, str | None]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            with archive.open(member) as array:
                _check_promise(array, member.file_size)  # type: ignore[arg-type]
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return arrays["codes"], str(arrays["header"]) if "header" in arrays else None


def _load_safetensors(path: Path) -> tuple[np.ndarray, str | None]:
    with safe_open(path, "numpy") as file:
        return file.get_tensor("codes"), (file.metadata() or {}).get(KEY)


def _load_parquet(path: Path) -> tuple[np.ndarray, str | None]:
    parquet = require("pyarrow.parquet", "parquet")
    table = parquet.read_table(path)
    header = (table.schema.metadata or {}).get(KEY.encode())
    columns = np.stack([column.to_numpy() for column in table.columns])
    channels = len({name.partition("_")[0] for name in table.column_names})
    codes = columns.reshape(channels, len(columns) // channels, table.num_rows)
    return codes, None if header is None else header.decode()


SAVE: dict[str, Callable[[Path, Tokens], None]] = {
    ".npy": _save_npy,
    ".npz": _save_npz,
    ".safetensors": _save_safetensors,
    ".parquet": _save_parquet,
}
LOAD: dict[str, Callable[[Path], tuple[np.ndarray, str | None]]] = {
    ".npy": _load_npy,
    ".npz": _load_npz,
    ".safetensors": _load_safetensors,
    ".parquet": _load_parquet,
}


def export_tokens(tokens: Tokens, path: Path, suffix: str) -> None:
    """Write codes "r q t", in the smallest type, and (but for .npy) the header as JSON under `audiocodec`.

    Raises:
        ConfigError: the suffix is unknown.
        MissingExtraError: .parquet without pyarrow.
    """
    SAVE[check_suffix(suffix)](path, tokens)


def check_suffix(suffix: str) -> str:
    """Refuse formats that are not known.

    Raises:
        ConfigError: this one is not.
    """
    if suffix.lower() not in SAVE:
        raise ConfigError(f"cannot convert {suffix or 'a file without suffix'}; known: .fsq {' '.join(SAVE)}")
    return suffix.lower()


def import_tokens(path: Path, like: Header | None = None) -> Tokens:
    """Read what `export_tokens` wrote, or an array of codes of yours.

    Args:
        path: its suffix tells the format.
        like: header for codes that come without one; their number tells the samples, if it does not fit.

    Raises:
        ConfigError: the suffix is unknown, or a header is missing.
        TokenFileError: it cannot be read, or holds no codes that fit the header.
        MissingExtraError: .parquet without pyarrow.
    """
    load = LOAD[check_suffix(path.suffix)]
    try:
        codes, text = load(path)
    except FileNotFoundError as error:
        raise TokenFileError(f"{path}: no such file") from error
    except AudioCodecError:
        raise
    except Exception as error:  # whatever the libraries come up with for damaged bytes
        raise TokenFileError(f"{path}: cannot be read as {path.suffix} ({first_line(error)})") from error
    if text is None and like is None:
        raise ConfigError(f"{path}: holds codes alone; name a token file to take the header from (--like)")
    header = like if text is None else header_from_json(text, str(path))
    assert header is not None
    return _joined(codes, header, str(path))


def _joined(codes: np.ndarray, header: Header, name: str) -> Tokens:
    """Codes and header as tokens, checked.

    Raises:
        TokenFileError: they do not fit.
    """
    if codes.ndim != 3 or codes.dtype.kind not in "iu" or codes.shape[0] != header.rows:
        raise TokenFileError(f"{name}: codes must be integers 'r q t', got {codes.dtype} of shape {codes.shape}")
    if codes.size and not header.least_code <= codes.min() <= codes.max() < header.codebook_size:
        raise TokenFileError(f"{name}: a code is outside [{header.least_code}, {header.codebook_size})")
    header = header.with_codebooks(codes.shape[1]).check()
    if header.expected_frames() != codes.shape[2]:
        header = replace(header, samples=header.held_samples(codes.shape[2]))
        if header.expected_frames() != codes.shape[2]:
            raise TokenFileError(f"{name}: no sound takes {codes.shape[2]} frames")
    return Tokens(codes.astype(np.int64), header)
