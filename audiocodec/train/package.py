"""From a training run to a model that `audiocodec.load` takes."""

from __future__ import annotations

import csv
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from audiocodec._util.files import replacing
from audiocodec.errors import ModelError
from audiocodec.model.bundle import Bundle, load_bundle, save_bundle, write_entropy
from audiocodec.model.info import checked_name
from audiocodec.train.checkpoint import load_average

logger = logging.getLogger(__name__)


def package_run(
    run_dir: Path, folder: Path, name: str, version: str, best: bool = False, overwrite: bool = False
) -> Bundle:
    """Write weights (float16 safetensors), description (YAML) and card (Markdown with scores and curve).

    The entropy models of what the run began with go with them if codes stand for the same as they did there: then
    token files of both are coded identically, and each decodes those of the other.

    Args:
        run_dir: folder of the run.
        folder: where the three files go.
        name: of the model, as it will stand in token files.
        version: of the weights.
        best: the weights that validated best instead of the last.
        overwrite: allow the files to exist.

    Returns:
        The bundle, loaded again from what was written.

    Raises:
        ModelError: a name that no file can have, or there is no run.
        OutputError: the files exist, or cannot be written.
    """
    checked_name(name)
    model, config = load_average(run_dir, best)
    path = save_bundle(folder, name, version, config["model"], model, overwrite)
    bundle = load_bundle(str(path))
    start = _start_of_equal_codes(config, bundle.info.hash)
    if start is not None:
        write_entropy(path, start, overwrite)
        bundle = load_bundle(str(path))
    with replacing(path.with_suffix(".md"), overwrite=True) as temporary:
        temporary.write_text(_card(bundle, config, run_dir / "curve.csv"), encoding="utf-8")
    return bundle


def _start_of_equal_codes(config: Mapping[str, Any], model_hash: bytes) -> Bundle | None:
    """What a run, or the first of a chain of runs, began with, if the hash is the same."""
    start = config.get("start_from")
    if start is None:
        return None
    run = Path(start) / "config.yaml"
    try:
        if run.is_file():
            return _start_of_equal_codes(yaml.safe_load(run.read_text()), model_hash)
        bundle = load_bundle(start)
    except (ModelError, OSError, yaml.YAMLError, RecursionError):
        logger.warning("%s: is not here any more, its entropy models are left out: token files will be larger", start)
        return None
    return bundle if bundle.info.hash == model_hash else None


def _card(bundle: Bundle, config: dict[str, Any], curve: Path) -> str:
    rows = []
    if curve.exists():
        with curve.open(newline="") as file:
            rows = list(csv.DictReader(file))
    scores = [c for c in (rows[0] if rows else {}) if re.fullmatch(r"(estoi|pesq|si_sdr|mel)_\d+", c)]
    columns = ["step", "minutes", *sorted(scores, key=lambda c: (int(c.rsplit("_", 1)[1]), c))]
    table = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    table += ["| " + " | ".join(row.get(c) or "" for c in columns) + " |" for row in rows]
    data = {key: config["data"][key] for key in ("root", "seed", "augment")}
    return "\n".join(
        [
            f"# {bundle.info.name} {bundle.info.version}",
            "",
            f"Model hash {bundle.info.hash.hex()}: token files of this hash can be decoded with it.",
            "",
            "## Training",
            "",
            f"Phase {config['phase']}, from {config['start_from'] or 'random weights'}, budget {config['budget']}.",
            "Data:",
            "",
            "```yaml",
            yaml.safe_dump(data, sort_keys=False).rstrip(),
            "```",
            "",
            "## Scores on the validation clips, by training step",
            "",
            "`estoi_6` is ESTOI with the first 6 codebooks, and so on; the averaged weights are scored.",
            "",
            *(table if rows else ["No validation was recorded."]),
            "",
        ]
    )
