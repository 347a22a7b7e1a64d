"""Sound in and out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import audiocodec
from audiocodec import audio
from audiocodec.errors import AudioError, OutputError


def tone(rate: int, frequency: float, seconds: float = 1.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(int(rate * seconds)) / rate)).astype(np.float32)[None]


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_resampling_keeps_what_fits_and_drops_the_rest(rate: int) -> None:
    kept = audio.resample(tone(rate, 1000), rate, 16_000)
    assert kept.shape == (1, 16_000)
    np.testing.assert_allclose(kept[0, 2000:-2000], tone(16_000, 1000)[0, 2000:-2000], atol=1e-3)
    if rate > 22_050:
        aliased = audio.resample(tone(rate, 12_000), rate, 16_000)
        assert np.abs(aliased[0, 2000:-2000]).max() < 1e-4


def test_resampling_in_blocks_is_resampling() -> None:
    wav = np.random.default_rng(0).standard_normal((2, 50_000)).astype(np.float32)
    whole = audio.resample(wav, 44_100, 16_000)
    for size in (1000, 777, 44_100):
        blocks = [wav[:, i : i + size] for i in range(0, 50_000, size)]
        pieces = np.concatenate(list(audio.resample_blocks(blocks, 44_100, 16_000, 2)), axis=1)
        assert np.array_equal(pieces, whole)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff"])
def test_formats_are_written_and_read(tmp_path: Path, suffix: str) -> None:
    wav = tone(48_000, 440, 2.0)
    path = tmp_path / f"a{suffix}"
    writer = audio.AudioWriter(path, 48_000, 1, suffix)
    for block in np.split(wav, 4, axis=1):
        writer.write(block)
    writer.close()
    back, rate = audio.read(path)
    assert rate == 48_000
    assert abs(back.shape[1] - wav.shape[1]) < 3000  # lossy formats pad
    assert 0.3 < np.abs(back).max() < 0.7


def test_formats_that_cannot_hold_it(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot write \.opus with 1 channels at 12345 Hz"):
        audio.AudioWriter(tmp_path / "a.opus", 12_345, 1, ".opus")
    with pytest.raises(OutputError, match="cannot write a file without suffix"):
        audio.AudioWriter(tmp_path / "a", 16_000, 1, "")


def test_formats_of_two_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot write \.SD2, which keeps rate and channels in a second file"):
        audiocodec.write(tmp_path / "a.SD2", tone(16_000, 440), 16_000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rate", [-1, 0, "16000", 0.5, float("nan"), 10**7])
def test_rates_that_are_none_are_refused(speech_path: Path, rate: object) -> None:
    with pytest.raises(AudioError, match="sample_rate: sample rate .* is"):
        audiocodec.read(speech_path, rate)  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_a_whole_file_is_written(tmp_path: Path, suffix: str) -> None:
    wav = np.concatenate([tone(16_000, 440, 9.0), 3 * tone(16_000, 1000, 9.0)])  # more than a block, and too loud
    audiocodec.write(tmp_path / f"a{suffix}", wav, 16_000)
    back, rate = audiocodec.read(tmp_path / f"a{suffix}")
    assert (back.shape, rate) == (wav.shape, 16_000)
    if suffix != ".ogg":
        np.testing.assert_allclose(back, np.clip(wav, -1, 1), atol=2**-15)
    audiocodec.write(str(tmp_path / "one.wav"), wav[0], 16_000)
    assert audiocodec.read(tmp_path / "one.wav")[0].shape == (1, 144_000)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    audiocodec.write(path, tone(16_000, 440), 16_000)
    before = path.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        audiocodec.write(path, tone(16_000, 880), 16_000)
    with pytest.raises(OutputError, match="cannot write"):
        audiocodec.write(tmp_path / "a.nonsense", tone(16_000, 440), 16_000)
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (before, [path])
    audiocodec.write(path, tone(16_000, 880), 16_000, overwrite=True)
    assert path.read_bytes() != before


@pytest.mark.parametrize(
    ("wav", "rate", "problem"),
    [
        (np.zeros((1, 10), np.int16), 16_000, "must be floats"),
        (np.zeros((1, 1, 10)), 16_000, "must be floats"),
        (np.full(10, np.nan), 16_000, "NaN or infinite"),
        (np.zeros(10), 8, "sample rate 8 Hz"),
    ],
)
def test_what_is_no_sound_is_not_written(tmp_path: Path, wav: np.ndarray, rate: int, problem: str) -> None:
    with pytest.raises(AudioError, match=problem):
        audiocodec.write(tmp_path / "a.wav", wav, rate)
    assert not list(tmp_path.iterdir())


def test_wav_of_unknown_length_is_read(tmp_path: Path) -> None:
    """What a program writes into a pipe: sizes of 2**32 - 1."""
    path = tmp_path / "piped.wav"
    soundfile.write(path, tone(16_000, 440)[0], 16_000)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[4:8] = data[at : at + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert audio.read(path)[0].shape == (1, 16_000)


def test_absurd_rates_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "slow.wav"
    soundfile.write(path, np.zeros(10), 8)
    with pytest.raises(AudioError, match="sample rate 8 Hz"):
        audio.read(path)


def test_folders_are_listed_in_order(tmp_path: Path) -> None:
    for name in ("b/x.FLAC", "a.wav", "b/note.txt", "c.mp3"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [str(p.relative_to(tmp_path)) for p in audio.list_audio_files(tmp_path)]
    assert found == ["a.wav", "b/x.FLAC", "c.mp3"]


def test_a_reader_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    audio.write(path, np.zeros(100, np.float32), 16_000)
    with audio.AudioReader(str(path)) as reader:
        assert sum(block.shape[1] for block in reader) == 100
        with pytest.raises(AudioError, match=r"a.wav: has been read already; open it again"):
            list(reader)
    with pytest.raises(AudioError, match=r"a.wav: is closed; open it again"):
        list(reader)
