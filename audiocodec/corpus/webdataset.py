"""A shard as a tar of WebDataset: `00003-000017.npy` with codes "r q t", `00003-000017.json` with everything else."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from audiocodec.corpus.item import Item, fields_of, item_of
from audiocodec.corpus.plan import Shard
from audiocodec.corpus.store import Store
from audiocodec.tokens import Header
from audiocodec.tokens.convert import small


def pack(shard: Shard, items: Sequence[Item], header: Header) -> dict[str, bytes]:
    """File name -> contents. Members have no times and no owners, so equal sounds give equal bytes."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for i, item in enumerate(items):
            array = io.BytesIO()
            np.save(array, small(item.tokens.codes, header), allow_pickle=False)
            text = json.dumps(fields_of(item), ensure_ascii=False).encode()
            for suffix, data in (("json", text), ("npy", array.getvalue())):
                member = tarfile.TarInfo(f"{shard.index:05d}-{i:06d}.{suffix}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return {f"{shard.name}.tar": file.getvalue()}


def unpack(store: Store, shard: Mapping[str, Any], header: Header, joint_entropy: bytes) -> Iterator[Item]:
    """The sounds of a shard, in order."""
    for name in shard["files"]:
        with store.local(name) as path, tarfile.open(path, "r:") as tar:
            for member in tar:
                suffix = member.name.rpartition(".")[2]
                file = tar.extractfile(member)
                assert file is not None
                if suffix == "json":
                    fields = json.load(file)
                else:
                    codes = np.load(io.BytesIO(file.read()), allow_pickle=False)
                    yield item_of(fields, codes, header, joint_entropy)
