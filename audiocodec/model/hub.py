"""Bundles in the layout of the Hugging Face Hub."""

from __future__ import annotations

import json
from pathlib import Path

from audiocodec._util.extras import require
from audiocodec._util.files import check_target, replacing
from audiocodec._util.terminal import first_line
from audiocodec.errors import ModelError
from audiocodec.model.bundle import Bundle, entropy_targets, write_entropy, write_weights


def save_hub_folder(folder: Path, bundle: Bundle, overwrite: bool = False) -> None:
    """Write what a Hugging Face Hub repository holds: weights, `config.json`, `README.md`, the entropy models.

    Raises:
        OutputError: one of the files exists (then none is written), or cannot be written.
    """
    name = bundle.info.name
    card = f"---\nlibrary_name: audiocodec\npipeline_tag: audio-to-audio\ntags: [audio, codec]\n---\n\n# {name}\n"
    texts = {"README.md": card, "config.json": json.dumps(bundle.description, indent=2) + "\n"}
    weights, description = folder / "model.safetensors", folder / "config.json"
    entropies = [path for path, _ in entropy_targets(description, bundle)]
    for path in (weights, *(folder / file for file in texts), *entropies):
        check_target(path, overwrite)
    write_weights(weights, bundle.tensors, overwrite)
    for file, text in texts.items():
        with replacing(folder / file, overwrite) as temporary:
            temporary.write_text(text, encoding="utf-8")
    write_entropy(description, bundle, overwrite)


def fetch_hub_folder(repository: str) -> Path:
    """The local copy of a Hugging Face Hub repository, fetched if need be.

    Raises:
        MissingExtraError: huggingface_hub is not installed.
        ModelError: the Hub does not give it.
    """
    hub = require("huggingface_hub", "hub")
    try:
        return Path(hub.snapshot_download(repository, allow_patterns=["model.*", "config.json", "README.md"]))
    except Exception as error:  # whatever network and Hub come up with
        raise ModelError(f"{repository}: cannot be fetched ({first_line(error)})") from error
