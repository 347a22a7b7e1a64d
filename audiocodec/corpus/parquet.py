"""A shard as a Parquet file: one row per sound, codes as nested lists "r q t"."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from audiocodec._util.extras import require
from audiocodec.corpus.item import Item, fields_of, item_of
from audiocodec.corpus.plan import Shard
from audiocodec.corpus.store import Store
from audiocodec.tokens import Header
from audiocodec.tokens.convert import KEY, header_to_json, small

ROWS = 256  # per group, which is read in one go


def pack(shard: Shard, items: Sequence[Item], header: Header) -> dict[str, bytes]:
    """File name -> contents. Zstandard runs on one thread, so equal rows give equal bytes.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    arrow, parquet = require("pyarrow", "parquet"), require("pyarrow.parquet", "parquet")
    types = {
        "path": arrow.string(),
        "sample_rate": arrow.int32(),
        "samples": arrow.int64(),
        "channels": arrow.int32(),
        "joint": arrow.int32(),
        "frames": arrow.int32(),
        "duration_s": arrow.float64(),
        **dict.fromkeys(shard.sounds[0].metadata, arrow.string()),
    }
    rows = [fields_of(item) for item in items]
    columns = {name: arrow.array([row[name] for row in rows], kind) for name, kind in types.items()}
    columns["codes"] = _nested(arrow, [small(item.tokens.codes, header) for item in items], header)
    table = arrow.table(columns).replace_schema_metadata({KEY: header_to_json(header)})
    file = io.BytesIO()
    parquet.write_table(table, file, compression="zstd", row_group_size=ROWS)
    return {f"{shard.name}.parquet": file.getvalue()}


def _nested(arrow: Any, codes: Sequence[np.ndarray], header: Header) -> Any:
    """Codes "r q t" of each sound -> an array of lists of lists of lists."""
    empty = small(np.zeros(0, np.int64), header)
    column = arrow.array(np.concatenate([empty, *(item.ravel() for item in codes)]))
    lengths = (
        [item.shape[2] for item in codes for _ in range(item.shape[0] * item.shape[1])],
        [item.shape[1] for item in codes for _ in range(item.shape[0])],
        [item.shape[0] for item in codes],
    )
    for level in lengths:
        column = arrow.ListArray.from_arrays(np.cumsum([0, *level]).astype(np.int32), column)
    return column


def unpack(store: Store, shard: Mapping[str, Any], header: Header, joint_entropy: bytes) -> Iterator[Item]:
    """The sounds of a shard, a group of rows at a time.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    parquet = require("pyarrow.parquet", "parquet")
    for name in shard["files"]:
        with store.local(name) as path, parquet.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group)
                rows = table.drop_columns("codes").to_pylist()
                for row, codes in zip(rows, _flat(table.column("codes")), strict=True):
                    yield item_of(row, codes, header, joint_entropy)


def _flat(column: Any) -> Iterator[np.ndarray]:
    """Inverse of `_nested`, without a Python object for each code."""
    for outer in column.chunks:
        middle, inner = outer.values, outer.values.values
        channels, codebooks, frames = (level.offsets.to_numpy() for level in (outer, middle, inner))
        codes = inner.values.to_numpy(zero_copy_only=False)
        for first, last in itertools.pairwise(channels):
            begin, end = codebooks[first], codebooks[last]
            shape = (last - first, (end - begin) // max(1, last - first), -1)
            yield codes[frames[begin] : frames[end]].reshape(shape)
