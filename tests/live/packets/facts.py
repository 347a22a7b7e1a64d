"""The facts of models that there are not, for packets of their codes."""

from __future__ import annotations

from audiocodec.model.info import ModelInfo

HASH = b"0123456789abcdef"


def facts(
    levels: tuple[int, ...] = (8, 5, 5, 5), model_hash: bytes = HASH, num_codebooks: int = 12, joint: bool = False
) -> ModelInfo:
    """A model of 20 ms frames; of 1000 values a code by default."""
    return ModelInfo("m", "1", model_hash, 16_000, 320, 320, 8, 72, levels, num_codebooks, joint)


SPEECH_LEVELS = (3, 3, 3, 3, 3, 4)  # of speech-16k: 972
