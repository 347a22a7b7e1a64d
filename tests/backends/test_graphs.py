"""Each graph beside the torch module it stands for, and the files beside both."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import yaml

from audiocodec.backends.onnx import Graphs, OnnxModel, layers
from audiocodec.cli.main import main
from audiocodec.codec import Codec, load
from audiocodec.errors import ModelError
from audiocodec.model import CodecModel, plan
from audiocodec.model.build import build_model
from audiocodec.model.bundle import save_bundle
from audiocodec.model.info import ModelInfo
from audiocodec.model.quantize.normalize import RunningNorm

ROOT = Path(__file__).parents[2]
ENCODER = {"type": "Encoder", "strides": [8, 5], "dims": [16, 24], "blocks": [2, 4], "latent_dim": 12}
QUANTIZER = {"type": "ResidualFSQ", "dim": 12, "levels": [7, 4, 2], "num_codebooks": 4}
VQ = {"type": "ResidualVQ", "stage": {"type": "VQ", "dim": 12, "codebook_size": 30}, "num_codebooks": 4}
HIERARCHICAL = {"type": "HierarchicalFSQ", "dim": 12, "levels": [7, 4, 2], "strides": [4, 4, 2, 1]}
CONV = {
    "type": "ConvDecoder",
    "strides": [5, 8],
    "dims": [24, 16],
    "blocks": [4, 1],
    "latent_dim": 12,
    "delay": 40,
    "gain": True,
}
PLAIN = {key: value for key, value in CONV.items() if key not in ("delay", "gain")}
MUSIC = yaml.safe_load((ROOT / "configs/music-44k/1-spectral.yaml").read_text())["model"]
COMPANDED = {
    "sample_rate": 8000,
    "encoder": {**ENCODER, "companded": True},
    "quantizer": QUANTIZER,
    "decoder": {**CONV, "companded": True},
}
SPECS = {
    "gain": {"sample_rate": 8000, "encoder": ENCODER, "quantizer": QUANTIZER, "decoder": CONV},
    "plain": {"sample_rate": 8000, "encoder": ENCODER, "quantizer": QUANTIZER, "decoder": PLAIN},
    "normal": {"sample_rate": 8000, "encoder": ENCODER, "quantizer": QUANTIZER | {"bound": "normal"}, "decoder": CONV},
    "vq": {"sample_rate": 8000, "encoder": ENCODER, "quantizer": VQ, "decoder": CONV},
    "hierarchical": {"sample_rate": 8000, "encoder": ENCODER, "quantizer": HIERARCHICAL, "decoder": CONV},
    "music": MUSIC,
    "companded": COMPANDED,
    "noisy": {**COMPANDED, "decoder": {**CONV, "companded": True, "learned_noise": True}},
}


def random_model(spec: dict[str, Any]) -> tuple[CodecModel, dict[str, np.ndarray]]:
    """With weights as a file holds them, and statistics that are not those of a start."""
    model = build_model(spec).eval().requires_grad_(False)
    for module in model.modules():
        if isinstance(module, RunningNorm):
            module.mean.normal_(0, 0.1)
            module.std.uniform_(0.3, 1)
    model.load_state_dict({key: value.half().float() for key, value in model.state_dict().items()})
    return model, {key: value.half().numpy() for key, value in model.state_dict().items()}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())
def test_graphs_compute_what_the_modules_compute(spec: dict[str, Any]) -> None:
    model, weights = random_model(spec)
    onnx_model = OnnxModel(spec, weights)
    hop = model.hop_length
    info = ModelInfo.of({"name": "random", "version": "1", "model": spec}, weights)
    assert (info.hop_length, info.delay, info.sample_rate) == (hop, model.delay, model.sample_rate)
    assert (info.latent_dim, info.codebook_size) == (model.quantizer.dim, model.quantizer.codebook_size)
    wav = torch.randn(2, 1, 12 * hop) / 4
    with torch.inference_mode():
        latents = model.encoder(wav)[0]
        codes = model.quantizer.encode(latents)
        quantized = model.quantizer.decode(codes[:, :3])
        sound = model.decoder(quantized)[0][:, 0]
    state, parts = [onnx_model.encode.initial_state()] * 2, []
    for part in np.split(wav[:, 0].numpy(), [hop, 4 * hop], axis=1):  # 1, 3 and 8 frames
        y, state = onnx_model.encode.step(part, state)
        parts.append(y)
    ours = np.concatenate(parts, axis=1)
    np.testing.assert_allclose(ours, latents.mT.numpy(), atol=1e-5)
    assert np.array_equal(onnx_model.quantize(latents.mT.contiguous().numpy())[0], codes.numpy())
    back = onnx_model.dequantize(codes[:, :3].contiguous().numpy())[0]
    np.testing.assert_allclose(back, quantized.mT.numpy(), atol=1e-5)
    state, parts = [onnx_model.decode.initial_state()] * 2, []
    for part in np.split(back, [1, 4], axis=1):
        y, state = onnx_model.decode.step(part, state)
        parts.append(y)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), sound.numpy(), atol=1e-5)


def test_every_kind_of_layer_is_known_to_plan_torch_and_onnx() -> None:
    assert set(plan.KINDS) == set(layers.LAYERS)
    for name, kind in plan.KINDS.items():
        assert issubclass(getattr(import_module(kind.module), name), torch.nn.Module)
    used = {
        layer.kind for spec in SPECS.values() for part in plan.PARTS for layer in plan.read(part, spec[part]).layers
    }
    assert used == set(plan.KINDS)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())
def test_graphs_are_valid_onnx(spec: dict[str, Any]) -> None:
    graphs = Graphs(spec, random_model(spec)[1])
    built = [graphs.encoder(), graphs.encoder(True), graphs.decoder(), graphs.decoder(True), graphs.quantizer()]
    for graph in [*built, graphs.dequantizer()]:
        onnx.checker.check_model(onnx.load_from_string(graph.serialize({"a": "b"})), full_check=True)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())
def test_the_past_of_a_decoder_is_that_of_its_gradient(spec: dict[str, Any]) -> None:
    model, _ = random_model(spec)
    latents = torch.randn(1, model.quantizer.dim, 48, requires_grad=True)
    waveform, _ = model.decoder(latents)
    (gradient,) = torch.autograd.grad(waveform[..., -model.hop_length :].square().sum(), latents)
    assert plan.read("decoder", spec["decoder"]).past == 47 - int(gradient.abs().sum(1)[0].nonzero()[0])


def test_exported_files_code_alone(codec: Codec, speech: np.ndarray, tmp_path: Path) -> None:
    """With nothing but onnxruntime, as docs/onnx.md tells."""
    main(["export", "--onnx", "speech-16k", str(tmp_path)], standalone_mode=False)
    encoder, decoder = (onnxruntime.InferenceSession(tmp_path / f"{name}.onnx") for name in ("encoder", "decoder"))
    facts = encoder.get_modelmeta().custom_metadata_map
    assert facts["model_hash"] == codec.model_hash.hex()
    wav = speech[:, : 100 * int(facts["hop_length"])]
    codes, _ = encoder.run(None, {"samples": wav, "state": np.zeros((1, encoder.get_inputs()[1].shape[1]), np.float32)})
    reference = codec.encode(wav, 16_000)
    assert np.mean(codes != reference.codes[:, :, :100]) < 1e-3
    state = np.zeros((1, decoder.get_inputs()[1].shape[1]), np.float32)
    sound, _ = decoder.run(None, {"codes": reference.codes[:, :6].astype(np.int32), "state": state})
    expected = codec.decode(reference, 6)
    np.testing.assert_allclose(sound[:, codec.delay_samples :][:, : wav.shape[1]], expected, atol=1e-4)
    for name in ("encoder", "decoder"):
        assert (tmp_path / f"{name}.onnx").stat().st_size < 10 * 2**20


class TestWhatHasNoOnnxForm:
    def bundle(self, folder: Path, spec: dict[str, Any]) -> str:
        return str(save_bundle(folder, "mine", "1", spec, build_model(spec)))

    def test_is_run_by_torch(self, tmp_path: Path) -> None:
        spec = {**SPECS["plain"], "quantizer": {"type": "FSQ", "levels": [3] * 12}}
        path = self.bundle(tmp_path, spec)
        assert isinstance(load(path).model, CodecModel)
        with pytest.raises(ModelError, match="FSQ has no ONNX form"):
            load(path, backend="onnx")

    @pytest.mark.parametrize("key", ["encoder.out.bias", "decoder.body.layers.1.out.weight"])
    def test_missing_weights(self, key: str) -> None:
        _, weights = random_model(SPECS["plain"])
        del weights[key]
        model = OnnxModel(SPECS["plain"], weights)
        with pytest.raises(ModelError, match=f"do not fit the description.*{key}"):
            getattr(model, "encode" if key.startswith("encoder") else "decode")

    def test_weights_of_another_shape_or_number(self) -> None:
        _, weights = random_model(SPECS["plain"])
        spec = {**SPECS["plain"], "encoder": {**ENCODER, "blocks": [2, 3]}}
        with pytest.raises(ModelError, match=r"unused: encoder\.body"):
            _ = OnnxModel(spec, weights).encode
        weights["encoder.out.bias"] = np.zeros(5, np.float16)
        with pytest.raises(ModelError, match="encoder cannot be run"):
            _ = OnnxModel(SPECS["plain"], weights).encode
