"""The facts of a model, and networks from its bundle."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from audiocodec.backends.torch.batch_invariant import make_rowwise
from audiocodec.errors import ConfigError, ModelError
from audiocodec.model.build import build_model
from audiocodec.model.bundle import load_bundle
from audiocodec.model.info import ModelInfo
from tests.model.test_build import QUANTIZERS, TINY


def info_of(spec: dict[str, Any]) -> ModelInfo:
    return ModelInfo.of({"name": "mine", "version": 1, "model": spec}, {})


def test_facts_of_the_shipped_models() -> None:
    speech, music = load_bundle("speech-16k").info, load_bundle("audio-44k").info
    assert (speech.hop_length, speech.delay, speech.frame_rate, speech.codebook_size) == (320, 320, 50, 972)
    assert (speech.conceals, speech.joint_stereo, speech.rows(2)) == (True, False, 2)
    assert (music.hop_length, music.delay, music.latent_dim, music.num_codebooks) == (512, 1024, 108, 18)
    assert (music.conceals, music.joint_stereo, music.rows(2), music.rows(3)) == (False, True, 1, 3)
    assert (speech.for_speech, music.for_speech, load_bundle("music-44k").info.for_speech) == (True, False, False)


@pytest.mark.parametrize("quantizer", QUANTIZERS, ids=lambda q: q["type"])
def test_facts_are_those_of_the_network(quantizer: dict[str, Any]) -> None:
    spec = TINY | {"quantizer": quantizer}
    info, model = info_of(spec), build_model(spec)
    known = model.quantizer
    assert (info.latent_dim, info.codebook_size, info.num_codebooks) == (
        known.dim,
        known.codebook_size,
        known.num_codebooks,
    )
    assert (info.sample_rate, info.hop_length, info.delay) == (model.sample_rate, model.hop_length, model.delay)


@pytest.mark.parametrize(
    ("part", "values", "message"),
    [
        ("encoder", {"stride": [4]}, "cannot be built .encoder: unknown key 'stride' .did you mean 'strides'"),
        ("decoder", {"noise_from": 3}, "noise_from needs companded"),
        ("decoder", {"learned_noise": True}, "learned_noise needs companded"),
        ("quantizer", {"levels": [2**40]}, "has 1099511627776 levels, at most 65536"),
        ("quantizer", {"levels": 5}, "cannot be built"),
    ],
)
def test_descriptions_that_cannot_be_built_are_refused(part: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        info_of(TINY | {part: TINY[part] | values})


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("sample_rate", 0, "header: source sample rate is 0, must be 1 to 1000000"),
        ("sample_rate", -16_000, "rate is -16000"),
        ("sample_rate", float("inf"), "OverflowError"),
        ("decoder", TINY["decoder"] | {"delay": 10**12}, "header: delay is 1000000000000, must be 0 to 1048576"),
        ("decoder", TINY["decoder"] | {"delay": -1}, "delay is -1"),
        ("decoder", TINY["decoder"] | {"delay": 0.5}, "required argument is not an integer"),
        ("encoder", TINY["encoder"] | {"strides": [16, 0]}, "ZeroDivisionError"),
        ("quantizer", TINY["quantizer"] | {"num_codebooks": 0}, "codebooks is 0"),
    ],
)
def test_what_no_token_file_can_say_is_refused(part: str, value: Any, message: str) -> None:
    with pytest.raises(ModelError, match=rf"^mine: its description cannot be built \(.*{message}"):
        info_of(TINY | {part: value})


@pytest.mark.parametrize("name", ["", "..", ".hidden", "../../../pwn/x", "a/b", "a\\b", "/a", "a b", "a\n", "x" * 65])
def test_names_that_could_lead_out_of_a_folder_are_refused(name: str) -> None:
    with pytest.raises(ModelError, match=r"is not a model name: use letters, digits"):
        ModelInfo.of({"name": name, "version": 1, "model": TINY}, {})


def test_packets_have_a_code_of_each_codebook_in_every_frame() -> None:
    """1.5 codes a frame in files of strides 2 and 1, 2 in packets."""
    strided = {"type": "HierarchicalFSQ", "dim": 8, "levels": [5, 5], "strides": [2, 1]}
    info = info_of(TINY | {"quantizer": strided})
    for packets, rate in ((False, 1.5), (True, 2)):
        bitrate = rate * info.codebook_bitrate
        assert info.choose_codebooks(None, bitrate, 1, packets) == 2
        assert info.choose_codebooks(None, bitrate - 1, 1, packets) == 1
    with pytest.raises(ConfigError, match="bitrate 200 is below the 233 bit/s of one codebook"):
        info.choose_codebooks(None, 200, 1, packets=True)


@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [("quantizer.sums", (9,), "quantizer.sums differ"), ("encoder.out.bias", (3,), "encoder.out.bias differ")],
)
def test_weights_of_another_release_are_refused(name: str, shape: tuple[int], words: str) -> None:
    bundle = load_bundle("speech-16k")
    other = replace(bundle, tensors={**bundle.tensors, name: np.zeros(shape, np.float16)})
    with pytest.raises(
        ModelError, match=rf"^speech-16k: cannot be loaded \(its weights .* description: {words} in name"
    ):
        other.build_model()
    fewer = replace(bundle, tensors={key: bundle.tensors[key] for key in [*bundle.tensors][2:]})
    with pytest.raises(ModelError, match=r"and 1 more differ in name or shape; load it with the release that"):
        fewer.build_model()


def test_every_network_of_a_bundle_is_a_new_one() -> None:
    bundle = load_bundle("speech-16k")
    first, second = bundle.build_model(), bundle.build_model()
    make_rowwise(first)
    first.without_postfilter()
    assert any(isinstance(layer, torch.nn.Linear) for layer in second.modules())
    assert second.decoder.body.layers[-1].postfilter == 0.6
    with torch.no_grad():
        first.encoder.out.bias.add_(1)
    assert np.array_equal(second.encoder.out.bias.numpy(), bundle.tensors["encoder.out.bias"].astype(np.float32))
