"""A corpus from its list of sounds to its manifest."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import audiocodec
from audiocodec._util.files import is_leftover
from audiocodec._util.numbers import check_count
from audiocodec.audio import check_cutoff
from audiocodec.backends.onnx import OnnxModel
from audiocodec.codec import Codec, load
from audiocodec.corpus.formats import check_format
from audiocodec.corpus.fsq import check_targets
from audiocodec.corpus.plan import Settings, Shard, cut, fingerprint, usual_shard
from audiocodec.corpus.read import MANIFEST
from audiocodec.corpus.receipts import FOLDER, Receipt, begin, to_bytes
from audiocodec.corpus.shard import Job
from audiocodec.corpus.sounds import Sound, list_sounds
from audiocodec.corpus.stopwatch import Stopwatch
from audiocodec.corpus.store import Store, open_store
from audiocodec.corpus.workers import Done, choose_workers, in_this_process, on_ray
from audiocodec.errors import ConfigError, OutputError
from audiocodec.tokens.convert import header_to_json

ERRORS = "errors.csv"


@dataclass
class Progress:
    """Progress of a run.

    Attributes:
        shards: in all.
        shards_done: earlier runs included.
        sounds: encoded by this run.
        errors: sounds that this run could not use.
        hours: of sound encoded by this run.
        elapsed_s: since it started.
        watch: time of its workers by stage.
    """

    shards: int
    shards_done: int
    sounds: int = 0
    errors: int = 0
    hours: float = 0.0
    elapsed_s: float = 0.0
    watch: Stopwatch = field(default_factory=Stopwatch)

    def count(self, receipt: Receipt, watch: Stopwatch) -> None:
        """Count a finished shard."""
        self.shards_done += 1
        self.sounds += receipt.sounds
        self.errors += len(receipt.errors)
        self.hours += receipt.seconds / 3600
        self.watch.add(watch)


def tokenize(
    source: str | Path,
    output: str | Path,
    format: str = "parquet",
    model: str = "speech-16k",
    num_codebooks: int | None = None,
    backend: str = "auto",
    sounds_per_shard: int | None = None,
    workers: int | None = 0,
    address: str | None = None,
    on_shard: Callable[[Progress], None] = lambda progress: None,
    bitrate: float | str | None = None,
    device: str = "cpu",
    high_pass: float = 0.0,
) -> Progress:
    """Encode many sounds into shards of tokens; an interrupted run resumes when it is started again.

    The final content of `output` depends only on the sounds and the settings, not on workers, timing or crashes.

    Args:
        source: folder, glob pattern, or CSV with a column `path`; see `list_sounds`.
        output: folder or URL.
        format: "parquet", "webdataset" or "fsq".
        model: name, or path of a folder.
        num_codebooks: number of codebooks to keep (the first N); all by default.
        backend: see `audiocodec.load`.
        sounds_per_shard: by default enough for about 64 shards, 8 to 1000.
        workers: actors of Ray; 0 works in this process and needs no Ray; None: one per processor, 0 for few sounds.
        address: of a Ray cluster; by default Ray is started here for the time of the run.
        on_shard: called at the start and after every shard.
        bitrate: alternatively the target bitrate, in bits per second for a mono sound.
        device: see `audiocodec.load`; other devices than the CPU are used by this process only.
        high_pass: Hz below which each sound is filtered, as by `Codec.encode_file`; 0: none is.

    Raises:
        AudioError: there are no sounds.
        ConfigError: a setting cannot work, or the folder holds a corpus made with others.
        OutputError: the folder holds something else, or cannot be written.
        MissingExtraError: Ray, pyarrow or fsspec is needed and not installed.
        ModelError: see `audiocodec.load`.
        AudioCodecError: a shard repeatedly killed its workers.
    """
    begun = time.monotonic()
    source, output = str(source), str(output)
    for name, place in (("source", source), ("output", output)):
        if not place:
            raise ConfigError(f"the {name} is empty: name a folder ('.' is the current one)")
    check_format(format)
    if device != "cpu" and (workers or address):
        raise ConfigError(f"device {device!r} is used by this process alone: give workers=0 and no address")
    codec = load(model, backend=backend, device=device)
    sounds = [replace(sound, root=_anywhere(sound.root)) for sound in list_sounds(source)]
    if format == "fsq":
        check_targets(source, sounds)
    depth = codec.info.choose_codebooks(num_codebooks, bitrate, 1)
    settings = _settings(codec, sounds, format, device, depth, sounds_per_shard, check_cutoff(high_pass))
    store = open_store(output)
    shards = cut(sounds, settings.sounds_per_shard)
    workers = choose_workers(workers, address, shards)
    receipts = begin(store, output, settings)
    todo = [shard for shard in shards if shard.name not in receipts]
    job = Job(settings, _anywhere(model) if Path(model).exists() else model, _anywhere(output))
    progress = Progress(len(shards), len(receipts))
    on_shard(progress)
    for receipt, watch in _made(job, todo, workers, address):
        receipts[receipt.name] = receipt
        progress.count(receipt, watch)
        progress.elapsed_s = time.monotonic() - begun
        on_shard(progress)
    _check_present(store, output, [receipts[shard.name] for shard in shards])
    _finish(store, codec, settings, [receipts[shard.name] for shard in shards])
    progress.elapsed_s = time.monotonic() - begun
    return progress


def _settings(
    codec: Codec,
    sounds: Sequence[Sound],
    format: str,
    device: str,
    num_codebooks: int,
    sounds_per_shard: int | None,
    high_pass: float,
) -> Settings:
    """What determines the corpus; see `tokenize`."""
    return Settings(
        audiocodec=audiocodec.__version__,
        format=format,
        model=codec.name,
        model_version=codec.info.version,
        model_hash=codec.model_hash.hex(),
        backend="onnx" if isinstance(codec.model, OnnxModel) else "torch" + (f"/{device}" if device != "cpu" else ""),
        num_codebooks=num_codebooks,
        sounds_per_shard=(
            usual_shard(sounds) if sounds_per_shard is None else check_count(sounds_per_shard, "sounds_per_shard", 1)
        ),
        input=fingerprint(sounds),
        high_pass=high_pass,
    )


def _made(job: Job, shards: Sequence[Shard], workers: int, address: str | None) -> Iterator[Done]:
    """Receipts of shards as they are finished, in this process or by workers, of which none start for no shards."""
    if not shards:
        return iter(())
    return on_ray(job, shards, workers, address) if workers else in_this_process(job, shards)


def _anywhere(place: str) -> str:
    """An absolute path, for workers that run in another folder; a URL is returned unchanged."""
    return place if "://" in place else str(Path(place).absolute())


def _check_present(store: Store, output: str, receipts: Sequence[Receipt]) -> None:
    """Refuse to finish a corpus with missing shards, as with workers that do not share the folder.

    Raises:
        OutputError: a file is missing, or has another size.
    """
    present = store.find()
    for receipt in receipts:
        for name, size in receipt.files.items():
            if present.get(name) != size:
                raise OutputError(
                    f"{output}: {name} is not there though a worker wrote it; all machines must share this folder"
                )


def _finish(store: Store, codec: Codec, settings: Settings, receipts: Sequence[Receipt]) -> None:
    """Write the table of errors and the manifest, then remove temporary files."""
    errors = [pair for receipt in receipts for pair in receipt.errors]
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerows([["path", "reason"], *errors])
    header = codec.info.header(codec.sample_rate, 1, 0, settings.num_codebooks)
    frames = sum(receipt.frames for receipt in receipts)
    manifest = {
        "hours": round(sum(receipt.seconds for receipt in receipts) / 3600, 6),
        "sounds": sum(receipt.sounds for receipt in receipts),
        "errors": len(errors),
        "frames": frames,
        "tokens": frames * settings.num_codebooks,
        "bytes": sum(sum(receipt.files.values()) for receipt in receipts),
        "settings": asdict(settings),
        "header": json.loads(header_to_json(header)),
        "joint_entropy": codec.info.joint_entropy.hex(),
        "shards": [asdict(receipt) for receipt in receipts],
    }
    store.write(ERRORS, table.getvalue().encode())
    store.write(MANIFEST, to_bytes(manifest))
    store.remove(FOLDER)
    for name in filter(is_leftover, store.find()):
        store.remove(name)
