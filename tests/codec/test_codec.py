"""The promise: the same tokens whatever the chunks, batches and threads; the same length back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from audiocodec.audio import read
from audiocodec.backends.torch.batch_invariant import RowwiseLinear
from audiocodec.codec import Codec, decode_file, encode_file, load
from audiocodec.errors import AudioError, ConfigError, ModelError
from audiocodec.quality import metrics
from audiocodec.tokens import Tokens


def stream_codes(codec: Codec, wav: np.ndarray, sizes: list[int]) -> np.ndarray:
    encoder = codec.stream_encoder()
    parts, position, turn = [], 0, 0
    while position < len(wav):
        size = sizes[turn % len(sizes)]
        parts.append(encoder.push(wav[position : position + size]))
        position, turn = position + size, turn + 1
    return np.concatenate([*parts, encoder.flush()], axis=1)


@pytest.mark.parametrize("sizes", [[16_000], [320], [1, 0, 777, 5000], [123], [100_000]])
def test_any_chunks_give_the_same_tokens(codec: Codec, speech: np.ndarray, sizes: list[int]) -> None:
    wav = speech[0, :40_000]
    whole = codec.encode(wav, 16_000).codes[0]
    assert np.array_equal(stream_codes(codec, wav, sizes), whole)


@pytest.mark.parametrize("threads", [1, 2])
def test_whole_file_blocks_and_batch_give_the_same_tokens(
    codec: Codec, test_clips: list[np.ndarray], threads: int
) -> None:
    threaded = Codec.__new__(Codec)
    threaded.__dict__.update(codec.__dict__, threads=threads)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        batch = threaded.encode([clip[:, :48_000] for clip in test_clips], 16_000)
        for clip, tokens in zip(test_clips, batch, strict=True):
            wav = clip[:, :48_000]
            assert np.array_equal(threaded.encode(wav, 16_000).codes, tokens.codes)
            assert np.array_equal(stream_codes(threaded, wav[0], [16_000]), tokens.codes[0])
        stereo = threaded.encode(np.concatenate([clip[:, :32_000] for clip in test_clips[:2]]), 16_000)
    finally:
        torch.set_num_threads(before)
    assert len(test_clips) == 8
    for channel in range(2):
        single = codec.encode(test_clips[channel][:, :32_000], 16_000)
        assert np.array_equal(stereo.codes[channel], single.codes[0])


def test_torch_threads_are_left_as_they_were(codec: Codec, speech: np.ndarray) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        codec.decode(codec.encode(speech[:, :8000], 16_000))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_rows_are_tried_on_one_thread_as_they_run() -> None:
    """On two threads a product is cut elsewhere, and no number of rows but one would seem to round alike."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        layers = load(backend="torch").model.modules()  # type: ignore[union-attr]
    finally:
        torch.set_num_threads(before)
    assert all(12 in layer.sizes for layer in layers if isinstance(layer, RowwiseLinear))


def test_decoding_in_pieces_is_decoding(codec: Codec, speech: np.ndarray) -> None:
    codes = codec.encode(speech[:, :32_000], 16_000).codes[0]
    whole = codec.stream_decoder().push(codes)
    decoder = codec.stream_decoder()
    pieces = np.concatenate([decoder.push(codes[:, i : i + 1]) for i in range(codes.shape[1])])
    assert np.array_equal(pieces, whole)


def test_live_streams(codec: Codec, speech: np.ndarray) -> None:
    wav = speech[0, :20_000]
    tokens = codec.encode(wav, 16_000, num_codebooks=5)
    encoder, decoder = codec.stream_encoder(num_codebooks=5), codec.stream_decoder()
    for _ in range(2):
        codes = [encoder.push(wav[i : i + 320]) for i in range(0, 20_000, 320)]
        assert all(c.shape == (5, 1) for c in codes[:-1])  # a frame in, its codes out
        heard = np.concatenate([decoder.push(c) for c in [*codes, encoder.flush()]])
        expected = codec.decode(tokens)[0]
        assert np.array_equal(heard[codec.delay_samples :][:20_000], expected)
        encoder.reset()
        decoder.reset()
    assert encoder.flush().shape == (5, 0)
    with pytest.raises(AudioError, match="NaN"):
        encoder.push(np.full(10, np.nan))
    with pytest.raises(AudioError, match="floats 't'"):
        encoder.push(np.zeros((1, 10)))


def test_it_is_speech_and_more_codebooks_help(codec: Codec, speech: np.ndarray) -> None:
    tokens = codec.encode(speech, 16_000)
    scores = [metrics.estoi(speech[0], codec.decode(tokens, k)[0], 16_000) for k in (3, 12)]
    assert scores[1] > 0.5
    assert scores[1] > scores[0] + 0.03


def test_fewer_codebooks_are_the_first_ones(codec: Codec, speech: np.ndarray) -> None:
    tokens = codec.encode(speech, 16_000)
    fewer = codec.encode(speech, 16_000, num_codebooks=4)
    assert np.array_equal(fewer.codes, tokens.truncate(4).codes)
    assert fewer.header == tokens.truncate(4).header
    assert np.array_equal(codec.decode(tokens, 4), codec.decode(fewer))


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 192_000])
@pytest.mark.parametrize("samples", [0, 1, 2, 319, 5000])
def test_length_comes_back(codec: Codec, rate: int, samples: int) -> None:
    wav = 0.1 * np.random.default_rng(0).standard_normal((2, samples)).astype(np.float32)
    tokens = codec.encode(wav, rate, num_codebooks=2)
    assert codec.decode(tokens).shape == (2, samples)
    assert tokens.duration_s == samples / rate


def test_silence_and_loudness(codec: Codec) -> None:
    silence = codec.decode(codec.encode(np.zeros((1, 16_000), np.float32), 16_000))
    assert np.abs(silence).max() < 0.01
    loud = codec.decode(codec.encode(np.sign(np.sin(np.arange(16_000) / 20)).astype(np.float32), 16_000))
    assert np.isfinite(loud).all()


def test_bitrate_chooses_codebooks(codec: Codec) -> None:
    wav = np.zeros((1, 1600), np.float32)
    for bitrate, expected in [(500, 1), ("1.5k", 3), (3000, 6), ("6k", 12), (64_000, 12)]:
        assert codec.encode(wav, 16_000, bitrate=bitrate).num_codebooks == expected
    assert codec.encode(np.zeros((2, 1600), np.float32), 16_000, bitrate=3000).num_codebooks == 3
    with pytest.raises(ConfigError, match="below"):
        codec.encode(wav, 16_000, bitrate=100)
    with pytest.raises(ConfigError, match="not both"):
        codec.encode(wav, 16_000, bitrate=3000, num_codebooks=3)
    with pytest.raises(ConfigError, match="must be 1 to 12"):
        codec.encode(wav, 16_000, num_codebooks=13)


def test_tensors_and_lists_and_doubles(codec: Codec, speech: np.ndarray) -> None:
    wav = speech[:, :8000]
    expected = codec.encode(wav, 16_000).codes
    assert np.array_equal(codec.encode(torch.from_numpy(wav), 16_000).codes, expected)
    assert np.array_equal(codec.encode(wav[0].astype(np.float64), 16_000).codes, expected)
    assert [t.codes.shape[2] for t in codec.encode([wav, wav[:, :4000]], 16_000)] == [26, 14]


@pytest.mark.parametrize(
    ("wav", "message"),
    [
        (np.full((1, 100), np.nan, np.float32), "NaN"),
        (np.full(100, np.inf, np.float32), "NaN or infinite"),
        (np.zeros((1, 1, 1, 100), np.float32), "shape"),
        (np.zeros(100, np.int16), "int16"),
        (np.zeros((0, 100), np.float32), "0 channels"),
        (np.zeros((1000, 2), np.float32), "1000 channels"),
    ],
)
def test_bad_arrays_are_refused(codec: Codec, wav: np.ndarray, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        codec.encode(wav, 16_000)


def test_bad_rates_are_refused(codec: Codec) -> None:
    with pytest.raises(AudioError, match="sample rate 0 Hz"):
        codec.encode(np.zeros((1, 100), np.float32), 0)


def test_tokens_of_other_weights_are_refused(codec: Codec, speech: np.ndarray) -> None:
    from dataclasses import replace

    tokens = codec.encode(speech[:, :3200], 16_000)
    with pytest.raises(ModelError, match=r"other weights.*hash 61616161"):
        codec.decode(Tokens(tokens.codes, replace(tokens.header, model_hash=b"a" * 16)))
    with pytest.raises(ModelError, match="of model 'other'"):
        codec.decode(Tokens(tokens.codes, replace(tokens.header, model="other", model_hash=b"a" * 16)))
    renamed = Tokens(tokens.codes, replace(tokens.header, model="other"))  # the same weights, say fine-tuned behind
    assert np.array_equal(codec.decode(renamed), codec.decode(tokens))
    with pytest.raises(ModelError, match="layout"):
        codec.decode(Tokens(tokens.codes, replace(tokens.header, hop_length=160)))


def test_files_and_arrays_agree(codec: Codec, speech_path: Path, tmp_path: Path) -> None:
    report = encode_file(speech_path, tmp_path / "a.fsq")
    wav, rate = read(speech_path)
    assert np.array_equal(Tokens.load(tmp_path / "a.fsq").codes, codec.encode(wav, rate).codes)
    assert report.file_bytes == (tmp_path / "a.fsq").stat().st_size
    assert 2000 < report.bitrate < 6300
    decode_file(tmp_path / "a.fsq", tmp_path / "a.flac")
    decoded, decoded_rate = read(tmp_path / "a.flac")
    assert (decoded_rate, decoded.shape) == (rate, wav.shape)
    expected = load().decode(Tokens.load(tmp_path / "a.fsq"))
    np.testing.assert_allclose(decoded, np.clip(expected, -1, 1), atol=1.1 / 32768)
