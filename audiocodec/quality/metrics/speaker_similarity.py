"""Whether it is still the same voice."""

from __future__ import annotations

import contextlib
import functools
import io
import warnings
from typing import Any

import numpy as np

from audiocodec._util.extras import require


@functools.cache
def _encoder() -> Any:
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():  # it announces its weights
        warnings.simplefilter("ignore", DeprecationWarning)  # of what it imports
        return require("resemblyzer", "metrics").VoiceEncoder("cpu")


def speaker_similarity(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Cosine of the speaker embeddings of reference and estimate at 16 kHz, to 1; the same voice has about .8 and more.

    See [Wan et al., 2018](https://arxiv.org/abs/1710.10467) for the embedding; computed by `resemblyzer`, whose weights
    are in its package. NaN for silence.

    Raises:
        MissingExtraError: it is not installed.
    """
    encoder = _encoder()
    if not (reference.any() and estimate.any()):
        return float("nan")
    a, b = (encoder.embed_utterance(np.ascontiguousarray(x, np.float32)) for x in (reference, estimate))
    return float(np.dot(a, b))
