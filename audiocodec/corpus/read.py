"""Reading a corpus."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from audiocodec._util.terminal import first_line
from audiocodec.corpus.formats import FORMATS
from audiocodec.corpus.fsq import has_paths
from audiocodec.corpus.item import Item
from audiocodec.corpus.store import Store, open_store
from audiocodec.errors import AudioCodecError, TokenFileError
from audiocodec.tokens import Header
from audiocodec.tokens.convert import header_from_json
from audiocodec.tokens.header import NO_ENTROPY

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Corpus:
    """A folder that `audiocodec tokenize` has finished.

    Attributes:
        store: the folder.
        manifest: what `manifest.json` holds.
        header: of its codes; sample rate, channels and samples are placeholders.
        joint_entropy: hash of the entropy model of rows that two channels share; older versions did not write it, then
            files of such rows are packed.
    """

    store: Store
    manifest: dict[str, Any]
    header: Header
    joint_entropy: bytes

    @property
    def num_shards(self) -> int:
        return len(self.manifest["shards"])

    def read(self, shard: int) -> Iterator[Item]:
        """The sounds of a shard, in order.

        Raises:
            MissingExtraError: it is Parquet, and pyarrow is not installed.
            TokenFileError: one of its files is damaged or missing.
        """
        entry, format = self.manifest["shards"][shard], FORMATS[self.manifest["settings"]["format"]]
        return _told(format.unpack(self.store, entry, self.header, self.joint_entropy), entry["name"], entry["sounds"])

    def __iter__(self) -> Iterator[Item]:
        """All sounds, in order."""
        for shard in range(self.num_shards):
            yield from self.read(shard)


def _told(items: Iterator[Item], name: str, count: int) -> Iterator[Item]:
    """The sounds of a shard; that some are missing, or what libraries come up with then, is told as one sentence.

    Raises:
        TokenFileError: see `Corpus.read`.
    """
    way_out = "remove what is left of it and run 'audiocodec tokenize' again"
    found = 0
    try:
        for item in items:
            found += 1
            yield item
    except AudioCodecError:
        raise
    except Exception as error:
        raise TokenFileError(f"{name}: is damaged or not there ({first_line(error)}); {way_out}") from error
    if found != count:
        raise TokenFileError(f"{name}: has {found} of its {count} sounds; {way_out}")


def open_corpus(folder: str) -> Corpus:
    """A corpus by the path or URL of its folder.

    Raises:
        TokenFileError: there is no finished corpus, or one in the format fsq that an older audiocodec made.
    """
    store = open_store(str(folder))
    try:
        manifest = json.loads(store.read(MANIFEST))
        header = header_from_json(json.dumps(manifest["header"]), f"{folder}/{MANIFEST}")
        joint_entropy = bytes.fromhex(manifest.get("joint_entropy", NO_ENTROPY.hex()))
        named = manifest["settings"]["format"] != "fsq" or all(map(has_paths, manifest["shards"]))
    except FileNotFoundError as error:
        raise TokenFileError(f"{folder}: no finished corpus here (it has no {MANIFEST})") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TokenFileError(f"{folder}/{MANIFEST}: cannot be read ({error})") from error
    if not named:
        raise TokenFileError(
            f"{folder}/{MANIFEST}: does not have the paths of the sounds, as older versions made it; run 'audiocodec "
            "tokenize' again, in this folder or, if it refuses, in another"
        )
    return Corpus(store, manifest, header, joint_entropy)
