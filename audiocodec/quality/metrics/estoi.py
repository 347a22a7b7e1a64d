"""Extended short-time objective intelligibility."""

from __future__ import annotations

import numpy as np

from audiocodec._util.extras import require


def estoi(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """ESTOI, about 0 to 1, higher is better.

    See [Jensen and Taal, 2016](https://doi.org/10.1109/TASLP.2016.2585878); computed by `pystoi`.

    Raises:
        MissingExtraError: `pystoi` is not installed.
    """
    return float(require("pystoi", "eval").stoi(reference, estimate, sample_rate, extended=True))
