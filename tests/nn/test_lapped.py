"""The lapped transform is one."""

from __future__ import annotations

import pytest
import torch

from audiocodec.models import ConvDecoder, Encoder
from audiocodec.nn import Downsample, Upsample, emphasis, lapped_basis


def test_rows_are_orthonormal_also_to_those_of_the_next_frame() -> None:
    basis = lapped_basis(64, 64)
    torch.testing.assert_close(basis @ basis.T, torch.eye(64), atol=1e-4, rtol=0)
    torch.testing.assert_close(basis[:, :64] @ basis[:, 64:].T, torch.zeros(64, 64), atol=1e-4, rtol=0)


def test_there_and_back_is_the_identity_one_frame_late() -> None:
    """First layer of an encoder and last layer of a decoder, with nothing between."""
    encoder = Encoder([64], [64], [0], latent_dim=1, lapped=True)
    decoder = ConvDecoder([64], [64], [0], latent_dim=1, lapped=True)
    down, up = encoder.body.layers[0], decoder.body.layers[-1]
    assert isinstance(down, Downsample)
    assert isinstance(up, Upsample)
    wav = torch.randn(1, 64 * 20, 1)
    with torch.no_grad():
        down.linear.bias.zero_()
        back = 10 * up(down(wav)[0])[0]  # the decoder starts quiet
    torch.testing.assert_close(back[:, 64:], wav[:, :-64], atol=1e-4, rtol=0)


def test_emphasis_rises() -> None:
    assert emphasis(25).tolist()[::8] == pytest.approx([1, 2**1.5, 3**1.5, 8])
