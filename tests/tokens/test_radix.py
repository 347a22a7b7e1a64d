"""Mixed radix: exact, and as small as can be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiocodec.tokens import radix


@given(st.integers(2, 2**32), st.integers(0, 3000), st.integers(0, 2**32))
@settings(deadline=None, max_examples=60)
def test_round_trip(size: int, n: int, seed: int) -> None:
    codes = np.random.default_rng(seed).integers(0, size, n)
    number = radix.pack(codes, size)
    assert number.bit_length() <= radix.packed_bits(n, size)
    assert np.array_equal(radix.unpack(number, n, size), codes)


@pytest.mark.parametrize("size", [2, 3, 729, 1000, 1024, 1025, 2016, 4375, 65_536])
def test_waste_is_below_one_percent_on_a_page(size: int) -> None:
    for frames in (50, 86, 100):
        bits = radix.packed_bits(frames, size)
        assert bits < 1.01 * frames * math.log2(size) + 1
        assert 12 * bits <= 1.01 * 12 * frames * math.log2(size) or size <= 3


def test_the_number_is_what_the_document_says() -> None:
    assert radix.pack(np.array([1, 2, 3]), 10) == 1 + 2 * 10 + 3 * 100


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="larger"):
        radix.unpack(999, 2, 10)  # two digits below 10 make 99 at most, in 7 bits: 127
    with pytest.raises(ValueError, match="larger|after"):
        radix.unpack(1 << 7, 2, 10)
