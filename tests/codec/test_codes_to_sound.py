"""Codes of anyone's, a language model's above all, to sound in one call: each as it would be alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from audiocodec.codec import Codec, load
from audiocodec.codec.blocks import MOST_FRAMES
from audiocodec.errors import AudioError, ConfigError, ModelError, TokenFileError
from audiocodec.tokens import Tokens, verify

RATE = 16_000
RATES = (RATE, 8000, 44_100, RATE, RATE)


@pytest.fixture(scope="module", params=["onnx", "torch"])
def either(request: pytest.FixtureRequest) -> Codec:
    return load("speech-16k", backend=request.param)


@pytest.fixture(scope="module")
def onnx() -> Codec:
    return load("speech-16k", backend="onnx")


@pytest.fixture(scope="module")
def tokens(onnx: Codec, speech: np.ndarray) -> Tokens:
    return onnx.encode(speech[:, :40_000], RATE, num_codebooks=4)


def test_one_sound(either: Codec, tokens: Tokens) -> None:
    codes = tokens.codes[0]
    wav = either.decode(codes)
    assert (wav.shape, wav.dtype) == ((1, codes.shape[1] * 320 - 320), np.float32)
    assert np.array_equal(wav[:, :40_000], either.decode(tokens))
    assert np.array_equal(either.decode(codes.astype(np.uint16)), wav)
    assert np.array_equal(either.decode(codes, num_codebooks=2), either.decode(codes[:2]))


def test_a_long_page_is_decoded_in_parts(onnx: Codec, tokens: Tokens) -> None:
    """A few bytes may stand for many frames; the sound is the same, and never whole in memory."""
    pages = np.tile(tokens.codes, 20)
    blocks = list(onnx.block_decoder(tokens.header).decode([pages]))
    assert len(blocks) > 1
    assert max(block.shape[1] for block in blocks) <= MOST_FRAMES * onnx.info.hop_length
    by_page = onnx.block_decoder(tokens.header).decode(pages[:, :, i : i + 50] for i in range(0, pages.shape[2], 50))
    assert np.array_equal(np.concatenate(blocks, 1), np.concatenate(list(by_page), 1))
    lost = list(onnx.block_decoder(tokens.header).decode([5000]))
    assert max(block.shape[1] for block in lost) <= MOST_FRAMES * onnx.info.hop_length


@pytest.mark.parametrize("threads", [1, 2])
def test_a_batch_is_each_alone(either: Codec, tokens: Tokens, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(either, "threads", threads)
    codes = np.stack([np.roll(tokens.codes[0], 13 * i, axis=1) for i in range(9)])
    wavs = either.decode(codes)
    assert wavs.shape == (9, 1, codes.shape[2] * 320 - 320)
    for wav, item in zip(wavs, codes, strict=True):
        assert np.array_equal(wav, either.decode(item))


def test_tensors_give_tensors(onnx: Codec, tokens: Tokens) -> None:
    for codes in (tokens.codes, tokens.codes[0]):
        wav = onnx.decode(torch.from_numpy(codes))
        assert isinstance(wav, torch.Tensor)
        assert wav.dtype == torch.float32
        assert np.array_equal(wav.numpy(), onnx.decode(codes))
    assert isinstance(onnx.decode(torch.from_numpy(tokens.codes[0].astype(np.int32))), torch.Tensor)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_list_is_each_alone(either: Codec, speech: np.ndarray, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(either, "threads", threads)
    wavs = [speech[:, :n] for n in (0, 1, 5000, 40_000)] + [np.stack([speech[0, :9000], speech[0, 9000:18_000]])]
    tokens = [either.encode(wav, rate, n) for wav, rate, n in zip(wavs, RATES, (1, 2, 7, 12, 3), strict=True)]
    items: list[Any] = [*tokens, tokens[3].codes[0], torch.from_numpy(tokens[2].codes)]
    heard = either.decode(items)
    assert [wav.shape for wav in heard[:5]] == [wav.shape for wav in wavs]
    assert isinstance(heard[6], torch.Tensor)
    for wav, item in zip(heard, items, strict=True):
        assert np.array_equal(wav, either.decode(item))
    for wav, item in zip(either.decode(items, 1), items, strict=True):
        assert np.array_equal(wav, either.decode(item, num_codebooks=1))
    assert either.decode([]) == []


def test_joint_stereo_in_a_list(speech: np.ndarray) -> None:
    music = load("audio-44k")
    stereo = np.stack([speech[0, :30_000], 0.5 * np.roll(speech[0, :30_000], 40)])
    tokens = [music.encode(stereo, 44_100, n) for n in (1, 6)]  # the first has no side
    for wav, item in zip(music.decode(tokens), tokens, strict=True):
        assert wav.shape == (2, 30_000)
        assert np.array_equal(wav, music.decode(item))


def test_too_few_frames_are_no_sound(onnx: Codec) -> None:
    assert onnx.decode(np.zeros((3, 0), np.int64)).shape == (1, 0)
    assert onnx.decode(np.zeros((3, 1), np.int64)).shape == (1, 0)  # 20 ms, all of it the delay
    assert onnx.decode(np.zeros((0, 3, 5), np.int64)).shape == (0, 1, 1280)
    assert onnx.decode(torch.zeros(2, 3, 1, dtype=torch.long)).shape == (2, 1, 0)


def test_a_batch_of_sounds_gives_a_list(either: Codec, speech: np.ndarray) -> None:
    batch = np.stack([speech[:, i * 5000 :][:, :5000] for i in range(3)])
    for wavs in (batch, torch.from_numpy(batch), torch.from_numpy(batch).requires_grad_()):
        assert either.encode(wavs, RATE, 3) == [either.encode(wav, RATE, 3) for wav in batch]
    pairs = batch.reshape(1, 3, 5000)
    assert either.encode(pairs, RATE, 3) == [either.encode(pairs[0], RATE, 3)]
    assert either.encode(batch[:0], RATE) == []


MISUSE = {
    "nothing": (None, "decode takes Tokens, codes 'q t' or 'b q t'"),
    "a path": ("a.fsq", "got str"),
    "a number": (3, "got int"),
    "lists of numbers": ([[1, 2], [3, 4]], "got list"),
    "one axis": (np.zeros(4, np.int64), "codes must be integers"),
    "four axes": (np.zeros((1, 1, 1, 1), np.int64), "codes must be integers"),
    "floats": (np.zeros((3, 4)), "codes must be integers 'q t' or 'b q t', got float64"),
    "bools": (np.zeros((3, 4), bool), "codes must be integers"),
    "objects": (np.array([[None]]), "codes must be integers"),
    "bfloat16": (torch.zeros(3, 4, dtype=torch.bfloat16), "codes must be integers"),
    "no data": (torch.zeros(3, 4, dtype=torch.long, device="meta"), "codes must be integers"),
    "no codebooks": (np.zeros((0, 4), np.int64), "got 0 codebooks"),
    "too many codebooks": (np.zeros((13, 4), np.int64), "got 13 codebooks"),
    "too large": (torch.full((2, 3, 4), 972), r"a code is outside \[0, 972\)"),
    "negative": (np.full((3, 4), -2), "a code is outside"),
    "one of a list": ([np.zeros((3, 4), np.int64), np.zeros((3, 4))], "codes must be integers"),
}


@pytest.mark.parametrize("kind", MISUSE)
def test_misuse_is_a_sentence(onnx: Codec, kind: str) -> None:
    codes, message = MISUSE[kind]
    with pytest.raises(ConfigError, match=message) as caught:
        onnx.decode(codes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("n", [0, 5, -1, "2", 1.5, None.__class__])
def test_no_such_number_of_codebooks(onnx: Codec, tokens: Tokens, n: Any) -> None:
    for item in (tokens, tokens.codes, tokens.codes[0], [tokens]):
        with pytest.raises(ConfigError, match="num_codebooks is .*, it must be 1 to 4"):
            onnx.decode(item, n)


@pytest.mark.parametrize(
    "options",
    [{"num_codebooks": "3"}, {"num_codebooks": 2.5}, {"bitrate": [3]}, {"bitrate": "fast"}, {"bitrate": float("nan")}],
)
def test_misuse_of_encode(onnx: Codec, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        onnx.encode(np.zeros(1000, np.float32), RATE, **options)
    with pytest.raises(ConfigError, match="threads is '2'"):
        load("speech-16k", threads="2")  # type: ignore[arg-type]
    for bad in (torch.zeros(3, device="meta"), np.zeros((1, 1, 1, 1)), None, {"wav": 1}):
        with pytest.raises(AudioError, match="wav must be floats"):
            onnx.encode(bad, RATE)


def test_other_models_are_refused_in_a_list(onnx: Codec, tokens: Tokens) -> None:
    other = Tokens(tokens.codes, replace(tokens.header, model="else", model_hash=bytes(16)))
    with pytest.raises(ModelError, match="these tokens are of model 'else'"):
        onnx.decode([tokens, other])


@pytest.mark.parametrize("rate", [8000, RATE, 44_100])
def test_of_unknown_length_is_all_that_the_frames_hold(onnx: Codec, tokens: Tokens, rate: int, tmp_path: Path) -> None:
    made = Tokens(tokens.codes, onnx.info.header(rate, 1, None, 4))
    frames = tokens.codes.shape[2]
    samples = (frames - 1) * 320 * rate // RATE
    assert (made.samples, made.duration_s) == (samples, samples / rate)
    wav = onnx.decode(made)
    assert wav.shape == (1, samples)
    if rate == RATE:
        assert np.array_equal(wav, onnx.decode(tokens.codes[0]))
    made.save(tmp_path / "a.fsq")
    again = Tokens.load(tmp_path / "a.fsq")
    assert (again.header.samples, Tokens.open(tmp_path / "a.fsq").header.samples) == (samples, samples)
    assert np.array_equal(again.codes, made.codes)
    assert np.array_equal(onnx.decode(again), wav)
    assert verify(tmp_path / "a.fsq") == []
    report = onnx.decode_file(tmp_path / "a.fsq", tmp_path / "a.wav")
    assert report.duration_s == pytest.approx(samples / rate)


def test_what_holds_no_sample_is_not_written(onnx: Codec, tmp_path: Path) -> None:
    made = Tokens(np.zeros((1, 3, 1), np.int64), onnx.info.header(RATE, 1, None, 3))
    assert onnx.decode(made).shape == (1, 0)
    with pytest.raises(TokenFileError, match="0 samples take 0 frames, but the codes have 1"):
        made.save(tmp_path / "a.fsq")
    assert list(tmp_path.iterdir()) == []
