"""Short-time objective intelligibility."""

from __future__ import annotations

import numpy as np

from audiocodec.quality.metrics.estoi import of_pystoi


def stoi(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """STOI, about 0 to 1, higher is better; NaN where less than .4 s is no silence.

    See [Taal et al., 2011](https://doi.org/10.1109/TASL.2011.2114881); computed by `pystoi`.

    Raises:
        MissingExtraError: `pystoi` is not installed.
    """
    return of_pystoi(reference, estimate, sample_rate, extended=False)
