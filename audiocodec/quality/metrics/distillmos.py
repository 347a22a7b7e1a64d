"""How natural speech sounds, without a reference."""

from __future__ import annotations

import contextlib
import functools
import io
from typing import Any

import numpy as np

from audiocodec._util.extras import require


@functools.cache
def _predictor() -> Any:
    with contextlib.redirect_stdout(io.StringIO()):  # it announces its weights
        return require("distillmos", "metrics").ConvTransformerSQAModel().eval()


def distillmos(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Predicted mean opinion score of the estimate at 16 kHz, 1 to 5; the reference is not looked at.

    See [Stahl and Gamper, 2025](https://arxiv.org/abs/2502.05356); computed by `distillmos`, whose
    weights are in its package.

    Raises:
        MissingExtraError: it is not installed.
    """
    predictor, torch = _predictor(), require("torch", "train")
    with torch.inference_mode():
        return float(predictor(torch.from_numpy(np.ascontiguousarray(estimate, np.float32))[None]))
