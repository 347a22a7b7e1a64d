"""What the tests of the browser side compare with: files, codes, samples and errors of the Python package.

python web/test/fixtures.py build/web-fixtures
"""

from __future__ import annotations

import base64
import io
import json
import random
import shutil
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import audiocodec
from audiocodec import web
from audiocodec.errors import TokenFileError
from audiocodec.model.bundle import load_bundle
from audiocodec.tokens import EntropyModel, TokenReader, Tokens, load_entropy
from audiocodec.tokens.header import Joint

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
SPEECH = ROOT / "tests" / "sounds" / "speech.flac"
DAMAGED = 1000


def crc(data: bytes) -> bytes:
    """As it is stored."""
    return zlib.crc32(data).to_bytes(4, "little")


def damages(whole: bytes, rng: random.Random) -> bytes:
    """A damaged copy: bits flipped, bytes cut, doubled, replaced; in every other one the checksums are right again."""
    data, ways = bytearray(whole), rng.randrange(5)
    header_end = 12 + int.from_bytes(data[10:12], "little")
    if ways == 0:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif ways == 1:
        return bytes(data[: rng.randrange(len(data))])
    elif ways == 2:
        at, count = rng.randrange(len(data)), rng.randrange(1, 40)
        data[at : at + rng.randrange(40)] = rng.randbytes(count)
    elif ways == 3:  # a header that lies
        at = rng.randrange(8, header_end)
        data[at] = rng.randrange(256)
        if at not in (10, 11):
            data[header_end : header_end + 4] = crc(data[:header_end])
    else:  # a page that lies
        index, at = 0, header_end + 4
        for _ in range(rng.randrange(3)):
            index, at = index + 1, at + 13 + int.from_bytes(data[at + 5 : at + 9], "little")
        end = at + 9 + int.from_bytes(data[at + 5 : at + 9], "little")
        place = rng.choice(
            [at + 2, at + 3, at + 9, at + 10, at + 11, rng.randrange(at, end), rng.randrange(at + 9, end)]
        )
        data[place] = rng.randrange(256)
        data[end : end + 4] = crc(index.to_bytes(4, "little") + data[at:end])
    return bytes(data)


def damaged_files(entropy: EntropyModel) -> Iterator[dict[str, Any]]:
    """Damaged golden files and what Python says of them, in order and always the same."""
    rng = random.Random(0)
    goldens = [(GOLDEN / f"v{version}.fsq").read_bytes() for version in (1, 2, 3, 4)]
    for number in range(DAMAGED):
        data = damages(goldens[number % len(goldens)], rng)
        case = {"data": base64.b64encode(data).decode(), "error": "", "message": ""}
        try:
            for _ in TokenReader(io.BytesIO(data), "test", [entropy]):
                pass
        except TokenFileError as error:
            case |= {"error": type(error).__name__, "message": str(error)}
        yield case


def golden_files(folder: Path, entropy: EntropyModel) -> None:
    """Golden files with their codes."""
    (folder / "golden").mkdir(exist_ok=True)
    (folder / "golden" / entropy.hash.hex()).write_bytes(entropy.to_bytes())
    found = {}
    for path in sorted(GOLDEN.glob("*.fsq")):
        tokens = Tokens.load(path, [entropy] if path.name in ("v2.fsq", "v4.fsq") else ())
        (folder / "golden" / path.name).write_bytes(path.read_bytes())
        found[path.name] = {"shape": tokens.codes.shape, "codes": tokens.codes.reshape(-1).tolist()}
    (folder / "golden.json").write_text(json.dumps(found))


@dataclass(frozen=True)
class Sound:
    """One that Python codes and decodes, for comparison.

    Attributes:
        model: that codes it.
        wav: samples "c t".
        rate: Hz.
        joint: how its channels become rows, as Python should choose.
        vbr: whether frames differ in their codebooks; then 2 kbit/s a channel in the mean, by `encode --vbr`.
    """

    model: str
    wav: np.ndarray
    rate: int
    joint: Joint = Joint.APART
    vbr: bool = False


def sounds() -> dict[str, Sound]:
    """Sounds by name; the browser encodes those of a constant rate, too."""
    at_16k = audiocodec.read(SPEECH, 16_000)[0]
    at_44k = audiocodec.read(SPEECH, 44_100)[0][:, : 3 * 44_100]
    late = np.roll(at_44k, 4410)
    return {
        "speech": Sound("speech-16k", at_16k, 16_000),
        "short": Sound("speech-16k", at_16k[:, 20_000:31_000], 16_000),
        "speech-8k": Sound("speech-16k", audiocodec.read(SPEECH, 8000)[0], 8000),
        "speech-48k": Sound("speech-16k", audiocodec.read(SPEECH, 48_000)[0], 48_000),
        "stereo": Sound("audio-44k", np.concatenate([at_44k, 0.7 * at_44k + 0.05 * late]), 44_100, Joint.MID_SIDE),
        "left": Sound("audio-44k", np.concatenate([at_44k, 0 * late]), 44_100, Joint.LEFT_RIGHT),
        "vbr": Sound("speech-16k", at_16k, 16_000, vbr=True),
        "vbr-right": Sound("audio-44k", np.concatenate([0.1 * late, at_44k]), 44_100, Joint.RIGHT_LEFT, vbr=True),
    }


def coded_sounds(folder: Path) -> None:
    """Sounds as wav, their tokens, and what these sound like (float32, interleaved)."""
    (folder / "sounds").mkdir(exist_ok=True)
    for name, sound in sounds().items():
        codec = audiocodec.load(sound.model)
        wav, fsq = folder / "sounds" / f"{name}.wav", folder / "sounds" / f"{name}.fsq"
        soundfile.write(wav, sound.wav.T, sound.rate, subtype="PCM_16")
        bitrate = 2000 * len(sound.wav) if sound.vbr else None
        codec.encode_file(wav, fsq, bitrate=bitrate, overwrite=True, vbr=sound.vbr)
        tokens = Tokens.load(fsq)
        assert (tokens.header.joint, tokens.header.variable) == (sound.joint, sound.vbr), name
        codec.decode(tokens).T.astype("<f4").tofile(folder / "sounds" / f"{name}.f32")


def main(folder: Path) -> None:
    """Write everything."""
    folder.mkdir(parents=True, exist_ok=True)
    entropy = load_entropy(GOLDEN / "v2.entropy.npz")
    golden_files(folder, entropy)
    (folder / "damaged.json").write_text(json.dumps(list(damaged_files(entropy))))
    coded_sounds(folder)
    shutil.rmtree(folder / "site", ignore_errors=True)
    bundles = [load_bundle(name) for name in ("speech-16k", "audio-44k")]
    web.write_page(folder / "site", bundles)
    (folder / "vbr.html").write_text(web.single_page(folder / "sounds" / "vbr.fsq"), encoding="utf-8")
    web.write_models(folder / "models", bundles, overwrite=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
