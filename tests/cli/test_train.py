"""`audiocodec train` and `audiocodec package`, as people use them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.test_bad_input import heed_ctrl_c

Run = Callable[..., Result]

SOUNDS = Path(__file__).parents[1] / "sounds"


def quick(run_dir: Path, *overrides: str) -> list[str]:
    return ["train", "tiny", f"data.root={SOUNDS}", "--run-dir", str(run_dir), *overrides]


@pytest.mark.slow
def test_from_a_folder_to_a_token_file(run: Run, tmp_path: Path) -> None:
    result = run(*quick(tmp_path / "run", "budget.steps=3"))
    assert result.exit_code == 0, result.output
    assert "3 steps in" in result.output
    result = run("package", tmp_path / "run", "--name", "mine", "-o", tmp_path / "mine")
    assert result.exit_code == 0, result.output
    speech, tokens = SOUNDS / "speech.flac", tmp_path / "a.fsq"
    assert run("encode", speech, tokens, "--model", tmp_path / "mine").exit_code == 0
    assert run("decode", tokens, tmp_path / "a.wav", "--model", tmp_path / "mine").exit_code == 0
    result = run("decode", tokens, tmp_path / "b.wav")
    assert (result.exit_code, "no model 'mine'" in result.output) == (1, True)
    again = run("package", tmp_path / "run", "--name", "mine", "-o", tmp_path / "mine")
    assert (again.exit_code, "exists already" in again.output) == (1, True)
    assert run("package", tmp_path / "run", "--name", "mine", "-o", tmp_path / "mine", "--force").exit_code == 0


def test_lists_and_dry_runs(run: Run, tmp_path: Path) -> None:
    result = run("train", "--list")
    assert result.exit_code == 0
    for word in (
        "tiny/1-spectral",
        "music-44k/adversarial",
        "ResidualFSQ",
        "complex_stft",
        "STFTDiscriminator",
        "hinge",
    ):
        assert word in result.output
    result = run(*quick(tmp_path / "run", "budget.minutes=7"), "--dry-run")
    assert result.exit_code == 0
    for text in (
        "minutes: 7.0",
        "parameters  0.28 M",
        "million multiply-adds",
        "0.50 to 1.99 kbit/s",
        "delay       40.0 ms",
    ):
        assert text in result.output
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train"], 2, "Name a recipe"),
        (["train", "tinny"], 1, "did you mean 'tiny'"),
        (["train", "nope.yaml"], 1, "no such file"),
        (["train", "tiny", "budget.minuts=1"], 1, "did you mean 'minutes'"),
        (["train", "tiny", "data.root=/nowhere"], 1, "neither a folder nor a manifest"),
        (["train", "tiny", "train.device=tpu"], 1, "cannot be used"),
        (["train", "tiny", "model.encoder.dims=[1]"], 1, "encoder: "),
        (["package", "/nowhere", "--name", "x"], 1, "holds no training run"),
        (["package", "/nowhere"], 2, "--name"),
    ],
)
def test_mistakes_take_one_sentence(run: Run, tmp_path: Path, arguments: list[str], code: int, message: str) -> None:
    if arguments[0] == "train" and len(arguments) > 1:
        arguments = [*arguments, "--run-dir", str(tmp_path / "run")]
    result = run(*arguments)
    assert result.exit_code == code
    assert message in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("argument", ["tiny", "--list"])
def test_a_missing_extra_is_named(run: Run, monkeypatch: pytest.MonkeyPatch, argument: str) -> None:
    monkeypatch.setitem(sys.modules, "omegaconf", None)
    result = run("train", argument)
    assert (result.exit_code, "pip install 'audiocodec[train]'" in result.output) == (1, True)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_leaves_a_checkpoint(tmp_path: Path, number: int) -> None:
    command = [sys.executable, "-m", "audiocodec", *quick(tmp_path / "run", "budget.minutes=5", "train.warmup_steps=2")]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c, env=os.environ | {"OMP_NUM_THREADS": "1"}
    ) as run:
        assert run.stderr is not None
        assert any("ends it with a checkpoint" in line for line in run.stderr)
        run.send_signal(number)
        errors = run.stderr.read()
        assert run.wait(60) == 130, errors
    assert "Traceback" not in errors
    assert (tmp_path / "run" / "checkpoint.safetensors").exists()


@pytest.mark.slow
def test_a_file_size_limit_stands_for_a_full_disk(tmp_path: Path) -> None:
    """A real write that fails, in a process of its own: the checkpoint before survives, exit code 1."""
    script = """
import resource, sys
from audiocodec.cli import main
if sys.argv[1] != "0":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
main(sys.argv[2:])
"""

    def run(limit: int, steps: int) -> subprocess.CompletedProcess[str]:
        arguments = quick(tmp_path / "run", f"budget.steps={steps}", "train.validations=1")
        command = [sys.executable, "-c", script, str(limit), *arguments]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}  # its file could not grow
        return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=environment)

    assert run(0, 2).returncode == 0
    before = (tmp_path / "run" / "checkpoint.safetensors").read_bytes()
    done = run(200_000, 4)
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "run" / "checkpoint.safetensors").read_bytes() == before
    assert not list((tmp_path / "run").glob(".*.part"))
