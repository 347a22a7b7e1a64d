"""Causal convolutions as one matrix product each, with the past passed in and out.

A convolution over "b t d" is a linear layer over neighbouring steps laid side by side. On a
CPU that is several times faster than `torch.nn.Conv1d` at the sizes used here, and a few
steps take the same path as many, so streaming costs nothing extra.

`state=None` is the initial state: silence before the first step.
"""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn


class CausalConv(nn.Module):
    """Convolution in which step t sees steps t - (kernel - 1) * dilation ... t.

    Args:
        d_in: channels in.
        d_out: channels out.
        kernel: taps.
        dilation: steps between taps.
    """

    def __init__(self, d_in: int, d_out: int, kernel: int, dilation: int = 1) -> None:
        super().__init__()
        self.kernel, self.dilation = kernel, dilation
        self.linear = nn.Linear(kernel * d_in, d_out)

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """x: "b t d_in" -> "b t d_out"; state: "b (kernel-1)*dilation d_in"."""
        batch, steps, dim = x.shape
        past = (self.kernel - 1) * self.dilation
        if state is None:
            state = x.new_zeros(batch, past, dim)
        padded = torch.cat([state, x], dim=1)
        taps = [padded[:, i * self.dilation : i * self.dilation + steps] for i in range(self.kernel)]
        return self.linear(torch.cat(taps, dim=-1)), padded[:, steps:]


def with_previous(patches: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
    """Each patch after the one before it: "b t d" -> "b t (2 d)"; state: the last patch, "b 1 d"."""
    if state is None:
        state = patches.new_zeros(patches.shape[0], 1, patches.shape[2])
    all_patches = torch.cat([state, patches], dim=1)
    return torch.cat([all_patches[:, :-1], patches], dim=-1), all_patches[:, -1:]


def overlap_add(parts: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
    """The second half of each step added to the first of the next: "b t (2 d)" -> "b t d"; state: the last, "b 1 d"."""
    head, tail = parts.chunk(2, dim=-1)
    if state is None:
        state = tail.new_zeros(tail.shape[0], 1, tail.shape[2])
    tails = torch.cat([state, tail], dim=1)
    return head + tails[:, :-1], tails[:, -1:]


class Downsample(nn.Module):
    """Strided convolution with kernel 2 * stride: each step sees this patch and the last.

    Args:
        d_in: channels in.
        d_out: channels out.
        stride: steps in for one step out; the input length must be a multiple of it.
    """

    def __init__(self, d_in: int, d_out: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.linear = nn.Linear(2 * stride * d_in, d_out)

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """x: "b (t stride) d_in" -> "b t d_out"; state: the last patch, "b 1 (stride d_in)"."""
        both, state = with_previous(rearrange(x, "b (t s) d -> b t (s d)", s=self.stride), state)
        return self.linear(both), state


class Upsample(nn.Module):
    """Transposed convolution with kernel 2 * stride, as a matrix product and overlap-add.

    Args:
        d_in: channels in.
        d_out: channels out.
        stride: steps out for one step in.
    """

    def __init__(self, d_in: int, d_out: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.linear = nn.Linear(d_in, 2 * stride * d_out, bias=False)
        self.bias = nn.Parameter(torch.zeros(d_out))

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """x: "b t d_in" -> "b (t stride) d_out"; state: tail still to be added, bias left out."""
        y, state = overlap_add(self.linear(x), state)
        return rearrange(y, "b t (s d) -> b (t s) d", s=self.stride) + self.bias, state
