"""Three harder sets of clips, made by rule from a folder of clean speech: noise, a room, two talkers.

    python benchmarks/harder_clips.py data/speech/test data/sound/test runs/harder

OUT then holds `noise` (a sound of SOUNDS, 10 dB softer than the voice), `room` (it reverberates for .5 s, the tail 6 dB
below what comes directly) and `two` (another voice of the set, 3 dB softer), mono at 16 kHz, the same on every machine.
`audiocodec evaluate OUT/noise ...` then compares codecs by how near they come to these mixed sounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import soundfile

from audiocodec import audio
from audiocodec._util.terminal import errors_in_one_sentence

RATE = 16_000
NOISE_DB, OTHER_DB, TAIL_DB, ROOM_S = 10.0, 3.0, 6.0, 0.5


def read(path: Path) -> np.ndarray:
    """A file as mono "t" at 16 kHz."""
    wav, rate = audio.read(path)
    return audio.resample(wav.mean(axis=0, keepdims=True), rate, RATE)[0]


def added(voice: np.ndarray, other: np.ndarray, below_db: float) -> np.ndarray:
    """A voice "t" and another sound, repeated to its length, that many dB below it."""
    other = np.resize(other, len(voice))
    gain = np.sqrt(np.mean(voice**2) / (np.mean(other**2) + 1e-12)) * 10 ** (-below_db / 20)
    return voice + gain * other


def in_a_room(voice: np.ndarray, seed: int) -> np.ndarray:
    """A voice "t" with a tail of decaying noise."""
    seconds = np.arange(int(ROOM_S * RATE)) / RATE
    tail = np.random.default_rng(seed).standard_normal(len(seconds)) * 10 ** (-3 * seconds / ROOM_S)
    tail[: int(0.003 * RATE)] = 0
    tail *= 10 ** (-TAIL_DB / 20) / np.linalg.norm(tail)
    return voice + np.convolve(voice, tail)[: len(voice)]


def harder(voices: list[np.ndarray], sounds: list[np.ndarray]) -> Iterator[tuple[int, str, np.ndarray]]:
    """Number of the clip, name of the set, and the sound "t", never above full scale."""
    for i, voice in enumerate(voices):
        other = voices[(i + len(voices) // 2) % len(voices)]
        for name, mixed in (
            ("noise", added(voice, sounds[i % len(sounds)], NOISE_DB)),
            ("room", in_a_room(voice, i)),
            ("two", added(voice, other, OTHER_DB)),
        ):
            yield i, name, (mixed * min(1.0, 0.99 / np.abs(mixed).max())).astype(np.float32)


@click.command(help=__doc__)
@click.argument("clips", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("sounds", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@errors_in_one_sentence()
def main(clips: Path, sounds: Path, out: Path) -> None:
    """Mix and write."""
    paths = audio.list_audio_files(clips)
    voices, others = ([read(path) for path in files] for files in (paths, audio.list_audio_files(sounds)))
    for i, name, mixed in harder(voices, others):
        target = out / name / f"{paths[i].stem}.wav"
        target.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(target, mixed, RATE, subtype="PCM_16")
    print(f"{out}: {len(paths)} clips each of noise, room and two")


if __name__ == "__main__":
    main()
