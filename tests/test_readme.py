"""README.md runs as it stands: its Python, and the `audiocodec` lines of its shell blocks, one after the other."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import click
import numpy as np
import pytest
import soundfile

from audiocodec.cli.main import main
from tests.cli.conftest import Run
from tests.cli.conftest import run as run

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()

# Lines of the shell that are not run: how they match, and why.
NOT_RUN = {
    r"stream\b.*--devices": "needs a sound card",
    r"stream\b.*--receive": "waits for a peer (tests/cli/test_stream_command.py has one)",
    r"stream\b.*--send": "needs a peer to listen",
    r"stream\b(?!.*(-i|--input)\b)": "listens to a microphone",
    r"stream\b(?!.*(-o|--output)\b)": "plays on a loudspeaker",
    r"[^|]*\|": "is a pipe of several programs (tests/cli/test_pipes_and_names.py has some)",
}
# What is written otherwise, so that a minute of sound and minutes of work are seconds here.
SHORTER = {
    r"--start \S+": "--start 0:01",
    r"--(refine|effort) \d+": "--refine 1",
    r"budget\.(minutes|steps)=\S+": "budget.steps=2",
    r"^evaluate ": "evaluate --metrics stft ",
    r"^tokenize ": "tokenize --workers 0 ",
    r"-s opus@[a-z]\S+": "",  # the bytes of a file of ours are found for longer sounds only
}
SOUNDS = ("speech.wav", "talk.wav", "music.wav", "recordings/a.wav", "clips/a.wav", "my-sounds/a.wav")
TOKENS = ("speech.fsq", "broken.fsq", "tokens/a.fsq")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```(?:{language})\n(.*?)^```", text, re.S | re.M)


def shell_lines(text: str) -> list[str]:
    """Commands of fenced sh blocks and of indented ones, as they follow; a line that ends in a backslash goes on."""

    def indented(fence: re.Match[str]) -> str:
        return re.sub("^", "    ", fence[2], flags=re.M) if fence[1] in ("sh", "bash", "shell", "console") else ""

    text = re.sub(r"^```(\w*)\n(.*?)^```", indented, text, flags=re.S | re.M)
    lines = [line[4:].removeprefix("$ ") for line in text.replace("\\\n", " ").splitlines() if line.startswith("    ")]
    return [" ".join(line.split("  #")[0].split()) for line in lines if line.startswith("audiocodec ")]


def test_shell_lines_are_found() -> None:
    fenced = "```sh\n$ audiocodec a \\\n    b\naudiocodec c\n```\n```python\naudiocodec no\n    audiocodec no\n```\n"
    assert shell_lines(f"    audiocodec info a  # b\n    make x\n\n{fenced}audiocodec no\n") == [
        "audiocodec info a",
        "audiocodec a b",
        "audiocodec c",
    ]
    assert len(shell_lines(TEXT)) > 5


def test_shell_lines_run(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, speech: np.ndarray) -> None:
    """In a folder with the files that they name; each may overwrite what those before it left."""
    monkeypatch.chdir(tmp_path)
    for name in (*SOUNDS, *TOKENS):
        Path(name).parent.mkdir(exist_ok=True)
    for name in SOUNDS:
        soundfile.write(name, speech[0, 8000:40_000], 16_000)
    run("encode", "speech.wav", "speech.fsq")
    for name in TOKENS[1:]:
        shutil.copy("speech.fsq", name)
    failed = []
    for line in shell_lines(TEXT):
        _, _, rest = line.partition(" ")
        if any(re.match(pattern, rest) for pattern in NOT_RUN) or ("opus@" in rest and not shutil.which("opusenc")):
            continue
        for pattern, shorter in SHORTER.items():
            rest = re.sub(pattern, shorter, rest)
        words = shlex.split(rest, comments=True)
        command = main.get_command(click.Context(main), words[0])
        assert command is not None, line
        if any(parameter.name == "force" for parameter in command.params):
            words.append("--force")
        result = run(*words)
        if result.exit_code:
            failed.append(f"{line}: {result.output}")
    assert not failed, "\n".join(failed)


def test_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, live = blocks(TEXT, "python")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert capsys.readouterr().out == "(1, 6, 268)\n"
    assert (tmp_path / "tokens.fsq").exists()
    exec(compile(live, "README.md", "exec"), names)
    heard, again = np.concatenate(names["heard"]), names["wav"]  # type: ignore[call-overload]
    assert 0 <= len(heard) - len(again) - 320 < 320  # type: ignore[arg-type]


def test_it_names_what_exists() -> None:
    assert "make demo" in TEXT
    assert "make test" in TEXT
