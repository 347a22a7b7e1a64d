"""A full disk, and killed helpers, cost a row or a step, never a run."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audiocodec._util.processors import processors
from audiocodec.errors import OutputError
from audiocodec.train import monitor
from audiocodec.train.checkpoint import LAST
from audiocodec.train.data import segments
from audiocodec.train.data.segments import LoaderKilledError
from audiocodec.train.monitor import Monitor, append_row
from audiocodec.train.recipe import prepare_run, run
from tests.train.tiny import recipe


def test_an_empty_curve_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "curve.csv"
    path.touch()
    append_row(path, {"step": 1, "loss": 0.5})
    append_row(path, {"step": 2, "loss": 0.25, "other": 1})
    assert path.read_text().splitlines() == ["step,loss", "1,0.5", "2,0.25"]


def test_a_row_that_cannot_be_written_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(path: Path, row: dict[str, float]) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(monitor, "append_row", full)
    with caplog.at_level(logging.WARNING):
        Monitor(tmp_path, False, []).report({"step": 1}, None)  # type: ignore[arg-type]
    assert caplog.messages == [f"{tmp_path}/curve.csv: a row is lost (No space left on device); training continues"]


def test_a_configuration_is_replaced_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, config = tmp_path / "run", recipe(tmp_path)
    prepare_run(config, folder)
    before = (folder / "config.yaml").read_text()

    def full(self: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(OutputError, match="cannot be written"):
            prepare_run(config, folder)
    assert (folder / "config.yaml").read_text() == before
    (folder / "config.yaml").write_text("")  # as earlier versions left it
    prepare_run(config, folder)
    assert (folder / "config.yaml").read_text() == before
    (folder / "config.yaml").write_text("- a list")
    with pytest.raises(OutputError, match="is not a configuration of a run"):
        prepare_run(config, folder)


def test_going_on_with_other_data_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    prepare_run(recipe(tmp_path), tmp_path / "run")
    prepare_run(recipe(tmp_path), tmp_path / "run")
    assert caplog.messages == []
    prepare_run(recipe(tmp_path, "data.batch_size=2", "data.seed=3"), tmp_path / "run")
    said = "goes on with another data.seed, data.batch_size than it began with"
    assert caplog.messages == [f"{tmp_path}/run: {said}"]


def test_a_killed_loader_leaves_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alive = segments._alive

    def killed(found: Iterator[Any]) -> Iterator[Any]:
        def broken() -> Iterator[Any]:
            yield next(found)
            raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed.\nand more")

        return alive(broken())

    monkeypatch.setattr(segments, "_alive", killed)
    with pytest.raises(LoaderKilledError, match=r"worker \(pid 7\) is killed.*; a checkpoint is written, start again"):
        run(recipe(tmp_path), tmp_path / "run")
    assert (tmp_path / "run" / LAST).exists()
    assert stat.S_IMODE((tmp_path / "run" / LAST).stat().st_mode) == stat.S_IMODE(
        (tmp_path / "run" / "config.yaml").stat().st_mode
    )


def test_processors_are_those_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    if hasattr(os, "sched_getaffinity"):
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3})
        assert processors() == 1
