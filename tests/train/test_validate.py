"""Validation on clips that are short, odd or broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiocodec.audio import ffmpeg
from audiocodec.errors import AudioError
from audiocodec.model.build import build_model
from audiocodec.train.data import Augment, FileSource, SegmentDataset
from audiocodec.train.validate import load_clips, validate
from tests.model.test_build import TINY

RATE = 16_000
NOISE = 0.1 * np.random.default_rng(0).standard_normal(8 * RATE)


@pytest.mark.parametrize("samples", [1, 100, RATE // 5])
def test_a_short_clip_counts_where_it_can(tmp_path: Path, samples: int) -> None:
    model = build_model(TINY).eval()
    short = [NOISE[:samples].astype(np.float32)]
    alone = validate(model, short, [1])
    assert np.isnan(alone["pesq_1"])
    assert np.isnan(alone["estoi_1"])
    both = validate(model, [*short, NOISE[:RATE].astype(np.float32)], [1])
    assert np.isfinite([both["pesq_1"], both["estoi_1"], both["mel_1"]]).all()


def test_broken_clips_are_left_out_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    broken = NOISE[:RATE].copy()
    broken[100] = np.nan
    soundfile.write(tmp_path / "a.wav", broken, RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "b.wav", NOISE[:RATE], RATE)
    paths = [tmp_path / "a.wav", tmp_path / "b.wav"]
    assert [len(clip) for clip in load_clips(paths, RATE, 10, 5.0)] == [RATE]
    assert caplog.messages == [f"skipped: {tmp_path}/a.wav: holds NaN or infinite samples"]
    with pytest.raises(AudioError, match="validation: no clip can be read"):
        load_clips(paths[:1], RATE, 10, 5.0)


def test_stereo_out_of_phase_is_no_silence_without_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    soundfile.write(tmp_path / "a.wav", np.stack([NOISE, -NOISE], axis=1), RATE)
    with pytest.raises(AudioError, match="validation: every clip is silent .channels out of phase"):
        load_clips([tmp_path / "a.wav"], RATE, 10, 5.0)
    data = SegmentDataset([(FileSource([tmp_path / "a.wav"], RATE), 1.0)], 1600, Augment())
    for i in range(2):
        assert np.abs(data[i]).max() < 1e-4
    assert caplog.messages == [
        "20 pieces of training data in a row were silent; is all of it? are channels out of phase?"
    ]


@pytest.mark.skipif(ffmpeg.program() is None, reason="ffmpeg is not installed")
def test_files_that_only_ffmpeg_reads_validate_and_need_a_cache_to_train(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Such as a FLAC that does not say how long it is."""
    soundfile.write(tmp_path / "a.flac", NOISE, RATE)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[21:26] = bytes([data[21] & 0xF0, 0, 0, 0, 0])
    (tmp_path / "a.flac").write_bytes(data)
    soundfile.write(tmp_path / "b.wav", NOISE[:RATE], RATE)
    assert [len(clip) for clip in load_clips([tmp_path / "a.flac"], RATE, 1, 2.0)] == [2 * RATE]
    source = FileSource([tmp_path / "a.flac", tmp_path / "b.wav"], RATE)
    assert source.lengths.tolist() == [RATE]
    assert caplog.messages == [
        f"skipped: {tmp_path}/a.flac: only ffmpeg reads it, and from its start; set data.cache to use it"
    ]
