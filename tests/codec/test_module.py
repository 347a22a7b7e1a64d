"""The network of a codec as a module for training."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from audiocodec.codec import Codec, load
from audiocodec.codec.module import CodecModule
from audiocodec.errors import AudioError, ConfigError

MODELS = ["speech-16k", "audio-44k", "music-44k"]


@pytest.fixture(scope="module", params=MODELS)
def any_codec(request: pytest.FixtureRequest) -> Codec:
    return load(request.param)


def test_is_the_codec_up_to_rounding(any_codec: Codec, speech: np.ndarray) -> None:
    """Of 251 frames of speech-16k and 175 of music-44k, measured: none differs. Allowed: one frame in 100."""
    module, wav = any_codec.module, torch.from_numpy(speech)[None]
    tokens = any_codec.encode(speech, any_codec.sample_rate)
    with torch.no_grad():
        latents = module.encode_latents(wav)
        quantized, codes = module.quantize(latents)
        sound = module.decode_latents(module.embed(torch.from_numpy(tokens.codes)))
    assert codes.shape == tokens.codes.shape
    assert (codes.numpy() != tokens.codes).any(axis=1).mean() <= 0.01
    assert torch.allclose(module.embed(codes), quantized, atol=1e-4)
    np.testing.assert_allclose(sound[0].numpy(), any_codec.decode(tokens.codes[0]), atol=1e-4)
    assert sound.shape[-1] >= wav.shape[-1]


def test_fewer_codebooks_are_the_first(any_codec: Codec, speech: np.ndarray) -> None:
    module = any_codec.module
    latents = module.encode_latents(torch.from_numpy(speech[:, :8000])[None]).detach()
    quantized, codes = module.quantize(latents, 3)
    assert torch.equal(codes, module.quantize(latents)[1][:, :3])
    assert torch.allclose(module.embed(codes.int()), quantized, atol=1e-4)


def test_gradients_reach_sound_and_weights(any_codec: Codec) -> None:
    module = CodecModule(any_codec.bundle.build_model().requires_grad_())
    wav = (0.1 * torch.randn(2, 1, 5000)).requires_grad_()
    quantized, _ = module.quantize(module.encode_latents(wav))
    module.decode_latents(quantized).square().mean().backward()
    assert wav.grad is not None
    assert wav.grad.abs().sum() > 0
    missing = [name for name, weight in module.named_parameters() if weight.grad is None]
    assert missing == []


def test_batches_are_each_alone(any_codec: Codec) -> None:
    module, wav = any_codec.module, 0.1 * torch.randn(3, 1, 5000)
    together = module.encode_latents(wav)
    for i in range(3):
        assert torch.allclose(together[i], module.encode_latents(wav[i : i + 1])[0], atol=1e-4)
    assert module.encode_latents(wav[..., :0]).shape[-1] == 0


def test_is_one_and_leaves_the_codec_alone(speech: np.ndarray) -> None:
    codec = load("speech-16k", backend="torch")
    before = codec.encode(speech[:, :8000], 16_000)
    module = codec.module
    assert codec.module is module
    assert not module.training
    assert all(weight.requires_grad for weight in module.parameters())
    optimizer = torch.optim.SGD(module.parameters(), 1.0)
    quantized, _ = module.train().quantize(module.encode_latents(torch.from_numpy(speech[:, :8000])[None]))
    module.decode_latents(quantized).square().sum().backward()
    optimizer.step()
    assert codec.encode(speech[:, :8000], 16_000) == before
    assert codec.to("cpu").module is module


def test_only_train_mode_moves_statistics() -> None:
    module = load("speech-16k").module
    quantizer, latents = module.model.quantizer, torch.randn(2, 72, 10)
    before = {name: value.clone() for name, value in quantizer.state_dict().items()}
    module.train()
    quantizer.eval()
    assert torch.equal(module.quantize(latents)[1], module.eval().quantize(latents)[1])
    assert all(torch.equal(value, before[name]) for name, value in quantizer.state_dict().items())
    module.train()
    module.quantize(latents)
    assert not all(torch.equal(value, before[name]) for name, value in quantizer.state_dict().items())


def test_misuse_is_a_sentence() -> None:
    module = load("speech-16k").module
    for bad in (torch.zeros(8000), torch.zeros(1, 2, 8000), torch.zeros(1, 1, 8000, dtype=torch.long)):
        with pytest.raises(AudioError, match="waveform must be floats 'b 1 t', got"):
            module.encode_latents(bad)
    for latents in (torch.zeros(72, 5), torch.zeros(1, 71, 5), torch.zeros(1, 72, 5, dtype=torch.long)):
        with pytest.raises(ConfigError, match="latents must be floats 'b d t' with d = 72, got"):
            module.quantize(latents)
        with pytest.raises(ConfigError, match="latents must be floats"):
            module.decode_latents(latents)
    for codes in (torch.zeros(3, 5, dtype=torch.long), torch.zeros(1, 3, 5)):
        with pytest.raises(ConfigError, match="codes must be integers 'b q t', got"):
            module.embed(codes)
    with pytest.raises(ConfigError, match="a code is outside"):
        module.embed(torch.full((1, 3, 5), 972))
    with pytest.raises(ConfigError, match="num_codebooks is 13"):
        module.quantize(torch.zeros(1, 72, 5), 13)
