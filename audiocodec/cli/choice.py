"""Chooses a model by content: speech pauses, music and most other sounds are continuous.

The measure is the spread of the level: the standard deviation, in dB, of the power of windows of 32 ms, each taken as
no more than 40 dB below the loudest. Pauses between words and syllables (about 4 a second) make it large, see
[Scheirer and Slaney, 1997](https://doi.org/10.1109/ICASSP.1997.596192) for its relatives.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

SPEECH, OTHER = "speech-16k", "audio-44k"
HEARD_S = 10.0  # from the start of the file
LEAST_S = 1.0  # too short to decide: speech
SPREAD_DB = 8.0  # between most speech and most music; docs/commands.md has the figures
RANGE_DB = 40.0
WINDOW_S = 0.032
HOP_S = 0.008


def choose_model(path: Path, salvage: bool = False, high_pass: float = 0.0) -> str:
    """Name of the model for a sound file, from its first ten seconds. Deterministic.

    Args:
        path: of the file.
        salvage: see `AudioReader`.
        high_pass: see `Codec.encode_stream`; rumble fills the pauses of speech.

    Raises:
        AudioError: it cannot be read.
        ConfigError: see `audio.check_cutoff`.
    """
    from audiocodec import audio

    with audio.AudioReader(path, salvage) as reader:
        blocks, rate, have = [], reader.sample_rate, 0
        for block in audio.high_passed(reader, rate, high_pass):
            blocks.append(block.mean(axis=0))
            have += block.shape[1]
            if have >= HEARD_S * rate:
                break
    heard = np.concatenate([np.zeros(0, np.float32), *blocks])[: int(HEARD_S * rate)]
    return SPEECH if len(heard) < LEAST_S * rate or level_spread(heard, rate) >= SPREAD_DB else OTHER


def level_spread(wav: np.ndarray, rate: int) -> float:
    """Standard deviation of the level in dB of a sound "t"; infinite for silence."""
    if not len(wav):
        return float("inf")
    hop, times = max(1, round(HOP_S * rate)), round(WINDOW_S / HOP_S)
    power = np.square(wav[: len(wav) // hop * hop].astype(np.float64) - wav.mean(dtype=np.float64))
    power = np.convolve(power.reshape(-1, hop).sum(axis=1), np.ones(times), "valid")
    if not power.max(initial=0.0) > 0:
        return float("inf")
    return float(np.std(10 * np.log10(np.maximum(power / power.max(), 10 ** (-RANGE_DB / 10)))))
