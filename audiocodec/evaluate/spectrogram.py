"""Level over time and frequency, for pictures."""

from __future__ import annotations

import numpy as np

from audiocodec._util.extras import require

FLOOR_DB = -80.0


def level_db(wav: np.ndarray, rate: int) -> np.ndarray:
    """Spectrogram "f t" of the mean of "c t", in dB below the full scale of a sine, never below -80."""
    librosa = require("librosa", "eval")
    n_fft = 2 ** round(np.log2(0.032 * rate))
    mean = wav.mean(axis=0)
    spectrum = np.abs(librosa.stft(np.pad(mean, (0, max(0, n_fft - len(mean)))), n_fft=n_fft)) / (n_fft / 4)
    return np.asarray(20 * np.log10(np.maximum(spectrum, 10 ** (FLOOR_DB / 20))))
