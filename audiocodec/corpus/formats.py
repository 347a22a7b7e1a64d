"""The formats of shards: each a pair `pack`, `unpack`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from audiocodec._util.extras import require
from audiocodec.corpus import fsq, parquet, webdataset
from audiocodec.corpus.item import Item
from audiocodec.corpus.plan import Shard
from audiocodec.corpus.store import Store
from audiocodec.errors import ConfigError
from audiocodec.tokens import Header


class Format(NamedTuple):
    """How sounds are stored in files."""

    pack: Callable[[Shard, Sequence[Item], Header], dict[str, bytes]]
    unpack: Callable[[Store, Mapping[str, Any], Header, bytes], Iterator[Item]]  # of a shard as the manifest has it


FORMATS = {
    "parquet": Format(parquet.pack, parquet.unpack),
    "webdataset": Format(webdataset.pack, webdataset.unpack),
    "fsq": Format(fsq.pack, fsq.unpack),
}


def check_format(name: str) -> None:
    """Refuse a format that is not known, or cannot be written here.

    Raises:
        ConfigError: there is no such format.
        MissingExtraError: it is Parquet, and pyarrow is not installed.
    """
    if name not in FORMATS:
        raise ConfigError(f"format is {name!r}, known: {', '.join(FORMATS)}")
    if name == "parquet":
        require("pyarrow.parquet", "parquet")
