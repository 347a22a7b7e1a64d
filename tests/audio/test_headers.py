"""No header is trusted: what is promised is compared with what is there, and what is not read is named."""

from __future__ import annotations

import io
import logging
import re
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiocodec import audio
from audiocodec.audio import ffmpeg, mpeg
from audiocodec.errors import AudioError, CutShortError
from tests.conftest import SPEECH

needs_ffmpeg = pytest.mark.skipif(ffmpeg.program() is None, reason="ffmpeg is not installed")
SOUND, RATE = soundfile.read(SPEECH, dtype="float32")
SAMPLES = len(SOUND)


def coded(
    format: str, subtype: str | None = None, sound: np.ndarray = SOUND, rate: int = RATE, mode: str | None = None
) -> bytes:
    file, channels = io.BytesIO(), 1 if sound.ndim == 1 else sound.shape[1]
    with soundfile.SoundFile(file, "w", rate, channels, subtype, format=format, bitrate_mode=mode) as out:
        for start in range(0, len(sound), 16_384):
            out.write(sound[start : start + 16_384])
    return file.getvalue()


def without_first_frame(data: bytes) -> bytes:
    """MP3 whose Xing header, a frame of its own, is gone."""
    frame = mpeg.frame_at(data, 0)
    assert frame is not None
    return data[frame.size :]


def with_size(data: bytes, chunk: bytes, size: int, order: str = "little") -> bytes:
    at = data.index(chunk) + 4
    return data[:at] + size.to_bytes(4, order) + data[at + 4 :]  # type: ignore[arg-type]


def flac_of_unknown_length() -> bytes:
    data = bytearray(coded("FLAC"))
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    return bytes(data)


STEREO = np.stack([SOUND, -SOUND], axis=1)
VBR = without_first_frame(coded("MP3", mode="VARIABLE"))
WAV = coded("WAV")
INCOMPLETE: dict[str, tuple[str, Callable[[], bytes], float]] = {
    "variable rate without a header": (".mp3", lambda: VBR, 1),
    "joined mp3": (".mp3", lambda: 2 * coded("MP3"), 2),
    "joined mp3 of two kinds": (
        ".mp3",
        lambda: coded("MP3") + coded("MP3", sound=STEREO, rate=44_100),
        1 + RATE / 44_100,
    ),
    "chained ogg": (".ogg", lambda: 2 * coded("OGG", "VORBIS"), 2),
    "chained opus": (".opus", lambda: 2 * coded("OGG", "OPUS"), 2),
    "flac of unknown length": (".flac", flac_of_unknown_length, 1),
    "wav of size 0": (".wav", lambda: with_size(WAV, b"data", 0), 1),
    "wav and riff of size 0": (".wav", lambda: with_size(with_size(WAV, b"data", 0), b"RIFF", 0), 1),
    "au of size 0": (".au", lambda: (data := coded("AU"))[:8] + bytes(4) + data[12:], 1),
}


def seconds(path: Path) -> float:
    wav, rate = audio.read(path)
    return wav.shape[1] / rate


@needs_ffmpeg
@pytest.mark.parametrize("kind", INCOMPLETE)
def test_what_libsndfile_reads_in_part_ffmpeg_reads_whole(tmp_path: Path, kind: str) -> None:
    suffix, make, times = INCOMPLETE[kind]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(make())
    assert seconds(path) == pytest.approx(times * SAMPLES / RATE, abs=0.12)


@pytest.mark.parametrize("kind", INCOMPLETE)
def test_without_ffmpeg_it_is_refused(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    suffix, make, _ = INCOMPLETE[kind]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(make())
    monkeypatch.setattr(ffmpeg, "program", lambda: None)
    with pytest.raises(AudioError, match="ffmpeg may read it, install that"):
        audio.read(path)


WHOLE = {
    "wav": (".wav", WAV),
    "wav with a tag": (".wav", WAV + b"TAG" + bytes(125)),
    "wav of unknown length": (".wav", with_size(WAV, b"data", 2**32 - 1)),
    "aiff of unknown length": (".aiff", with_size(coded("AIFF"), b"SSND", 2**32 - 1, "big")),
    "variable rate with a header": (".mp3", coded("MP3", mode="VARIABLE")),
    "mp3 with tags": (".mp3", b"ID3\3\0\0\0\0\0\x0a" + bytes(10) + coded("MP3") + b"TAG" + bytes(125)),
    "flac": (".flac", coded("FLAC")),
    "vorbis": (".ogg", coded("OGG", "VORBIS")),
    "opus": (".opus", coded("OGG", "OPUS")),
    "adpcm": (".wav", coded("WAV", "IMA_ADPCM")),
    **{name: (f".{name}", coded(name.upper())) for name in ("aiff", "au", "w64", "rf64", "caf", "nist", "voc")},
}


@pytest.mark.parametrize("kind", WHOLE)
def test_whole_files_never_go_to_ffmpeg(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    suffix, data = WHOLE[kind]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data)
    monkeypatch.setattr(ffmpeg.subprocess, "Popen", lambda *arguments, **options: pytest.fail("ffmpeg was started"))
    assert seconds(path) == pytest.approx(SAMPLES / RATE, abs=0.06)
    assert caplog.messages == []


@needs_ffmpeg
@pytest.mark.parametrize("options", [["-b:a", "64k"], ["-b:a", "32k", "-ac", "2"], ["-c:a", "mp2", "-b:a", "128k"]])
def test_constant_rate_without_a_header_is_read_by_libsndfile(tmp_path: Path, options: list[str]) -> None:
    path, program = tmp_path / "a.mp3", ffmpeg.program()
    assert program is not None
    command = [program, "-v", "error", "-nostdin", "-i", str(SPEECH), *options, "-write_xing", "0", "-f", "mp3"]
    command = command if "mp2" not in options else [*command[:-4], "-f", "mp2"]
    ffmpeg.subprocess.run([*command, str(path)], check=True)
    with audio.AudioReader(path) as reader:
        assert reader.seekable
        assert sum(block.shape[1] for block in reader) == pytest.approx(SAMPLES, abs=2500)


CUT = ["wav", "aiff", "au", "w64", "rf64", "caf", "nist", "voc", "flac", "adpcm", "vorbis", "opus"]


@pytest.mark.parametrize("kind", [*CUT, "variable rate with a header"])
def test_cut_files_are_refused(tmp_path: Path, kind: str) -> None:
    suffix, data = WHOLE[kind]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(CutShortError, match=r"is cut short|breaks off"):
        audio.read(path)


@pytest.mark.parametrize("kind", [*CUT, "variable rate with a header"])
def test_what_is_there_of_cut_files_can_be_read(tmp_path: Path, kind: str) -> None:
    if kind == "caf" and ffmpeg.program() is None:
        pytest.skip("libsndfile does not open a cut CAF")
    suffix, data = WHOLE[kind]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data[: len(data) * 6 // 10])
    with audio.AudioReader(path, salvage=True) as reader:
        there = np.concatenate(list(reader), axis=1)
        assert 0.5 < there.shape[1] / reader.sample_rate / (SAMPLES / RATE) < 0.61
    assert re.match("is cut short, .* missing$|breaks off while being read", reader.missing)
    path.write_bytes(data)
    with audio.AudioReader(path, salvage=True) as reader:
        whole = np.concatenate(list(reader), axis=1)
    assert reader.missing == ""
    assert np.array_equal(whole[:, : there.shape[1] - 1000], there[:, :-1000])
    path.write_bytes(data[:10])
    with pytest.raises(AudioError), audio.AudioReader(path, salvage=True) as reader:
        list(reader)


def test_a_file_cut_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(300_000), RATE)
    with audio.AudioReader(path) as reader:
        blocks = iter(reader)
        next(blocks)
        with path.open("r+b") as file:
            file.truncate(200_000)
        with pytest.raises(AudioError, match="of the 300000 samples it promises are there"):
            list(blocks)


def test_joined_flac_is_refused(tmp_path: Path) -> None:
    """ffmpeg 5 to 7 drop part of it without a word, too."""
    data = coded("FLAC")
    (tmp_path / "a.flac").write_bytes(2 * data)
    with pytest.raises(AudioError, match=f"another FLAC file after its end, {len(data)} bytes that nothing here reads"):
        audio.read(tmp_path / "a.flac")


def test_what_lies_behind_the_sound_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As of a WAV above 4 GB, whose size is modulo 2^32."""
    path = tmp_path / "a.wav"
    path.write_bytes(with_size(WAV, b"data", 100_000))
    with caplog.at_level(logging.WARNING):
        assert audio.read(path)[0].shape == (1, 50_000)
    assert caplog.messages == [f"{path}: {2 * SAMPLES - 100_000} bytes after its audio were not read"]


def test_joined_wav_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(WAV + WAV)
    with pytest.raises(AudioError, match=f"{len(WAV)} bytes after its audio were not read|cannot be read as sound"):
        audio.read(tmp_path / "a.wav")


@needs_ffmpeg
@pytest.mark.parametrize("suffix", [".m4a", ".mp4", ".aac", ".mka", ".wma", ".webm"])
def test_formats_of_ffmpeg(tmp_path: Path, suffix: str) -> None:
    path, source = tmp_path / f"a{suffix}", tmp_path / "in.wav"
    source.write_bytes(WAV)
    titled = ["-metadata", "title=Hallo"] if suffix != ".aac" else []
    program = ffmpeg.program()
    assert program is not None
    command = [program, "-v", "error", "-nostdin", "-i", str(source), *titled, "-strict", "-2", str(path)]
    if ffmpeg.subprocess.run(command, capture_output=True).returncode:
        pytest.skip(f"this ffmpeg cannot write {suffix}")
    with audio.AudioReader(path) as reader:
        assert (reader.seekable, reader.samples) == (False, 0)
        assert reader.tags == ({"title": "Hallo"} if titled else {})
    assert seconds(path) == pytest.approx(SAMPLES / RATE, abs=0.1)
    wav, _ = audio.read(path, RATE)
    part = SOUND[10_000:26_000]
    assert np.correlate(wav[0, :40_000], part).max() > 0.5 * (part**2).sum()
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    if suffix != ".aac":  # it does not say how long it is
        with pytest.raises(AudioError, match=r"is cut short|breaks off|ended prematurely"):
            audio.read(path)


@needs_ffmpeg
def test_ffmpeg_opens_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "secret.wav").write_bytes(WAV)
    (tmp_path / "a.mka").write_text("ffconcat version 1.0\nfile secret.wav\n")
    (tmp_path / "b.mka").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nsecret.wav\n#EXT-X-ENDLIST\n")
    for name in ("a.mka", "b.mka"):
        with pytest.raises(AudioError, match="cannot be read as sound"):
            audio.read(tmp_path / name)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("signed", [False, True])
def test_24_bits_in_4_bytes(tmp_path: Path, channels: int, extensible: bool, signed: bool) -> None:
    """In the lower three bytes, as `arecord -f S24_LE` has it; the fourth holds zeros or the sign."""
    values = np.random.default_rng(0).integers(-(2**23), 2**23, (1000, channels))
    words = values.astype("<i4") if signed else (values & 0xFFFFFF).astype("<i4")
    rate, align = 16_000, 4 * channels
    fields = struct.pack("<HHIIHH", 0xFFFE if extensible else 1, channels, rate, rate * align, align, 24)
    if extensible:
        fields += struct.pack("<HHIHHIIII", 22, 24, 0, 1, 0, 0x100000, 0xAA000080, 0x719B3800, 0)[:24]
    body = b"WAVE" + b"fmt " + struct.pack("<I", len(fields)) + fields
    body += b"data" + struct.pack("<I", words.nbytes) + words.tobytes()
    (tmp_path / "a.wav").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    wav, _ = audio.read(tmp_path / "a.wav")
    assert np.array_equal(wav, values.T.astype(np.float32) / 2**23)


@pytest.mark.parametrize("suffix", [".ogg", ".opus"])
@pytest.mark.parametrize("channels", [3, 5, 6, 8])
def test_channels_keep_their_places(tmp_path: Path, suffix: str, channels: int) -> None:
    """A tone in one channel after the other, the order of WAV outside and of Vorbis in the file."""
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(4800) / 48_000)
    wav = np.zeros((channels, channels * 4800), np.float32)
    for c in range(channels):
        wav[c, c * 4800 : (c + 1) * 4800] = tone
    path = tmp_path / f"a{suffix}"
    audio.write(path, wav, 48_000)

    def order(sound: np.ndarray) -> list[int]:
        sound = np.pad(sound, ((0, 0), (0, 4800)))[:, : channels * 4800]
        parts = sound.reshape(channels, channels, 4800)[:, :, 1000:3800]
        return [int(c) for c in (parts**2).mean(axis=2).argmax(axis=1)]

    assert order(audio.read(path)[0]) == list(range(channels))
    raw = soundfile.read(path, dtype="float32")[0].T
    if channels == 6:
        assert order(raw) == [0, 2, 1, 4, 5, 3]  # front left, centre, right, surrounds, subwoofer last
    if ffmpeg.program():
        file = ffmpeg.FfmpegFile(path)
        heard = np.concatenate(list(file.blocks(4096))).T
        file.close()
        assert order(heard) == list(range(channels))


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff", ".w64"])
def test_16_bits_are_rounded_to_the_nearest(tmp_path: Path, suffix: str) -> None:
    wav = np.array([[-1e-9, 0.4 / 32768, -0.4 / 32768, 0.6 / 32768, -0.6 / 32768, 2.0, -2.0]], np.float32)
    audio.write(tmp_path / f"a{suffix}", wav, 16_000)
    assert soundfile.read(tmp_path / f"a{suffix}", dtype="int16")[0].tolist() == [0, 0, 0, 1, -1, 32767, -32768]
    piped = io.BytesIO()
    audio.WavPipe(piped, 16_000, 1, 7).write(wav)
    assert np.frombuffer(piped.getvalue()[44:], "<i2").tolist() == [0, 0, 0, 1, -1, 32767, -32768]


def test_floats_of_the_range_of_integers_are_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", 32_767 * SOUND, RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"has a peak of \d+.* where full scale is 1"):
        audio.read(tmp_path / "a.wav")
    soundfile.write(tmp_path / "loud.wav", 20 * SOUND, RATE, subtype="FLOAT")
    assert audio.read(tmp_path / "loud.wav")[0].shape == (1, SAMPLES)


def test_nan_is_never_written(tmp_path: Path) -> None:
    for suffix in (".wav", ".flac", ".mp3"):
        writer = audio.AudioWriter(tmp_path / f"a{suffix}", 16_000, 1, suffix)
        with pytest.raises(AudioError, match="what is to be written holds NaN"):
            writer.write(np.full((1, 100), np.nan, np.float32))
        writer.close()


@pytest.mark.parametrize("with_ffmpeg", [True, False])
def test_what_libsndfile_says_is_not_repeated_where_it_misleads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_ffmpeg: bool
) -> None:
    """It takes an MP3 that it cannot decode for a file that is not there."""
    path = tmp_path / "a.mp3"
    path.write_bytes(b"\xff\xfb\x90\x00" + bytes(60))
    if not with_ffmpeg:
        monkeypatch.setattr(ffmpeg, "program", lambda: None)
    with pytest.raises(AudioError) as caught:
        audio.read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert not any(words in str(caught.value) for words in ("regular file", "Unspecified", "unknown error"))


@pytest.mark.parametrize("salvage", [False, True])
def test_blocks_of_an_mp3_are_those_of_the_whole(tmp_path: Path, salvage: bool) -> None:
    """A seek between two reads would lose the bits that one frame holds for the next."""
    path = tmp_path / "a.mp3"
    path.write_bytes(coded("MP3", sound=np.tile(SOUND, 4), mode="VARIABLE"))
    whole, _ = soundfile.read(path, dtype="float32")
    with audio.AudioReader(path, salvage) as reader:
        read = np.concatenate(list(reader), axis=1)[0]
    np.testing.assert_allclose(read, whole, atol=1e-6)


def ogg_pages(data: bytes) -> list[bytes]:
    starts = [found.start() for found in re.finditer(b"OggS", data)]
    return [data[start:end] for start, end in zip(starts, [*starts[1:], len(data)], strict=True)]


def with_a_wrong_byte(page: bytes) -> bytes:
    return page[:-5] + bytes([page[-5] ^ 1]) + page[-4:]


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("damage", [with_a_wrong_byte, lambda page: b""])
def test_damage_within_an_ogg_file_is_named(tmp_path: Path, subtype: str, damage: Callable[[bytes], bytes]) -> None:
    *before, hit, last = ogg_pages(coded("OGG", subtype, np.tile(SOUND, 4)))
    path = tmp_path / "a.ogg"
    path.write_bytes(b"".join([*before, damage(hit), last]))
    with audio.AudioReader(path, salvage=True) as reader:
        count = sum(block.shape[1] for block in reader)
    assert 0 < count < 4 * SAMPLES
    assert reader.missing == "is damaged, pages are missing or fail their checksum (1)"
    with pytest.raises(CutShortError, match=r"a.ogg: is damaged, pages are missing"):
        audio.read(path)


def test_a_recorded_broadcast_is_read_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pages = ogg_pages(coded("OGG", "VORBIS", np.tile(SOUND, 4)))
    path = tmp_path / "a.ogg"
    path.write_bytes(b"".join([*pages[:2], *pages[4:]]))
    sound, _ = audio.read(path)
    assert 0 < sound.shape[1] < 4 * SAMPLES
    assert "a.ogg: begins in the middle of a stream" in caplog.text


def test_salvage_changes_no_block_of_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(coded("WAV", sound=np.tile(SOUND, 3)))
    with audio.AudioReader(path) as reader, audio.AudioReader(path, salvage=True) as salvaging:
        assert [block.shape for block in salvaging] == [block.shape for block in reader]


@needs_ffmpeg
def test_further_sound_tracks_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    command = [ffmpeg.program() or "", "-v", "error", "-nostdin", "-i", str(SPEECH), "-c:a", "aac"]
    subprocess.run([*command, "-map", "0", "-map", "0", str(tmp_path / "two.mkv")], check=True)
    subprocess.run([*command, str(tmp_path / "one.mkv")], check=True)
    two, one = (audio.read(tmp_path / f"{name}.mkv")[0] for name in ("two", "one"))
    np.testing.assert_array_equal(two, one)
    assert caplog.messages == [f"{tmp_path}/two.mkv: has 2 sound tracks, of which the first is read"]


def test_salvage_of_nothing_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(WAV[:45])
    with (
        pytest.raises(CutShortError, match="is cut short, .*; none of it can be read"),
        audio.AudioReader(path, salvage=True) as reader,
    ):
        list(reader)
