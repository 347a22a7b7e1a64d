"""One sound of a corpus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from audiocodec.tokens import Header, Tokens
from audiocodec.tokens.joint import Joint


@dataclass(frozen=True)
class Item:
    """The tokens of a sound, and its metadata.

    Attributes:
        path: of the sound, as found below the folder or as the CSV has it.
        tokens: as returned by `Codec.encode`.
        metadata: columns of the CSV that listed it.
    """

    path: str
    tokens: Tokens
    metadata: Mapping[str, str]


def fields_of(item: Item) -> dict[str, Any]:
    """What parquet and webdataset store besides the codes."""
    header = item.tokens.header
    return {
        "path": item.path,
        "sample_rate": header.sample_rate,
        "samples": item.tokens.samples,
        "channels": header.channels,
        "joint": int(header.joint),
        "frames": item.tokens.codes.shape[2],
        "duration_s": item.tokens.duration_s,
        **item.metadata,
    }


def item_of(fields: Mapping[str, Any], codes: np.ndarray, header: Header, joint_entropy: bytes) -> Item:
    """Inverse of `fields_of`.

    Args:
        fields: as they were written.
        codes: "r q t", any integers.
        header: of any sound of the corpus of one channel.
        joint_entropy: hash of the entropy model of rows that two channels share.
    """
    known = {key: int(fields[key]) for key in ("sample_rate", "samples", "channels")}
    own = {"path", "joint", "frames", "duration_s", *known}
    joint = Joint(int(fields.get("joint", len(codes) < known["channels"])))
    header = replace(header, joint=joint, entropy=joint_entropy if joint else header.entropy, **known)  # type: ignore[arg-type]
    tokens = Tokens(codes.astype(np.int64), header)
    return Item(str(fields["path"]), tokens, {k: str(v) for k, v in fields.items() if k not in own})
