"""The ONNX backend held to the reference, and to the promise that tokens never depend on how sound is cut."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest

from audiocodec._util import extras
from audiocodec.backends.fixed_shapes import CANDIDATES
from audiocodec.backends.onnx import OnnxModel
from audiocodec.codec import Codec, load
from audiocodec.errors import ConfigError, MissingExtraError
from audiocodec.model import CodecModel
from tests.codec.test_streams import cut


@pytest.fixture(scope="module")
def light() -> Codec:
    return load("speech-16k", backend="onnx")


def test_tokens_and_sound_are_those_of_torch(light: Codec, codec: Codec, test_clips: list[np.ndarray]) -> None:
    """A latent on the border of a cell may get the neighbouring code: at most one frame in 500 (docs/onnx.md)."""
    unequal = []
    for clip in test_clips:
        wav = clip[:, :64_000]
        reference = codec.encode(wav, 16_000)
        unequal.append((light.encode(wav, 16_000).codes != reference.codes).any(axis=1).ravel())
        np.testing.assert_allclose(light.decode(reference), codec.decode(reference), atol=1e-4)
    assert np.concatenate(unequal).mean() < 0.002


def test_all_shapes_pass_here(light: Codec) -> None:
    assert light._encoder.shapes.verified == light._decoder.shapes.verified == CANDIDATES  # type: ignore[attr-defined]


def test_real_clips_in_random_splits(light: Codec, test_clips: list[np.ndarray]) -> None:
    for seed, clip in enumerate(test_clips):
        wav = clip[0, :48_000]
        whole = light.encode(wav, 16_000)
        encoder, decoder = light.stream_encoder(), light.stream_decoder()
        codes, heard = [], []
        for piece in cut(wav, np.random.default_rng(seed), 4000):
            codes.append(encoder.push(piece))
            heard.append(decoder.push(codes[-1]))
        codes.append(encoder.flush())
        heard.append(decoder.push(codes[-1]))
        assert np.array_equal(np.concatenate(codes, axis=1), whole.codes[0])
        sound = np.concatenate(heard)[decoder.delay_samples :][: len(wav)]
        assert np.array_equal(sound, light.decode(whole)[0])


@pytest.mark.parametrize("threads", [1, 2])
def test_streams_together_are_as_alone(speech: np.ndarray, threads: int) -> None:
    light = load("speech-16k", threads, "onnx")
    rng = np.random.default_rng(0)
    wavs = [speech[0, 3000 * i : 3000 * i + 16_000 + 320 * i] for i in range(11)]
    encoders, decoders = [light.stream_encoder(6) for _ in wavs], [light.stream_decoder() for _ in wavs]
    places, codes, heard = [0] * 11, [[] for _ in wavs], [[] for _ in wavs]  # type: ignore[var-annotated]
    while any(place < len(wav) for place, wav in zip(places, wavs, strict=True)):
        sizes = rng.choice([320, 640, 5000], 11)
        pieces = [wav[p : p + n] for wav, p, n in zip(wavs, places, sizes, strict=True)]
        places = [p + n for p, n in zip(places, sizes, strict=True)]
        new = light.encode_together(encoders, pieces)
        for i, sound in enumerate(light.decode_together(decoders, new)):
            codes[i].append(new[i])
            heard[i].append(sound)
    for wav, made, sound in zip(wavs, codes, heard, strict=True):
        alone = light.encode(wav, 16_000, 6)
        frames = len(wav) // 320
        assert np.array_equal(np.concatenate(made, axis=1), alone.codes[0][:, :frames])
        assert np.array_equal(np.concatenate(sound)[320:], light.decode(alone)[0, : 320 * (frames - 1)])


def saved(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    file = io.BytesIO()
    np.savez(file, **state)
    file.seek(0)
    with np.load(file, allow_pickle=False) as loaded:
        return dict(loaded)


def test_restored_streams_go_on_exactly(light: Codec, codec: Codec, speech: np.ndarray) -> None:
    wav = speech[0, :24_000]
    first, again = light.stream_encoder(), light.stream_encoder()
    first.push(wav[:5001])
    again.restore(saved(first.state()))
    codes = [np.concatenate([e.push(wav[5001:]), e.flush()], axis=1) for e in (first, again)]
    assert np.array_equal(*codes)
    decoder, other = light.stream_decoder(), light.stream_decoder()
    decoder.push(codes[0][:, :20])
    decoder.conceal(2)
    other.restore(saved(decoder.state()))
    assert np.array_equal(decoder.push(codes[0][:, 22:]), other.push(codes[0][:, 22:]))
    assert np.array_equal(decoder.conceal(20), other.conceal(20))
    for stream, of_torch in ((first, codec.stream_encoder()), (decoder, codec.stream_decoder())):
        with pytest.raises(ConfigError, match="belongs to another kind of stream or model"):
            of_torch.restore(stream.state())


def test_concealing_is_that_of_torch(light: Codec, codec: Codec, speech: np.ndarray) -> None:
    codes = codec.encode(speech[:, 20_000:40_000], 16_000).codes[0]
    heard = []
    for decoder in (light.stream_decoder(), codec.stream_decoder()):
        assert not decoder.conceal(1).any()
        heard.append(np.concatenate([decoder.push(codes[:, :30]), decoder.conceal(5), decoder.push(codes[:, 35:])]))
        assert not decoder.skip(2).any()
        with pytest.raises(ConfigError, match="got 13 codebooks"):
            decoder.push(np.zeros((13, 1), np.int64))
        with pytest.raises(ConfigError, match="a code is outside"):
            decoder.push(np.full((1, 1), 100_000))
    np.testing.assert_allclose(*heard, atol=1e-4)


def test_choosing_a_backend(light: Codec, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(load().model, OnnxModel)
    assert isinstance(load(backend="torch").model, CodecModel)
    with pytest.raises(ConfigError, match="known: auto, onnx, torch"):
        load(backend="tensorrt")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr("audiocodec.backends.onnx.session.installed", lambda module: False)
    assert isinstance(load().model, CodecModel)
    with pytest.raises(MissingExtraError, match="pip install onnxruntime"):
        load(backend="onnx")
    monkeypatch.setattr("audiocodec.backends.base.installed", lambda module: False)
    with pytest.raises(MissingExtraError, match="onnxruntime"):
        load()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'audiocodec\[torch\]'"):
        load(backend="torch")


def test_installed() -> None:
    assert extras.installed("numpy")
    assert not extras.installed("no_such_module")
