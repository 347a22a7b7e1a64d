"""Layouts are one to one, and put tokens where they say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from audiocodec.errors import ConfigError
from audiocodec.tokens.depths import NO_CODE
from audiocodec.tokens.layouts import LAYOUTS, Delayed, Flattened, Layout, Parallel, Sequential
from audiocodec.tokens.strides import place

CODES = np.array([[1, 2, 3], [4, 5, 6]])
NAMES = st.sampled_from(sorted(LAYOUTS))


@st.composite
def layouts_and_codes(draw: st.DrawFn) -> tuple[Layout, np.ndarray]:
    q, t, size = draw(st.integers(1, 6)), draw(st.integers(0, 9)), draw(st.integers(1, 1000))
    kind = draw(st.sampled_from([np.uint16, np.int32, np.int64]))
    codes = draw(npst.arrays(kind, (q, t), elements=st.integers(0, size - 1)))
    return LAYOUTS[draw(NAMES)](q, size), codes


@given(layouts_and_codes())
def test_back_and_forth(case: tuple[Layout, np.ndarray]) -> None:
    layout, codes = case
    tokens = layout.encode(codes)
    again = layout.decode(tokens)
    np.testing.assert_array_equal(again, codes)
    assert (tokens.dtype, again.dtype) == (np.int64, np.int64)
    assert len(tokens) == layout.rows
    assert tokens.min() >= 0
    assert tokens.max() < layout.vocabulary.size
    assert (tokens[:, 0] == layout.vocabulary.begin).all()
    assert (tokens[:, -1] == layout.vocabulary.end).all()
    padded = np.pad(tokens, ((0, 0), (0, 3)), constant_values=layout.vocabulary.pad)
    np.testing.assert_array_equal(layout.decode(padded), codes)
    np.testing.assert_array_equal(layout.decode(tokens[:, 1:-1]), codes)


@given(NAMES, st.sampled_from([(4, 2, 1), (4, 4, 2, 1), (2, 1, 1), (1,), (6, 3, 1)]), st.integers(0, 19))
def test_strides_back_and_forth(name: str, strides: tuple[int, ...], frames: int) -> None:
    q = len(strides)
    held = np.arange(q)[:, None] * 100 + np.arange(frames)
    codes = place(held, strides)
    layout = LAYOUTS[name](q, 1000, strides=strides)
    tokens = layout.encode(codes)
    np.testing.assert_array_equal(layout.decode(tokens), codes)
    np.testing.assert_array_equal(layout.decode(tokens[:, 1:-1]), codes)
    if name == "flattened":
        assert tokens.shape[1] == 2 + (codes != NO_CODE).sum()
    if name != "sequential":  # what is half made decodes to whole frames
        for kept in range(tokens.shape[1] - 1):
            part = layout.decode(tokens[:, : kept + 1])
            np.testing.assert_array_equal(part, codes[:, : part.shape[1]])


def test_flattened_strides_are_a_tree() -> None:
    codes = np.array([[1, -1, -1, -1, 2], [3, -1, 4, -1, 5], [6, 7, 8, 9, 10]])
    (tokens,) = Flattened(3, 100, strides=(4, 2, 1)).encode(codes)
    assert tokens.tolist() == [300, 1, 103, 206, 207, 104, 208, 209, 2, 105, 210, 301]


def test_codes_that_strides_do_not_leave_are_refused() -> None:
    layout = Flattened(2, 10, strides=(2, 1))
    with pytest.raises(ConfigError, match="codes are missing"):
        layout.encode(np.array([[1, 2], [3, 4]]))
    with pytest.raises(ConfigError, match="outside"):
        layout.decode(np.array([[11, 1, 12]]))
    with pytest.raises(ConfigError, match="would lose it"):
        Flattened(1, 10, strides=(2,)).encode(np.array([[1, -1]]))
    with pytest.raises(ConfigError, match="no variable rate"):
        Delayed(2, 10, variable=True, strides=(2, 1))
    with pytest.raises(ConfigError, match="need one for each of 3"):
        Delayed(3, 10, strides=(2, 1))


@given(layouts_and_codes(), st.integers(0, 60))
def test_what_is_half_made_decodes_to_whole_frames(case: tuple[Layout, np.ndarray], kept: int) -> None:
    layout, codes = case
    if isinstance(layout, Sequential):
        return
    part = layout.decode(layout.encode(codes)[:, : kept + 1])
    steps = kept if layout.rows > 1 else kept // layout.num_codebooks
    late = layout.num_codebooks - 1 if isinstance(layout, Delayed) else 0
    np.testing.assert_array_equal(part, codes[:, : max(0, steps - late)])


@given(layouts_and_codes())
def test_different_codes_give_different_tokens(case: tuple[Layout, np.ndarray]) -> None:
    layout, codes = case
    if codes.size and layout.codebook_size > 1:
        other = codes.astype(np.int64)
        other[-1, -1] = (other[-1, -1] + 1) % layout.codebook_size
        assert (layout.encode(other) != layout.encode(codes)).sum() == 1


def test_where_tokens_stand() -> None:
    """As drawn at the head of the module."""
    expected = {
        "flattened": [[20, 1, 14, 2, 15, 3, 16, 21]],
        "sequential": [[20, 1, 2, 3, 14, 15, 16, 21]],
        "parallel": [[10, 1, 2, 3, 11], [10, 4, 5, 6, 11]],
        "delayed": [[10, 1, 2, 3, 12, 11], [10, 12, 4, 5, 6, 11]],
    }
    assert expected.keys() == LAYOUTS.keys()
    for name, tokens in expected.items():
        assert LAYOUTS[name](2, 10).encode(CODES).tolist() == tokens


def test_vocabularies() -> None:
    for kind, codes in ((Flattened, 30), (Sequential, 30), (Parallel, 10), (Delayed, 10)):
        vocabulary = kind(3, 10).vocabulary
        specials = (vocabulary.begin, vocabulary.end, vocabulary.pad)
        assert specials == (codes, codes + 1, codes + 2)
        assert vocabulary.size == codes + 3


def test_tensors_go_in() -> None:
    layout = Delayed(2, 10)
    np.testing.assert_array_equal(layout.encode(torch.from_numpy(CODES)), layout.encode(CODES))


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_bad_codes_are_refused(name: str) -> None:
    layout = LAYOUTS[name](2, 6)
    for codes in (CODES, -CODES, CODES[:1] - 1, CODES[0] - 1, np.zeros((2, 3))):
        with pytest.raises(ConfigError):
            layout.encode(codes)


@pytest.mark.parametrize(
    ("layout", "tokens", "sentence"),
    [
        (Flattened(2, 10), [[1, 2]], "not where the layout has it"),
        (Flattened(2, 10), [[1, 11], [1, 11]], "with 1 rows"),
        (Sequential(2, 10), [[1, 2, 11]], "not a whole number of frames"),
        (Sequential(2, 10), [[1, 20, 11, 12]], "not where the layout has it"),
        (Parallel(2, 10), [[1, 2], [3, 12]], "not where the layout has it"),
        (Parallel(2, 10), [[1, 2]], "with 2 rows"),
        (Delayed(2, 10), [[1, 2], [3, 4]], "before its delay is over"),
        (Delayed(2, 10), [[1, 12, 2], [12, 3, 4]], "not where the layout has it"),
        (Delayed(2, 10), [[0.5], [0.5]], "must be integers"),
        (Sequential(2, 10, variable=True), [[20, 1, 9, 21]], "not where the layout has it"),
        (Sequential(2, 10, strides=(2, 1)), [[1, 22, 11, 9]], "not where the layout has it"),
        (Parallel(2, 10, variable=True), [[1, 2], [3, -1]], "not where the layout has it"),
        (Parallel(2, 10, strides=(2, 1)), [[1, -1], [3, 4]], "not where the layout has it"),
        (Delayed(2, 10, variable=True), [[1, -1, 12], [12, 3, 4]], "not where the layout has it"),
    ],
)
def test_bad_tokens_are_refused(layout: Layout, tokens: list[list[int]], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        layout.decode(np.array(tokens))


def test_no_codebooks_are_refused() -> None:
    with pytest.raises(ConfigError, match="got 0 of 10"):
        Parallel(0, 10)
