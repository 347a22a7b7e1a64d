"""Sound cards, through the package `sounddevice`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from audiocodec._util.extras import require
from audiocodec.errors import AudioError, MissingExtraError


def sound_devices() -> Any:
    """The package `sounddevice`.

    Raises:
        MissingExtraError: it, or the library PortAudio that it needs, is not installed.
    """
    try:
        return require("sounddevice", "stream")
    except OSError as error:
        raise MissingExtraError("PortAudio is not installed; get it with: apt install libportaudio2") from error


def describe_devices() -> str:
    """A line for each device: number, name, channels in and out.

    Raises:
        MissingExtraError: see `sound_devices`.
    """
    return str(sound_devices().query_devices()) or "no sound device found"


def open_stream(kind: str, sample_rate: int, block: int, device: str | None, channels: int) -> tuple[Any, int]:
    """A started float32 stream of `kind` "InputStream" or "OutputStream", and its rate in Hz.

    The rate is `sample_rate` if the device supports it, else the device's default: many support only 44.1 and 48 kHz.

    Args:
        kind: class of `sounddevice`.
        sample_rate: wanted, Hz.
        block: samples at `sample_rate` that are read or written together.
        device: number or name; None: the default.
        channels: of the stream.

    Raises:
        AudioError: there is no such device, or it cannot be opened.
        MissingExtraError: see `sound_devices`.
    """
    package = sound_devices()
    chosen = int(device) if device is not None and device.isdigit() else device

    def opened(rate: int) -> Any:
        size = round(block * rate / sample_rate)
        stream = getattr(package, kind)(rate, size, chosen, channels=channels, dtype="float32", latency="low")
        stream.start()
        return stream

    try:
        try:
            return opened(sample_rate), sample_rate
        except package.PortAudioError:
            own = round(package.query_devices(chosen, kind.removesuffix("Stream").lower())["default_samplerate"])
            if own == sample_rate:
                raise
            return opened(own), own
    except (package.PortAudioError, ValueError) as error:
        name = "the default sound device" if device is None else f"sound device {device!r}"
        reason = str(error).splitlines()[0]
        raise AudioError(f"{name} cannot be opened ({reason}); --devices lists them") from error


@contextlib.contextmanager
def going(name: str) -> Iterator[None]:
    """Context in which an open stream is used.

    Raises:
        AudioError: the device went away.
    """
    try:
        yield
    except (sound_devices().PortAudioError, OSError) as error:
        raise AudioError(f"{name} stopped working ({str(error).splitlines()[0]})") from error
