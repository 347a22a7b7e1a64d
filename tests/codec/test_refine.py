"""Codes searched for: better sound, and the same codes however the sound came."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from audiocodec import audio
from audiocodec.codec import Codec, load, refine
from audiocodec.codec.code_rate import CodeRate
from audiocodec.codec.refine import Refiner
from audiocodec.errors import ConfigError, MissingExtraError
from audiocodec.model.build import build_model
from audiocodec.quality import metrics
from audiocodec.tokens import Tokens
from audiocodec.tokens.entropy.page_coder import encode_codes

STEPS = 2
RATE = 16_000


@pytest.fixture(scope="module")
def music() -> Codec:
    return load("audio-44k")


def refiner(codec: Codec, num_codebooks: int = 6) -> Refiner:
    assert codec.bundle.entropy is not None
    return Refiner(codec.searched_model, num_codebooks, STEPS, CodeRate(codec.bundle.entropy, codec.info.page_frames))


@pytest.mark.slow
def test_sounds_better_with_as_many_codes(codec: Codec, speech: np.ndarray) -> None:
    wav = speech[:, :32_000]
    plain, searched = (codec.encode(wav, RATE, num_codebooks=6, refine=steps) for steps in (0, 8))
    assert searched.header == plain.header
    assert searched.codes.shape == plain.codes.shape
    assert searched.codes.dtype == plain.codes.dtype

    def mel(tokens: Tokens) -> float:
        return metrics.mel_distance(wav[0], codec.decode(tokens)[0], RATE)

    def estoi(tokens: Tokens) -> float:
        return metrics.estoi(wav[0], codec.decode(tokens)[0], RATE)

    assert mel(searched) < 0.95 * mel(plain)
    assert estoi(searched) > estoi(plain) + 0.01


@pytest.mark.slow
def test_music_sounds_better_too(music: Codec, speech_path: Path) -> None:
    left = audio.read(speech_path, 44_100)[0][0, 30_000:74_100]
    wav = np.stack([left, 0.5 * np.roll(left, 40)])
    plain, searched = (music.encode(wav, 44_100, bitrate="16k", refine=steps) for steps in (0, 6))
    assert searched.codes.shape == plain.codes.shape
    assert len(searched.to_bytes()) <= len(plain.to_bytes())

    def distance(tokens: Tokens) -> float:
        return metrics.mel_distance(wav[0], music.decode(tokens)[0], 44_100)

    assert distance(searched) < 0.97 * distance(plain)


class Jittered(Refiner):
    """Its search finds other codes that sound no better, whatever they take."""

    def _moved(self, latents: torch.Tensor, *_: Any) -> tuple[torch.Tensor, float]:
        noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(self.frames))
        return latents + 0.3 * latents.std(-1, keepdim=True) * noise, 1.0

    def _cost(self, *_: Any) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.tensor(0.5), torch.tensor(0.0)


def test_what_is_spared_is_counted_as_files_have_it(codec: Codec, speech: np.ndarray) -> None:
    assert codec.bundle.entropy is not None
    rate = CodeRate(codec.bundle.entropy, codec.info.page_frames)
    jittered = Jittered(codec.searched_model, 6, STEPS, rate)
    wav = np.tile(speech[0], 3)[: 12 * RATE]
    frames = len(wav) // codec.hop_length
    codes = np.concatenate([jittered.push(wav), jittered.flush(frames)], axis=1)
    plain = codec.encode(wav, RATE, num_codebooks=6).codes[0][:, :frames]
    sizes = []
    for each in (plain, codes):
        pages = np.split(each[None], range(rate.page_frames, frames, rate.page_frames), axis=2)
        sizes.append(sum(len(encode_codes(codec.bundle.entropy, page)) for page in pages))
    assert (codes != plain).any()
    assert sizes[1] <= sizes[0]
    assert jittered.spare_bits == 8 * (sizes[0] - sizes[1])


def test_any_chunks_give_the_same_codes(codec: Codec, speech: np.ndarray) -> None:
    wav = speech[0, :60_000]  # more than one window
    frames = -(-(len(wav) + codec.delay_samples) // codec.hop_length)
    results = []
    for size in (100_000, 16_000, 7777):
        one = refiner(codec)
        parts = [one.push(wav[i : i + size]) for i in range(0, len(wav), size)]
        results.append(np.concatenate([*parts, one.flush(frames)], axis=1))
        assert one.frames == frames
    assert results[0].shape == (6, frames)
    assert all(np.array_equal(results[0], other) for other in results[1:])
    assert np.array_equal(results[0], codec.encode(wav, RATE, num_codebooks=6, refine=STEPS).codes[0])


def test_channels_threads_lists_files_and_backends_give_the_same_tokens(
    codec: Codec, speech: np.ndarray, tmp_path: Path
) -> None:
    wav = np.stack([speech[0, :24_000], speech[0, 30_000:54_000]])
    soundfile.write(tmp_path / "a.wav", wav.T, RATE, subtype="FLOAT")
    threaded = load("speech-16k", threads=2, backend="onnx")
    before = torch.get_num_threads()
    both = threaded.encode(wav, RATE, bitrate="6k", refine=STEPS).codes
    assert torch.get_num_threads() == before
    depth = both.shape[1]
    alone = codec.encode([wav[0], wav[1]], RATE, num_codebooks=depth, refine=STEPS)
    assert np.array_equal(both, np.concatenate([tokens.codes for tokens in alone]))
    codec.encode_file(tmp_path / "a.wav", tmp_path / "a.fsq", bitrate="6k", refine=STEPS)
    assert np.array_equal(Tokens.load(tmp_path / "a.fsq").codes, both)


@pytest.mark.slow
def test_refined_files_are_not_larger(codec: Codec, speech: np.ndarray) -> None:
    wav = speech[:, :60_000]
    for level in (1.0, 0.01):  # loud, and mostly noise
        plain, searched = (codec.encode(level * wav, RATE, num_codebooks=6, refine=steps) for steps in (0, 6))
        assert not np.array_equal(plain.codes, searched.codes)
        assert len(searched.to_bytes()) <= len(plain.to_bytes())


@pytest.mark.parametrize("samples", [0, 1, 319, 400, 5000])
@pytest.mark.parametrize("level", [0.0, 0.1, 20.0])
def test_short_silent_and_loud_sounds(codec: Codec, samples: int, level: float) -> None:
    wav = level * np.random.default_rng(0).standard_normal((1, samples)).astype(np.float32)
    tokens = codec.encode(wav, RATE, refine=STEPS)
    assert tokens.codes.shape == codec.encode(wav, RATE).codes.shape
    decoded = codec.decode(tokens)
    assert decoded.shape == wav.shape
    assert np.isfinite(decoded).all()


def test_a_search_that_finds_nothing_keeps_what_the_encoder_said(
    codec: Codec, speech: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refine, "LEARNING_RATE", 100.0)
    wav = speech[:, :16_000]
    assert np.array_equal(codec.encode(wav, RATE, refine=STEPS).codes, codec.encode(wav, RATE).codes)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_gradients_are_found_where_they_are_switched_off(codec: Codec, speech: np.ndarray, mode: type) -> None:
    wav = speech[:, :16_000]
    with mode():
        inside = codec.encode(wav, RATE, refine=STEPS).codes
    assert np.array_equal(inside, codec.encode(wav, RATE, refine=STEPS).codes)
    assert not np.array_equal(inside, codec.encode(wav, RATE).codes)


def test_files_of_another_rate_and_many_blocks(codec: Codec, speech: np.ndarray, tmp_path: Path) -> None:
    wav = audio.resample(speech[:, :50_000], RATE, 48_000)
    assert wav.shape[1] > 2 * audio.BLOCK_SAMPLES
    soundfile.write(tmp_path / "a.wav", wav.T, 48_000, subtype="FLOAT")
    codec.encode_file(tmp_path / "a.wav", tmp_path / "a.fsq", num_codebooks=3, refine=1)
    whole = codec.encode(wav, 48_000, num_codebooks=3, refine=1)
    assert np.array_equal(Tokens.load(tmp_path / "a.fsq").codes, whole.codes)


def test_a_side_without_codebooks(music: Codec) -> None:
    wav = 0.1 * np.random.default_rng(0).standard_normal((2, 20_000)).astype(np.float32)
    tokens = music.encode(wav, 44_100, num_codebooks=1, refine=1)
    assert tokens.codes.shape == music.encode(wav, 44_100, num_codebooks=1).codes.shape
    assert music.decode(tokens).shape == wav.shape


@pytest.mark.parametrize(
    "quantizer",
    [
        {"type": "FSQ", "levels": [5] * 8},
        {"type": "ResidualVQ", "stage": {"type": "VQ", "dim": 8, "codebook_size": 32}, "num_codebooks": 3},
        {"type": "VQ", "dim": 8, "codebook_size": 32},
    ],
    ids=lambda q: q["type"],
)
@pytest.mark.parametrize("sample_rate", [8000, 48_000])
def test_models_of_ones_own(quantizer: dict[str, Any], sample_rate: int) -> None:
    sides = {"strides": [16, 8], "dims": [8, 8], "blocks": [1, 1], "latent_dim": 8}
    decoder = {"type": "ConvDecoder", **sides, "strides": [8, 16], "delay": 64}
    description = {"sample_rate": sample_rate, "encoder": {"type": "Encoder", **sides}, "decoder": decoder}
    model = build_model(description | {"quantizer": quantizer}).eval().requires_grad_(False)
    wav = 0.1 * np.random.default_rng(0).standard_normal(sample_rate // 2).astype(np.float32)
    one = Refiner(model, model.quantizer.num_codebooks, STEPS)
    codes = np.concatenate([one.push(wav), one.flush(1 + len(wav) // 128)], axis=1)
    assert codes.shape == (model.quantizer.num_codebooks, 1 + len(wav) // 128)
    assert 0 <= codes.min() <= codes.max() < model.quantizer.codebook_size


@pytest.mark.parametrize("steps", [-1, 2.5, "20", True, None])
def test_what_is_no_number_of_steps_is_refused(codec: Codec, speech_path: Path, steps: Any) -> None:
    output, sentence = io.BytesIO(), f"refine is {steps!r}, it must be a whole number, 0 or more"
    with audio.AudioReader(speech_path) as reader, pytest.raises(ConfigError, match=sentence):
        codec.encode_stream(reader, output, refine=steps)
    assert not output.getvalue()


def test_says_which_extra_it_needs(codec: Codec, speech: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchaudio", None)
    with pytest.raises(MissingExtraError, match=r"audiocodec\[refine\]"):
        codec.encode(speech, RATE, refine=1)


@pytest.mark.slow
def test_the_python_of_the_document_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[2]
    (code,) = re.findall(r"```python\n(.*?)```", (root / "docs" / "refine.md").read_text(), re.S)
    monkeypatch.chdir(root)
    names: dict[str, Any] = {}
    exec(compile(code, "refine.md", "exec"), names)
    assert names["tokens"].codes.shape == (1, 6, 268)
