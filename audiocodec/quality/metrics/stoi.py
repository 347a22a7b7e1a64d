"""Short-time objective intelligibility."""

from __future__ import annotations

import numpy as np

from audiocodec._util.extras import require


def stoi(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """STOI, about 0 to 1, higher is better.

    See [Taal et al., 2011](https://doi.org/10.1109/TASL.2011.2114881); computed by `pystoi`.

    Raises:
        MissingExtraError: `pystoi` is not installed.
    """
    return float(require("pystoi", "eval").stoi(reference, estimate, sample_rate, extended=False))
