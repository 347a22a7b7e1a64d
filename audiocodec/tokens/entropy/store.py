"""Entropy models as files: `.npz` of plain arrays, found by their hash."""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import numpy as np

from audiocodec.errors import ModelError, TokenFileError
from audiocodec.tokens.entropy.model import EntropyModel

SUFFIX = ".entropy.npz"
VARIABLE = "AUDIOCODEC_MODELS"  # more folders to look into
SHIPPED = Path(__file__).parent  # entropy models of the package


def save_entropy(path: Path, model: EntropyModel) -> None:
    """Write an entropy model; the same model gives the same bytes."""
    with path.open("wb") as file:
        np.savez_compressed(file, **asdict(model))


@lru_cache(maxsize=16)
def _load(path: Path, modified_ns: int) -> EntropyModel:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            return EntropyModel(**{name: arrays[name] for name in arrays.files})
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path}: is not an entropy model ({error})") from error


def load_entropy(path: Path) -> EntropyModel:
    """Read an entropy model.

    Raises:
        ModelError: missing, damaged, or its arrays do not fit.
    """
    try:
        return _load(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from error


def find_entropy(wanted: bytes, name: str) -> EntropyModel:
    """The entropy model of this hash: of the models in the package, or in a folder of `AUDIOCODEC_MODELS`.

    Args:
        wanted: its hash.
        name: of the token file, for the message.

    Raises:
        TokenFileError: it is not here.
    """
    folders = [SHIPPED, *(Path(folder) for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder)]
    for folder in folders:
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            model = load_entropy(path)
            if model.hash == wanted:
                return model
    raise TokenFileError(
        f"{name}: is coded with an entropy model that is not here (hash {wanted.hex()[:8]}); "
        f"set {VARIABLE} to the folder that holds its {SUFFIX} file"
    )
