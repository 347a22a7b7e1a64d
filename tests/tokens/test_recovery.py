"""Random access, salvage and repair of files that are not as they should be."""

from __future__ import annotations

import io
import pickle
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audiocodec.errors import DamagedFileError, TokenFileError
from audiocodec.tokens import Page, TokenFile, TokenReader, Tokens, TokenWriter, verify
from audiocodec.tokens.page import seal
from audiocodec.tokens.recovery import repair, salvage
from audiocodec.tokens.recovery.scan import scanned
from tests.golden.make_golden import entropy_model, tokens_v2

MODEL = [entropy_model()]
T = np.arange(1000)
CODES = np.where(T // 50 % 3 == 2, 977 * T % 1000, T % 5) + np.zeros((2, 3, 1), np.int64)
HEADER = replace(tokens_v2().header, samples=959_040)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Twenty pages, coded and packed ones."""
    Tokens(CODES, HEADER, MODEL).save(tmp_path / "long.fsq")
    return tmp_path / "long.fsq"


def bounds(path: Path) -> list[int]:
    with scanned(path) as scan:
        return [scan.start, *(span.end for span in scan.spans())]


def sound(pages: list[Page]) -> dict[int, np.ndarray]:
    return {page.index: page.codes for page in pages if page.codes is not None}


def check_saved(path: Path, expected: set[int]) -> None:
    """Exactly these pages come back, with the codes they had."""
    saved = sound(list(salvage(path, MODEL)))
    assert set(saved) == expected
    for index, codes in saved.items():
        assert np.array_equal(codes, CODES[:, :, 50 * index : 50 * index + 50])


def repaired(path: Path) -> Path:
    target = path.with_name("repaired.fsq")
    with target.open("wb") as file:
        repair(path, file)
    return target


def test_any_frames(path: Path) -> None:
    with TokenFile(path, MODEL) as file:
        assert (len(file), file.shape) == (1000, (2, 3, 1000))
        for start, stop in [(0, 1000), (0, 1), (49, 51), (999, 1000), (500, 500), (-30, None), (None, 7), (2000, 3000)]:
            assert np.array_equal(file[start:stop], CODES[:, :, start:stop])
        other = pickle.loads(pickle.dumps(file))
        assert np.array_equal(other[120:130], CODES[:, :, 120:130])
        other.close()
        with pytest.raises(TypeError, match="without a step"):
            file[::2]
        with pytest.raises(TypeError, match="slices"):
            file[3]  # type: ignore[index]


def test_files_without_a_table_say_what_to_do(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DamagedFileError, match="seek table.*audiocodec repair"):
        TokenFile(path)


def test_a_flipped_byte_costs_its_page(path: Path) -> None:
    data, edges = path.read_bytes(), bounds(path)
    for index in (0, 8, 19):
        start, end = edges[index : index + 2]
        for at in (start, start + 6, (start + end) // 2):
            damaged = bytearray(data)
            damaged[at] ^= 0x55
            path.write_bytes(damaged)
            check_saved(path, set(range(20)) - {index})
            path.write_bytes(damaged[:-5])  # and without the table
            check_saved(path, set(range(20)) - {index})


def test_missing_and_extra_bytes_cost_their_pages(path: Path) -> None:
    data, edges = path.read_bytes(), bounds(path)
    for change, lost in [
        (data[: edges[4] + 9] + data[edges[4] + 12 :], {4}),
        (data[: edges[4]] + data[edges[9] :], {4, 5, 6, 7, 8}),
        (data[: edges[4]] + b"PGnoise" * 9 + data[edges[4] :], set()),
        (data[: edges[4] + 5] + b"noise" * 50 + data[edges[6] + 5 :], {4, 5, 6}),
        (data[: edges[17] + 5] + data[edges[-1] :], {17, 18, 19}),
    ]:
        path.write_bytes(change)
        assert verify(path)
        check_saved(path, set(range(20)) - lost)
        mended = repaired(path)
        check_saved(mended, set(range(20)) - lost)
        assert sum(page.frames for page in salvage(mended, MODEL)) == 1000
        assert not any("seek table" in problem for problem in verify(mended))
        if not lost:
            assert verify(mended) == []


def test_broken_off_files_are_repaired(path: Path) -> None:
    data, edges = path.read_bytes(), bounds(path)
    for whole in (0, 1, 7, 19):
        path.write_bytes(data[: edges[whole] + 9])
        mended = repaired(path)
        assert verify(mended) == []
        loaded = Tokens.load(mended, MODEL)
        assert np.array_equal(loaded.codes, CODES[:, :, : 50 * whole])
        assert loaded.header.samples == max(0, (50 * whole * 320 - 320) * 3)
        assert loaded.header.metadata == HEADER.metadata
    path.write_bytes(data[: edges[-1]])  # only the table is gone: the header still knows the samples
    assert repaired(path).read_bytes() == data


def test_a_live_file_that_breaks_off_has_all_its_whole_pages(path: Path) -> None:
    """As a killed writer leaves it: no samples in the header, no table, half a page at the end."""
    output = io.BytesIO()
    writer = TokenWriter(output, replace(HEADER, samples=None), MODEL)
    for start in range(0, 1000, 7):
        writer.push(CODES[:, :, start : start + 7])
    path.write_bytes(output.getvalue()[:-11])
    check_saved(path, set(range(19)))
    pages = iter(TokenReader(io.BytesIO(path.read_bytes()), "live", MODEL))
    for index in range(19):
        assert np.array_equal(next(pages), CODES[:, :, 50 * index : 50 * index + 50])
    with pytest.raises(DamagedFileError, match="cut short inside page 19"):
        next(pages)
    assert verify(repaired(path)) == []


def test_whole_files_are_repaired_to_themselves(path: Path) -> None:
    output = io.BytesIO()
    done = repair(path, output)
    assert output.getvalue() == path.read_bytes()
    assert (done.pages, done.damaged, done.bytes_dropped, done.samples) == (20, 0, 0, 959_040)


def test_hopeless_files_are_refused(path: Path) -> None:
    data = path.read_bytes()
    for damaged in (b"", b"text", data[:30], data[:20] + bytes([data[20] ^ 1]) + data[21:]):
        path.write_bytes(damaged)
        with pytest.raises(TokenFileError):
            repair(path, io.BytesIO())


def test_a_file_of_nothing_but_page_marks_takes_no_time(path: Path) -> None:
    """Every place looks as if a page began there, of the greatest length."""
    header = replace(HEADER, frames_per_page=10_000)
    mark = b"PG\1\1\0" + (30_000).to_bytes(4, "little")
    path.write_bytes(header.to_bytes() + mark * 40_000)
    begin = time.process_time()
    assert sound(list(salvage(path, MODEL))) == {}
    assert time.process_time() - begin < 5


def test_the_largest_page_takes_little_memory(path: Path) -> None:
    header = replace(HEADER, channels=16, num_codebooks=1, frames_per_page=65_535, samples=48_000)
    body = replace(header, samples=None).to_bytes()
    path.write_bytes(body + seal(0, 1, 65_535, b"\x55" * 300_000))
    tracemalloc.start()
    assert sound(list(salvage(path, MODEL))) == {}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 2**20
