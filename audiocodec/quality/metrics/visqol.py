"""Virtual Speech Quality Objective Listener, for speech and for all sound."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from audiocodec._util.extras import require


@functools.cache
def _listener(mode: str) -> Any:
    listener = require("visqol", "metrics").VisqolApi()
    if mode == "speech":
        require("ai_edge_litert", "metrics")  # without it, bad speech is quietly rated 1 to 2 points too high
    listener.create(mode=mode)
    return listener


def visqol_speech(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """ViSQOL for speech, 1 to 5, higher is better. Only 16 kHz is defined.

    See [Chinen et al., 2020](https://arxiv.org/abs/2004.09584); computed by `visqol-python`.

    Raises:
        MissingExtraError: it is not installed.
    """
    return float(_listener("speech").measure_from_arrays(reference, estimate, sample_rate).moslqo)


def visqol_audio(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """ViSQOL for music and sound, 1 to about 4.75, higher is better. Only 48 kHz is defined.

    Source and errors as in `visqol_speech`.
    """
    return float(_listener("audio").measure_from_arrays(reference, estimate, sample_rate).moslqo)
