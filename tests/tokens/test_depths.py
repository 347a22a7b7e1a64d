"""Frames of different depth: what a page stores of them, in arrays, files and layouts."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiocodec.errors import ConfigError, DamagedFileError, TokenFileError
from audiocodec.tokens import Header, TokenReader, Tokens, frames_for
from audiocodec.tokens.convert import export_tokens, import_tokens
from audiocodec.tokens.depths import NO_CODE, depth_bits, depth_shares, depths_of, pack_depths, present, unpack_depths
from audiocodec.tokens.joint import Joint
from audiocodec.tokens.layouts import LAYOUTS, Flattened
from tests.golden.make_golden import entropy_model, tokens, tokens_v4


def varied(seed: int, least: int = 0) -> Tokens:
    """The codes of `tokens`, each frame cut at a random depth."""
    made = tokens()
    rows, codebooks, frames = made.codes.shape
    depths = np.random.default_rng(seed).integers(least, codebooks + 1, (rows, frames))
    return Tokens(np.where(present(depths, codebooks), made.codes, NO_CODE), replace(made.header, variable=True))


@given(st.integers(1, 3), st.integers(1, 12), st.integers(1, 80), st.integers(0, 2**32))
@settings(deadline=None, max_examples=50)
def test_depths_come_back(rows: int, codebooks: int, frames: int, seed: int) -> None:
    depths = np.random.default_rng(seed).integers(0, codebooks + 1, (rows, frames))
    data = pack_depths(depths, codebooks)
    back, used = unpack_depths(data + b"codes", rows, frames, codebooks)
    assert np.array_equal(back, depths)
    assert used == len(data)


def test_the_bits_that_depths_take_are_known_before() -> None:
    depths = np.random.default_rng(0).integers(1, 13, (1, 50)).repeat(2, axis=1)[:, :50]
    assert 8 * len(pack_depths(depths, 12)) - 8 * 3 == pytest.approx(depth_bits(depths, 12)[0], abs=16)


def test_equal_depths_take_two_bytes_and_slow_changes_little() -> None:
    assert pack_depths(np.full((2, 50), 7), 12) == b"\0\7"
    steps = np.repeat([3, 4, 4, 8, 8, 2, 12, 5, 5, 1], 5)[None]
    assert len(pack_depths(steps, 12)) <= 14


@pytest.mark.parametrize("codebooks", [1, 12, 255])
@pytest.mark.parametrize("stay", [1, 128, 255])
def test_every_depth_has_a_share(codebooks: int, stay: int) -> None:
    shares = np.diff(depth_shares(codebooks, stay), axis=1)
    assert shares.min() >= 1
    assert (shares.sum(1) == 2**14).all()


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"\0\4", b"\x80\5", b"\x80\xff\xff" + bytes(200), b"\x80\6\0" + b"\xff" * 6]
)
def test_depths_that_no_writer_makes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="page|decode"):
        unpack_depths(data, 2, 5, 3)


@pytest.mark.parametrize("seed", range(3))
def test_files_hold_what_is_there_and_nothing_else(seed: int, tmp_path: Path) -> None:
    made = varied(seed)
    data = made.to_bytes()
    assert data[8] == 4
    assert len(data) < 0.75 * len(tokens().to_bytes())
    codes = np.concatenate(list(TokenReader(io.BytesIO(data), "test")), axis=2)
    assert np.array_equal(codes, made.codes)
    made.save(tmp_path / "a.fsq")
    with Tokens.open(tmp_path / "a.fsq") as file:
        assert np.array_equal(file[60:90], made.codes[:, :, 60:90])


def test_dropping_codebooks_takes_the_smaller_of_both_depths() -> None:
    made = varied(0)
    assert np.array_equal(depths_of(made.truncate(2).codes), np.minimum(depths_of(made.codes), 2))


def test_a_hole_is_refused() -> None:
    made = varied(0, least=2)
    made.codes[0, 0, 5] = NO_CODE
    with pytest.raises(TokenFileError, match="codes are missing"):
        made.to_bytes()
    codes = tokens().codes.copy()
    codes[0, 2, 0] = NO_CODE
    with pytest.raises(TokenFileError, match="outside"):
        Tokens(codes, tokens().header).to_bytes()


def test_a_page_with_fewer_bytes_than_its_depths_ask_for_is_damaged() -> None:
    made = varied(0)
    pages = list(TokenReader(io.BytesIO(made.to_bytes()), "test").raw_pages())
    from audiocodec.tokens.page import PageCodec, seal

    cut = seal(0, 0, 50, pages[0][9:-5])
    with pytest.raises(DamagedFileError, match="does not decode"):
        list(PageCodec(made.header, (), "test").parse([(0, cut)]))


@pytest.mark.parametrize("strides", [(1, 2), (1, 1, 300), (1, 1, 7)])
def test_strides_that_do_not_fit_are_refused(strides: tuple[int, ...]) -> None:
    with pytest.raises(TokenFileError, match="stride"):
        replace(tokens().header, strides=strides).to_bytes()


@pytest.mark.parametrize("joint", list(Joint))
def test_every_way_of_joining_is_kept(joint: Joint) -> None:
    header = replace(tokens().header, joint=joint)
    data = header.to_bytes()
    assert data[8] == {Joint.APART: 2, Joint.MID_SIDE: 3}.get(joint, 4)
    assert Header.read(io.BytesIO(data), "test") == header


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".parquet"])
def test_arrays_hold_no_invented_codes(suffix: str, tmp_path: Path) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    made = varied(1)
    export_tokens(made, tmp_path / f"a{suffix}", suffix)
    assert import_tokens(tmp_path / f"a{suffix}") == made
    export_tokens(tokens_v4(), tmp_path / f"b{suffix}", suffix)
    assert import_tokens(tmp_path / f"b{suffix}") == tokens_v4()


def test_codes_of_the_smallest_type(tmp_path: Path) -> None:
    export_tokens(varied(1), tmp_path / "a.npy", ".npy")
    export_tokens(tokens(), tmp_path / "b.npy", ".npy")
    assert (np.load(tmp_path / "a.npy").dtype, np.load(tmp_path / "b.npy").dtype) == (np.int16, np.uint16)


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_layouts_give_codes_of_any_depth_back(name: str) -> None:
    codes = varied(2, least=1).codes[0]
    layout = LAYOUTS[name](3, 1000, variable=True)
    assert np.array_equal(layout.decode(layout.encode(codes)), codes)


def test_the_flattened_layout_has_tokens_for_codes_only() -> None:
    layout = Flattened(2, 10, variable=True)
    assert layout.encode(np.array([[1, 2], [3, NO_CODE]])).tolist() == [[20, 1, 13, 2, 21]]
    with pytest.raises(ConfigError, match="told apart"):
        layout.encode(np.array([[NO_CODE], [NO_CODE]]))
    for wrong in ([[13]], [[1, 13, 14]], [[1, 25]]):
        with pytest.raises(ConfigError, match="not where"):
            layout.decode(np.array(wrong))


def test_coded_pages_skip_what_is_missing() -> None:
    made = tokens_v4()
    assert frames_for(made.header.samples or 0, 48_000, 16_000, 320, 320) == made.codes.shape[2]
    data = made.to_bytes()
    assert [page[2] for page in TokenReader(io.BytesIO(data), "test").raw_pages()] == [1, 0, 1]
    codes = np.concatenate(list(TokenReader(io.BytesIO(data), "test", [entropy_model()])), axis=2)
    assert np.array_equal(codes, made.codes)


def test_too_many_depths_for_a_page_are_refused() -> None:
    depths = np.random.default_rng(0).integers(0, 2, (20, 65_535))
    with pytest.raises(TokenFileError, match="make its pages shorter"):
        pack_depths(depths, 1)
