"""A shard as token files in the folder structure of the sounds: the bytes that `audiocodec encode` writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from audiocodec.corpus.item import Item
from audiocodec.corpus.plan import Shard
from audiocodec.corpus.sounds import Sound
from audiocodec.corpus.store import Store
from audiocodec.errors import ConfigError
from audiocodec.tokens import Header, Tokens


def pack(shard: Shard, items: Sequence[Item], header: Header) -> dict[str, bytes]:
    """File name -> contents."""
    return {target(item.path): item.tokens.to_bytes() for item in items}


def unpack(store: Store, shard: Mapping[str, Any], header: Header, joint_entropy: bytes) -> Iterator[Item]:
    """The sounds of a shard, in order.

    Raises:
        TokenFileError: a file is damaged.
    """
    for name, source in zip(shard["files"], shard["paths"], strict=True):
        with store.local(name) as path:
            tokens = Tokens.load(path)
        yield Item(source, tokens, tokens.header.metadata)


def has_paths(shard: Mapping[str, Any]) -> bool:
    """Whether a shard of the manifest has the path of the sound of each file; older versions did not write them."""
    return len(shard.get("paths", ())) == len(shard["files"])


def target(path: str) -> str:
    """Name of the token file of a sound."""
    return str(PurePosixPath(path).with_suffix(".fsq"))


def check_targets(source: str, sounds: Sequence[Sound]) -> None:
    """Refuse sounds without a unique name in the folder.

    Raises:
        ConfigError: a path leads outside, or two sounds differ only in their suffix.
    """
    for sound in sounds:
        path = PurePosixPath(sound.path)
        if path.is_absolute() or ".." in path.parts or "://" in sound.path:
            raise ConfigError(f"{source}: {sound.path} is not a relative path below it, which the format fsq needs")
    name, count = max(Counter(target(sound.path) for sound in sounds).items(), key=lambda pair: pair[1])
    if count > 1:
        raise ConfigError(
            f"{source}: {count} sounds differ in their suffix only and would all become {name}, which the format fsq "
            "cannot have; rename them, or use another format"
        )
