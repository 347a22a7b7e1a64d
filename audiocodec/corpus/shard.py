"""Making one shard, the unit of work: deterministic for any worker and after any number of restarts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from audiocodec._util.files import MAX_NAME
from audiocodec._util.terminal import escaped
from audiocodec.codec import load
from audiocodec.corpus.batch import encode_files
from audiocodec.corpus.formats import FORMATS, check_format
from audiocodec.corpus.fsq import target
from audiocodec.corpus.item import Item
from audiocodec.corpus.plan import Settings, Shard
from audiocodec.corpus.receipts import Receipt, write_receipt
from audiocodec.corpus.sounds import Sound, place_of
from audiocodec.corpus.stopwatch import Stopwatch
from audiocodec.corpus.store import open_store
from audiocodec.errors import AudioError, ModelError, TokenFileError
from audiocodec.tokens import Tokens, metadata

TOGETHER = 8  # sounds per batch; more do not help


@dataclass(frozen=True)
class Job:
    """All that a worker needs to know.

    Attributes:
        settings: of the corpus.
        model: name, or path of a folder.
        output: folder of the corpus, or its URL.
    """

    settings: Settings
    model: str
    output: str


class ShardWriter:
    """Holds a model and makes shards with it.

    Args:
        job: what to do.

    Raises:
        ModelError: this machine has other weights of the model.
        MissingExtraError: it lacks what the format needs.
    """

    def __init__(self, job: Job) -> None:
        check_format(job.settings.format)
        self.settings, self.store = job.settings, open_store(job.output)
        self.codec = load(job.model, backend=job.settings.library, device=job.settings.device)
        if self.codec.model_hash.hex() != job.settings.model_hash:
            raise ModelError(f"{job.model}: has other weights here than where the run was started")
        depth = job.settings.num_codebooks
        self.header = self.codec.info.header(self.codec.sample_rate, 1, 0, depth)

    def write(self, shard: Shard) -> tuple[Receipt, Stopwatch]:
        """Encode the sounds of a shard, write it, and leave a receipt, which lists unusable sounds.

        Raises:
            OutputError: it cannot be written.
        """
        watch = Stopwatch()
        results: dict[str, Tokens | AudioError] = {}
        for sound in shard.sounds:
            if problem := unfit(sound, self.settings.format):
                results[sound.path] = AudioError(problem)
        for batch in batches([sound for sound in shard.sounds if sound.path not in results]):
            results |= self._encode(batch, watch)
        items, errors = [], []
        for sound in shard.sounds:
            result = results[sound.path]
            if isinstance(result, Tokens):
                items.append(Item(sound.path, result, sound.metadata))
            else:
                errors.append((escaped(sound.path), escaped(str(result))))
        with watch("write"):
            files = FORMATS[self.settings.format].pack(shard, items, self.header)
            for name, data in files.items():
                self.store.write(name, data)
            paths = [item.path for item in items] if self.settings.format == "fsq" else []
            receipt = _receipt(shard, items, errors, files, paths)
            write_receipt(self.store, receipt)
        return receipt, watch

    def _encode(self, sounds: Sequence[Sound], watch: Stopwatch) -> dict[str, Tokens | AudioError]:
        with ExitStack() as stack:
            with watch("decode"):
                places = [place_of(sound) for sound in sounds]
                paths = [stack.enter_context(open_store(root).local(name)) for root, name in places]
            texts = [sound.metadata for sound in sounds]
            depth, high_pass = self.settings.num_codebooks, self.settings.high_pass
            results = encode_files(self.codec, paths, texts, depth, watch, high_pass)
        named: dict[str, Tokens | AudioError] = {}
        for sound, path, result in zip(sounds, paths, results, strict=True):
            named[sound.path] = (
                result if isinstance(result, Tokens) else AudioError(str(result).removeprefix(f"{path}: "))
            )
        return named


def unfit(sound: Sound, format: str) -> str:
    """Why a corpus cannot hold a sound of this name; empty if it can."""
    if escaped(sound.path) != sound.path:
        return "its name is not UTF-8"
    if format == "fsq":
        if len(PurePosixPath(target(sound.path)).name.encode()) > MAX_NAME:
            return f"the name of its token file would be longer than {MAX_NAME} bytes"
        try:
            metadata.check(sound.metadata)
        except TokenFileError as error:
            return str(error)
    return ""


def batches(sounds: Sequence[Sound]) -> Iterator[list[Sound]]:
    """Batches of sounds of similar length, judged by file size."""
    ordered = sorted(sounds, key=lambda sound: (sound.size, sound.path))
    for start in range(0, len(ordered), TOGETHER):
        yield ordered[start : start + TOGETHER]


def _receipt(
    shard: Shard,
    items: Sequence[Item],
    errors: Sequence[tuple[str, str]],
    files: dict[str, Any],
    paths: list[str],
) -> Receipt:
    digest = hashlib.sha256()
    for data in files.values():
        digest.update(data)
    return Receipt(
        name=shard.name,
        sounds=len(items),
        seconds=sum(item.tokens.duration_s for item in items),
        frames=sum(item.tokens.codes.shape[0] * item.tokens.codes.shape[2] for item in items),
        sha256=digest.hexdigest(),
        files={name: len(data) for name, data in files.items()},
        errors=[list(pair) for pair in errors],
        paths=paths,
    )
