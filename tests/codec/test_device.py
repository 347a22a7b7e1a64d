"""Where torch computes: the CPU as before, other devices by the same way, and a sentence where there is none."""

from __future__ import annotations

import contextlib
import copy
import pickle

import numpy as np
import pytest
import torch

from audiocodec.backends.fixed_shapes import CANDIDATES, UNVERIFIED
from audiocodec.backends.torch import decoder, devices, encoder
from audiocodec.codec import Codec, load
from audiocodec.errors import ConfigError
from audiocodec.model.bundle import load_bundle


def test_the_cpu_is_the_default(speech: np.ndarray) -> None:
    plain, named = load("speech-16k", backend="torch"), load("speech-16k", backend="torch", device=torch.device("cpu"))
    assert (plain.device, named.device) == ("cpu", "cpu")
    assert plain._encoder.shapes.verified == CANDIDATES
    tokens = plain.encode(speech[:, :8000], 16_000)
    assert named.encode(speech[:, :8000], 16_000) == tokens
    assert np.array_equal(named.decode(tokens), plain.decode(tokens))
    assert type(load("speech-16k", device="cpu").model) is type(load("speech-16k", backend="onnx").model)


@pytest.mark.parametrize("device", ["cuda", "cuda:9", "mps", "meta", "toaster", ""])
def test_what_is_not_here(device: str, codec: Codec) -> None:
    if device == "mps" and torch.backends.mps.is_available():
        pytest.skip("it is here")
    if device.startswith("cuda") and torch.cuda.is_available():
        pytest.skip("it is here")
    for call in (lambda: load("speech-16k", device=device), lambda: copy.copy(codec).to(device)):
        with pytest.raises(ConfigError, match=f"device '{device}' cannot be used here") as caught:
            call()
        assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match=f"device '{device}' is for the torch backend"):
        load("speech-16k", backend="onnx", device=device)


def test_to_changes_the_codec_itself() -> None:
    codec = load("speech-16k", backend="torch")
    first = codec._encoder
    assert codec.to("cpu") is codec
    assert codec._encoder is not first
    light = load("speech-16k", backend="onnx")
    with pytest.raises(ConfigError, match="is for the torch backend"):
        light.to("cuda")
    assert light.decode(np.zeros((1, 2), np.int64)).shape == (1, 320)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Codec:
    """A codec that goes the way of other devices, on the CPU."""
    for part in (devices, encoder, decoder):
        monkeypatch.setattr(part, "is_exact", lambda device: False)
    made = load("speech-16k", backend="torch")
    made.decode(made.encode(np.zeros((1, 320), np.float32), 16_000))
    return made


def test_many_streams_go_there_at_once(
    elsewhere: Codec, codec: Codec, speech: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What differs is rounding: a code in a thousand may."""
    batch = np.stack([speech[:, 2000 * i :][:, :20_000] for i in range(17)])
    shapes, calls = elsewhere._encoder.shapes, list[tuple[int, ...]]()
    assert shapes.verified == UNVERIFIED
    run = shapes._run
    monkeypatch.setattr(shapes, "_run", lambda x, states: (calls.append(x.shape), run(x, states))[1])
    there, here = elsewhere.encode(batch, 16_000), codec.encode(batch, 16_000)
    assert calls[:2] == [(16, 48 * 320), (1, 48 * 320)]
    assert sum(x[0] * x[1] for x in calls) == 17 * 64 * 320
    different = [np.mean(a.codes != b.codes) for a, b in zip(there, here, strict=True)]
    assert np.mean(different) < 1e-3
    for a, b in zip(elsewhere.decode(here), codec.decode(here), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    stream = elsewhere.stream_encoder()
    stream.push(batch[0, 0, :1000])
    again = elsewhere.stream_encoder()
    again.restore(stream.state())
    assert np.array_equal(again.push(batch[0, 0, 1000:3000]), stream.push(batch[0, 0, 1000:3000]))


def test_layers_take_the_device_of_their_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """On "meta", where a tensor of the CPU among the others would be refused; it knows no autocast."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: contextlib.nullcontext())
    for name in ("speech-16k", "audio-44k", "music-44k"):
        model = load_bundle(name).build_model().to("meta")
        latents, state = model.encoder(torch.zeros(2, 1, 4 * model.hop_length, device="meta"))
        model.encoder(torch.zeros(2, 1, model.hop_length, device="meta"), state)
        assert model.quantizer.coder().encode(latents).device.type == "meta"
        wav, state = model.decoder(latents)
        assert model.decoder(latents, state)[0].device.type == wav.device.type == "meta"


def test_a_pickled_codec_knows_its_device() -> None:
    codec = load("speech-16k", backend="torch")
    codec.device = "cpu:0"
    assert pickle.loads(pickle.dumps(codec)).device == "cpu:0"
