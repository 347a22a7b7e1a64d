"""Progress of a run: a receipt for each shard, kept with the corpus until it is complete."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from audiocodec._util.files import is_leftover
from audiocodec.corpus.fsq import has_paths
from audiocodec.corpus.plan import Settings
from audiocodec.corpus.read import MANIFEST
from audiocodec.corpus.store import Store
from audiocodec.errors import ConfigError, OutputError

FOLDER = ".unfinished"
SETTINGS = f"{FOLDER}/settings.json"


@dataclass(frozen=True)
class Receipt:
    """A complete shard.

    Attributes:
        name: of the shard.
        sounds: in it.
        seconds: of sound.
        frames: of codes, over all rows.
        sha256: of its files, one after another.
        files: name -> bytes.
        errors: [path, reason] of each sound that could not be used.
        paths: of the sounds, in the format fsq, whose files do not hold them.
    """

    name: str
    sounds: int
    seconds: float
    frames: int
    sha256: str
    files: dict[str, int]
    errors: list[list[str]]
    paths: list[str] = field(default_factory=list)


def to_bytes(value: object) -> bytes:
    """Indented JSON."""
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def write_receipt(store: Store, receipt: Receipt) -> None:
    """Record that a shard has been written; call it afterwards."""
    store.write(f"{FOLDER}/{receipt.name}.json", to_bytes(asdict(receipt)))


def begin(store: Store, output: str, settings: Settings) -> dict[str, Receipt]:
    """The shards that an earlier run has written, by name; records the settings if this is the first run.

    Shards in the format fsq without the paths of their sounds, as older versions made them, count as not written.

    Raises:
        ConfigError: the folder holds a corpus made with other settings.
        OutputError: it holds something else, or cannot be read.
    """
    present = {name: size for name, size in store.find().items() if not is_leftover(name)}
    try:
        if MANIFEST in present:
            manifest = json.loads(store.read(MANIFEST))
            before, found = manifest["settings"], manifest["shards"]
        elif SETTINGS in present and present.keys() != {SETTINGS}:
            names = [n for n in present if n.startswith(f"{FOLDER}/shard-") and n.endswith(".json")]
            before, found = json.loads(store.read(SETTINGS)), [json.loads(store.read(name)) for name in names]
        else:
            if present.keys() - {SETTINGS}:
                raise OutputError(f"{output}: is not empty and holds no corpus; choose another folder")
            store.write(SETTINGS, to_bytes(asdict(settings)))
            return {}
        whole = [fields for fields in found if settings.format != "fsq" or has_paths(fields)]
        receipts = [Receipt(**fields) for fields in whole]
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{output}: cannot be resumed ({error}); choose another folder") from error
    _check(output, before, settings)
    return {r.name: r for r in receipts if all(present.get(name) == size for name, size in r.files.items())}


def _check(output: str, before: Mapping[str, object], settings: Settings) -> None:
    now = asdict(settings)
    if changed := [key for key in now if before.get(key, getattr(Settings, key, None)) != now[key]]:
        raise ConfigError(f"{output}: holds a corpus made with other {', '.join(changed)}; choose another folder")
