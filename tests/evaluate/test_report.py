"""The report is one file; in a browser it plays and switches at the same place."""

from __future__ import annotations

import base64
import io
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.image as plt_image
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from audiocodec import audio
from audiocodec.cli import main
from audiocodec.evaluate.report import _image, level_db
from tests.evaluate.browser import opened

RATE = 16_000
COPY = f"{shlex.quote(sys.executable)} -c 'import shutil,sys; shutil.copy(sys.argv[1], sys.argv[2])'"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    (folder / "clips").mkdir()
    rng = np.random.default_rng(0)
    for name in ("a <b>", "b", "c"):
        soundfile.write(folder / "clips" / f"{name}.wav", 0.1 * rng.standard_normal(2 * RATE), RATE, subtype="PCM_16")
    systems = ["-s", f"copy={COPY} {{in}} {{code}} :: {COPY} {{code}} {{out}}", "-s", "speech-16k@3k"]
    arguments = [
        "evaluate",
        str(folder / "clips"),
        "-o",
        str(folder / "out"),
        "--metrics",
        "si_sdr",
        "--report-clips",
        "2",
    ]
    done = CliRunner().invoke(main, [*arguments, *systems])
    assert done.exit_code == 0, done.output
    return folder / "out" / "report.html"


@pytest.mark.slow
def test_it_holds_everything_itself(report: Path) -> None:
    page = report.read_text("utf-8")
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert "<b>.wav" not in page
    assert "a &lt;b&gt;.wav" in page
    assert page.count("data-clip>") == 2
    assert "codebook 6: " in page
    sounds = re.findall(r'data-sound="data:audio/flac;base64,([^"]+)"', page)
    assert len(sounds) == 6
    assert page.count("<span>8 kHz</span>") == page.count("<span>2 s</span>") == 10
    for sound in sounds:
        data = base64.b64decode(sound)
        assert data[:4] == b"fLaC"
    original, copied = (base64.b64decode(sound) for sound in sounds[:2])
    assert original == copied


def test_pictures_keep_their_place() -> None:
    levels = np.full((513, 1300), -80.0)
    levels[100, 650] = levels[512, :] = 0  # a point; the topmost row is cut, as 513 rows are no multiple of 2
    picture = plt_image.imread(io.BytesIO(base64.b64decode(_image(levels, "gray", -80, 0).partition(",")[2])))
    assert picture.shape[:2] == (256, 650)
    assert [int(n) for n in np.unravel_index(picture[..., 0].argmax(), (256, 650))] == [255 - 50, 325]


def test_levels_are_those_of_a_full_scale_sine() -> None:
    sine = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)[None].astype(np.float32)
    levels = level_db(sine, RATE)
    assert levels.max() == pytest.approx(0, abs=0.5)
    assert levels.min() == -80


@pytest.fixture
def page(report: Path) -> Iterator[Any]:
    with opened(report) as page:
        yield page


def test_a_browser_plays_and_switches_at_the_same_place(page: Any) -> None:
    clip = page.locator("[data-clip]").first
    player = clip.locator("audio")
    player.evaluate("p => new Promise(done => p.readyState ? done() : p.onloadedmetadata = done)")
    assert player.evaluate("p => p.duration") == pytest.approx(2, abs=0.05)
    player.evaluate("p => { p.currentTime = 1.25 }")
    clip.get_by_role("button", name="speech-16k@3k").click()
    player.evaluate("p => new Promise(done => p.readyState > 1 && !p.seeking ? done() : p.onseeked = done)")
    assert player.evaluate("p => p.currentTime") == pytest.approx(1.25, abs=0.05)
    assert clip.locator("[data-pictures]:visible").count() == 1
    assert clip.get_by_role("button", name="speech-16k@3k").get_attribute("aria-pressed") == "true"
    assert clip.get_by_role("button", name="original").get_attribute("aria-pressed") == "false"


def test_it_fits_a_phone(page: Any) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_reading_back_gives_what_was_heard(report: Path, tmp_path: Path) -> None:
    sound = re.findall(r'data-sound="data:audio/flac;base64,([^"]+)"', report.read_text("utf-8"))[0]
    (tmp_path / "x.flac").write_bytes(base64.b64decode(sound))
    wav, rate = audio.read(tmp_path / "x.flac")
    assert (wav.shape, rate) == ((1, 2 * RATE), RATE)
