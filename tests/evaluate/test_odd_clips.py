"""Clips that are short, empty, broken or of many channels do not end an evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiocodec.evaluate import Settings, evaluate, scores, summarize, write_report
from audiocodec.evaluate.report import flac_url
from tests.evaluate.test_evaluate import COPY, RATE

SYSTEM = f"copy={COPY} {{in}} {{code}} :: {COPY} {{code}} {{out}}"


@pytest.mark.slow
def test_all_others_are_scored_and_reported(tmp_path: Path) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal((RATE, 9))
    folder = tmp_path / "clips"
    folder.mkdir()
    for name, samples, channels in (("empty", 0, 1), ("many", RATE, 9), ("one", 1, 1), ("short", 3200, 1)):
        soundfile.write(folder / f"{name}.wav", noise[:samples, :channels], RATE, subtype="PCM_16")
    (folder / "text.wav").write_text("text")
    settings = Settings(str(folder), (SYSTEM,), ("estoi", "pesq", "si_sdr", "mel"))
    rows = {row["clip"]: row for row in evaluate(settings, tmp_path / "out", 1)}
    assert "holds no samples" in rows["empty.wav"]["error"]
    assert "cannot be read as sound" in rows["text.wav"]["error"]
    for name in ("one.wav", "short.wav"):
        assert np.isnan([rows[name]["estoi"], rows[name]["pesq"]]).all()
    assert rows["many.wav"]["si_sdr"] > 60
    summaries = summarize(list(rows.values()), settings.metrics)
    assert (summaries[0].clips, summaries[0].failed) == (3, 2)
    write_report(list(rows.values()), summaries, settings, tmp_path / "report.html", 6)
    page = (tmp_path / "report.html").read_text()
    assert ("many.wav" in page, "empty.wav" in page) == (True, False)


def test_more_channels_than_flac_has_are_heard_as_their_mean() -> None:
    assert flac_url(np.zeros((9, 100), np.float32), RATE) == flac_url(np.zeros((1, 100), np.float32), RATE)


def test_a_metric_that_breaks_down_over_a_short_clip_is_undefined(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(reference: np.ndarray, estimate: np.ndarray) -> float:
        raise IndexError("axis 1 is out of bounds")

    monkeypatch.setitem(scores.METRICS, "si_sdr", scores.Metric(RATE, breaks))
    clip = np.zeros((1, RATE - 1), np.float32)
    assert np.isnan(scores.score(clip, clip, RATE, ["si_sdr"])["si_sdr"])
    clip = np.zeros((1, RATE), np.float32)
    with pytest.raises(IndexError):
        scores.score(clip, clip, RATE, ["si_sdr"])
