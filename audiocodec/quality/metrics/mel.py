"""Log-mel distance, the figure to watch while training."""

from __future__ import annotations

import numpy as np

from audiocodec._util.extras import require


def mel_distance(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """Mean absolute log10 mel difference over windows 512, 1024, 2048; 0 is best.

    After the metric of [DAC, Kumar et al., 2023](https://arxiv.org/abs/2306.06546), computed by
    librosa. Compare values at one sample rate only.

    Raises:
        MissingExtraError: `librosa` is not installed.
    """
    librosa = require("librosa", "eval")
    distances = []
    for n_fft in (512, 1024, 2048):
        padded = [np.pad(x, (0, max(0, n_fft - len(x)))) for x in (reference, estimate)]
        reference_mel, estimate_mel = (
            librosa.feature.melspectrogram(
                y=x, sr=sample_rate, n_fft=n_fft, hop_length=n_fft // 4, n_mels=80, power=1.0
            )
            for x in padded
        )
        distances.append(np.abs(np.log10(reference_mel + 1e-5) - np.log10(estimate_mel + 1e-5)).mean())
    return float(np.mean(distances))
