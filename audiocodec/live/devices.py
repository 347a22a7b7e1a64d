"""Sound cards, by the package `sounddevice`."""

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


def open_stream(kind: str, sample_rate: int, block: int, device: str | None) -> Any:
    """A started mono float32 stream of `kind` "InputStream" or "OutputStream".

    Raises:
        AudioError: there is no such device, or it cannot be opened.
        MissingExtraError: see `sound_devices`.
    """
    package = sound_devices()
    chosen = int(device) if device is not None and device.isdigit() else device
    try:
        stream = getattr(package, kind)(sample_rate, block, chosen, channels=1, dtype="float32", latency="low")
        stream.start()
    except (package.PortAudioError, ValueError) as error:
        name = "the default sound device" if device is None else f"sound device {device!r}"
        reason = str(error).splitlines()[0]
        raise AudioError(f"{name} cannot be opened ({reason}); --devices lists them") from error
    return stream


@contextlib.contextmanager
def going(name: str) -> Iterator[None]:
    """The use of an open stream.

    Raises:
        AudioError: the device went away.
    """
    try:
        yield
    except (sound_devices().PortAudioError, OSError) as error:
        raise AudioError(f"{name} stopped working ({str(error).splitlines()[0]})") from error
