"""Bits with gradients are those that the coder takes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from audiocodec.codec import Codec
from audiocodec.codec.code_rate import CodeRate
from audiocodec.codec.refine import affordable
from audiocodec.tokens.depths import NO_CODE
from audiocodec.tokens.entropy import EntropyModel
from audiocodec.tokens.entropy.page_coder import encode_codes
from audiocodec.tokens.levels import to_level_indices


@pytest.fixture(scope="module")
def rate(codec: Codec) -> CodeRate:
    assert codec.bundle.entropy is not None
    return CodeRate(codec.bundle.entropy, codec.info.page_frames)


@pytest.fixture(scope="module")
def codes(codec: Codec, speech: np.ndarray) -> np.ndarray:
    return codec.encode(speech[:, :40_000], 16_000, num_codebooks=5).codes[0]  # of several pages


def digits_of(model: EntropyModel, codes: np.ndarray) -> torch.Tensor:
    """ "q t" -> "1 q t l"."""
    return torch.from_numpy(to_level_indices(codes.clip(0), model.levels.tolist())).float()[None]


def bits_of(rate: CodeRate, codes: np.ndarray) -> float:
    return float(rate(digits_of(rate.entropy, codes), torch.from_numpy(codes >= 0)[None]))


def test_bits_are_those_of_the_coder(rate: CodeRate, codes: np.ndarray) -> None:
    assert bits_of(rate, codes) == pytest.approx(rate.by_frame(codes).sum(), rel=0.005)  # shares in floats
    page = codes[None, :, : rate.page_frames]
    assert rate.by_frame(page[0]).sum() == pytest.approx(8 * len(encode_codes(rate.entropy, page)), abs=16)


def test_codes_that_are_not_there_take_no_bits(rate: CodeRate, codes: np.ndarray) -> None:
    depths = np.random.default_rng(0).integers(1, 6, codes.shape[1])
    fewer = np.where(np.arange(5)[:, None] < depths, codes, NO_CODE)
    assert bits_of(rate, fewer) == pytest.approx(rate.by_frame(fewer).sum(), rel=0.005)
    page = fewer[:, : rate.page_frames]
    assert rate.by_frame(page).sum() == pytest.approx(rate.in_file(page), abs=16)
    assert rate.in_file(fewer) < rate.in_file(codes)


def test_no_page_sees_another(rate: CodeRate, codes: np.ndarray) -> None:
    parts = [codes[:, t : t + rate.page_frames] for t in range(0, codes.shape[1], rate.page_frames)]
    assert len(parts) > 1
    apart = sum(bits_of(rate, part) for part in parts)
    assert bits_of(rate, codes) == pytest.approx(apart, rel=1e-5)


def test_gradients_lead_to_fewer_bits(rate: CodeRate, codes: np.ndarray) -> None:
    start = digits_of(rate.entropy, codes)
    digits = start.clone().requires_grad_()
    there = torch.ones_like(digits[..., 0], dtype=torch.bool)
    before = rate(digits, there)
    (slope,) = torch.autograd.grad(before, digits)
    top = torch.from_numpy(rate.entropy.levels - 1)
    dearest = slope.abs().flatten(1).topk(20).indices[0]  # digits whose change should count most
    step = torch.zeros_like(start).flatten()
    step[dearest] = -slope.flatten()[dearest].sign()
    moved = (start + step.view_as(start)).clamp_min(0).minimum(top)
    assert not torch.equal(moved, start)
    assert rate(moved, there).item() < before.item()


def test_no_more_frames_change_than_bits_allow(rate: CodeRate, codes: np.ndarray) -> None:
    plain, found = codes[:, :80], codes[::-1, :80]  # unlikely ones
    plain_bits = rate.by_frame(plain)
    kept = affordable(rate, plain, plain_bits, found, plain_bits.sum() + 40)
    assert rate.by_frame(np.where(kept, found, plain)).sum() <= plain_bits.sum() + 40
    assert 0 < kept.sum() < 80
    none = affordable(rate, plain, plain_bits, found, 0)
    assert not none.any()
