"""How far back a decoder looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def frames_of_past(decoder: Mapping[str, Any]) -> int:
    """Frames before the present one on which decoded samples depend.

    A decoder that starts afresh so many frames early gives, from then on, what one does that decoded from the start.

    Args:
        decoder: its part of a model's description.
    """
    if decoder["type"] == "ConvDecoder":
        stages = list(zip(decoder["strides"], decoder["blocks"], strict=True))
        step = 0  # the first of the frame, at the rate of the stage; walked back from the sound to the latents
    else:
        ratio = decoder["hop_length"] // decoder["fft_hop"]
        stages = [(ratio, decoder["blocks"])]
        step = -(decoder["n_fft"] // decoder["fft_hop"] - 1) - _reach(decoder["fine_blocks"])
    for stride, blocks in reversed(stages):
        step = step // stride - 1 - _reach(blocks)
    return 2 - step  # the first layer, of kernel 3


def _reach(blocks: int) -> int:
    """Steps of past that residual blocks see: kernel 3, dilations 1, 3, 9, 1, ..."""
    return sum(2 * 3 ** (i % 3) for i in range(blocks))
