"""Sound cards, by a stand-in for the package `sounddevice`."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from audiocodec.errors import AudioError
from audiocodec.live import SpeakerSink, devices, microphone_source


class PortAudioError(Exception):
    pass


class Card:
    """A card that knows 48 kHz only, and hears a tone of 440 Hz."""

    opened: ClassVar[list[Card]] = []

    def __init__(self, rate: int, block: int, device: Any, channels: int, dtype: str, latency: str) -> None:
        if device == "missing":
            raise ValueError("No input device matching 'missing'")
        if rate != 48_000:
            raise PortAudioError("Invalid sample rate [PaErrorCode -9997]")
        self.rate, self.block, self.channels, self.time = rate, block, channels, 0
        self.heard: list[np.ndarray] = []
        Card.opened.append(self)

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def close(self) -> None: ...

    def read(self, block: int) -> tuple[np.ndarray, bool]:
        times = np.arange(self.time, self.time + block) / self.rate
        self.time += block
        return np.tile(np.sin(2 * np.pi * 440 * times)[:, None], (1, self.channels)).astype(np.float32), False

    def write(self, samples: np.ndarray) -> None:
        assert samples.shape[1] == self.channels
        self.heard.append(samples)


class Package:
    PortAudioError = PortAudioError
    InputStream = OutputStream = Card
    rate = 48_000.0

    @classmethod
    def query_devices(cls, device: Any, kind: str) -> dict[str, float]:
        assert kind in ("input", "output")
        return {"default_samplerate": cls.rate}


@pytest.fixture(autouse=True)
def package(monkeypatch: pytest.MonkeyPatch) -> type[Package]:
    Card.opened.clear()
    monkeypatch.setattr(devices, "sound_devices", lambda: Package)
    return Package


@pytest.mark.parametrize("channels", [1, 2])
def test_a_microphone_without_the_rate_of_the_model(channels: int) -> None:
    source = microphone_source(16_000, 320, None, channels)
    assert source.paced
    blocks = [next(source.blocks) for _ in range(100)]
    assert {len(block) for block in blocks} == {channels}
    sound = np.concatenate(blocks, axis=1)
    expected = np.sin(2 * np.pi * 440 * np.arange(sound.shape[1]) / 16_000)
    np.testing.assert_allclose(sound[-1, 1000:-1000], expected[1000:-1000], atol=1e-3)
    assert Card.opened[0].block == 960


def test_a_loudspeaker_without_the_rate_of_the_model() -> None:
    sink = SpeakerSink(16_000, 320, None)
    for _ in range(100):
        sink.write(np.full((1, 320), 2.0, np.float32))
    sink.close()
    heard = np.concatenate(Card.opened[0].heard)
    assert abs(len(heard) - 3 * 32_000) < 3000
    assert heard.max() == 1


def test_a_device_that_is_not_there(package: type[Package], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AudioError, match=r"sound device 'missing' cannot be opened \(No input device"):
        microphone_source(16_000, 320, "missing")
    monkeypatch.setattr(package, "rate", 16_000.0)
    with pytest.raises(AudioError, match="the default sound device cannot be opened .Invalid sample rate"):
        SpeakerSink(16_000, 320, None)
