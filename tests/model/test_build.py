"""Models from descriptions, and bundles."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch

from audiocodec.errors import ConfigError, ModelError
from audiocodec.model.build import build_model
from audiocodec.model.bundle import WEIGHTS, list_models, load_bundle, save_bundle
from audiocodec.model.info import hash_tensors

TINY: dict[str, Any] = {
    "sample_rate": 16_000,
    "encoder": {"type": "Encoder", "strides": [16, 20], "dims": [8, 16], "blocks": [1, 1], "latent_dim": 8},
    "quantizer": {"type": "ResidualFSQ", "dim": 8, "levels": [5, 5], "num_codebooks": 4},
    "decoder": {
        "type": "ConvDecoder",
        "strides": [20, 16],
        "dims": [16, 8],
        "blocks": [1, 1],
        "latent_dim": 8,
        "delay": 320,
    },
}


def changed(**parts: dict[str, Any]) -> dict[str, Any]:
    spec = copy.deepcopy(TINY)
    for part, values in parts.items():
        spec[part] = {**spec.get(part, {}), **values} if "type" not in values else values
    return spec


QUANTIZERS = [
    {"type": "ResidualFSQ", "dim": 8, "levels": [5, 5], "num_codebooks": 4},
    {"type": "FSQ", "levels": [3] * 8},
    {"type": "VQ", "dim": 8, "codebook_size": 16},
    {"type": "ResidualVQ", "stage": {"type": "VQ", "dim": 8, "codebook_size": 16}, "num_codebooks": 4},
]


@pytest.mark.parametrize("quantizer", QUANTIZERS, ids=lambda q: q["type"])
def test_every_quantizer_trains_in_a_codec(quantizer: dict[str, Any]) -> None:
    model = build_model(changed(quantizer=quantizer))
    waveform = torch.randn(2, 1, 3200)
    estimate, target, result = model(waveform)
    assert estimate.shape == target.shape == (2, 1, 3200 - 320)
    assert torch.equal(target, waveform[..., :-320])
    (estimate.square().mean() + result.loss).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name


@pytest.mark.parametrize("samples", [1, 320, 3201])
def test_reconstruction_keeps_the_length(samples: int) -> None:
    model = build_model(TINY).eval()
    assert model.reconstruct(torch.randn(1, 1, samples), 2).shape == (1, 1, samples)


@pytest.mark.parametrize(
    ("part", "values", "message"),
    [
        ("encoder", {"stride": [4]}, "unknown key 'stride'.*did you mean 'strides'"),
        ("quantizer", {"type": "Nonsense"}, "type is 'Nonsense', known: FSQ"),
        ("decoder", {"strides": [2, 2]}, "hop length"),
        ("quantizer", {"type": "VQ"}, "'dim' is missing"),
        ("quantizer", {"levels": [1]}, "each 2 or more"),
    ],
)
def test_wrong_descriptions_are_explained(part: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_model(changed(**{part: values}))


def test_bundle_round_trip_and_hash(tmp_path: Path) -> None:
    model = build_model(TINY).eval()
    path = save_bundle(tmp_path, "tiny", "1", TINY, model)
    bundle = load_bundle(str(path))
    assert (bundle.info.name, bundle.info.version) == ("tiny", "1")
    for key, value in bundle.build_model().state_dict().items():
        torch.testing.assert_close(value, model.state_dict()[key].half().float())
    with torch.no_grad():
        model.decoder.body.layers[0].linear.weight.add_(1)
    save_bundle(tmp_path, "tiny", "2", TINY, model, overwrite=True)
    assert load_bundle(str(path)).info.hash == bundle.info.hash  # a new decoder keeps old tokens valid
    with torch.no_grad():
        model.encoder.out.weight.add_(1)
        model.quantizer.project_in.add_(1)
    save_bundle(tmp_path, "tiny", "3", TINY, model, overwrite=True)
    assert load_bundle(str(path)).info.hash == bundle.info.hash  # a new encoder too
    with torch.no_grad():
        model.quantizer.project_out.add_(1)
    save_bundle(tmp_path, "tiny", "4", TINY, model, overwrite=True)
    assert load_bundle(str(path)).info.hash != bundle.info.hash
    with torch.no_grad():
        model.encoder.out.weight.add_(1e6)
    with pytest.raises(ModelError, match="float16"):
        save_bundle(tmp_path, "tiny", "5", TINY, model, overwrite=True)


def test_shipped_models_are_small_and_have_cards() -> None:
    assert list_models() == ["audio-44k", "music-44k", "speech-16k"]
    for name in list_models():
        weights = WEIGHTS / f"{name}.safetensors"
        assert weights.stat().st_size <= 17 * 2**20
        assert len(hash_tensors({})) == 16
        card = (WEIGHTS / f"{name}.md").read_text()
        assert load_bundle(name).info.hash.hex() in card
