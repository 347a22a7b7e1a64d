"""A list of sounds goes through the network together, and each sound gets the tokens that it gets alone."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import numpy as np
import pytest

from audiocodec.codec import Codec, load
from audiocodec.errors import AudioError

LENGTHS = [0, 1, 319, 320, 321, 5000, 9999, 12_345, 16_001]


@pytest.fixture(scope="module", params=["onnx", "torch"])
def either(request: pytest.FixtureRequest) -> Codec:
    return load("speech-16k", backend=request.param)


def streams_of_calls(codec: Codec, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Number of streams of each forward from here on."""
    calls, shapes = list[int](), codec._encoder.shapes
    run = shapes._run
    monkeypatch.setattr(shapes, "_run", lambda x, states: (calls.append(len(states)), run(x, states))[1])
    return calls


@pytest.mark.parametrize("threads", [1, 2])
def test_each_gets_the_tokens_it_gets_alone(
    either: Codec, speech: np.ndarray, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(either, "threads", threads)
    wavs = [speech[:, 3000 * i :][:, :n] for i, n in enumerate(LENGTHS)]
    wavs.append(np.stack([speech[0, :7001], speech[0, 7001:14_002]]))
    for rate in (16_000, 44_100):
        together = either.encode(wavs, rate, num_codebooks=7)
        assert together == [either.encode(wav, rate, num_codebooks=7) for wav in wavs]


def test_one_forward_serves_many_streams(either: Codec, speech: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = streams_of_calls(either, monkeypatch)
    wavs = [speech[:, 640 * i :][:, :640] for i in range(8)]  # three frames with the delay
    either.encode(wavs, 16_000)
    assert calls == ([8] * 3 if (8, 1) in either._encoder.shapes.verified else [1] * 24)
    calls.clear()
    for wav in wavs:
        either.encode(wav, 16_000)
    assert calls == [1] * 24


def test_a_bad_item_is_refused_before_any_is_encoded(either: Codec, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = streams_of_calls(either, monkeypatch)
    with pytest.raises(AudioError, match="NaN"):
        either.encode([np.zeros(4000), np.full(10, np.nan)], 16_000)
    assert (calls, either.encode([], 16_000)) == ([], [])


def test_few_frames_lie_between_encode_and_the_network(
    either: Codec, speech: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the package itself; eleven before lists and streams shared one primitive."""
    found: list[str] = []

    def look(*_: Any) -> None:
        stack = [frame.f_code for frame, _ in traceback.walk_stack(sys._getframe())]
        names = [code.co_qualname for code in stack if "/audiocodec/" in code.co_filename]
        found[:] = names[: names.index("Codec.encode")]

    network = either._encoder.shapes._run.__self__.model.encoder if either._backend == "torch" else None
    if network is not None:
        hook = network.register_forward_pre_hook(look)
        either.encode(speech[:, :3200], 16_000)
        hook.remove()
    else:
        session = either.model.encode  # type: ignore[union-attr]

        class Watched:
            def run(self, *arguments: Any) -> Any:
                look()
                return inner.run(*arguments)

        inner = session._session  # type: ignore[union-attr]
        monkeypatch.setattr(session, "_session", Watched())
        either.encode(speech[:, :3200], 16_000)
    assert 3 <= len(found) <= 6, found
