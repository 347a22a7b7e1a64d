"""Parts of token files, and several as one: codes are copied, no network runs. See docs/format.md, "Cutting"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from audiocodec._util.numbers import check_seconds
from audiocodec.errors import ConfigError
from audiocodec.tokens.header import Header
from audiocodec.tokens.mapped import TokenFile
from audiocodec.tokens.writer import TokenWriter

# in what files to be joined may differ; every other field of the header must be the same
OWN = {"samples", "metadata", "frames_per_page", "entropy", "variable"}
WORDS = {
    "model_hash": "weights of the model",
    "channels": "number of channels",
    "joint": "channel coding",
    "model_sample_rate": "sample rate of the model",
    "num_codebooks": "number of codebooks",
}


@dataclass(frozen=True)
class _Part:
    """A file to be joined, closed again."""

    path: Path
    header: Header
    frames: int


@dataclass(frozen=True)
class Spliced:
    """What was written.

    Attributes:
        start: of a cut: the source sample that became the first.
        samples: of each source channel.
        frames: of codes.
        sample_rate: of the source, Hz.
    """

    start: int
    samples: int
    frames: int
    sample_rate: int


def cut_file(source: Path, output: BinaryIO, start_s: float = 0.0, duration_s: float | None = None) -> Spliced:
    """Copy the frames of a part of a sound.

    The part starts with a frame (with strides, with a block of frames): `start_s` is rounded down to one, so that up
    to that much more comes out. Its end is exact to the sample. The first frames are decoded without what came before
    them.

    Args:
        source: a whole token file.
        output: gets the new one.
        start_s: where to start, in seconds.
        duration_s: from there; by default all the rest. What goes beyond the end is left out.

    Raises:
        ConfigError: the sound does not reach to `start_s`, or nothing would be left; or a time is no number.
        TokenFileError: the file is damaged.
    """
    start_s = check_seconds(start_s, "start_s")
    with TokenFile(source) as file:
        header, total = file.header, file.header.samples or 0
        rate, end = header.sample_rate, total
        if duration_s is not None:
            end = _sample_at(start_s + check_seconds(duration_s, "duration_s"), header)
        asked = _sample_at(start_s, header)
        if not 0 <= asked < end:
            raise ConfigError(f"{source}: holds {total / rate:.3f} s, nothing is left of it from {start_s:g} s on")
        first = asked * header.model_sample_rate // (rate * header.hop_length) // header.block * header.block
        start = first_sample(header, first)
        kept = replace(header, samples=end - start)
        frames = kept.expected_frames() or 0
        writer = TokenWriter(output, kept, file.entropy)
        for codes in _slices(file, first, first + frames):
            writer.push(codes)
        writer.close(end - start)
        return Spliced(start, end - start, frames, rate)


def _sample_at(seconds: float, header: Header) -> int:
    """The source sample at a time; -1 for all before the sound, the number of its samples for all after it."""
    return round(max(-1.0, min(header.samples or 0, seconds * header.sample_rate)))


def join_files(sources: Sequence[Path], output: BinaryIO) -> Spliced:
    """Put sounds one after the other.

    Each but the last keeps the frames that its samples fall into, and no more: what its decoder would have needed to
    finish the last `delay` samples is taken from the next. So each starts with a frame, up to one frame of silence
    comes before it, and the parts that `cut_file` makes give the uncut codes again.

    Texts that are the same in all files are kept.

    Args:
        sources: whole token files of one model, rate, number of channels and codebooks.
        output: gets the new one.

    Raises:
        ConfigError: no sources, or they do not go together.
        TokenFileError: a file is damaged.
    """
    if not sources:
        raise ConfigError("there are no files to join")
    parts: list[_Part] = []
    for path in sources:
        with TokenFile(path) as file:  # one at a time: there may be more than can be open at once
            parts.append(_Part(path, file.header, len(file)))
        _check_common(parts[0], parts[-1])
    texts = set.intersection(*(set(part.header.metadata.items()) for part in parts))
    parts = [part for part in parts if part.header.samples] or parts[:1]
    counts = [_own_frames(part.header) for part in parts[:-1]] + [parts[-1].frames]
    if any(count % parts[0].header.block for count in counts[:-1]):
        raise ConfigError("files with strides can be joined only where blocks of frames end, as `cut` makes them")
    samples = _joined_samples(parts[-1].header, sum(counts[:-1]), sum(counts))
    variable = any(part.header.variable for part in parts)
    writer = TokenWriter(output, replace(parts[0].header, samples=samples, metadata=dict(texts), variable=variable))
    for part, count in zip(parts, counts, strict=True):
        with TokenFile(part.path) as file:
            for codes in _slices(file, 0, count):
                writer.push(codes)
    writer.close(samples)
    return Spliced(0, samples, sum(counts), parts[0].header.sample_rate)


def first_sample(header: Header, frame: int) -> int:
    """The first source sample of a sound that is cut before a frame."""
    return -(-frame * header.hop_length * header.sample_rate // header.model_sample_rate)


def _own_frames(header: Header) -> int:
    """Frames that the samples of a sound fall into, without those that only finish it."""
    if not header.samples:
        return 0
    return (header.samples - 1) * header.model_sample_rate // (header.sample_rate * header.hop_length) + 1


def _joined_samples(last: Header, before: int, frames: int) -> int:
    """Source samples of all, so that they take `frames`: the last sound starts after `before` frames."""
    samples = first_sample(last, before) + (last.samples or 0)
    while samples and (replace(last, samples=samples).expected_frames() or 0) > frames:
        samples -= 1  # the rates have no common measure there: a sample at most
    return samples


def _slices(file: TokenFile, start: int, end: int) -> Iterator[np.ndarray]:
    """Codes of frames, not many at a time."""
    each = 64 * file.header.frames_per_page
    for at in range(start, end, each):
        yield file[at : min(at + each, end)]


def _check_common(first: _Part, other: _Part) -> None:
    """Refuse files that no header could describe together.

    Raises:
        ConfigError: it names what differs.
    """
    for name in (field.name for field in fields(Header) if field.name not in OWN):
        values = getattr(first.header, name), getattr(other.header, name)
        if values[0] != values[1]:
            shown = ["" if isinstance(v, bytes) else f" ({v})" for v in values]
            way_out = "; 'audiocodec truncate' makes them equal" if name == "num_codebooks" else ""
            raise ConfigError(
                f"{other.path}{shown[1]} has another {WORDS.get(name, name.replace('_', ' '))} than "
                f"{first.path}{shown[0]}, they cannot be joined{way_out}"
            )
