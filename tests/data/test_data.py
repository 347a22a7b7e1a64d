"""Training data: decoded once, cut at random, broken files skipped."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiocodec.data import SampleCache, SegmentSampler, build_cache
from audiocodec.errors import AudioError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "sounds"
    root.mkdir()
    t = np.arange(48_000) / 48_000
    soundfile.write(root / "a.wav", 0.5 * np.sin(2 * np.pi * 440 * t), 48_000)
    soundfile.write(root / "b.flac", np.stack([0.2 * np.sin(2 * np.pi * 300 * t)] * 2, axis=1), 48_000)
    (root / "broken.wav").write_text("nonsense")
    return root


def test_cache_decodes_once_and_skips_broken_files(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        cache = build_cache(folder, 16_000, tmp_path / "cache")
    assert "broken.wav" in caplog.text
    assert cache.starts.tolist() == [0, 16_000, 32_000]
    assert cache.duration_s == 2.0
    assert np.abs(cache.samples[:16_000]).max() == pytest.approx(0.5 * 32_768, rel=0.01)
    files = {p: p.stat().st_mtime_ns for p in (tmp_path / "cache").iterdir()}
    again = build_cache(folder, 16_000, tmp_path / "cache")
    assert np.array_equal(again.samples, cache.samples)
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "cache").iterdir()} == files
    build_cache(folder, 8_000, tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 4


def test_a_folder_without_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    with pytest.raises(AudioError, match="no sound file found"):
        build_cache(tmp_path / "bad", 16_000, tmp_path / "cache")
    (tmp_path / "bad" / "a.wav").write_text("nonsense")
    with pytest.raises(AudioError, match="no sound file here can be read"):
        build_cache(tmp_path / "bad", 16_000, tmp_path / "cache")


def ramp(lengths: list[int]) -> SampleCache:
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return SampleCache(np.repeat(np.arange(1, len(lengths) + 1), lengths).astype(np.int16) * 1000, starts, 16_000)


def test_segments_stay_in_one_file_and_reach_all() -> None:
    sampler = SegmentSampler(ramp([1000, 50, 3000]), 100, 64, gain_db=(0, 0), seed=1)
    batch = sampler.batch()
    assert batch.shape == (64, 1, 100)
    assert batch.dtype == np.float32
    assert (batch.min(axis=2) == batch.max(axis=2)).all()  # each file has one value
    assert set(np.round(np.abs(batch[:, 0, 0]) * 32.768).tolist()) == {1.0, 3.0}  # the short file is left out


def test_gain_and_polarity_vary_without_clipping() -> None:
    sampler = SegmentSampler(ramp([1000]), 100, 200, gain_db=(-10, 60))
    values = sampler.batch()[:, 0, 0]
    assert (values > 0).any()
    assert (values < 0).any()
    assert np.abs(values).max() <= 0.991
    assert len(np.unique(np.abs(values))) > 20


def test_only_short_files_still_give_batches() -> None:
    batch = SegmentSampler(ramp([50, 70]), 100, 4, gain_db=(0, 0)).batch()
    assert (np.abs(batch[:, 0, :70]) > 0).all()
    assert (batch[:, 0, 70:] == 0).all()


def test_one_seed_one_sequence() -> None:
    first, second = (SegmentSampler(ramp([5000]), 100, 4, seed=7) for _ in range(2))
    for _ in range(3):
        assert np.array_equal(first.batch(), second.batch())
