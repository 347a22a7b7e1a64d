"""Scale-invariant signal-to-distortion ratio."""

from __future__ import annotations

import numpy as np


def si_sdr(reference: np.ndarray, estimate: np.ndarray) -> float:
    """SI-SDR in dB, higher is better. See [Le Roux et al., 2018](https://arxiv.org/abs/1811.02508)."""
    reference = reference.astype(np.float64) - reference.mean()
    estimate = estimate.astype(np.float64) - estimate.mean()
    scale = reference @ estimate / (reference @ reference + 1e-12)
    error = scale * reference - estimate
    return float(10 * np.log10((scale**2 * (reference @ reference) + 1e-12) / (error @ error + 1e-12)))
