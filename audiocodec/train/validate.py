"""Scores of a model on whole clips, at several depths."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from audiocodec import audio
from audiocodec.errors import AudioError
from audiocodec.model import CodecModel
from audiocodec.quality import metrics
from audiocodec.train.data.corpus import readable
from audiocodec.train.data.segments import SILENCE

logger = logging.getLogger(__name__)


def load_clips(paths: Sequence[Path], sample_rate: int, limit: int, seconds: float) -> list[np.ndarray]:
    """Mono clips "t" of at most `seconds`, evenly picked down to `limit`; unreadable ones are logged.

    Raises:
        AudioError: none can be read, or all are silent.
    """
    good = [path for path, _ in readable(list(paths), what="sound files held out for validation")]
    picked = [good[i * len(good) // limit] for i in range(limit)] if limit < len(good) else good
    clips = []
    for path in picked:
        try:
            clips.append(_beginning(path, sample_rate, int(seconds * sample_rate)))
        except AudioError as error:
            logger.warning("skipped: %s", error)
    if not any(np.square(clip).sum() > SILENCE * len(clip) for clip in clips):
        said = "is silent (channels out of phase are, in their mean)" if clips else "can be read"
        raise AudioError(f"validation: every clip {said}" if clips else f"validation: no clip {said}")
    return clips


def _beginning(path: Path, sample_rate: int, samples: int) -> np.ndarray:
    """The first `samples` of a file, "t", mono; the rest is not read."""
    blocks: list[np.ndarray] = []
    for block in audio.stream_resampled(path, sample_rate):
        blocks.append(block.mean(axis=0))
        if sum(map(len, blocks)) >= samples:
            break
    return np.concatenate([np.zeros(0, np.float32), *blocks])[:samples]


def depths_to_watch(num_codebooks: int) -> list[int]:
    """One, half and all: if their scores agree, the later codebooks carry nothing."""
    return sorted({1, max(1, num_codebooks // 2), num_codebooks})


def validate(model: CodecModel, clips: Sequence[np.ndarray], depths: Sequence[int]) -> dict[str, float]:
    """Mean scores over clips, and the share of codes in use.

    Args:
        model: in eval mode.
        clips: "t" each, at the model's sample rate.
        depths: numbers of codebooks to decode with.

    Returns:
        `estoi_6`, `pesq_6`, `si_sdr_6`, `mel_6` for depth 6, and so on.
    """
    collected: dict[str, list[float]] = {}
    device = next(model.parameters()).device
    for clip in clips:
        waveform = torch.from_numpy(clip).to(device)[None, None]
        for depth in depths:
            estimate = model.reconstruct(waveform, depth)[0, 0].float().cpu().numpy()
            for name, value in scores(clip, estimate, model.sample_rate).items():
                collected.setdefault(f"{name}_{depth}", []).append(value)
    return {name: _mean(values) for name, values in collected.items()}


def _mean(values: list[float]) -> float:
    """Of what is defined; NaN if nothing is."""
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else float("nan")


def scores(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> dict[str, float]:
    """All metrics of one clip "t"; PESQ-WB at 16 kHz only."""
    values = {
        "estoi": metrics.estoi(reference, estimate, sample_rate),
        "si_sdr": metrics.si_sdr(reference, estimate),
        "mel": metrics.mel_distance(reference, estimate, sample_rate),
    }
    if sample_rate == 16_000:
        values["pesq"] = metrics.pesq_wb(reference, estimate, sample_rate)
    return values
