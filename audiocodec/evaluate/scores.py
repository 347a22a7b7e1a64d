"""The metrics by name, each at the sample rate it is defined for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from audiocodec import audio
from audiocodec.errors import ConfigError, MissingExtraError
from audiocodec.quality import metrics

logger = logging.getLogger(__name__)

SHORT_S = 1.0  # metrics need not be defined for clips below
Measure = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class Metric:
    """One column of a table.

    Attributes:
        sample_rate: Hz at which reference and estimate are compared.
        measure: arrays "t" of both -> value.
        higher_is_better: False for distances.
    """

    sample_rate: int
    measure: Measure
    higher_is_better: bool = True


METRICS: dict[str, Metric] = {
    "pesq": Metric(16_000, lambda r, e: metrics.pesq_wb(r, e, 16_000)),
    "estoi": Metric(16_000, lambda r, e: metrics.estoi(r, e, 16_000)),
    "stoi": Metric(16_000, lambda r, e: metrics.stoi(r, e, 16_000)),
    "visqol_speech": Metric(16_000, lambda r, e: metrics.visqol_speech(r, e, 16_000)),
    "visqol_audio": Metric(48_000, lambda r, e: metrics.visqol_audio(r, e, 48_000)),
    "distillmos": Metric(16_000, metrics.distillmos),
    "zimtohrli": Metric(48_000, metrics.zimtohrli, higher_is_better=False),
    "speaker_similarity": Metric(16_000, metrics.speaker_similarity),
    "fluctuation": Metric(16_000, lambda r, e: metrics.fluctuation(r, e, 16_000)),
    "repetition": Metric(16_000, lambda r, e: metrics.repetition(r, e, 16_000), higher_is_better=False),
    "si_sdr": Metric(16_000, metrics.si_sdr),
    "mel": Metric(24_000, lambda r, e: metrics.mel_distance(r, e, 24_000), higher_is_better=False),
    "stft": Metric(24_000, metrics.stft_distance, higher_is_better=False),
}


def check_metrics(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The metrics that can be computed here, and a message for each that cannot.

    Raises:
        ConfigError: a name is unknown, or no metric can be computed.
    """
    for name in names:
        if name not in METRICS:
            raise ConfigError(f"metric {name!r} is unknown, known: {', '.join(METRICS)}")
    noise = 0.1 * np.random.default_rng(0).standard_normal(96_000).astype(np.float32)
    usable, missing = [], []
    for name in names:
        try:
            METRICS[name].measure(noise, noise)
            usable.append(name)
        except MissingExtraError as error:
            missing.append(f"{name} is left out: {error}")
    if not usable:
        raise ConfigError(missing[0] if missing else "name at least one metric")
    return usable, missing


def score(reference: np.ndarray, estimate: np.ndarray, sample_rate: int, names: Sequence[str]) -> dict[str, float]:
    """Metrics of one clip.

    Args:
        reference: "c t"; channels are averaged before the comparison.
        estimate: "c t", of the same length.
        sample_rate: of both, Hz.
        names: of `METRICS`.
    """
    values, resampled = {}, {}
    for name in names:
        rate = METRICS[name].sample_rate
        if rate not in resampled:
            resampled[rate] = [
                audio.resample(x.mean(axis=0, keepdims=True), sample_rate, rate)[0] for x in (reference, estimate)
            ]
        values[name] = _measured(name, *resampled[rate])
    return values


def _measured(name: str, reference: np.ndarray, estimate: np.ndarray) -> float:
    """The value of a metric; NaN if the clip is too short for it."""
    try:
        return METRICS[name].measure(reference, estimate)
    except MissingExtraError:
        raise
    except Exception as error:  # of any type that the libraries raise
        if len(reference) >= SHORT_S * METRICS[name].sample_rate:
            raise
        logger.warning("%s is not defined for a clip of %d samples (%s)", name, len(reference), error)
        return float("nan")
