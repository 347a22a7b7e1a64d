"""Training data: found, split, decoded once, cut at random, the same for everyone who asks."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from audiocodec.errors import AudioError
from audiocodec.train.data import (
    Augment,
    CacheSource,
    FileSource,
    SampleCache,
    SegmentDataset,
    batches,
    build_cache,
    load_corpus,
)
from audiocodec.train.data.corpus import HELD_OUT

PLAIN = Augment(gain_db=(0, 0))


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
    paths = sorted(folder.iterdir())
    with caplog.at_level(logging.WARNING):
        cache = build_cache(paths, 16_000, tmp_path / "cache")
    assert "broken.wav" in caplog.text
    assert cache.starts.tolist() == [0, 16_000, 32_000]
    assert cache.duration_s == 2.0
    assert np.abs(cache.samples[:16_000]).max() == pytest.approx(0.5 * 32_768, rel=0.01)
    files = {p: p.stat().st_mtime_ns for p in (tmp_path / "cache").iterdir()}
    again = build_cache(paths, 16_000, tmp_path / "cache")
    assert np.array_equal(again.samples, cache.samples)
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "cache").iterdir()} == files
    build_cache(paths, 8_000, tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 4


def test_nothing_readable_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    with pytest.raises(AudioError, match="no sound file found"):
        load_corpus(tmp_path / "bad")
    (tmp_path / "bad" / "a.wav").write_text("nonsense")
    with pytest.raises(AudioError, match="none of 1 sound files can be read"):
        build_cache([tmp_path / "bad" / "a.wav"], 16_000, tmp_path / "cache")
    with pytest.raises(AudioError, match="none of 1 sound files to train on can be read"):
        FileSource([tmp_path / "bad" / "a.wav"], 16_000)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_folder_with_train_and_valid(tmp_path: Path) -> None:
    for name in ("train/x.wav", "train/deep/y.wav", "valid/z.wav", "test/w.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    corpus = load_corpus(tmp_path)
    assert [p.name for p in corpus.train] == ["y.wav", "x.wav"]
    assert [p.name for p in corpus.valid] == ["z.wav"]


def test_beside_train_alone_nothing_else_is_learned(tmp_path: Path) -> None:
    for name in ("train/x.wav", "train/y.wav", "test/w.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    corpus = load_corpus(tmp_path)
    assert sorted(p.name for p in corpus.train + corpus.valid) == ["x.wav", "y.wav"]


def test_files_are_held_out_by_name(tmp_path: Path) -> None:
    for i in range(60):
        (tmp_path / f"{i}.wav").touch()
    corpus = load_corpus(tmp_path)
    assert len(corpus.valid) == 60 // HELD_OUT
    assert sorted(corpus.train + corpus.valid) == sorted(tmp_path.iterdir())
    corpus.train[0].unlink()
    assert load_corpus(tmp_path).valid[:2] == corpus.valid[:2]


def test_a_single_file_serves_twice(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.wav").touch()
    corpus = load_corpus(tmp_path)
    assert corpus.train == corpus.valid == [tmp_path / "a.wav"]
    assert "a single file" in caplog.text


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_manifests(tmp_path: Path, kind: str) -> None:
    rows = [("sub/a.wav", "train"), ("b.wav", "valid"), ("c.wav", "test")]
    manifest = tmp_path / f"list.{kind}"
    if kind == "csv":
        manifest.write_text("path,speaker,split\n" + "".join(f"{p},me,{s}\n" for p, s in rows))
    else:
        manifest.write_text("".join(json.dumps({"path": p, "split": s}) + "\n" for p, s in rows))
    corpus = load_corpus(manifest)
    assert corpus.train == [tmp_path / "sub/a.wav"]
    assert corpus.valid == [tmp_path / "b.wav"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "", "is empty"),
        ("a.csv", "file\nx.wav\n", "needs a column 'path'"),
        ("a.jsonl", "{", "cannot be read as a manifest"),
        ("a.jsonl", "[1]\n", "needs a column 'path'"),
        ("a.csv", "path,split\nx.wav,train\n", "names no valid row"),
        ("a.txt", "x", "neither a folder nor a manifest"),
    ],
)
def test_bad_manifests_are_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(AudioError, match=message):
        load_corpus(tmp_path / name)


def ramp(lengths: list[int]) -> CacheSource:
    starts = np.concatenate([[0], np.cumsum(lengths)])
    samples = np.repeat(np.arange(1, len(lengths) + 1), lengths).astype(np.int16) * 1000
    return CacheSource(SampleCache(samples, starts, 16_000))


def draw(dataset: SegmentDataset, n: int) -> np.ndarray:
    return np.stack([dataset[i] for i in range(n)])


def test_segments_stay_in_one_file_and_reach_all() -> None:
    segments = draw(SegmentDataset([(ramp([1000, 50, 3000]), 1.0)], 100, PLAIN, seed=1), 64)
    assert segments.shape == (64, 1, 100)
    assert segments.dtype == np.float32
    assert (segments.min(axis=2) == segments.max(axis=2)).all()  # each file has one value
    assert set(np.round(np.abs(segments[:, 0, 0]) * 32.768).tolist()) == {1.0, 3.0}  # the short file is left out


def test_only_short_files_still_give_segments() -> None:
    segments = draw(SegmentDataset([(ramp([50, 70]), 1.0)], 100, PLAIN), 4)
    assert (np.abs(segments[:, 0, :70]) > 0).all()
    assert (segments[:, 0, 70:] == 0).all()


def test_domains_are_mixed_by_weight() -> None:
    dataset = SegmentDataset([(ramp([500]), 3.0), (ramp([10, 500]), 1.0)], 100, PLAIN)
    values = np.round(np.abs(draw(dataset, 400)[:, 0, 0]) * 32.768)
    assert (values == 1).mean() == pytest.approx(0.75, abs=0.07)


@pytest.mark.parametrize("weights", [[0.0], [-1.0], []])
def test_bad_weights_are_refused(weights: list[float]) -> None:
    with pytest.raises(AudioError, match="must be positive"):
        SegmentDataset([(ramp([500]), w) for w in weights] if weights else [], 100, PLAIN)


def test_silence_is_drawn_again() -> None:
    samples = np.zeros(10_000, np.int16)
    samples[9000:] = 1000
    source = CacheSource(SampleCache(samples, np.array([0, 10_000]), 16_000))
    segments = draw(SegmentDataset([(source, 1.0)], 100, PLAIN), 50)
    assert (np.abs(segments).max(axis=(1, 2)) > 0).mean() > 0.8
    silent = CacheSource(SampleCache(np.zeros(1000, np.int16), np.array([0, 1000]), 16_000))
    assert (draw(SegmentDataset([(silent, 1.0)], 100, PLAIN), 2) == 0).all()


def test_files_are_read_where_they_are_wanted(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = FileSource(sorted(folder.iterdir()), 16_000)
    assert "broken.wav" in caplog.text
    assert source.lengths.tolist() == [16_000, 16_000]
    piece = source.read(0, 4000, 800, 1.0)
    expected = 0.5 * np.sin(2 * np.pi * 440 * (np.arange(800) + 4000) / 16_000)
    assert np.abs(piece[50:-50] - expected[50:-50]).max() < 0.01
    faster = np.abs(np.fft.rfft(source.read(0, 0, 1600, 1.2)[100:1500]))
    assert faster.argmax() / 1400 * 16_000 == pytest.approx(440 * 1.2, rel=0.02)


def test_a_file_that_breaks_later_costs_nothing(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = FileSource([folder / "a.wav", folder / "b.flac"], 16_000)
    (folder / "a.wav").write_text("gone")
    segments = draw(SegmentDataset([(source, 1.0)], 1600, PLAIN), 20)
    assert np.abs(np.abs(segments).max(axis=(1, 2)) - 0.2).max() < 0.02  # all of b
    assert caplog.text.count("a.wav cannot be read") == 1
    (folder / "b.flac").unlink()
    with pytest.raises(AudioError, match="in a row could not be read"):
        SegmentDataset([(source, 1.0)], 1600, PLAIN)[0]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_segment_is_the_same_whoever_asks(workers: int) -> None:
    everything = Augment(speed=0.5, mix=0.5, room=0.5, equalize=0.5, band_limit=0.5, noise=0.5, tones=0.2)
    rng = np.random.default_rng(0)
    samples = (5000 * rng.standard_normal(50_000)).astype(np.int16)
    dataset = SegmentDataset(
        [(CacheSource(SampleCache(samples, np.array([0, 20_000, 50_000]), 16_000)), 1.0)], 1600, everything, 3
    )
    stream = batches(dataset, 4, workers=workers)
    whole = [next(stream) for _ in range(4)]
    resumed = batches(dataset, 4, first_step=2, workers=workers)
    assert torch.equal(next(resumed), whole[2])
    ranks = [batches(dataset, 2, rank=rank, world_size=2) for rank in range(2)]
    for batch in whole:
        assert torch.equal(torch.cat([next(stream) for stream in ranks]), batch)
    other = SegmentDataset([(dataset.sources[0], 1.0)], 1600, everything, 4)
    assert not np.array_equal(other[0], dataset[0])


def spectrum(sound: np.ndarray) -> np.ndarray:
    return np.abs(np.fft.rfft(sound))


@pytest.mark.parametrize("name", ["speed", "equalize", "band_limit", "noise"])
def test_each_change_does_what_it_says(name: str) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    changed = Augment(gain_db=(0, 0), **{name: 1.0})
    rng = np.random.default_rng(1)
    if name == "speed":
        speeds = [changed.draw_speed(rng) for _ in range(100)]
        assert 1 / 1.22 <= min(speeds) < 0.9 < 1.1 < max(speeds) <= 1.22
        return
    ratio = 20 * np.log10(spectrum(changed(noise, rng)) / spectrum(noise))
    if name == "equalize":
        assert 1 < ratio.std() < 10
        assert np.abs(np.diff(ratio[100:-100])).max() < 0.1  # smooth
    elif name == "band_limit":
        assert ratio[-10:].max() < -60
        assert np.abs(ratio[:1500]).max() < 0.01
    else:
        tone = (0.1 * np.sin(np.arange(16_000) * 0.1)).astype(np.float32)
        for _ in range(10):
            difference = np.abs(changed(tone, rng)) - np.abs(tone)
            assert 18 < -20 * np.log10(difference.std() / tone.std()) < 52


def test_another_segment_is_mixed_in() -> None:
    samples = np.zeros(40_000, np.int16)
    samples[:20_000] = 3000 * np.sin(np.arange(20_000) * 0.1)
    samples[20_000:] = 6000 * np.sin(np.arange(20_000) * 0.7)
    source = CacheSource(SampleCache(samples, np.array([0, 20_000, 40_000]), 16_000))
    dataset = SegmentDataset([(source, 1.0)], 4096, Augment(gain_db=(0, 0), mix=1.0))
    ratios = []
    for i in range(40):
        power = spectrum(dataset[i][0] * np.hanning(4096)) ** 2
        low, high = (power[n - 20 : n + 20].sum() for n in (65, 456))
        ratios.append(abs(10 * np.log10(low / high)))
    assert sum(ratio < 16 for ratio in ratios) > 10  # both, 0 to 15 dB apart; otherwise the same twice
    assert min(ratios) < 5


def test_a_room_adds_a_tail() -> None:
    click = np.zeros(16_000, np.float32)
    click[1000] = 0.5
    for seed in range(10):
        heard = Augment(gain_db=(0, 0), room=1.0)(click, np.random.default_rng(seed))
        assert abs(heard[1000]) == pytest.approx(0.5, rel=0.01)
        assert not np.abs(heard[:1000]).max() > 1e-6
        tail = 10 * np.log10(np.sum(heard[1001:] ** 2) / 0.25)
        assert -21 < tail < -2
        assert np.sum(heard[1048:3000] ** 2) > np.sum(heard[8000:10_000] ** 2)


def test_gain_and_polarity_vary_without_clipping() -> None:
    augment, rng = Augment(gain_db=(-10, 60)), np.random.default_rng(0)
    values = np.array([augment(np.full(100, 0.1, np.float32), rng)[0] for _ in range(200)])
    assert (values > 0).any()
    assert (values < 0).any()
    assert np.abs(values).max() <= 0.991
    assert len(np.unique(np.abs(values))) > 20


def test_tones_stand_in_for_segments() -> None:
    """Lone tones: nearly all of the power in few bins, nothing of the sound."""
    augment, rng = Augment(gain_db=(0, 0), tones=1.0), np.random.default_rng(0)
    shares = []
    for _ in range(40):
        tone = augment(rng.standard_normal(8000).astype(np.float32), rng)
        power = np.sort(np.abs(np.fft.rfft(tone * np.hanning(8000))) ** 2)[::-1]
        shares.append(power[:400].sum() / power.sum())  # a tenth of the bins: gliding and pulsed ones spread
    assert np.median(shares) > 0.95
    assert np.abs(tone).max() <= 0.99
