"""Extended short-time objective intelligibility."""

from __future__ import annotations

import warnings

import numpy as np

from audiocodec._util.extras import require

SHORTEST_S = 0.1  # below it there is not one frame


def estoi(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """ESTOI, about 0 to 1, higher is better; NaN where less than .4 s is no silence.

    See [Jensen and Taal, 2016](https://doi.org/10.1109/TASLP.2016.2585878); computed by `pystoi`.

    Raises:
        MissingExtraError: `pystoi` is not installed.
    """
    return of_pystoi(reference, estimate, sample_rate, extended=True)


def of_pystoi(reference: np.ndarray, estimate: np.ndarray, sample_rate: int, extended: bool) -> float:
    """What `pystoi` says; NaN instead of its 1e-5 for too little sound, of which it warns or breaks down."""
    package = require("pystoi", "eval")
    if len(reference) < SHORTEST_S * sample_rate:
        return float("nan")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Not enough STFT frames", RuntimeWarning)
        try:
            return float(package.stoi(reference, estimate, sample_rate, extended=extended))
        except RuntimeWarning:
            return float("nan")
