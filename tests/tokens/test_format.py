"""The token file: golden bytes, damage, limits, pipes."""

from __future__ import annotations

import io
import math
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiocodec.errors import ConfigError, DamagedFileError, OutputError, TokenFileError, VersionError
from audiocodec.tokens import Header, TokenReader, Tokens, TokenWriter, frames_for, load_entropy, truncate_file, verify
from audiocodec.tokens.reader import total_samples
from audiocodec.tokens.recovery import salvage
from tests.golden.make_golden import entropy_model, tokens, tokens_v2, tokens_v3, tokens_v4

GOLDEN = Path(__file__).parents[1] / "golden" / "v1.fsq"  # all pages of equal size, which many tests use
GOLDEN_V2 = GOLDEN.with_name("v2.fsq")
GOLDEN_V3 = GOLDEN.with_name("v3.fsq")
GOLDEN_V4 = GOLDEN.with_name("v4.fsq")
GOLDENS = [(GOLDEN, tokens()), (GOLDEN_V2, tokens_v2()), (GOLDEN_V3, tokens_v3()), (GOLDEN_V4, tokens_v4())]


def read(data: bytes) -> np.ndarray:
    return np.concatenate(list(TokenReader(io.BytesIO(data), "test", [entropy_model()])), axis=2)


@pytest.mark.parametrize(
    ("path", "made"), [(GOLDEN, tokens()), (GOLDEN_V2, tokens_v2()), (GOLDEN_V3, tokens_v3()), (GOLDEN_V4, tokens_v4())]
)
def test_golden_files_are_read(path: Path, made: Tokens) -> None:
    loaded = Tokens.load(path, [entropy_model()])
    assert loaded.header == made.header
    assert np.array_equal(loaded.codes, made.codes)
    assert verify(path) == []


def test_golden_bytes_are_written() -> None:
    assert load_entropy(GOLDEN.with_name("v2.entropy.npz")).hash == entropy_model().hash
    assert tokens_v2().to_bytes() == GOLDEN_V2.read_bytes()
    assert [data[2] for data in TokenReader(io.BytesIO(GOLDEN_V2.read_bytes()), "test").raw_pages()] == [1, 0, 1]


def test_pages_of_version_1_are_those_of_version_2() -> None:
    old, new = GOLDEN.read_bytes(), tokens().to_bytes()
    assert (old[8], new[8]) == (1, 2)
    assert old[16 + int.from_bytes(old[10:12], "little") :] == new[16 + int.from_bytes(new[10:12], "little") :]


def test_header_is_laid_out_as_the_document_says() -> None:
    data = GOLDEN.read_bytes()
    magic, version, flags, length = struct.unpack_from("<8sBBH", data)
    assert (magic, version, flags) == (b"\x89FSQ\r\n\x1a\n", 1, 0)
    assert zlib.crc32(data[: 12 + length]) == int.from_bytes(data[12 + length : 16 + length], "little")
    assert data[12 + length - 6 : 12 + length] == b"golden"
    assert data[-4:] == b"FSQ\x1a"


@given(
    st.integers(1, 3),
    st.integers(1, 5),
    st.integers(0, 130),
    st.lists(st.integers(2, 9), min_size=1, max_size=4),
    st.integers(1, 60),
)
@settings(deadline=None, max_examples=60)
def test_any_tokens_come_back(channels: int, codebooks: int, frames: int, levels: list[int], page: int) -> None:
    codes = np.random.default_rng(0).integers(0, math.prod(levels), (channels, codebooks, frames))
    header = Header("m", b"h" * 16, 16_000, channels, 320 * frames, 16_000, 320, 0, codebooks, tuple(levels), page)
    data = Tokens(codes, header).to_bytes()
    assert np.array_equal(read(data) if frames else codes, codes)


def test_chunks_of_pushing_change_no_byte() -> None:
    made = tokens()
    output = io.BytesIO()
    writer = TokenWriter(output, made.header)
    for start in range(0, made.codes.shape[2], 7):
        writer.push(made.codes[:, :, start : start + 7])
    writer.close(made.header.samples or 0)
    assert output.getvalue() == made.to_bytes()


class Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation


def test_a_pipe_needs_no_length(tmp_path: Path) -> None:
    made = tokens()
    pipe = Pipe()
    writer = TokenWriter(pipe, replace(made.header, samples=None))
    writer.push(made.codes)
    writer.close(97_234)
    reader = TokenReader(Pipe(pipe.getvalue()), "pipe")
    assert reader.header.samples is None
    assert np.array_equal(np.concatenate(list(reader), axis=2), made.codes)
    path = tmp_path / "piped.fsq"
    path.write_bytes(pipe.getvalue())
    assert verify(path) == []
    assert total_samples(path, reader.header) == 97_234
    assert Tokens.load(path).header.samples == 97_234


def test_seekable_files_get_the_length_into_the_header() -> None:
    made = tokens()
    output = io.BytesIO()
    writer = TokenWriter(output, replace(made.header, samples=None))
    writer.push(made.codes)
    writer.close(97_234)
    assert output.getvalue() == made.to_bytes()


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("golden", [GOLDEN, GOLDEN_V2, GOLDEN_V3])
def test_every_flipped_bit_is_found(tmp_path: Path, golden: Path, step: int) -> None:
    """All bits of header and trailer, and one bit of every byte of the pages; quickly, of every eleventh byte."""
    data = golden.read_bytes()
    path = tmp_path / "flipped.fsq"
    edges = {*range(100), *range(len(data) - 60, len(data))}
    for position in range(0, len(data), step):
        for bit in range(8) if position in edges else [position % 8]:
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            path.write_bytes(flipped)
            with pytest.raises(TokenFileError):
                read(bytes(flipped))
            try:
                problems = verify(path)
            except TokenFileError as error:
                problems = [str(error)]
            assert problems, (position, bit)


def test_verify_names_the_page(tmp_path: Path) -> None:
    data = bytearray(GOLDEN.read_bytes())
    data[500] ^= 1  # in page 1
    path = tmp_path / "flipped.fsq"
    path.write_bytes(data)
    what = "page 1 is damaged (checksum does not match); sound is lost from 00:01.0 to 00:02.0"
    assert verify(path) == [f"{path}: {what}"]


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("golden", [GOLDEN, GOLDEN_V2, GOLDEN_V3])
def test_every_cut_is_found(tmp_path: Path, golden: Path, step: int) -> None:
    """Behind every byte, and behind the last but one; quickly, behind every eleventh."""
    data = golden.read_bytes()
    path = tmp_path / "cut.fsq"
    for length in [*range(0, len(data) - 1, step), len(data) - 1]:
        with pytest.raises(TokenFileError):
            read(data[:length])
        path.write_bytes(data[:length])
        try:
            assert verify(path)
        except TokenFileError:
            assert length < 140
    with pytest.raises(DamagedFileError, match="seek table"):
        read(data + b"x")


def test_salvage_keeps_the_good_pages(tmp_path: Path) -> None:
    codes = tokens().codes
    data = bytearray(GOLDEN.read_bytes())
    data[500] ^= 1  # in page 1
    path = tmp_path / "damaged.fsq"
    path.write_bytes(data)
    pages = list(salvage(path))
    assert [p.frames for p in pages] == [50, 50, codes.shape[2] - 100]
    assert pages[1].codes is None
    for page, start in ((pages[0], 0), (pages[2], 100)):
        assert page.codes is not None
        assert np.array_equal(page.codes, codes[:, :, start : start + page.frames])


def test_salvage_of_a_cut_file(tmp_path: Path) -> None:
    data = GOLDEN.read_bytes()
    path = tmp_path / "cut.fsq"
    for length in range(100, len(data), 37):
        path.write_bytes(data[:length])
        good = [p for p in salvage(path) if p.codes is not None]
        for index, page in enumerate(good):
            assert page.index == index
            assert np.array_equal(page.codes, tokens().codes[:, :, 50 * index : 50 * index + page.frames])
        assert len(good) >= (length - 100) // 395


def test_pages_cannot_change_places() -> None:
    data = GOLDEN.read_bytes()
    header = 16 + int.from_bytes(data[10:12], "little")
    size = 13 + math.ceil(3 * math.ceil(100 * math.log2(1000)) / 8)
    first, second = data[header : header + size], data[header + size : header + 2 * size]
    assert first[:2] == second[:2] == b"PG"
    with pytest.raises(DamagedFileError, match="page 0"):
        read(data[:header] + second + first + data[header + 2 * size :])


@given(st.binary(max_size=400), st.integers(0, 60))
@settings(deadline=None, max_examples=300)
def test_noise_raises_only_our_errors(noise: bytes, keep: int) -> None:
    for golden in (GOLDEN, GOLDEN_V2, GOLDEN_V3):
        with pytest.raises(TokenFileError):
            read(golden.read_bytes()[:keep] + noise)


def reheaded(**changes: object) -> bytes:
    """The golden file under another header with a right checksum, unchecked."""
    data = GOLDEN.read_bytes()
    length = int.from_bytes(data[10:12], "little")
    made = replace(tokens().header, **changes)  # type: ignore[arg-type]
    object.__setattr__(made, "check", lambda: made)
    return made.to_bytes() + data[16 + length :]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 2**60}, "2\\*?\\*?60|samples"),
        ({"samples": 2**63}, "samples"),
        ({"channels": 0}, "channels"),
        ({"num_codebooks": 0}, "codebooks"),
        ({"levels": (2**31, 2**31)}, "codebook size"),
        ({"levels": (1, 5)}, "smallest level"),
        ({"levels": ()}, "levels"),
        ({"frames_per_page": 0}, "frames a page"),
        ({"frames_per_page": 65_535, "channels": 255, "num_codebooks": 255}, "codes a page"),
        ({"hop_length": 0}, "hop length"),
        ({"sample_rate": 0}, "source sample rate"),
    ],
)
def test_headers_that_lie_are_refused_before_anything_is_allocated(changes: dict[str, object], message: str) -> None:
    with pytest.raises(TokenFileError, match=message):
        read(reheaded(**changes))


def test_newer_versions_are_refused_by_name() -> None:
    data = bytearray(GOLDEN.read_bytes())
    length = int.from_bytes(data[10:12], "little")
    data[8] = 5
    data[12 + length : 16 + length] = struct.pack("<I", zlib.crc32(data[: 12 + length]))
    with pytest.raises(VersionError, match="version 5.*upgrade"):
        read(bytes(data))


@pytest.mark.parametrize("golden", [GOLDEN, GOLDEN_V2, GOLDEN_V3])
def test_longer_headers_of_the_same_version_are_read(golden: Path) -> None:
    """Fields may be added behind the known ones."""
    data = golden.read_bytes()
    length = int.from_bytes(data[10:12], "little")
    head = data[:10] + struct.pack("<H", length + 5) + data[12 : 12 + length] + b"later"
    longer = head + struct.pack("<I", zlib.crc32(head)) + data[16 + length :]
    assert np.array_equal(read(longer), read(data))


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize(
    ("path", "made"), [(GOLDEN, tokens()), (GOLDEN_V2, tokens_v2()), (GOLDEN_V3, tokens_v3()), (GOLDEN_V4, tokens_v4())]
)
def test_truncating_the_file_is_truncating_the_codes(
    monkeypatch: pytest.MonkeyPatch, path: Path, made: Tokens, k: int
) -> None:
    monkeypatch.setenv("AUDIOCODEC_MODELS", str(path.parent))
    output = io.BytesIO()
    written = truncate_file(path, output, k)
    assert output.getvalue() == made.truncate(k).to_bytes()
    assert written == len(output.getvalue())


@pytest.mark.parametrize("k", [0, 4])
def test_impossible_truncation(k: int) -> None:
    with pytest.raises(ConfigError, match="must be 1 to 3"):
        truncate_file(GOLDEN, io.BytesIO(), k)
    with pytest.raises(ConfigError, match="must be 1 to 3"):
        tokens().truncate(k)


def test_writer_refuses_what_it_cannot_write() -> None:
    header = tokens().header
    writer = TokenWriter(io.BytesIO(), header)
    with pytest.raises(TokenFileError, match="shape"):
        writer.push(np.zeros((1, 3, 5), np.int64))
    with pytest.raises(TokenFileError, match="outside"):
        writer.push(np.full((2, 3, 5), 1000))
    with pytest.raises(TokenFileError, match="model name"):
        TokenWriter(io.BytesIO(), replace(header, model="x" * 65))


def test_saving_never_overwrites_unasked(tmp_path: Path) -> None:
    path = tmp_path / "a.fsq"
    path.write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        tokens().save(path)
    assert path.read_text() == "mine"
    tokens().save(path, overwrite=True)
    assert path.read_bytes() == tokens().to_bytes()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("samples", [0, 1, 319, 320, 321, 12_345])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_frames_cover_sound_and_delay(samples: int, rate: int) -> None:
    frames = frames_for(samples, rate, 16_000, 320, 320)
    needed = samples * 16_000 / rate
    assert frames * 320 - 320 >= needed if samples else frames == 0
    assert (frames - 1) * 320 - 320 < needed
