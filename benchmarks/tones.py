"""How much of its level a lone tone keeps, by frequency and amplitude.

    python benchmarks/tones.py audio-44k --csv a.csv

Each tone is coded as two seconds of sound with nothing else in it; the middle second is measured, at the tone's own
frequency and within a sixth of an octave on either side, in dB against what it was.
"""

from __future__ import annotations

import csv
from pathlib import Path

import click
import numpy as np

import audiocodec
from audiocodec._util.terminal import errors_in_one_sentence
from audiocodec.codec import Codec

FREQUENCIES = (100, 200, 440, 1000, 2000, 3000, 6000, 10_000)
AMPLITUDES = (0.01, 0.1, 0.25, 0.8)
SECONDS = 2


def levels(codec: Codec, frequency: float, amplitude: float, bitrate: str) -> tuple[float, float]:
    """Change of level in dB: of the tone itself, and of the band around it."""
    rate = codec.info.sample_rate
    tone = amplitude * np.sin(2 * np.pi * frequency * np.arange(SECONDS * rate) / rate).astype(np.float32)
    decoded = codec.decode(codec.encode(tone, rate, bitrate=bitrate))[0]
    middle = slice(rate // 2, rate // 2 + rate)  # bins are 1 Hz
    before, after = (np.square(np.abs(np.fft.rfft(wav[middle] * np.hanning(rate)))) for wav in (tone, decoded))
    own = slice(round(frequency) - 2, round(frequency) + 3)
    band = slice(round(frequency * 2 ** (-1 / 6)), round(frequency * 2 ** (1 / 6)) + 1)
    return tuple(float(10 * np.log10(after[part].sum() / before[part].sum() + 1e-12)) for part in (own, band))  # type: ignore[return-value]


@click.command(help=__doc__)
@click.argument("model")
@click.option("--bitrate", default="12k", show_default=True)
@click.option("--csv", "csv_path", type=click.Path(path_type=Path), help="Write the rows there.")
@errors_in_one_sentence()
def main(model: str, bitrate: str, csv_path: Path | None) -> None:
    """Print a table of levels: the tone itself, and its band."""
    codec = audiocodec.load(model)
    frequencies = [frequency for frequency in FREQUENCIES if frequency < 0.45 * codec.info.sample_rate]
    print("| amplitude | " + " | ".join(f"{frequency} Hz" for frequency in frequencies) + " |")
    print("|---" * (1 + len(frequencies)) + "|")
    rows = []
    for amplitude in AMPLITUDES:
        found = [levels(codec, frequency, amplitude, bitrate) for frequency in frequencies]
        print(f"| {amplitude:g} | " + " | ".join(f"{own:+.1f}, {band:+.1f}" for own, band in found) + " |", flush=True)
        rows += [(amplitude, *row) for row in zip(frequencies, *zip(*found, strict=True), strict=True)]
    if csv_path:
        with csv_path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["amplitude", "frequency", "tone_db", "band_db"])
            writer.writerows(rows)


if __name__ == "__main__":
    main()
