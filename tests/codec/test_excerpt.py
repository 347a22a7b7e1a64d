"""A stretch of sound, decoded from the pages it needs alone, equals that of the whole."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from audiocodec import audio
from audiocodec.backends.base import frame_decoder
from audiocodec.codec import Codec
from audiocodec.codec.files import decode_part
from audiocodec.errors import ConfigError, DamagedFileError
from audiocodec.tokens import Tokens, cut_file
from audiocodec.tokens.page import PageCodec


@pytest.fixture(scope="module")
def long_speech(speech: np.ndarray) -> np.ndarray:
    """Fifteen seconds, "1 t", 16 kHz."""
    return np.tile(speech, 3)[:, : 15 * 16_000]


def decoded(codec: Codec, path: Path, tmp_path: Path, **part: float) -> np.ndarray:
    codec.decode_file(path, tmp_path / "out.wav", overwrite=True, **part)  # type: ignore[arg-type]
    return audio.read(tmp_path / "out.wav")[0]


@pytest.mark.parametrize("rate", [8_000, 16_000, 11_025, 44_100, 48_000])
def test_a_part_is_that_part_of_the_whole(codec: Codec, long_speech: np.ndarray, tmp_path: Path, rate: int) -> None:
    tokens = codec.encode(audio.resample(long_speech, 16_000, rate), rate)
    tokens.save(tmp_path / "a.fsq")
    whole = codec.decode(tokens)
    for start_s, duration_s in [(0.0, 1.0), (6.123, 2.5), (12.5, 3.0), (14.9, 9.0), (9.0, 0.0)]:
        codec_part, samples = decode_part(codec, tmp_path / "a.fsq", start_s, duration_s, codec.num_codebooks)
        part = np.concatenate([whole[:, :0], *codec_part], axis=1)[:, :samples]
        begin = round(start_s * rate)
        expected = whole[:, begin : begin + round(duration_s * rate)]
        assert part.shape == expected.shape
        np.testing.assert_allclose(part, expected, atol=1e-4)


def test_only_the_pages_needed_are_read(
    codec: Codec, long_speech: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.fsq"
    codec.encode(long_speech, 16_000).save(path)
    whole = decoded(codec, path, tmp_path)
    seen: list[int] = []
    parse = PageCodec.parse
    monkeypatch.setattr(
        PageCodec, "parse", lambda self, pages, until=None: (seen.extend(i for i, _ in pages), parse(self, pages))[1]
    )
    part = decoded(codec, path, tmp_path, start_s=12.1, duration_s=1.0)
    np.testing.assert_allclose(part, whole[:, 193_600:209_600], atol=1e-4)
    assert sorted(set(seen)) == [11, 12, 13]


def test_damage_elsewhere_does_no_harm(codec: Codec, long_speech: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "a.fsq"
    codec.encode(long_speech, 16_000).save(path)
    whole = decoded(codec, path, tmp_path)
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    np.testing.assert_allclose(decoded(codec, path, tmp_path, start_s=12), whole[:, 12 * 16_000 :], atol=1e-4)
    with pytest.raises(DamagedFileError, match="page . is damaged"):
        decoded(codec, path, tmp_path, start_s=5)


def test_the_past_a_decoder_needs_is_just_enough(codec: Codec, speech: np.ndarray) -> None:
    past = codec.info.past
    network = frame_decoder(codec.model, codec.info)
    quantized = codec.model.quantizer.decode(torch.from_numpy(codec.encode(speech, 16_000).codes))
    with torch.inference_mode():
        whole = codec.model.decoder(quantized[..., :150])[0][..., -320:]
        enough, too_little = (
            codec.model.decoder(quantized[..., first:150], network.skip(network.initial_state(), first))[0][..., -320:]
            for first in (149 - past, 149 - past + 2)
        )
    np.testing.assert_allclose(enough, whole, atol=1e-5)
    assert (too_little - whole).abs().max() > (enough - whole).abs().max()
    assert 10 < past < 100


@pytest.mark.parametrize(
    ("start", "duration", "said"),
    [
        (5.4, None, r"a.fsq: holds 5.000 s, nothing is left of it from 5.4 s on"),
        (5.0, 1.0, r"a.fsq: holds 5.000 s, nothing is left of it from 5 s on"),
        (-1.0, None, "neither may be negative"),
        (0.0, -1.0, "neither may be negative"),
    ],
)
def test_parts_that_are_not_there(
    codec: Codec, speech: np.ndarray, tmp_path: Path, start: float, duration: float | None, said: str
) -> None:
    codec.encode(speech[..., :80_000], 16_000).save(tmp_path / "a.fsq")
    with pytest.raises(ConfigError, match=said):
        codec.decode_file(tmp_path / "a.fsq", tmp_path / "a.wav", start_s=start, duration_s=duration)
    assert [p.name for p in tmp_path.iterdir()] == ["a.fsq"]


@pytest.mark.parametrize("time", ["1:20", float("nan"), float("inf"), [1]])
@pytest.mark.parametrize("name", ["start_s", "duration_s"])
def test_times_that_are_no_numbers(codec: Codec, speech: np.ndarray, tmp_path: Path, name: str, time: Any) -> None:
    codec.encode(speech[:, :8000], 16_000, 1).save(tmp_path / "a.fsq")
    sentence = f"{name} is {time!r}, it must be a number of seconds"
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        codec.decode_file(tmp_path / "a.fsq", tmp_path / "a.wav", **{name: time})
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        cut_file(tmp_path / "a.fsq", io.BytesIO(), **{name: time})
    assert [p.name for p in tmp_path.iterdir()] == ["a.fsq"]


def test_times_may_be_text(codec: Codec, speech: np.ndarray, tmp_path: Path) -> None:
    codec.encode(speech[:, :16_000], 16_000, 1).save(tmp_path / "a.fsq")
    options: dict[str, Any] = {"start_s": "0.25", "duration_s": "0.5"}
    codec.decode_file(tmp_path / "a.fsq", tmp_path / "a.wav", **options)
    assert soundfile.info(tmp_path / "a.wav").frames == 8000
    assert cut_file(tmp_path / "a.fsq", io.BytesIO(), **options).samples == 8000 + 4000 - 12 * 320  # from a frame on


def test_slices_for_training(codec: Codec, long_speech: np.ndarray, tmp_path: Path) -> None:
    tokens = codec.encode(long_speech, 16_000)
    tokens.save(tmp_path / "a.fsq")
    with Tokens.open(tmp_path / "a.fsq") as file:
        assert file.shape == tokens.codes.shape
        generator = np.random.default_rng(0)
        for _ in range(50):
            t0, t1 = sorted(generator.integers(0, len(file) + 1, 2))
            assert np.array_equal(file[t0:t1], tokens.codes[:, :, t0:t1])
