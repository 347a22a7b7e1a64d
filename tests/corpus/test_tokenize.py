"""Corpora made in this process: what they hold, and that broken runs go on."""

from __future__ import annotations

import csv
import dataclasses
import gc
import json
import os
import shutil
import sys
import tarfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from audiocodec import audio
from audiocodec.cli import main
from audiocodec.codec import Codec, load
from audiocodec.corpus import Progress, open_corpus, run, tokenize
from audiocodec.corpus.batch import encode_files
from audiocodec.corpus.plan import MOST_BYTES, Settings, Shard, cut, usual_shard
from audiocodec.corpus.shard import Job
from audiocodec.corpus.sounds import Sound, list_sounds
from audiocodec.corpus.stopwatch import Stopwatch, fractions
from audiocodec.corpus.store import open_store
from audiocodec.corpus.workers import Done, choose_workers, in_this_process
from audiocodec.errors import AudioError, ConfigError, MissingExtraError, OutputError, TokenFileError
from audiocodec.model.hub import save_hub_folder
from audiocodec.tokens import Tokens
from tests.corpus.conftest import BROKEN, files_of

FORMATS = ["parquet", "webdataset", "fsq"]


@pytest.fixture(scope="module")
def onnx() -> Codec:
    return load("speech-16k", backend="onnx")


@pytest.fixture(scope="module")
def corpora(sounds: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same sounds in each format, 12 codebooks, 5 sounds a shard."""
    made = {}
    for format in FORMATS:
        made[format] = tmp_path_factory.mktemp("corpora") / format
        tokenize(str(sounds), str(made[format]), format, sounds_per_shard=5)
    return made


@pytest.mark.parametrize("format", FORMATS)
def test_tokens_are_those_of_each_file_alone(format: str, corpora: dict[str, Path], sounds: Path, onnx: Codec) -> None:
    items = list(open_corpus(str(corpora[format])))
    paths = sorted(p for p in sounds.rglob("*") if p.suffix in (".wav", ".flac") and p.parent.name != "broken")
    assert len(items) == len(paths) == 13
    for item, path in zip(items, paths, strict=True):
        relative = path.relative_to(sounds)
        assert item.path == relative.as_posix()
        wav, rate = audio.read(path)
        alone = onnx.encode(wav, rate)
        np.testing.assert_array_equal(item.tokens.codes, alone.codes)
        assert item.tokens.header.samples == wav.shape[1]
        assert onnx.decode(item.tokens).shape == wav.shape


def test_fsq_files_are_those_of_encode(corpora: dict[str, Path], sounds: Path, onnx: Codec, tmp_path: Path) -> None:
    for name in ("speech", "deep/02", "deep/er/03"):
        (source,) = sounds.glob(f"{name}.*")
        onnx.encode_file(source, tmp_path / f"{name}.fsq")
        assert (corpora["fsq"] / f"{name}.fsq").read_bytes() == (tmp_path / f"{name}.fsq").read_bytes()


@pytest.mark.parametrize("format", FORMATS)
def test_errors_and_manifest(format: str, corpora: dict[str, Path], sounds: Path) -> None:
    folder = corpora[format]
    with (folder / "errors.csv").open() as file:
        errors = {row["path"]: row["reason"] for row in csv.DictReader(file)}
    assert errors.keys() == BROKEN.keys()
    assert all(errors[path].startswith(reason) for path, reason in BROKEN.items())
    assert not any(str(sounds) in reason for reason in errors.values())
    manifest = json.loads((folder / "manifest.json").read_text())
    good = [p for p in sounds.rglob("*") if p.suffix in (".wav", ".flac") and p.parent.name != "broken"]
    seconds = sum(soundfile.info(path).duration for path in good)
    assert manifest["hours"] == pytest.approx(seconds / 3600, abs=1e-6)
    assert (manifest["sounds"], manifest["errors"], len(manifest["shards"])) == (13, 3, 4)
    assert manifest["settings"]["model"] == "speech-16k"
    codes = [item.tokens.codes for item in open_corpus(str(folder))]
    assert manifest["tokens"] == sum(item.size for item in codes)
    held = [name for shard in manifest["shards"] for name in shard["files"]]
    assert sorted([*held, "errors.csv", "manifest.json"]) == sorted(files_of(folder))
    assert manifest["bytes"] == sum((folder / name).stat().st_size for name in held)


def test_parquet_columns(corpora: dict[str, Path]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(corpora["parquet"] / "shard-00003.parquet")
    kinds = {field.name: str(field.type) for field in table.schema}
    codes = kinds.pop("codes")
    assert codes.count("list<") == 3
    assert "uint16" in codes
    assert kinds == {
        "path": "string",
        "sample_rate": "int32",
        "samples": "int64",
        "channels": "int32",
        "joint": "int32",
        "frames": "int32",
        "duration_s": "double",
    }
    (row,) = table.to_pylist()
    assert (row["path"], row["samples"], row["frames"]) == ("speech.flac", 127_788, 268)
    assert np.array(row["codes"]).shape == (1, 12, 268)


def test_webdataset_members(corpora: dict[str, Path], sounds: Path, onnx: Codec) -> None:
    with tarfile.open(corpora["webdataset"] / "shard-00003.tar") as tar:
        assert [m.name for m in tar] == ["00003-000000.json", "00003-000000.npy"]
        assert {(m.mtime, m.uid, m.uname) for m in tar} == {(0, 0, "")}
    webdataset = pytest.importorskip("webdataset", reason="webdataset is not installed")
    shards = sorted(str(p) for p in corpora["webdataset"].glob("*.tar"))
    with warnings.catch_warnings():  # it leaves files open
        warnings.simplefilter("ignore", ResourceWarning)
        samples = list(webdataset.WebDataset(shards, shardshuffle=False).decode())
        gc.collect()
    assert len(samples) == 13
    assert samples[-1]["json"]["path"] == "speech.flac"
    expected = onnx.encode(*audio.read(sounds / "speech.flac")).codes
    np.testing.assert_array_equal(samples[-1]["npy"], expected)


@pytest.mark.parametrize("few", [{"num_codebooks": 3}, {"bitrate": "1.5k"}])
def test_number_of_codebooks(sounds: Path, corpora: dict[str, Path], tmp_path: Path, few: dict[str, Any]) -> None:
    tokenize(f"{sounds}/deep/**/*.wav", str(tmp_path), **few)
    whole = {i.path: i.tokens for i in open_corpus(str(corpora["parquet"]))}
    items = list(open_corpus(str(tmp_path)))
    assert len(items) == 12
    for item in items:
        np.testing.assert_array_equal(item.tokens.codes, whole[f"deep/{item.path}"].codes[:, :3])


def test_batches_of_long_sounds_are_the_sounds_alone(onnx: Codec, speech: np.ndarray, tmp_path: Path) -> None:
    """Longer than what is read at once, and of unequal lengths."""
    long = np.resize(speech[0], 16_000 * 70)
    for i, samples in enumerate((len(long), 16_000 * 40, 1, 0)):
        soundfile.write(tmp_path / f"{i}.wav", long[:samples], 16_000)
    paths = sorted(tmp_path.iterdir())
    together = encode_files(onnx, paths, [{}] * 4, 12, Stopwatch())
    for tokens, path in zip(together, paths, strict=True):
        assert not isinstance(tokens, AudioError)
        np.testing.assert_array_equal(tokens.codes, onnx.encode(*audio.read(path)).codes)


def test_csv_columns_are_kept(sounds: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(
        f'path,text,speaker\n{sounds}/speech.flac,"a, b",anna\n{sounds}/none.wav,c,bert\n', encoding="utf-8"
    )
    for format in ("parquet", "webdataset"):
        output = tmp_path / format
        tokenize(str(tmp_path / "list.csv"), str(output), format)
        (item,) = open_corpus(str(output))
        assert item.metadata == {"text": "a, b", "speaker": "anna"}
        assert item.path == f"{sounds}/speech.flac"
        assert (output / "errors.csv").read_text() == f"path,reason\n{sounds}/none.wav,no such file\n"
    with pytest.raises(ConfigError, match="is not a relative path below it, which the format fsq needs"):
        tokenize(str(tmp_path / "list.csv"), str(tmp_path / "fsq"), "fsq")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("file\na.wav\n", "has no column 'path'"),
        ("path,codes\na.wav,1\n", "the column 'codes' is one that the corpus has itself"),
        ("path,joint\na.wav,1\n", "the column 'joint' is one that the corpus has itself"),
        ("path,start,row\na.wav,1,2\n", "the column 'row' is one that the corpus has itself"),
        ("path,text\na.wav\n", "line 2 has not as many fields"),
        ("path\na.wav\na.wav\n", "a.wav appears 2 times"),
        ("path,text\nb.wav,x,y\n", "line 2 has not as many fields"),
    ],
)
def test_bad_lists_are_refused(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(ConfigError, match=sentence):
        list_sounds(str(tmp_path / "list.csv"))


def test_what_is_no_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(b"path\n\xff\xfe\n")
    with pytest.raises(ConfigError, match="cannot be read as a list of sounds"):
        list_sounds(str(tmp_path / "list.csv"))
    with pytest.raises(ConfigError, match="cannot be read as a list of sounds"):
        list_sounds(str(tmp_path / "none.csv"))
    with pytest.raises(AudioError, match="no sound file found here"):
        list_sounds(str(tmp_path))


def test_twins_are_refused_for_fsq(tmp_path: Path) -> None:
    for name in ("a.wav", "a.flac"):
        soundfile.write(tmp_path / name, np.zeros(100), 16_000)
    with pytest.raises(ConfigError, match="2 sounds differ in their suffix only and would all become a.fsq"):
        tokenize(str(tmp_path), str(tmp_path / "out"), "fsq")


class StoppedError(Exception):
    """Stands for what ends a run from outside."""


@pytest.mark.parametrize("format", FORMATS)
def test_a_broken_run_goes_on(format: str, corpora: dict[str, Path], sounds: Path, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.sounds:
            raise StoppedError

    output, runs = tmp_path / "out", 0
    while not (output / "manifest.json").exists() and runs < 9:
        runs += 1
        try:
            tokenize(str(sounds), str(output), format, sounds_per_shard=5, on_shard=stop)
        except StoppedError:
            with pytest.raises(TokenFileError, match="no finished corpus here"):
                open_corpus(str(output))
    assert runs == 5
    assert files_of(output) == files_of(corpora[format])


def test_a_shard_without_a_receipt_is_made_again(corpora: dict[str, Path], sounds: Path, tmp_path: Path) -> None:
    """Killed between the first shard and its receipt."""

    def stop(progress: Progress) -> None:
        raise StoppedError

    (tmp_path / ".unfinished").mkdir()
    (tmp_path / ".unfinished" / ".settings.json.123.part").touch()
    with pytest.raises(StoppedError):
        tokenize(str(sounds), str(tmp_path), sounds_per_shard=5, on_shard=stop)
    (tmp_path / "shard-00000.parquet").write_bytes(b"half")
    with pytest.raises(ConfigError, match="made with other format; choose another folder"):
        tokenize(str(sounds), str(tmp_path), "fsq", sounds_per_shard=5)
    tokenize(str(sounds), str(tmp_path), sounds_per_shard=5)
    assert files_of(tmp_path) == files_of(corpora["parquet"])


def test_what_is_lost_is_made_again(corpora: dict[str, Path], sounds: Path, tmp_path: Path) -> None:
    tokenize(str(sounds), str(tmp_path), sounds_per_shard=5)
    (tmp_path / "shard-00002.parquet").unlink()
    (tmp_path / "shard-00003.parquet").write_bytes(b"half")
    (tmp_path / ".shard-00003.parquet.123.part").write_bytes(b"of a process that was killed")
    progress = tokenize(str(sounds), str(tmp_path), sounds_per_shard=5)
    assert progress.sounds == 6
    assert files_of(tmp_path) == files_of(corpora["parquet"])
    assert tokenize(str(sounds), str(tmp_path), sounds_per_shard=5).sounds == 0


@pytest.mark.parametrize("damage", ["removed", "cut", "nonsense", "flipped"])
@pytest.mark.parametrize("format", FORMATS)
def test_a_shard_that_cannot_be_read_is_one_sentence(
    format: str, damage: str, corpora: dict[str, Path], tmp_path: Path
) -> None:
    shutil.copytree(corpora[format], tmp_path, dirs_exist_ok=True)
    corpus = open_corpus(str(tmp_path))
    path = tmp_path / next(iter(corpus.manifest["shards"][0]["files"]))
    data = path.read_bytes()
    made = {"cut": data[: len(data) // 2 + 7], "nonsense": b"nonsense" * 99, "flipped": bytes(b ^ 0x21 for b in data)}
    path.unlink() if damage == "removed" else path.write_bytes(made[damage])
    with pytest.raises(TokenFileError) as caught:
        list(corpus)
    assert len(str(caught.value).splitlines()) == 1
    assert len(list(corpus.read(1))) > 0


@pytest.mark.parametrize("format", FORMATS)
def test_a_damaged_shard_is_one_sentence(format: str, corpora: dict[str, Path], tmp_path: Path) -> None:
    """A single bit may leave a file that reads well, with other codes in it."""
    shutil.copytree(corpora[format], tmp_path, dirs_exist_ok=True)
    corpus = open_corpus(str(tmp_path))
    assert len(list(corpus.read(0))) == corpus.manifest["shards"][0]["sounds"]
    path = tmp_path / next(iter(corpus.manifest["shards"][0]["files"]))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(TokenFileError, match=r"shard-00000: is damaged \(its checksum does not match\); remove what"):
        list(open_corpus(str(tmp_path)))


def test_a_format_that_is_not_known_is_one_sentence(corpora: dict[str, Path], tmp_path: Path) -> None:
    manifest = (corpora["fsq"] / "manifest.json").read_text()
    (tmp_path / "manifest.json").write_text(manifest.replace('"format": "fsq"', '"format": "zip"'))
    with pytest.raises(TokenFileError, match="its format 'zip' is unknown here"):
        open_corpus(str(tmp_path))


@pytest.mark.parametrize("format", FORMATS)
def test_a_corpus_of_an_older_version(format: str, corpora: dict[str, Path], sounds: Path, tmp_path: Path) -> None:
    """Its manifest has no paths, which only the format fsq needs."""
    shutil.copytree(corpora[format], tmp_path, dirs_exist_ok=True)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    for shard in manifest["shards"]:
        del shard["paths"]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    if format == "fsq":
        with pytest.raises(TokenFileError, match="run 'audiocodec tokenize' again"):
            open_corpus(str(tmp_path))
    else:
        assert len(list(open_corpus(str(tmp_path)))) == 13
    done = tokenize(str(sounds), str(tmp_path), format, sounds_per_shard=5)
    assert done.sounds == (13 if format == "fsq" else 0)
    assert files_of(tmp_path) == files_of(corpora[format])


def test_other_settings_are_refused(corpora: dict[str, Path], sounds: Path, tmp_path: Path) -> None:
    before = files_of(corpora["parquet"])
    with pytest.raises(ConfigError, match="made with other num_codebooks, sounds_per_shard; choose another folder"):
        tokenize(str(sounds), str(corpora["parquet"]), num_codebooks=2)
    with pytest.raises(ConfigError, match="made with other input; choose another folder"):
        tokenize(str(sounds / "deep"), str(corpora["parquet"]), sounds_per_shard=5)
    assert files_of(corpora["parquet"]) == before
    broken = tmp_path / "broken"
    broken.mkdir()
    for text in ("{}", "[]", "no JSON"):
        (broken / "manifest.json").write_text(text)
        with pytest.raises(OutputError, match="cannot be resumed"):
            tokenize(str(sounds), str(broken))
    shutil.rmtree(broken)
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(OutputError, match="is not empty and holds no corpus"):
        tokenize(str(sounds), str(tmp_path))
    assert files_of(tmp_path) == {"thesis.txt": b""}


@pytest.mark.slow
def test_remote_folders(corpora: dict[str, Path], sounds: Path) -> None:
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    memory = fsspec.filesystem("memory")
    for name, data in files_of(sounds).items():
        memory.pipe_file(f"/in/{name}", data)
    for format in FORMATS:
        tokenize("memory://in", f"memory://out/{format}", format, sounds_per_shard=5)
        made = {name: open_store(f"memory://out/{format}").read(name) for name in files_of(corpora[format])}
        assert made == files_of(corpora[format])
        assert open_store(f"memory://out/{format}").find().keys() == made.keys()
        assert [i.path for i in open_corpus(f"memory://out/{format}")] == [
            i.path for i in open_corpus(str(corpora[format]))
        ]
    assert len(list_sounds("memory://in/**/0*.wav")) == 10
    tokenize(f"file://{sounds}", "memory://out/again", sounds_per_shard=5)
    assert open_store("memory://out/again").read("manifest.json") == files_of(corpora["parquet"])["manifest.json"]
    with pytest.raises(ConfigError, match="nothing://x: cannot be used"):
        open_store("nothing://x")


def test_shards_are_neither_few_nor_huge() -> None:
    def sized(count: int, size: int) -> list[Sound]:
        return [Sound(str(i), "", size) for i in range(count)]

    assert usual_shard(sized(3, 1000)) == 8
    assert usual_shard(sized(6400, 1000)) == 100
    assert usual_shard(sized(200_000, 1000)) == 1000
    assert usual_shard(sized(6400, MOST_BYTES // 10)) == 10
    assert usual_shard(sized(2, 2 * MOST_BYTES)) == 1


def test_shares_are_of_the_whole() -> None:
    assert fractions({"decode": 1.0, "encode": 3.0}) == {"decode": 0.25, "resample": 0.0, "encode": 0.75, "write": 0.0}
    assert set(fractions({}).values()) == {0.0}


def test_command(sounds: Path, corpora: dict[str, Path], tmp_path: Path) -> None:
    arguments = ["tokenize", "--input", str(sounds), "--output", str(tmp_path / "out"), "--workers", "0"]
    result = CliRunner().invoke(main, [*arguments, "--sounds-per-shard", "5"])
    assert result.exit_code == 0
    assert "4 of 4 shards, 13 sounds, 0.00" in result.stderr
    assert "3 sounds could not be used, see errors.csv" in result.stderr
    assert "time of the workers: decode " in result.stderr
    assert files_of(tmp_path / "out") == files_of(corpora["parquet"])
    again = CliRunner().invoke(main, [*arguments, "--sounds-per-shard", "5"])
    assert again.stderr == f"{tmp_path}/out: all 4 shards are there already\n"
    refused = CliRunner().invoke(main, arguments)
    assert refused.exit_code == 1
    assert refused.stderr.count("\n") == 1
    assert CliRunner().invoke(main, [*arguments, "--address", "x:1"]).exit_code == 2


@pytest.mark.parametrize(("name", "value"), [("sounds_per_shard", 0), ("sounds_per_shard", "5"), ("high_pass", -1)])
def test_settings_that_cannot_be(sounds: Path, tmp_path: Path, name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"{name} is {value!r}, it must be|a high-pass at -1 Hz cannot be"):
        tokenize(str(sounds), str(tmp_path / "out"), "fsq", **{name: value})
    assert not (tmp_path / "out").exists()


def test_unknown_formats_are_refused(sounds: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="format is 'mp3', known: parquet, webdataset, fsq"):
        tokenize(str(sounds), str(tmp_path), "mp3")


def test_missing_packages_are_named(sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(module: str, extra: str, otherwise: str = "") -> None:
        raise MissingExtraError(f"{module} is not installed; get it with: pip install 'audiocodec[{extra}]'")

    monkeypatch.setattr("audiocodec.corpus.workers.require", missing)
    with pytest.raises(MissingExtraError, match=r"ray is not installed; .*\[ray\]"):
        tokenize(str(sounds), str(tmp_path / "a"), "fsq", workers=1)
    tokenize(str(sounds), str(tmp_path / "a"), "webdataset")  # nothing was done, so nothing is in the way
    monkeypatch.setattr("audiocodec.corpus.formats.require", missing)
    with pytest.raises(MissingExtraError, match="pyarrow.parquet is not installed"):
        tokenize(str(sounds), str(tmp_path / "b"))
    assert not (tmp_path / "b").exists()


def test_without_ray_the_command_says_how_to_do_without(
    sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    command = ["tokenize", "-i", f"{sounds}/deep/er", "-o", str(tmp_path / "out"), "-n", "1", "--format", "fsq"]
    for asked in (["--workers", "2"], ["--address", "127.0.0.1:6379"]):
        done = CliRunner().invoke(main, [*command, *asked])
        assert done.exit_code == 1
        assert "pip install 'audiocodec[ray]', or give --workers 0" in done.output
    assert CliRunner().invoke(main, command).exit_code == 0  # few sounds need no Ray


def test_many_sounds_take_all_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audiocodec.corpus.workers.processors", lambda: 7)
    monkeypatch.setattr("audiocodec.corpus.workers.require", lambda *names: None)
    few, much, unknown = (cut([Sound(f"{i}.wav", ".", size) for i in range(40)], 8) for size in (10**5, 10**6, 0))
    assert [choose_workers(None, None, shards) for shards in (few, much, unknown, much[:1])] == [0, 7, 7, 0]
    assert (choose_workers(None, "a:1", few), choose_workers(3, None, few), choose_workers(0, None, much)) == (7, 3, 0)


def test_one_sound_is_a_list(sounds: Path) -> None:
    whole = list_sounds(str(sounds))
    assert [s.path for s in list_sounds(f"{sounds}/{whole[0].path}")] == [Path(whole[0].path).name]


def test_a_folder_may_be_called_like_a_sound(tmp_path: Path) -> None:
    (tmp_path / "all.wav").mkdir()
    soundfile.write(tmp_path / "all.wav" / "a.flac", np.zeros(100), 16_000)
    assert [s.path for s in list_sounds(str(tmp_path / "all.wav"))] == ["a.flac"]


def test_lists_are_sorted_however_they_are_found(sounds: Path) -> None:
    paths = [sound.path for sound in list_sounds(str(sounds))]
    assert paths == sorted(paths)
    assert len(paths) == 16


def test_joint_channels(speech: np.ndarray, onnx: Codec, tmp_path: Path) -> None:
    """Two channels as one row, in all formats."""
    description = {**onnx.bundle.description, "model": {**onnx.bundle.description["model"], "joint_stereo": True}}
    bundle = dataclasses.replace(onnx.bundle, description=description)
    save_hub_folder(tmp_path / "joint", bundle, False)
    codec = load(str(tmp_path / "joint"))
    (tmp_path / "in").mkdir()
    wide = np.stack([speech[0], 0.5 * speech[0, ::-1]])
    soundfile.write(tmp_path / "in" / "a.wav", wide.T, 16_000)
    soundfile.write(tmp_path / "in" / "b.wav", speech[0], 16_000)
    for format in FORMATS:
        tokenize(str(tmp_path / "in"), str(tmp_path / format), format, model=str(tmp_path / "joint"))
        stereo, mono = open_corpus(str(tmp_path / format))
        expected = codec.encode(*audio.read(tmp_path / "in" / "a.wav"))
        np.testing.assert_array_equal(stereo.tokens.codes, expected.codes)
        assert stereo.tokens.header == dataclasses.replace(expected.header, metadata=stereo.tokens.header.metadata)
        assert mono.tokens.header.rows == stereo.tokens.header.rows == 1
        assert codec.decode(stereo.tokens).shape == wide.shape


@pytest.mark.parametrize("format", FORMATS)
def test_files_of_joint_rows_are_coded_as_encode_codes_them(speech: np.ndarray, tmp_path: Path, format: str) -> None:
    codec, (left,) = load("audio-44k"), audio.resample(speech[:, :32_000], 16_000, 44_100)
    (tmp_path / "in").mkdir()
    soundfile.write(tmp_path / "in" / "a.wav", np.stack([left, 0.5 * left], axis=1), 44_100, "FLOAT")
    soundfile.write(tmp_path / "in" / "b.wav", left, 44_100, "FLOAT")
    tokenize(str(tmp_path / "in"), str(tmp_path / "out"), format, "audio-44k")
    for item in open_corpus(str(tmp_path / "out")):
        expected = codec.encode(*audio.read(tmp_path / "in" / item.path))
        assert item.tokens.to_bytes() == expected.to_bytes()
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    del manifest["joint_entropy"]  # as older versions wrote it
    (tmp_path / "out" / "manifest.json").write_text(json.dumps(manifest))
    stereo, _ = open_corpus(str(tmp_path / "out"))
    assert codec.decode(stereo.tokens).shape == (2, stereo.tokens.samples)
    assert Tokens.load(saved(stereo.tokens, tmp_path)).codes.shape == stereo.tokens.codes.shape


def saved(tokens: Tokens, folder: Path) -> Path:
    tokens.save(folder / "saved.fsq")
    return folder / "saved.fsq"


def errors_of(folder: Path) -> list[list[str]]:
    with (folder / "errors.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


@pytest.mark.parametrize("format", FORMATS)
def test_a_name_that_is_not_utf8_stands_among_the_errors(tmp_path: Path, format: str) -> None:
    soundfile.write(tmp_path / "ok.wav", np.zeros(100), 16_000)
    odd = Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9.wav"))
    shutil.copy(tmp_path / "ok.wav", odd)
    for _ in range(2):  # the second time it is finished
        tokenize(str(tmp_path), str(tmp_path / "out"), format)
    assert errors_of(tmp_path / "out") == [["caf\\udce9.wav", "its name is not UTF-8"]]
    assert len(list(open_corpus(str(tmp_path / "out")))) == 1


def test_what_exists_is_no_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "rec [2021]"
    folder.mkdir()
    soundfile.write(folder / "a[1].wav", np.zeros(100), 16_000)
    assert [s.path for s in list_sounds(str(folder))] == ["a[1].wav"]
    assert [s.path for s in list_sounds(f"{folder}/")] == ["a[1].wav"]
    assert [s.path for s in list_sounds(str(folder / "a[1].wav"))] == ["a[1].wav"]
    with pytest.raises(AudioError, match="no sound file found"):
        list_sounds(str(tmp_path / "rec [2022]/*.wav"))


def test_what_a_folder_holds_besides_is_counted(sounds: Path, caplog: pytest.LogCaptureFixture) -> None:
    list_sounds(str(sounds))
    assert caplog.messages == [f"{sounds}: 1 file left out: .txt 1"]


def test_long_texts_are_kept_or_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(100), 16_000)
    (tmp_path / "list.csv").write_text(f"path,text\na.wav,{'ä' * 140_000}\nb.wav,short\n")
    for format in FORMATS:
        tokenize(str(tmp_path / "list.csv"), str(tmp_path / format), format)
        held = [item.metadata["text"] for item in open_corpus(str(tmp_path / format))]
        assert held == (["short"] if format == "fsq" else ["ä" * 140_000, "short"])
    ((path, reason),) = errors_of(tmp_path / "fsq")
    assert (path, reason) == ("a.wav", "metadata: names and texts take more than 32768 bytes")
    (tmp_path / "list.csv").write_text("path,text,text\na.wav,1,2\n")
    with pytest.raises(ConfigError, match="the column 'text' appears 2 times"):
        list_sounds(str(tmp_path / "list.csv"))


def test_a_name_too_long_for_a_token_file_is_named(tmp_path: Path) -> None:
    soundfile.write(tmp_path / ("a" * 252 + ".au"), np.zeros(100), 16_000)
    soundfile.write(tmp_path / ("b" * 251 + ".wav"), np.zeros(100), 16_000)
    tokenize(str(tmp_path), str(tmp_path / "out"), "fsq")
    ((path, reason),) = errors_of(tmp_path / "out")
    assert (path[0], reason) == ("a", "the name of its token file would be longer than 255 bytes")


def test_no_sound_at_all_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.wav").write_text("text")
    command = ["tokenize", "-i", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--workers", "0"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 1
    assert "no sound could be used" in done.output


def test_paths_are_the_same_for_workers_that_run_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of a Ray cluster that was started in another folder do."""
    (tmp_path / "in").mkdir()
    soundfile.write(tmp_path / "in" / "a.wav", np.zeros(100), 16_000)
    (tmp_path / "elsewhere").mkdir()

    def far_away(job: Job, shards: Sequence[Shard]) -> Iterator[Done]:
        os.chdir(tmp_path / "elsewhere")
        yield from in_this_process(job, shards)
        os.chdir(tmp_path)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "in_this_process", far_away)
    assert tokenize("in", "out", "fsq").sounds == 1
    assert (tmp_path / "out" / "a.fsq").is_file()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_shards_that_are_not_there_are_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(100), 16_000)

    def lost(job: Job, shards: Sequence[Shard]) -> Iterator[Done]:
        for done in in_this_process(job, shards):
            (Path(job.output) / "a.fsq").unlink()
            yield done

    monkeypatch.setattr(run, "in_this_process", lost)
    with pytest.raises(OutputError, match="a.fsq is not there though a worker wrote it"):
        tokenize(str(tmp_path), str(tmp_path / "out"), "fsq")
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_devices_are_for_this_process_and_have_to_be_there(sounds: Path, tmp_path: Path) -> None:
    place = str(tmp_path / "corpus")
    with pytest.raises(ConfigError, match="used by this process alone: give workers=0"):
        tokenize(str(sounds), place, workers=1, device="cuda")
    with pytest.raises(ConfigError, match="device 'toaster' cannot be used here"):
        tokenize(str(sounds), place, device="toaster")
    with pytest.raises(ConfigError, match="is for the torch backend"):
        tokenize(str(sounds), place, backend="onnx", device="cuda")
    arguments = ["tokenize", "-i", str(sounds), "-o", place, "--device"]
    assert CliRunner().invoke(main, [*arguments, "cuda", "--workers", "2"]).exit_code == 2
    failed = CliRunner().invoke(main, [*arguments, "toaster"])
    assert (failed.exit_code, failed.stderr.count("\n")) == (1, 1)
    assert not (tmp_path / "corpus").exists()


@pytest.mark.parametrize(
    ("backend", "library", "device"),
    [("onnx", "onnx", "cpu"), ("torch", "torch", "cpu"), ("torch/cuda:1", "torch", "cuda:1")],
)
def test_settings_name_the_device(backend: str, library: str, device: str) -> None:
    settings = Settings("1", "fsq", "m", "1", "00", backend, 3, 8, "x")
    assert (settings.library, settings.device) == (library, device)


def test_what_a_dying_worker_adds_is_removed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    late, rmdir = ["b", "a"], Path.rmdir

    def rmdir_beside_a_writer(path: Path) -> None:
        if late:
            (path / late.pop()).touch()
        rmdir(path)

    monkeypatch.setattr(Path, "rmdir", rmdir_beside_a_writer)
    open_store(str(tmp_path)).remove("folder")
    assert not late
    assert not (tmp_path / "folder").exists()


def test_a_folder_that_cannot_be_removed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(Path, "rmdir", lambda path: (tmp_path / "nothing").stat())
    with pytest.raises(FileNotFoundError):
        open_store(str(tmp_path)).remove("folder")


def test_empty_names_and_odd_numbers_of_workers_are_refused(sounds: Path, tmp_path: Path) -> None:
    for source, output, named in (("", "x", "source"), (str(sounds), "", "output")):
        with pytest.raises(ConfigError, match=f"the {named} is empty"):
            tokenize(source, output)
    for workers in (-1, 1.5):
        with pytest.raises(ConfigError, match="workers is .* it must be a whole number, 0 or more"):
            tokenize(sounds, tmp_path / "corpus", workers=workers)  # type: ignore[arg-type]
    assert not (tmp_path / "corpus").exists()
