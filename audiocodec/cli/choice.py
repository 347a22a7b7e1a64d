"""Chooses a model by content."""

from __future__ import annotations

from pathlib import Path


def choose_model(path: Path) -> str:
    """TODO."""
    return "speech-16k"
