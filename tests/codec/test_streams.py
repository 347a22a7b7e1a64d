"""The guarantee: any split, any company, saved and restored, a stream gives what the whole gives."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audiocodec.codec import Codec, load
from audiocodec.errors import ConfigError


def cut(wav: np.ndarray, rng: np.random.Generator, largest: int) -> Iterator[np.ndarray]:
    """Pieces of random length, 0 and 1 among them."""
    position = 0
    while position < len(wav):
        size = int(rng.choice([0, 1, rng.integers(2, largest)]))
        yield wav[position : position + size]
        position += size


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 1000), st.integers(3, 5000), st.integers(0, 60_000))
def test_random_splits_give_the_codes_of_the_whole(
    codec: Codec, speech: np.ndarray, seed: int, largest: int, start: int
) -> None:
    wav = speech[0, start : start + 8000 + seed]
    encoder = codec.stream_encoder()
    codes = [encoder.push(piece) for piece in cut(wav, np.random.default_rng(seed), largest)]
    assert np.array_equal(np.concatenate([*codes, encoder.flush()], axis=1), codec.encode(wav, 16_000).codes[0])
    assert encoder.frames >= sum(c.shape[1] for c in codes) == len(wav) // 320


def test_real_clips_in_random_splits(codec: Codec, test_clips: list[np.ndarray]) -> None:
    for seed, clip in enumerate(test_clips):
        wav = clip[0, :20_000]
        whole = codec.encode(wav, 16_000)
        encoder, decoder = codec.stream_encoder(), codec.stream_decoder()
        codes, heard = [], []
        for piece in cut(wav, np.random.default_rng(seed), 2000):
            codes.append(encoder.push(piece))
            heard.append(decoder.push(codes[-1]))
        codes.append(encoder.flush())
        heard.append(decoder.push(codes[-1]))
        assert np.array_equal(np.concatenate(codes, axis=1), whole.codes[0])
        sound = np.concatenate(heard)[decoder.delay_samples :][: len(wav)]
        assert np.array_equal(sound, codec.decode(whole)[0])


def saved(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Through an .npz file."""
    file = io.BytesIO()
    np.savez(file, **state)
    file.seek(0)
    with np.load(file, allow_pickle=False) as loaded:
        return dict(loaded)


def test_a_restored_stream_goes_on_exactly(codec: Codec, speech: np.ndarray) -> None:
    wav = speech[0, :24_000]
    for position in (0, 1, 5000, 12_345):
        first = codec.stream_encoder(6)
        first.push(wav[:position])
        again = codec.stream_encoder(6)
        again.push(wav[:777])  # what it did before is forgotten
        again.restore(saved(first.state()))
        for encoder in (first, again):
            encoder.rest = np.concatenate([encoder.push(wav[position:]), encoder.flush()], axis=1)  # type: ignore[attr-defined]
        assert np.array_equal(first.rest, again.rest)  # type: ignore[attr-defined]
        assert (first.samples, first.frames) == (again.samples, again.frames)


def test_a_restored_decoder_goes_on_exactly(codec: Codec, speech: np.ndarray) -> None:
    codes = codec.encode(speech[:, :24_000], 16_000).codes[0]
    first = codec.stream_decoder()
    first.push(codes[:, :30])
    first.conceal(2)
    again = codec.stream_decoder()
    again.restore(saved(first.state()))
    for frames in (codes[:, 32:33], codes[:, 33:]):
        assert np.array_equal(first.push(frames), again.push(frames))
    assert np.array_equal(first.conceal(20), again.conceal(20))


def test_a_state_of_something_else_is_refused(codec: Codec) -> None:
    encoder, decoder = codec.stream_encoder(), codec.stream_decoder()
    with pytest.raises(ConfigError, match="lacks 'remainder'"):
        encoder.restore(decoder.state())
    state = decoder.state()
    with pytest.raises(ConfigError, match=r"'latent' of shape \(1, 3, 3\).*another model"):
        decoder.restore({**state, "latent": np.zeros((1, 3, 3))})


def test_streams_together_are_as_alone(codec: Codec, speech: np.ndarray) -> None:
    """Ten streams, starting and stopping at different times, some faster than others."""
    rng = np.random.default_rng(0)
    wavs = [speech[0, 5000 * i : 5000 * i + 6400] for i in range(10)]
    starts = rng.integers(0, 10, 10)
    encoders, decoders = [codec.stream_encoder(6) for _ in wavs], [codec.stream_decoder() for _ in wavs]
    codes: list[list[np.ndarray]] = [[] for _ in wavs]
    heard: list[list[np.ndarray]] = [[] for _ in wavs]
    for turn in range(32):
        active = [i for i in range(10) if starts[i] <= turn and (turn - starts[i]) * 320 * (1 + i % 2) < 6400]
        pieces = [wavs[i][(turn - starts[i]) * 320 * (1 + i % 2) :][: 320 * (1 + i % 2)] for i in active]
        new = codec.encode_together([encoders[i] for i in active], pieces)
        sounds = codec.decode_together([decoders[i] for i in active], new)
        for i, made, sound in zip(active, new, sounds, strict=True):
            codes[i].append(made)
            heard[i].append(sound)
    for wav, made, sound in zip(wavs, codes, heard, strict=True):
        alone = codec.encode(wav, 16_000, 6)
        assert np.array_equal(np.concatenate(made, axis=1), alone.codes[0][:, :20])
        assert np.array_equal(np.concatenate(sound)[320:], codec.decode(alone)[0, : 19 * 320])
    assert codec.encode_together([], []) == codec.decode_together([], []) == []


def test_delays_add_up(codec: Codec) -> None:
    """A click: heard where it was, after the delay both ends state."""
    encoder, decoder = codec.stream_encoder(), codec.stream_decoder()
    assert encoder.delay_samples + decoder.delay_samples == 640  # 40 ms
    wav = np.zeros(8000, np.float32)
    wav[3200] = 1.0  # the first sample of a frame: it waits longest
    first = None
    quiet = codec.stream_decoder().push(codec.stream_encoder().push(np.zeros(8000, np.float32)))
    for now in range(0, 8000, 320):
        sound = decoder.push(encoder.push(wav[now : now + 320]))
        if first is None and np.abs(sound - quiet[now : now + 320]).max() > 0.01:
            first = now + 320  # when this sound can be played at the earliest
    assert first is not None
    assert first - 3200 <= 640


class TestConceal:
    def test_lengths_and_fading(self, codec: Codec, speech: np.ndarray) -> None:
        codes = codec.encode(speech[:, 20_000:52_000], 16_000).codes[0]
        decoder = codec.stream_decoder()
        heard = decoder.push(codes[:, :50])
        lost = decoder.conceal(20)
        assert lost.shape == (20 * 320,)
        assert np.abs(lost[: 2 * 320]).max() > 0.1 * np.abs(heard[-3200:]).max()  # it goes on
        assert not lost[13 * 320 :].any()  # but not for ever
        back = decoder.push(codes[:, 70:])
        assert np.abs(back[:10]).max() < 0.05 * np.abs(back).max()  # from silence without a click
        assert decoder.conceal(0).shape == (0,)

    def test_one_by_one_is_at_once(self, codec: Codec, speech: np.ndarray) -> None:
        codes = codec.encode(speech[:, 20_000:40_000], 16_000).codes[0]
        at_once, singly = codec.stream_decoder(), codec.stream_decoder()
        for decoder in (at_once, singly):
            decoder.push(codes)
        singles = np.concatenate([singly.conceal(1) for _ in range(5)])
        assert np.array_equal(singles, at_once.conceal(5))

    def test_a_decoder_trained_for_it_is_given_zeros(
        self, codec: Codec, speech: np.ndarray, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        codes = codec.encode(speech[:, 20_000:40_000], 16_000).codes[0]
        seen, decoder = [], codec.stream_decoder()
        synthesize = decoder.network.synthesize
        monkeypatch.setattr(decoder.network, "synthesize", lambda x, s: (seen.append(x.copy()), synthesize(x, s))[1])
        for conceals in (True, False):
            monkeypatch.setattr(decoder.network, "info", replace(codec.info, conceals=conceals))
            decoder.push(codes[:, :40])
            seen.pop()
            assert decoder.conceal(3).shape == (960,)
        trained, other = seen
        assert trained.shape == other.shape == (1, 72, 3)
        assert not trained.any()
        assert other.any()

    def test_before_anything_came_it_is_quiet(self, codec: Codec) -> None:
        assert not codec.stream_decoder().conceal(5).any()

    def test_flush_gives_the_rest(self, codec: Codec, speech: np.ndarray) -> None:
        wav = speech[0, 16_000:32_000]
        encoder, decoder = codec.stream_encoder(), codec.stream_decoder()
        sound = np.concatenate([decoder.push(encoder.push(wav)), decoder.flush()])
        assert len(sound) == len(wav) + decoder.delay_samples  # and no codes for the delay were sent

    def test_skipping_starts_afresh(self, codec: Codec, speech: np.ndarray) -> None:
        codes = codec.encode(speech[:, :8000], 16_000).codes[0]
        decoder = codec.stream_decoder()
        decoder.push(codes)
        assert not decoder.skip(3).any()
        afresh = codec.stream_decoder()
        afresh.start_at(codes.shape[1] + 3)  # the noise is that of the place in the sound
        assert np.array_equal(decoder.push(codes), afresh.push(codes))

    def test_frames_lost_behind_a_gap_count(self, codec: Codec, speech: np.ndarray) -> None:
        codes = codec.encode(speech[:, :8000], 16_000).codes[0]
        decoder, late, early = codec.stream_decoder(), codec.stream_decoder(), codec.stream_decoder()
        decoder.skip(3)
        assert not decoder.conceal(2).any()
        late.start_at(5)
        assert np.array_equal(decoder.push(codes), late.push(codes))
        early.conceal(7)  # before a stream has begun: it begins with its first frame
        assert np.array_equal(early.push(codes), codec.stream_decoder().push(codes))


@pytest.mark.parametrize("name", ["speech-16k", "music-44k"])
def test_concealment_fades_in_seconds(name: str) -> None:
    """Full level for 60 ms, silence from 240 ms on, whatever a frame lasts."""
    codec = load(name)
    decoder = codec.stream_decoder()
    seconds = np.arange(40 * codec.hop_length) / codec.sample_rate
    level = np.concatenate(
        [decoder._level(frame + np.arange(codec.hop_length) / codec.hop_length) for frame in range(40)]
    )
    np.testing.assert_allclose(level, np.clip((0.24 - seconds) / 0.18, 0, 1), atol=1e-9)
    if name == "speech-16k":  # what it was in frames, to the bit
        lost = np.arange(40 * 320) / 320
        assert np.array_equal(decoder._level(lost), np.clip((12 - lost) / (12 - 3), 0, 1))
