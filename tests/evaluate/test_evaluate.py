"""Systems beside each other: true bitrates, resumed runs, failures named, tables."""

from __future__ import annotations

import csv
import json
import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from audiocodec import audio
from audiocodec.cli import main
from audiocodec.errors import AudioError, ConfigError, MissingExtraError
from audiocodec.evaluate import Settings, check_metrics, evaluate, markdown, parse_system, summarize, usage
from audiocodec.evaluate import run as run_module
from audiocodec.evaluate import systems as systems_module
from audiocodec.evaluate.run import align, run_clip
from audiocodec.evaluate.tables import interval

RATE = 16_000
COPY = f"{shlex.quote(sys.executable)} -c 'import shutil,sys; shutil.copy(sys.argv[1], sys.argv[2])'"
LATE = (
    f"{shlex.quote(sys.executable)} -c 'import soundfile as s,numpy as n,sys; x,r=s.read(sys.argv[1]); "
    f"s.write(sys.argv[2],n.pad(x,(160,0)),r)'"
)
FAIL = f"{shlex.quote(sys.executable)} -c 'import sys; sys.exit(sys.argv[1]+\" will not do\")' {{in}} {{out}}"


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in "ab":
        soundfile.write(folder / f"{name}.wav", 0.1 * rng.standard_normal(RATE), RATE, subtype="PCM_16")
    return folder


def settings(clips: Path, *systems: str, metrics: tuple[str, ...] = ("si_sdr",)) -> Settings:
    return Settings(str(clips), systems, metrics)


def test_a_copy_scores_best_at_the_bitrate_of_its_bytes(clips: Path, tmp_path: Path) -> None:
    rows = evaluate(settings(clips, f"copy={COPY} {{in}} {{code}} :: {COPY} {{code}} {{out}}"), tmp_path / "out", 1)
    assert [row["clip"] for row in rows] == ["a.wav", "b.wav"]
    assert all(row["si_sdr"] > 90 for row in rows)
    assert rows[0]["kbit_s"] == pytest.approx((2 * RATE + 44) * 8 / 1000)


def test_mono_averages_channels_before_coding(clips: Path) -> None:
    left, rate = soundfile.read(clips / "a.wav")
    soundfile.write(clips / "a.wav", np.stack([left, -left / 2], 1), rate, subtype="PCM_16")
    copy = f"copy={COPY} {{in}} {{code}} :: {COPY} {{code}} {{out}}"
    stereo, mono = (run_clip(clips / "a.wav", copy, replace(settings(clips), mono=mono)) for mono in (False, True))
    assert stereo["kbit_s"] == pytest.approx(2 * mono["kbit_s"], rel=0.01)
    assert mono["si_sdr"] > 60


def test_clips_of_the_same_name_stay_apart(clips: Path, tmp_path: Path) -> None:
    (clips / "deep").mkdir()
    shutil.copy(clips / "a.wav", clips / "deep" / "a.wav")
    rows = evaluate(settings(clips, f"copy={COPY} {{in}} {{out}}"), tmp_path / "out", 1)
    assert [row["clip"] for row in rows] == ["a.wav", "b.wav", "deep/a.wav"]


def test_a_late_system_is_shifted_into_place(clips: Path) -> None:
    row = run_clip(clips / "a.wav", f"late={LATE} {{in}} {{out}}", settings(clips))
    assert row["si_sdr"] > 20  # the last 10 ms are lost
    assert row["kbit_s"] is None


@pytest.mark.parametrize("lag", [-70, 0, 33, 100])
def test_align_finds_the_lag(lag: int) -> None:
    x = np.random.default_rng(0).standard_normal((2, 4000))
    shifted = np.pad(x, ((0, 0), (lag, 0))) if lag > 0 else x[:, -lag:]
    got = align(x, shifted, 100)
    n = min(got.shape[1], 3800)
    assert np.array_equal(got[:, 100:n], x[:, 100:n])


def test_our_model_is_scored_at_its_true_bitrate(clips: Path) -> None:
    row = run_clip(clips / "a.wav", "speech-16k@3k", settings(clips))
    assert "error" not in row
    assert 2 < row["kbit_s"] < 4.5  # a second long: the header counts
    counts = usage.unpack(row[usage.COLUMN])
    assert counts.shape == (6, 972)
    assert set(counts.sum(1)) == {51}


def test_a_model_in_a_folder_has_an_entropy_model_of_its_own(clips: Path, own_model: Path) -> None:
    shipped, own = (run_clip(clips / "a.wav", f"{model}@3k", settings(clips)) for model in ("speech-16k", own_model))
    assert "error" not in own, own
    assert (own["kbit_s"], own[usage.COLUMN]) == (shipped["kbit_s"], shipped[usage.COLUMN])


def test_our_model_can_search(clips: Path) -> None:
    plain, searched = (run_clip(clips / "a.wav", f"speech-16k@3k{more}", settings(clips)) for more in ("", "+3"))
    assert "error" not in searched
    assert searched[usage.COLUMN] != plain[usage.COLUMN]


def test_counts_are_kept_whole_and_added_up() -> None:
    codes = np.random.default_rng(0).integers(0, 32, (2, 3, 100))
    counts = usage.count_codes(codes, 32)
    assert counts[1, 5] == (codes[:, 1] == 5).sum()
    fewer = np.where(np.arange(100) % 2, -1, codes)  # frames without codes, as of a stride of 2
    assert np.array_equal(usage.count_codes(fewer, 32), usage.count_codes(codes[..., ::2], 32))
    assert np.array_equal(usage.unpack(usage.pack(counts)), counts)
    rows = [
        {"system": "m@3k", usage.COLUMN: usage.pack(counts)},
        {"system": "m@1k", usage.COLUMN: usage.pack(counts[:1])},
    ]
    assert list(usage.totals([*rows, *rows, {"system": "opus@6k"}])) == ["m@3k"]
    assert np.array_equal(usage.totals([*rows, *rows])["m@3k"], 2 * counts)
    stereo = {"system": "m@3k", usage.COLUMN: usage.pack(counts[:2])}  # two channels share the bits
    for mixed in ([stereo, *rows], [*rows, stereo]):
        total = usage.totals(mixed)["m@3k"]
        assert np.array_equal(total[:2], 2 * counts[:2])
        assert np.array_equal(total[2], counts[2])
    searched = [{"system": "m@3k+20", usage.COLUMN: usage.pack(counts)}]
    assert set(usage.totals([*rows, *searched])) == {"m@3k", "m@3k+20"}
    assert usage.used_and_perplexity(np.array([5, 5, 0, 0])) == (0.5, pytest.approx(0.5))


def test_families_differ_by_all_but_the_bitrate() -> None:
    names = ("speech-16k@3k", "speech-16k@3k+20", "a@b/model@1.5k", "opus@12k", "copy")
    assert [usage.family(name) for name in names] == ["speech-16k", "speech-16k+20", "a@b/model", "opus", "copy"]


def test_a_search_that_lacks_a_package_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchaudio", None)
    with pytest.raises(MissingExtraError, match=r"audiocodec\[refine\]"):
        parse_system("speech-16k@3k+20")


def test_a_stopped_run_goes_on(clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    what = settings(clips, f"copy={COPY} {{in}} {{out}}")
    whole = evaluate(what, tmp_path / "out", 1)
    lines = (tmp_path / "out" / "rows.jsonl").read_text().splitlines()
    (tmp_path / "out" / "rows.jsonl").write_text(lines[0] + "\n" + lines[1][:20])
    asked = []
    original = run_module.run_clip
    monkeypatch.setattr(run_module, "run_clip", lambda c, s, settings: asked.append(c.name) or original(c, s, settings))
    assert evaluate(what, tmp_path / "out", 1) == whole
    assert asked == ["b.wav"]
    with pytest.raises(ConfigError, match="holds an evaluation with other metrics"):
        evaluate(settings(clips, *what.systems, metrics=("mel",)), tmp_path / "out", 1)


def test_rows_of_other_clips_or_models_are_computed_again(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    original = run_module.run_clip
    monkeypatch.setattr(run_module, "run_clip", lambda c, s, settings: asked.append(c.name) or original(c, s, settings))
    what = settings(clips, "speech-16k@1k")
    first = evaluate(what, tmp_path / "out", 1)
    (clips / "b.wav").write_bytes((clips / "a.wav").read_bytes())
    second = evaluate(what, tmp_path / "out", 1)
    assert asked == ["a.wav", "b.wav", "b.wav"]
    assert second[0] == first[0]
    assert second[1]["si_sdr"] == second[0]["si_sdr"] != first[1]["si_sdr"]
    monkeypatch.setattr(systems_module, "_checksum", lambda name: "another model")
    evaluate(what, tmp_path / "out", 1)
    assert asked[3:] == ["a.wav", "b.wav"]


def test_a_folder_of_other_things_is_left_alone(clips: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "summary.md").write_text("mine")
    done = CliRunner().invoke(
        main, ["evaluate", str(clips), "-o", str(folder), "-s", f"copy={COPY} {{in}} {{out}}", "--metrics", "mel"]
    )
    assert done.exit_code == 1
    assert "is not empty and holds no evaluation; choose another folder" in done.output
    assert [path.name for path in folder.iterdir()] == ["summary.md"]
    assert (folder / "summary.md").read_text() == "mine"


@pytest.mark.slow
def test_two_workers_give_the_rows_of_one(clips: Path, tmp_path: Path) -> None:
    what = settings(clips, f"copy={COPY} {{in}} {{out}}", f"late={LATE} {{in}} {{out}}")
    assert evaluate(what, tmp_path / "two", 2) == evaluate(what, tmp_path / "one", 1)


def test_failures_are_named_and_tried_again(clips: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["evaluate", str(clips), "-o", str(out), "-s", f"bad={FAIL}", "--metrics", "si_sdr"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1
    assert "2 of 2 could not be scored; the first: a.wav: bad: " in done.output
    assert "will not do" in done.output
    assert not (out / "rows.jsonl").read_text()


@pytest.mark.slow
def test_the_command_writes_tables(clips: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    system = f"copy={COPY} {{in}} {{code}} :: {COPY} {{code}} {{out}}"
    done = CliRunner().invoke(main, ["evaluate", str(clips), "-o", str(out), "-s", system, "--metrics", "si_sdr,mel"])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("| system | kbit/s | clips | si_sdr ↑ | mel ↓ |")
    assert done.stdout == (out / "summary.md").read_text()
    *lines, report = done.stderr.splitlines()[-2:]
    assert lines[0].startswith("copy: 256.")
    assert lines[0].endswith(" clips")
    assert ", si_sdr " in lines[0]
    assert report == f"report: {out / 'report.html'}"
    with (out / "rows.csv").open() as file:
        assert [row["clip"] for row in csv.DictReader(file)] == ["a.wav", "b.wav"]
    assert json.loads((out / "settings.json").read_text())["metrics"] == ["si_sdr", "mel"]


@pytest.mark.parametrize(
    ("system", "said"),
    [
        ("speech-16k", "write model@bitrate"),
        ("speech-16k@fast", "write model@bitrate"),
        ("speech-16k@inf", "write model@bitrate"),
        ("@3k", "write model@bitrate"),
        ("3k", "write model@bitrate"),
        ("speech-16k@3k+", "write model@bitrate"),
        ("speech-16k@3k+x", "write model@bitrate"),
        ("speech-16k@3k+-1", "write model@bitrate"),
        ("opus@12k+20", "write model@bitrate"),
        ("speech-16k@1", "below the"),
        ("x=cat {in}", "need {in} and {out}"),
        ("x=no-such-program {in} {out}", "'no-such-program' is not installed"),
        ("nothing@3k", "nothing"),
        ("opus@opus@6k", "comes a model of this package"),
        ("opus@speech-16k@fast", "write model@bitrate"),
        ("codec2@5k", "Codec 2 has the bitrates 3.2k, 2.4k"),
    ],
)
def test_bad_systems_are_refused(clips: Path, tmp_path: Path, system: str, said: str) -> None:
    done = CliRunner().invoke(main, ["evaluate", str(clips), "-o", str(tmp_path / "o"), "-s", system])
    assert done.exit_code == 1
    assert said in done.output
    assert "Traceback" not in done.output


def test_unknown_metrics_and_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="metric 'psnr' is unknown, known: pesq, estoi"):
        check_metrics(["psnr"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(AudioError, match="no sound file found"):
        evaluate(settings(tmp_path / "empty", "speech-16k@3k"), tmp_path / "out", 1)


def test_a_metric_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distillmos", None)
    from audiocodec.quality.metrics import distillmos as _  # noqa: F401
    from audiocodec.quality.metrics.distillmos import _predictor

    _predictor.cache_clear()
    usable, missing = check_metrics(["si_sdr", "distillmos"])
    assert usable == ["si_sdr"]
    assert missing == [
        "distillmos is left out: distillmos is not installed; get it with: pip install 'audiocodec[metrics]'"
    ]


def test_a_report_that_cannot_be_written_is_refused_before_any_work(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    arguments = ["evaluate", str(clips), "-o", str(tmp_path / "out"), "-s", "speech-16k@3k"]
    done = CliRunner().invoke(main, arguments)
    assert (done.exit_code, done.output.strip()) == (
        1,
        "error: jinja2 is not installed; get it with: pip install 'audiocodec[eval]'",
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["opus@12k", "lc3@24k", "codec2@3.2k", "codec2@1.2k"])
def test_peers_code_a_clip(clips: Path, name: str) -> None:
    program = {"opus": "opusenc", "lc3": "elc3", "codec2": "c2enc"}[name.partition("@")[0]]
    if shutil.which(program) is None:
        with pytest.raises(ConfigError, match="Debian package"):
            parse_system(name)
        pytest.skip(f"{program} is not installed")
    noise = 0.1 * np.random.default_rng(0).standard_normal(44_100)
    soundfile.write(clips / "c.wav", noise, 44_100, subtype="PCM_16")  # a rate that LC3 and Codec 2 do not take
    for clip in ("a.wav", "c.wav"):
        row = run_clip(clips / clip, name, settings(clips))
        assert "error" not in row
        if name.startswith("codec2"):
            assert row["kbit_s"] == pytest.approx(float(name[7:-1]), rel=0.05)
        else:
            assert row["kbit_s"] == pytest.approx(float(name.partition("@")[2][:-1]), rel=0.25)


def test_intervals_hold_the_mean_and_shrink() -> None:
    rng = np.random.default_rng(1)
    few, many = interval(rng.normal(5, 1, 10)), interval(rng.normal(5, 1, 1000))
    assert few[1] < few[0] < few[2]
    assert many[2] - many[1] < (few[2] - few[1]) / 3
    assert interval(np.array([2.0, 2.0])) == (2.0, 2.0, 2.0)


def test_summaries_count_what_is_defined() -> None:
    rows = [
        {"clip": "a", "system": "x", "kbit_s": 3.0, "mel": 0.5, "pesq": None},
        {"clip": "b", "system": "x", "kbit_s": 5.0, "mel": 0.7, "pesq": 2.0},
        {"clip": "c", "system": "x", "error": "no"},
    ]
    (summary,) = summarize(rows, ["mel", "pesq"])
    assert (summary.clips, summary.failed, summary.kbit_s) == (2, 1, 4.0)
    assert summary.means["mel"][0] == pytest.approx(0.6)
    assert summary.means["pesq"] == (2.0, 2.0, 2.0)
    assert summary.worst["mel"] == ["b", "a"]
    assert "- x: 1 clips failed" in markdown([summary])


@pytest.mark.skipif(shutil.which("opusenc") is None, reason="needs opus-tools")
def test_opus_at_the_size_of_our_files(speech_path: Path, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    wav, rate = audio.read(speech_path)
    soundfile.write(tmp_path / "clips" / "a.wav", wav[:, : 3 * rate].T, rate)
    rows = evaluate(settings(tmp_path / "clips", "speech-16k@6k", "opus@speech-16k@6k"), tmp_path / "out", 1)
    assert [row["system"] for row in rows] == ["speech-16k@6k", "opus@speech-16k@6k"]
    assert rows[1]["kbit_s"] == pytest.approx(rows[0]["kbit_s"], rel=0.03)
