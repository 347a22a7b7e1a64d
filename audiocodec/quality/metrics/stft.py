"""Multi-resolution STFT distance."""

from __future__ import annotations

import numpy as np

from audiocodec._util.extras import require


def stft_distance(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Spectral convergence plus log-magnitude distance at three resolutions; 0 is best.

    See [Yamamoto et al., 2020](https://arxiv.org/abs/1910.11480); computed by `auraloss`. Compare
    values at one sample rate only.

    Raises:
        MissingExtraError: `auraloss` is not installed.
    """
    loss = require("auraloss.freq", "train").MultiResolutionSTFTLoss()
    torch = require("torch", "train")
    first, second = (torch.from_numpy(np.ascontiguousarray(x, np.float32))[None, None] for x in (estimate, reference))
    return float(loss(first, second))
