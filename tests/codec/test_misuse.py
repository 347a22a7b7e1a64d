"""What is no sound, no codes, no rate is one sentence, and moves no stream; what is equal compares equal."""

from __future__ import annotations

import copy
import io
import json
import multiprocessing
import pickle
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from audiocodec.audio import HighPass
from audiocodec.backends.torch.threads import single_thread
from audiocodec.codec import Codec, load
from audiocodec.errors import AudioError, ConfigError, TokenFileError
from audiocodec.live.packets import JitterBuffer, Packetizer, Relay
from audiocodec.tokens import Tokens, open_tokens
from audiocodec.tokens.convert import export_tokens, import_tokens

RATE = 16_000


@pytest.fixture(scope="module")
def onnx() -> Codec:
    return load("speech-16k", backend="onnx")


@pytest.fixture(scope="module")
def tokens(onnx: Codec, speech: np.ndarray) -> Tokens:
    return onnx.encode(speech[:, :8000], RATE, num_codebooks=3)


@pytest.mark.parametrize("rate", [16_000.0, np.int64(16_000), np.float32(16_000)])
def test_rates_of_any_type(onnx: Codec, tokens: Tokens, speech: np.ndarray, rate: Any, tmp_path: Path) -> None:
    made = onnx.encode(speech[:, :8000], rate, num_codebooks=3)
    assert made == tokens
    assert type(made.header.sample_rate) is int
    export_tokens(made, tmp_path / "a.npz", ".npz")
    assert import_tokens(tmp_path / "a.npz") == tokens


@pytest.mark.parametrize("rate", [16_000.5, float("nan"), "16k", None])
def test_no_rates(onnx: Codec, rate: Any) -> None:
    with pytest.raises(AudioError, match="is not a whole number of Hz"):
        onnx.encode(np.zeros(100, np.float32), rate)


@pytest.mark.parametrize("frames", [-1, 1.5, "2", True])
def test_no_numbers_of_frames(onnx: Codec, frames: Any) -> None:
    sentence = f"frames is {frames!r}, it must be a whole number, 0 or more"
    encoder, decoder = onnx.stream_encoder(), onnx.stream_decoder()
    decoder.push(np.zeros((1, 1), np.int64))
    for call in (encoder.flush, decoder.conceal, decoder.skip, decoder.start_at):
        with pytest.raises(ConfigError, match=sentence):
            call(frames)


def test_no_codebooks_are_not_all(onnx: Codec, tokens: Tokens, tmp_path: Path) -> None:
    tokens.save(tmp_path / "a.fsq")
    with pytest.raises(ConfigError, match="num_codebooks is 0, it must be 1 to 3"):
        onnx.decode_file(tmp_path / "a.fsq", tmp_path / "a.wav", num_codebooks=0)
    with open_tokens(tmp_path / "a.fsq") as reader, pytest.raises(ConfigError, match="num_codebooks is 0"):
        onnx.decode_stream(reader, io.BytesIO(), num_codebooks=0)


def test_no_numbers_of_packets(onnx: Codec) -> None:
    for name in ("frames", "repeat", "distance"):
        with pytest.raises(ConfigError, match=f"{name} is '2', it must be a whole number, 0 or more"):
            Packetizer(onnx.info, **{name: "2"})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="num_codebooks is 0, it must be a whole number, 1 or more"):
        Relay(0)


def test_numbers_of_samples_that_the_frames_do_not_hold(onnx: Codec, tokens: Tokens) -> None:
    for samples in (-5, 10**7):
        with pytest.raises(ConfigError, match=f"the header says {samples} samples, .* frames hold"):
            onnx.decode(replace(tokens, header=replace(tokens.header, samples=samples)))


def test_buffers_of_no_size() -> None:
    for arguments in ({"target": 0}, {"target": 1.5}, {"slack": -1}, {"frame_s": 0}):
        with pytest.raises(ConfigError, match="it must be"):
            JitterBuffer(**({"frame_s": 0.02} | arguments))  # type: ignore[arg-type]


def test_samples_of_a_tensor_with_gradient(onnx: Codec, speech: np.ndarray) -> None:
    wav = torch.from_numpy(speech[0, :3200]).requires_grad_()
    pushed: Any = wav
    assert np.array_equal(onnx.stream_encoder().push(pushed), onnx.stream_encoder().push(speech[0, :3200]))
    high: Any = wav[None]
    assert np.array_equal(HighPass(RATE, 50).push(high), HighPass(RATE, 50).push(speech[:1, :3200]))


def test_tensors_of_any_float(onnx: Codec, speech: np.ndarray) -> None:
    wav = torch.from_numpy(speech[:, :8000]).bfloat16()
    assert onnx.encode(wav, RATE, 1) == onnx.encode(wav.float(), RATE, 1)
    for bad in (wav.int(), [[1.0], [1.0, 2.0]], "sound", np.array([None])):
        with pytest.raises(AudioError, match="wav must be floats"):
            onnx.encode((bad,), RATE)


def test_numbers_of_the_range_of_integers(onnx: Codec, speech: np.ndarray) -> None:
    loud = (speech[0, :4000] * 32_767).astype(np.float32)
    with pytest.raises(AudioError, match=r"wav: has a peak of \d+.* where full scale is 1"):
        onnx.encode(loud, RATE)
    encoder = onnx.stream_encoder()
    with pytest.raises(AudioError, match="samples: has a peak"):
        encoder.push(loud)
    assert encoder.samples == 0


def test_tokens_are_values(tokens: Tokens) -> None:
    same = Tokens(tokens.codes.copy(), tokens.header)
    assert tokens == same
    assert tokens in [same]
    assert len({tokens, same}) == 1
    changed = tokens.codes.copy()
    changed[0, 0, 0] ^= 1
    assert tokens != Tokens(changed, tokens.header)
    assert tokens != tokens.truncate(2)
    assert tokens != "tokens"
    assert repr(tokens) == "Tokens(1 x 3 x 26 codes of speech-16k, 0.50 s)"


def test_codes_of_any_integers(onnx: Codec, tokens: Tokens) -> None:
    for codes in (torch.from_numpy(tokens.codes), tokens.codes.astype(np.uint16), tokens.codes.astype(np.int32)):
        made = Tokens(codes, tokens.header)
        assert made.to_bytes() == tokens.to_bytes()
        assert np.array_equal(onnx.decode(made), onnx.decode(tokens))
    for bad in (tokens.codes[0], tokens.codes.astype(float), [1, 2]):
        with pytest.raises(TokenFileError, match="codes must be integers 'r q t'"):
            Tokens(bad, tokens.header)  # type: ignore[arg-type]


def test_codes_that_do_not_fit_their_header_are_not_written(onnx: Codec, tokens: Tokens, tmp_path: Path) -> None:
    with pytest.raises(TokenFileError, match="8000 samples take 26 frames, but the codes have 25"):
        Tokens(tokens.codes[:, :, :-1], tokens.header).save(tmp_path / "a.fsq")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigError, match=r"the codes have shape \(1, 2, 26\), their header says \(1, 3, t\)"):
        onnx.decode(Tokens(tokens.codes[:, :2], tokens.header))


BAD_CODES = {
    "too large": (lambda c: np.where(np.arange(c.shape[1]) == 20, 10**6, c), r"a code is outside"),
    "negative": (lambda c: -1 - c, r"a code is outside"),
    "no codebooks": (lambda c: c[:0], "got 0 codebooks"),
    "too many": (lambda c: np.repeat(c, 9, axis=0), "got 27 codebooks"),
    "one axis": (lambda c: c[0], "codes must be integers 'q t'"),
    "floats": (lambda c: c.astype(float), "codes must be integers 'q t'"),
}


@pytest.mark.parametrize("kind", BAD_CODES)
def test_a_bad_code_moves_no_stream(onnx: Codec, speech: np.ndarray, kind: str) -> None:
    codes = onnx.encode(speech[:, :40_000], RATE, num_codebooks=3).codes[0]
    spoil, message = BAD_CODES[kind]
    decoder, whole = onnx.stream_decoder(), onnx.stream_decoder().push(codes)
    with pytest.raises(ConfigError, match=message):
        decoder.push(spoil(codes))
    assert np.array_equal(decoder.push(codes), whole)
    decoders = [onnx.stream_decoder() for _ in range(3)]
    inputs = [codes[:, :10], codes[:, :60], codes[:, :10]]
    with pytest.raises(ConfigError, match=message):
        onnx.decode_together(decoders, [inputs[0], spoil(inputs[1]), inputs[2]])
    for made, part in zip(onnx.decode_together(decoders, inputs), inputs, strict=True):
        assert np.array_equal(made, whole[: made.size])
        assert made.size == 320 * part.shape[1]


@pytest.mark.parametrize("threads", [1, 2])
def test_bad_samples_move_no_stream(speech: np.ndarray, threads: int) -> None:
    codec, wav = load("speech-16k", threads, "onnx"), speech[0, :3200]
    encoders = [codec.stream_encoder() for _ in range(4)]
    with pytest.raises(AudioError, match="NaN"):
        codec.encode_together(encoders, [wav, wav, np.full(10, np.nan, np.float32), wav])
    assert [encoder.samples for encoder in encoders] == [0, 0, 0, 0]
    with pytest.raises(AudioError, match="samples must be floats 't'"):
        encoders[0].push([1, 2])  # type: ignore[arg-type]
    with pytest.raises(AudioError, match="4 streams cannot take 1 arrays"):
        codec.encode_together(encoders, [wav])
    assert [encoder.samples for encoder in encoders] == [0, 0, 0, 0]
    expected = codec.stream_encoder().push(wav)
    made = codec.encode_together(iter(encoders), iter([wav] * 4))  # type: ignore[arg-type]
    assert len(made) == 4
    assert all(np.array_equal(codes, expected) for codes in made)


@pytest.mark.parametrize("backend", ["onnx", pytest.param("torch", marks=pytest.mark.slow)])
def test_codecs_and_streams_are_pickled_and_copied(backend: str, speech: np.ndarray) -> None:
    codec, wav = load("speech-16k", 2, backend), speech[:, :8000]
    expected = codec.encode(wav, RATE)
    encoder, decoder = codec.stream_encoder(), codec.stream_decoder()
    first = encoder.push(wav[0, :5000])
    decoder.push(first)
    for again in (pickle.loads(pickle.dumps(codec)), copy.deepcopy(codec)):
        assert (again.threads, again.model_hash, type(again.model)) == (2, codec.model_hash, type(codec.model))
        assert again.encode(wav, RATE) == expected
        assert np.array_equal(again.decode(expected), codec.decode(expected))
    for copied in (lambda stream: pickle.loads(pickle.dumps(stream)), copy.deepcopy):
        ahead, sound = copied(encoder), copied(decoder)
        codes = copy.copy(encoder).push(wav[0, 5000:])
        assert np.array_equal(ahead.push(wav[0, 5000:]), codes)
        assert np.array_equal(sound.push(codes), copy.copy(decoder).push(codes))


def frames(codec: Codec, wav: np.ndarray) -> int:
    return codec.encode(wav, RATE).codes.shape[2]


@pytest.mark.slow
def test_a_pool_by_spawn_takes_a_codec(onnx: Codec, speech: np.ndarray) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(frames, (onnx, speech[:, :8000])) == 26


def test_the_number_of_torch_threads_comes_back_in_every_thread() -> None:
    before, found = torch.get_num_threads(), {}
    inside, leave = threading.Barrier(2), threading.Event()

    def overlapping(name: str) -> None:
        with single_thread():
            with single_thread():
                pass
            inside.wait(10)
            found[f"{name} inside"] = torch.get_num_threads()
            if name == "last":
                leave.wait(10)
        found[name] = torch.get_num_threads()

    torch.set_num_threads(3)
    try:
        others = [threading.Thread(target=overlapping, args=(name,)) for name in ("first", "last")]
        for other in others:
            other.start()
        others[0].join()
        leave.set()
        others[1].join()
        fresh = threading.Thread(target=lambda: found.update(fresh=torch.get_num_threads()))
        fresh.start()
        fresh.join()
        assert found == {"first inside": 1, "last inside": 1, "first": 3, "last": 3, "fresh": 3}
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_headers_of_numpy_numbers_are_json(tokens: Tokens, tmp_path: Path) -> None:
    header = replace(tokens.header, samples=np.int64(8000), num_codebooks=np.int32(3))  # type: ignore[arg-type]
    export_tokens(Tokens(tokens.codes, header), tmp_path / "a.npz", ".npz")
    with np.load(tmp_path / "a.npz") as arrays:
        assert json.loads(str(arrays["header"]))["samples"] == 8000
        assert sorted(arrays.files) == ["codes", "header"]
