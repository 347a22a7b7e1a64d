"""Corpora made by Ray, and what survives when processes are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audiocodec.corpus import tokenize, workers
from audiocodec.corpus.plan import Shard
from audiocodec.corpus.shard import Job, ShardWriter
from audiocodec.errors import AudioCodecError, ModelError
from tests.corpus.conftest import files_of

ray = pytest.importorskip("ray", reason="ray is not installed (extra ray)")


@pytest.fixture(scope="module")
def running() -> Iterator[None]:
    """Ray for this module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        workers._start(ray, 2, None)
        yield
        ray.shutdown()


@pytest.fixture(scope="module")
def unbroken(sounds: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all runs must come to."""
    folder = tmp_path_factory.mktemp("unbroken")
    tokenize(str(sounds), str(folder), sounds_per_shard=5)
    return folder


@pytest.mark.slow
@pytest.mark.usefixtures("running")
def test_killed_workers_are_replaced(
    sounds: Path, unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is killed before it has written its shard, one after."""

    class Dying(ShardWriter):
        def write(self, shard: Shard) -> Any:
            marker = tmp_path / f"died-{shard.index}"
            first = shard.index in (1, 2) and not marker.exists()
            if first:
                marker.touch()
            if shard.index == 1 and first:
                os.kill(os.getpid(), signal.SIGKILL)
            done = super().write(shard)
            if shard.index == 2 and first:
                os.kill(os.getpid(), signal.SIGKILL)
            return done

    monkeypatch.setattr(workers, "ShardWriter", Dying)
    progress = tokenize(str(sounds), str(tmp_path / "out"), sounds_per_shard=5, workers=2)
    assert [(tmp_path / f"died-{i}").exists() for i in range(4)] == [False, True, True, False]
    assert (progress.sounds, progress.errors) == (13, 3)
    assert files_of(tmp_path / "out") == files_of(unbroken)


@pytest.mark.slow
@pytest.mark.usefixtures("running")
def test_a_shard_that_kills_is_named_after_the_others(
    sounds: Path, unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Doomed(ShardWriter):
        def write(self, shard: Shard) -> Any:
            if shard.index == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().write(shard)

    with monkeypatch.context() as patched:
        patched.setattr(workers, "RETRIES", 0)
        patched.setattr(workers, "ShardWriter", Doomed)
        with pytest.raises(AudioCodecError, match="1 shards are missing: .*; shard-00001 has deep/0.*wav to deep/er"):
            tokenize(str(sounds), str(tmp_path / "out"), sounds_per_shard=5, workers=1)
    progress = tokenize(str(sounds), str(tmp_path / "out"), sounds_per_shard=5)
    assert progress.shards_done - 1 == 3
    assert files_of(tmp_path / "out") == files_of(unbroken)


@pytest.mark.usefixtures("running")
def test_errors_of_workers_stay_sentences(sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(ShardWriter):
        def write(self, shard: Shard) -> Any:
            raise ModelError("the disk is on fire")

    monkeypatch.setattr(workers, "ShardWriter", Failing)
    with pytest.raises(ModelError) as caught:
        tokenize(str(sounds), str(tmp_path), workers=1)
    assert str(caught.value) == "the disk is on fire"

    class Unable(ShardWriter):
        def __init__(self, job: Job) -> None:
            raise ModelError("no weights here")

    monkeypatch.setattr(workers, "ShardWriter", Unable)
    with pytest.raises(AudioCodecError, match="^a worker cannot start: .*ModelError: no weights here$"):
        tokenize(str(sounds), str(tmp_path), workers=1)


@pytest.mark.slow
@pytest.mark.parametrize("workers_of_run", [0, 2])
def test_a_killed_driver_leaves_what_the_next_run_needs(workers_of_run: int, tmp_path: Path) -> None:
    """`kill -9` of the command, then once more: byte for byte what an unbroken run writes."""
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    noise = 0.1 * np.random.default_rng(0).standard_normal(16_000 * 30)
    for i in range(12):
        soundfile.write(source / f"{i:02d}.wav", np.roll(noise, 1000 * i), 16_000)
    command = [sys.executable, "-m", "audiocodec", "tokenize", "-i", source, "-o", output, "--sounds-per-shard", "1"]
    with subprocess.Popen(
        [*map(str, command), "--workers", str(workers_of_run)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as driver:
        while driver.poll() is None and not list(output.glob(".unfinished/shard-*.json")):
            time.sleep(0.01)
        driver.kill()
    assert not (output / "manifest.json").exists()
    assert list(output.glob(".unfinished/shard-*.json"))
    done = tokenize(str(source), str(output), sounds_per_shard=1)
    assert 0 < done.sounds < 12
    tokenize(str(source), str(tmp_path / "unbroken"), sounds_per_shard=1)
    assert files_of(output) == files_of(tmp_path / "unbroken")
