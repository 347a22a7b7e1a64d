"""The blind listening test: the page, a listener in a browser, and what the answers say."""

from __future__ import annotations

import base64
import json
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from audiocodec.cli import main
from audiocodec.evaluate.listening import ANCHOR, REFERENCE, low_anchor
from audiocodec.evaluate.ratings import guessing
from tests.evaluate.browser import opened

RATE = 16_000
COPY = f"{shlex.quote(sys.executable)} -c 'import shutil,sys; shutil.copy(sys.argv[1], sys.argv[2])'"
SYSTEMS = ["-s", f"copy={COPY} {{in}} {{code}} :: {COPY} {{code}} {{out}}", "-s", "speech-16k@3k"]


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(0)
    for name in ("a", "b", "c"):
        soundfile.write(folder / f"{name}.wav", 0.1 * rng.standard_normal(RATE), RATE, subtype="PCM_16")
    return folder


@pytest.fixture(scope="module")
def pages(clips: Path) -> dict[str, Path]:
    made = {test: clips.parent / f"{test}.html" for test in ("mushra", "abx")}
    for test, path in made.items():
        done = run("listening-test", clips, *SYSTEMS, "-o", path, "--test", test, "--clips", 2, "--duration", 0.5)
        assert done.exit_code == 0, done.output
    return made


def content(page: Path) -> dict[str, Any]:
    [packed] = re.findall(r'id="content">([^<]+)<', page.read_text("utf-8"))
    return dict(json.loads(base64.b64decode(packed)))


def sounds(page: Path) -> list[str]:
    [joined] = re.findall(r'id="sounds">([^<]+)<', page.read_text("utf-8"))
    return list(joined.split("\n"))


def test_it_holds_everything_and_tells_nothing(pages: dict[str, Path]) -> None:
    text = pages["mushra"].read_text("utf-8")
    assert not re.findall(r'(?:src|href)="(?!data:|#)', text)
    assert "speech-16k@3k" not in text
    for test, extra in {"mushra": {REFERENCE, ANCHOR}, "abx": {REFERENCE}}.items():
        trials, data = content(pages[test])["trials"], sounds(pages[test])
        assert [trial["clip"] for trial in trials] == ["a.wav", "b.wav"]
        for trial in trials:
            assert set(trial["sounds"]) == extra | {"copy", "speech-16k@3k"}
            found = {name: base64.b64decode(data[place]) for name, place in trial["sounds"].items()}
            assert found["copy"] == found[REFERENCE]
            assert len(set(found.values())) == len(found) - 1
            assert all(sound[:4] == b"fLaC" for sound in found.values())


def test_the_anchor_is_a_low_pass() -> None:
    noise = np.random.default_rng(0).standard_normal((2, RATE)).astype(np.float32)
    low = low_anchor(noise, RATE)
    assert low.shape == noise.shape
    before, after = (np.abs(np.fft.rfft(wav)) ** 2 for wav in (noise, low))
    assert after[:, 4000:].sum() < 10**-5 * before[:, 4000:].sum()
    kept = after[:, 100:3500].reshape(2, 34, 100).sum(2) / before[:, 100:3500].reshape(2, 34, 100).sum(2)
    assert np.abs(10 * np.log10(kept)).max() < 0.1  # dB, as BS.1534-3 asks
    assert low_anchor(noise, 6000) is noise


def listened(page: Path, tmp_path: Path, answer: Callable[[Any], None]) -> dict[str, Any]:
    """Go through a test at phone width; the answers that are saved."""
    with opened(page) as browser:
        browser.locator("#listener").fill("Anna B.")
        browser.locator("#begin").click()
        for _ in range(10):
            if browser.locator("#end").is_visible():
                break
            assert browser.evaluate("document.documentElement.scrollWidth") <= 390
            assert browser.locator("#next").is_disabled()
            browser.locator("[data-sound]").first.wait_for()
            for button in browser.locator("[data-sound]").all():
                button.click()
                browser.wait_for_function("players.length > 0 && audio.state === 'running'")
                assert browser.evaluate("players.length === state.length")
                assert button.get_attribute("aria-pressed") == "true"
            answer(browser)
            browser.locator("#next").click()
        for kind in ("json", "csv"):
            with browser.expect_download() as download:
                browser.locator(f"#{kind}").click()
            download.value.save_as(tmp_path / f"answers.{kind}")
            assert download.value.suggested_filename.endswith(f"-Anna_B_.{kind}")
    rows = (tmp_path / "answers.csv").read_text("utf-8").splitlines()
    answers = dict(json.loads((tmp_path / "answers.json").read_text("utf-8")))
    assert len(rows) == 1 + len(answers["answers"])
    return answers


def test_a_listener_rates(pages: dict[str, Path], tmp_path: Path) -> None:
    def answer(browser: Any) -> None:
        for slider in browser.locator("input[type=range]").all():
            slider.fill("95")

    found = listened(pages["mushra"], tmp_path, answer)
    assert (found["test"], found["listener"], len(found["answers"])) == ("mushra", "Anna B.", 8)
    assert {a["system"] for a in found["answers"]} == {REFERENCE, ANCHOR, "copy", "speech-16k@3k"}
    assert all(a["score"] == 95 for a in found["answers"])
    summed = run("ratings", tmp_path / "answers.json")
    assert summed.exit_code == 0
    assert "| copy | 95.0 | 95.0 to 95.0 | 2 |" in summed.stdout


def test_a_listener_compares(pages: dict[str, Path], tmp_path: Path) -> None:
    found = listened(pages["abx"], tmp_path, lambda browser: browser.locator("[data-answer='0']").click())
    assert (found["test"], len(found["answers"])) == ("abx", 4)
    assert all(a["correct"] in (0, 1) for a in found["answers"])
    right = sum(a["correct"] for a in found["answers"] if a["system"] == "speech-16k@3k")
    assert f"| speech-16k@3k | {right} of 2 |" in run("ratings", tmp_path / "answers.json").stdout


def saved(path: Path, listener: str, scores: dict[str, list[int]]) -> Path:
    answers = [{"system": system, "score": score} for system, values in scores.items() for score in values]
    path.write_text(
        json.dumps({"format": 1, "test": "mushra", "page": "p", "listener": listener, "answers": answers}), "utf-8"
    )
    return path


def test_listeners_who_miss_the_reference_are_left_out(tmp_path: Path) -> None:
    good = saved(tmp_path / "1.json", "good", {REFERENCE: [100] * 9 + [50], "x": [40] * 10})
    deaf = saved(tmp_path / "2.json", "deaf", {REFERENCE: [100] * 8 + [50] * 2, "x": [90] * 10})
    summed = run("ratings", good, deaf)
    assert "| x | 40.0 | 40.0 to 40.0 | 10 |" in summed.stdout
    assert summed.stdout.index(REFERENCE) < summed.stdout.index("| x |")
    assert "listeners: 1; excluded for rating the hidden reference below 90 too often: deaf" in summed.stdout
    nobody = run("ratings", deaf)
    assert (nobody.exit_code, nobody.stderr.count("\n")) == (1, 1)
    assert "no reliable listener" in nobody.stderr


def test_answers_that_do_not_belong_together(tmp_path: Path) -> None:
    one = saved(tmp_path / "1.json", "one", {REFERENCE: [100], "x": [40]})
    other = tmp_path / "2.json"
    other.write_text(one.read_text("utf-8").replace('"page": "p"', '"page": "q"'), "utf-8")
    abx = tmp_path / "3.json"
    answers = one.read_text("utf-8").replace("mushra", "abx")
    abx.write_text(re.sub(r'"score": \d+', '"correct": 1', answers), "utf-8")
    for files, said in (
        ((one, other), "different pages"),
        ((one, abx), "different pages"),
        ((one, one), "answers of one appear twice"),
    ):
        done = run("ratings", *files)
        assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
        assert said in done.stderr


def test_keys_play_and_rate(pages: dict[str, Path]) -> None:
    with opened(pages["mushra"]) as browser:
        browser.locator("#begin").click()
        browser.locator("[data-sound]").first.wait_for()
        browser.keyboard.press("r")
        assert browser.locator("#open button").get_attribute("aria-pressed") == "true"
        browser.keyboard.press("2")
        browser.keyboard.press("ArrowRight")
        assert browser.locator("output").all_text_contents() == ["–", "51", "–", "–"]
        assert browser.evaluate("players.length") == 5
        browser.keyboard.press("Escape")
        assert browser.evaluate("players.length") == 0


def test_guessing() -> None:
    assert guessing(0, 5) == 1
    assert guessing(5, 5) == 1 / 32
    assert guessing(8, 10) == pytest.approx(0.0546875)


NO_ANSWERS = [
    "",
    "[]",
    "{}",
    '{"listener": "a", "test": "mushra", "page": "p", "answers": [], "format": 1}',
    '{"listener": "a", "test": "mushra", "page": "p", "answers": [{"system": "x", "score": 101}], "format": 1}',
    '{"listener": "a", "test": "xyz", "page": "p", "answers": [{"system": "x", "score": 1}], "format": 1}',
]


@pytest.mark.parametrize("text", NO_ANSWERS)
def test_what_holds_no_answers_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    done = run("ratings", tmp_path / "a.json")
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "holds no answers of a listening test" in done.stderr


def test_bad_input_of_listen(clips: Path, pages: dict[str, Path], tmp_path: Path) -> None:
    assert "exists already" in run("listening-test", clips, *SYSTEMS, "-o", pages["abx"]).stderr
    twice = run("listening-test", clips, "-s", "speech-16k@3k", "-s", "speech-16k@3k", "-o", tmp_path / "a.html")
    assert (twice.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert "same name" in twice.stderr
    assert (
        "same name"
        in run("listening-test", clips, "-s", f"{ANCHOR}={COPY} {{in}} {{out}}", "-o", tmp_path / "a.html").stderr
    )
    assert run("listening-test", tmp_path, *SYSTEMS, "-o", tmp_path / "a.html").exit_code == 1
    assert run("listening-test", clips, "-o", tmp_path / "a.html").exit_code == 2
