"""Perceptual evaluation of speech quality, wideband."""

from __future__ import annotations

import numpy as np

from audiocodec._util.extras import require


def pesq_wb(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """PESQ-WB, 1.0 to 4.64, higher is better; NaN where no utterance is found, as in less than .25 s.

    See ITU-T P.862.2; computed by `pesq`. Only 16 kHz is defined.

    Raises:
        MissingExtraError: `pesq` is not installed.
    """
    package = require("pesq", "eval")
    if not reference.any():
        return float("nan")
    try:
        return float(package.pesq(sample_rate, reference, estimate, "wb"))
    except (package.NoUtterancesError, package.BufferTooShortError):
        return float("nan")
