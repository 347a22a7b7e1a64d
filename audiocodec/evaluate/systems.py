"""The systems to compare: models of this package, known peers, and any pair of commands."""

from __future__ import annotations

import functools
import hashlib
import math
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from audiocodec import audio
from audiocodec._util.extras import require
from audiocodec.codec import Codec, load
from audiocodec.errors import AudioCodecError, ConfigError
from audiocodec.evaluate.usage import count_codes
from audiocodec.model.bundle import bundle_files
from audiocodec.tokens import Tokens
from audiocodec.tokens.bitrate import parse_bitrate

TIMEOUT_S = 600
SAME_SIZE = 0.03  # of the bytes, by which files of the "same" size may differ
PEER_BITRATES = (2500.0, 512_000.0)  # range in which a bitrate is searched for
SEARCHES = 14
MODEL_AT_BITRATE = re.compile(r"(.+)@([^@+]+)(?:\+([0-9]+))?")  # and steps of the search

LC3_RATES = (8000, 16_000, 24_000, 32_000, 48_000)
CODEC2_RATE = 8000
CODEC2_MODES = {3200: "3200", 2400: "2400", 1600: "1600", 1400: "1400", 1300: "1300", 1200: "1200", 700: "700C"}


@dataclass(frozen=True)
class Coded:
    """The coded form of a clip.

    Attributes:
        size: bytes of the coded file; None if there is none.
        counts: for models of this package, how often each code occurs, "q codebook_size".
    """

    size: int | None
    counts: np.ndarray | None = None


@functools.cache
def _loaded(model: str) -> Codec:
    return load(model)


@functools.cache
def _checksum(model: str) -> str:
    """Of the files of a model."""
    return checksum(bundle_files(model))


def checksum(paths: Iterable[Path]) -> str:
    """Of the content of files, one after another."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class OurModel:
    """A model at a bitrate.

    Attributes:
        name: as shown in tables.
        model: name or path.
        bitrate: at most, in bits per second.
        refine: steps of the search for codes.
        aligned: its output is aligned with its input.
    """

    name: str
    model: str
    bitrate: float
    refine: int = 0
    aligned: bool = True

    def run(self, source: Path, code: Path, target: Path) -> Coded:
        """A WAV to coded bytes to a WAV.

        Raises:
            AudioCodecError: it failed.
        """
        codec = _loaded(self.model)
        report = codec.encode_file(source, code, bitrate=self.bitrate, refine=self.refine)
        codec.decode_file(code, target)
        tokens = Tokens.load(code, codec.entropy)
        return Coded(report.file_bytes, count_codes(tokens.codes, tokens.header.codebook_size))


@dataclass(frozen=True)
class Commands:
    """Programs run one after the other, without a shell.

    Attributes:
        name: as shown in tables.
        lines: with `{in}`, `{out}` and perhaps `{code}` between them.
        aligned: False: the output is aligned by shifting before it is scored.
    """

    name: str
    lines: tuple[str, ...]
    aligned: bool = False

    def run(self, source: Path, code: Path, target: Path) -> Coded:
        """A WAV to coded bytes to a WAV.

        Raises:
            AudioCodecError: it failed.
        """
        places = {"{in}": str(source), "{code}": str(code), "{out}": str(target)}
        for line in self.lines:
            words = [re.sub(r"\{(in|code|out)\}", lambda m: places[m[0]], word) for word in shlex.split(line)]
            try:
                done = subprocess.run(words, capture_output=True, timeout=TIMEOUT_S, check=False)
            except (OSError, subprocess.TimeoutExpired) as error:
                raise AudioCodecError(f"{self.name}: {words[0]} did not run ({error})") from error
            if done.returncode:
                tail = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no output"]
                raise AudioCodecError(f"{self.name}: {words[0]} ended with {done.returncode} ({tail[0]})")
        if not target.exists():
            raise AudioCodecError(f"{self.name}: no sound file was written")
        return Coded(code.stat().st_size if code.exists() else None)


@dataclass(frozen=True)
class Resampled:
    """Programs that accept only certain sample rates.

    Attributes:
        name: as shown in tables.
        commands: encoder and decoder.
        rates: Hz, ascending; the lowest that keeps the bandwidth of the source is used, or the highest.
        raw: they read and write raw 16-bit samples of one channel, not WAV files.
        aligned: False: the output is aligned by shifting before it is scored.
    """

    name: str
    commands: Commands
    rates: tuple[int, ...]
    raw: bool = False
    aligned: bool = False

    def run(self, source: Path, code: Path, target: Path) -> Coded:
        """A WAV to coded bytes to a WAV; `raw` averages channels.

        Raises:
            AudioCodecError: it failed.
        """
        wav, rate = audio.read(source)
        taken = next((r for r in self.rates if r >= rate), self.rates[-1])
        wav = audio.resample(wav, rate, taken) if taken != rate else wav
        inside = source.with_suffix(".inside")
        if not self.raw:
            soundfile.write(inside, wav.T, taken, subtype="PCM_16", format="WAV")
            return self.commands.run(inside, code, target)
        back = target.with_suffix(".raw")
        np.clip(np.round(wav.mean(axis=0) * 32767), -32768, 32767).astype("<i2").tofile(inside)
        coded = self.commands.run(inside, code, back)
        soundfile.write(target, np.fromfile(back, "<i2"), taken, subtype="PCM_16")
        return coded


@dataclass(frozen=True)
class SameSize:
    """A peer at the file size of a model of this package, clip by clip.

    Attributes:
        name: as shown in tables.
        model: whose files give the size.
        peer: makes a system of a name and a bitrate.
        aligned: False: the output is aligned by shifting before it is scored.
    """

    name: str
    model: OurModel
    peer: Callable[[str, float], Commands]
    aligned: bool = False

    def run(self, source: Path, code: Path, target: Path) -> Coded:
        """A WAV to coded bytes to a WAV, at the bitrate with the closest size.

        Raises:
            AudioCodecError: it failed, or no bitrate is within `SAME_SIZE` of the size.
        """
        wanted = self.model.run(source, code, target).size or 1
        low, high, best = *PEER_BITRATES, -1.0
        for _ in range(SEARCHES):
            rate = math.sqrt(low * high)
            size = self.peer(self.name, rate).run(source, code, target).size or 1
            if abs(size - wanted) < abs(best - wanted):
                best = size
            if abs(size - wanted) <= SAME_SIZE / 3 * wanted:
                return Coded(size)
            low, high = (rate, high) if size < wanted else (low, rate)
        if abs(size - wanted) <= SAME_SIZE * wanted:
            return Coded(size)
        raise AudioCodecError(f"{self.name}: no file of {wanted} bytes can be made, the nearest has {best:.0f}")


System = OurModel | Commands | Resampled | SameSize


def checksum_of(system: System) -> str:
    """Of the model that a system uses; empty if it uses none of this package."""
    if isinstance(system, SameSize):
        system = system.model
    return _checksum(system.model) if isinstance(system, OurModel) else ""


def _opus(name: str, bitrate: float) -> Commands:
    encode = f"opusenc --quiet --bitrate {bitrate / 1000:g} --padding 0 --discard-comments {{in}} {{code}}"
    return _commands(name, (encode, "opusdec --quiet {code} {out}"), " (Debian package opus-tools)")


def _lc3(name: str, bitrate: float) -> Resampled:
    """Limit the sample rate to one bit per sample: below that, LC3 is better with less bandwidth."""
    lines = f"elc3 -b {bitrate:g} {{in}} {{code}}", "dlc3 {code} {out}"
    rates = tuple(rate for rate in LC3_RATES if rate <= bitrate) or LC3_RATES[:1]
    return Resampled(name, _commands(name, lines, " (Debian package liblc3-tools)"), rates)


def _codec2(name: str, bitrate: float) -> Resampled:
    mode = CODEC2_MODES.get(round(bitrate))
    if mode is None:
        known = ", ".join(f"{rate / 1000:g}k" for rate in CODEC2_MODES)
        raise ConfigError(f"system {name}: Codec 2 has the bitrates {known}")
    lines = f"c2enc {mode} {{in}} {{code}}", f"c2dec {mode} {{code}} {{out}}"
    return Resampled(name, _commands(name, lines, " (Debian package codec2)"), (CODEC2_RATE,), raw=True)


SAME = "opus@"  # before a model and its bitrate: with files of the same size
PEERS: dict[str, Callable[[str, float], System]] = {"opus": _opus, "lc3": _lc3, "codec2": _codec2}


def _commands(name: str, lines: tuple[str, ...], hint: str = "") -> Commands:
    if not any("{in}" in line for line in lines) or not any("{out}" in line for line in lines):
        raise ConfigError(f"system {name}: its commands need {{in}} and {{out}}")
    for line in lines:
        program = (shlex.split(line) or [""])[0]
        if shutil.which(program) is None:
            raise ConfigError(f"system {name}: {program!r} is not installed{hint}")
    return Commands(name, lines)


def parse_system(text: str) -> System:
    """A system as a user writes it.

    Args:
        text: `speech-16k@3k` (a model's name or path, and a bitrate), `speech-16k@3k+20` (with that many steps of the
            search for codes), `opus@speech-16k@3k` (Opus with files of the same size), `opus@12k`, `lc3@24k`,
            `codec2@3.2k`, or
            `name=encoder {in} {code} :: decoder {code} {out}`; without `{code}` its bitrate is unknown.

    Raises:
        ConfigError: it is none of these, or a program is missing.
        ModelError: the model is unknown.
        MissingExtraError: a package for the search is not installed.
    """
    name, equals, line = text.partition("=")
    if not equals and text.startswith(SAME) and text.count("@") > 1:
        model = parse_system(text.removeprefix(SAME))
        if not isinstance(model, OurModel):
            raise ConfigError(f"system {text!r}: after {SAME} comes a model of this package and its bitrate")
        _opus(text, 6000)  # reports if it is not installed
        return SameSize(text, model, _opus)
    if equals:
        return _commands(name, tuple(part.strip() for part in line.split("::")))
    found = MODEL_AT_BITRATE.fullmatch(text)
    name, rate_text, steps = found.groups() if found else ("", "", None)
    try:
        rate = parse_bitrate(rate_text)
    except ConfigError:
        name = ""
    if not name or (steps and name in PEERS):
        raise ConfigError(
            f"system {text!r}: write model@bitrate, such as speech-16k@3k or, of a model, speech-16k@3k+20, "
            "or name=command {in} {out}"
        )
    if name in PEERS:
        return PEERS[name](text, rate)
    _loaded(name).info.choose_codebooks(None, rate, 1)
    if steps:
        require("torchaudio", "refine")
    return OurModel(text, name, rate, int(steps or 0))
