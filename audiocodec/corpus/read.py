"""Reading a corpus."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from audiocodec._util.terminal import first_line
from audiocodec.corpus.formats import FORMATS, Format
from audiocodec.corpus.fsq import has_paths
from audiocodec.corpus.item import Item
from audiocodec.corpus.store import Store, open_store
from audiocodec.errors import AudioCodecError, TokenFileError
from audiocodec.tokens import Header
from audiocodec.tokens.convert import header_from_json
from audiocodec.tokens.header import NO_ENTROPY

MANIFEST = "manifest.json"
WAY_OUT = "remove what is left of it and run 'audiocodec tokenize' again"


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
    _checked: set[int] = field(default_factory=set, init=False, repr=False, compare=False)

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
        return _told(self._sounds(shard, entry, format), entry["name"])

    def _sounds(self, shard: int, entry: Mapping[str, Any], format: Format) -> Iterator[Item]:
        """The sounds of a shard, whose files are compared with their checksum when it is read first."""
        if shard not in self._checked:
            _check_bytes(self.store, entry)
            self._checked.add(shard)
        yield from format.unpack(self.store, entry, self.header, self.joint_entropy)

    def __iter__(self) -> Iterator[Item]:
        """All sounds, in order."""
        for shard in range(self.num_shards):
            yield from self.read(shard)


def _check_bytes(store: Store, entry: Mapping[str, Any]) -> None:
    """Compare the files of a shard with the checksum of the manifest.

    Raises:
        TokenFileError: they are not what was written.
    """
    digest = hashlib.sha256()
    for name in entry["files"]:
        with store.local(name) as path, path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    if digest.hexdigest() != entry["sha256"]:
        raise TokenFileError(f"{entry['name']}: is damaged (its checksum does not match); {WAY_OUT}")


def _told(items: Iterator[Item], name: str) -> Iterator[Item]:
    """The sounds of a shard; what libraries come up with where it is not there is told as one sentence.

    Raises:
        TokenFileError: see `Corpus.read`.
    """
    try:
        yield from items
    except AudioCodecError:
        raise
    except Exception as error:
        raise TokenFileError(f"{name}: is damaged or not there ({first_line(error)}); {WAY_OUT}") from error


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
        if manifest["settings"]["format"] not in FORMATS:
            raise TokenFileError(f"{folder}/{MANIFEST}: its format {manifest['settings']['format']!r} is unknown here")
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
