"""What an offset and rumble cost, and what `--high-pass` gives back and takes in time.

    python benchmarks/high_pass.py speech-16k data/speech/test --every 5

PESQ-WB of the decoded sound against the clip as it was, in the mean over all clips.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import soundfile

import audiocodec
from audiocodec import audio
from audiocodec.codec import Codec
from audiocodec.evaluate.scores import score

TIMES = 20  # of which the fastest counts
TIMED_S = 10


def spoilt(wav: np.ndarray, sample_rate: int) -> Iterator[tuple[str, np.ndarray]]:
    """A voice "t" as it is, with an offset, and with a tone of 20 Hz as loud as it is and louder."""
    tone = np.sqrt(2) * np.sin(2 * np.pi * 20 * np.arange(len(wav)) / sample_rate)
    level = np.sqrt(np.mean(np.square(wav)))
    yield "as it is", wav
    yield "offset .1", wav + 0.1
    yield "20 Hz, 0 dB", wav + level * tone
    yield "20 Hz, 10 dB", wav + 10**0.5 * level * tone


def coded(codec: Codec, wav: np.ndarray, sample_rate: int, bitrate: str, high_pass: float) -> tuple[np.ndarray, float]:
    """What a sound "t" becomes as a file, and the processor's seconds that encoding took."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "a.wav", Path(folder) / "a.fsq"
        soundfile.write(source, wav, sample_rate, subtype="FLOAT")
        begin = time.process_time()
        codec.encode_file(source, target, bitrate=bitrate, high_pass=high_pass)
        taken = time.process_time() - begin
        return codec.decode(audiocodec.Tokens.load(target, codec.entropy))[0], taken


@click.command(help=__doc__)
@click.argument("model")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--every", default=1, show_default=True, help="Take every N-th clip.")
@click.option("--bitrate", default="6k", show_default=True)
@click.option("--cutoff", default=50.0, show_default=True, help="Of the high-pass, in Hz.")
def main(model: str, folder: Path, every: int, bitrate: str, cutoff: float) -> None:
    """Print a table, then the cost."""
    codec = audiocodec.load(model)
    found: dict[tuple[str, float], list[float]] = {}
    for file in audio.list_audio_files(folder)[::every]:
        wavs, rate = audiocodec.read(file)
        for name, wav in spoilt(wavs[0], rate):
            for high_pass in (0.0, cutoff):
                decoded, _ = coded(codec, wav, rate, bitrate, high_pass)
                scores = score(wavs[:1], decoded[None], rate, ["pesq"])
                found.setdefault((name, high_pass), []).append(scores["pesq"])
    for (name, high_pass), scores_of in found.items():
        print(f"{name}, high-pass {high_pass:g}: {np.mean(scores_of):.2f}", flush=True)
    for rate in (16_000, 44_100):
        noise = 0.1 * np.random.default_rng(0).standard_normal(TIMED_S * rate)
        off, on = (min(coded(codec, noise, rate, bitrate, hz)[1] for _ in range(TIMES)) for hz in (0.0, cutoff))
        print(f"{rate} Hz: {1000 * off / TIMED_S:.2f} ms a second of sound, {100 * (on / off - 1):.1f} % more with it")


if __name__ == "__main__":
    main()
