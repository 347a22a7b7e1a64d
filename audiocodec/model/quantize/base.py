"""What every quantizer is."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from audiocodec.errors import ConfigError
from audiocodec.model import ranks


@dataclass
class QuantizeResult:
    """What a training step needs of a quantizer.

    Attributes:
        quantized: "b d t"; its gradient towards the latents is 1 in every direction that the
            codebooks in use can carry, whatever their number, and 0 in others.
        codes: "b q t", int64, in [0, codebook_size).
        loss: scalar to add to the training loss; 0 for FSQ that is not pinned.
        digits: "b q t l", the level indices of the codes, with the gradient of where in the levels the latents are;
            None of quantizers without levels.
    """

    quantized: Tensor
    codes: Tensor
    loss: Tensor
    digits: Tensor | None = None


@dataclass(frozen=True)
class Coder:
    """`Quantizer.encode` and `Quantizer.decode`, ready for many calls."""

    encode: Callable[..., Tensor]
    decode: Callable[[Tensor], Tensor]


class Quantizer(nn.Module, ABC):
    """Interface of all quantizers.

    Attributes:
        dim: size of the latent vector.
        codebook_size: values one code may take.
        num_codebooks: codes per frame.
        dropout: fraction of the items that train with fewer codebooks.
        strides: frames of a code, of each codebook, where that differs.
    """

    dim: int
    codebook_size: int
    num_codebooks: int
    dropout: float = 0.0
    strides: tuple[int, ...] = ()

    @property
    def block(self) -> int:
        """Frames that are quantized together: the longest stride."""
        return max(self.strides, default=1)

    @abstractmethod
    def forward(self, latents: Tensor, num_codebooks: int | Tensor | None = None) -> QuantizeResult:
        """Quantize for training.

        Args:
            latents: "b d t".
            num_codebooks: how many codebooks to use: one number, one for each item "b" or each frame "b t".
                None: all; while training, fewer for the share `dropout` of the items.
        """

    @abstractmethod
    def encode(self, latents: Tensor, num_codebooks: int | None = None) -> Tensor:
        """latents: "b d t" -> codes: "b q t", the first `num_codebooks`."""

    @abstractmethod
    def decode(self, codes: Tensor) -> Tensor:
        """codes: "b q t", any q in 1 ... num_codebooks -> quantized: "b d t".

        Residual quantizers take `NO_CODE` where a frame has fewer codes, which adds nothing.

        Raises:
            ConfigError: too many codebooks, or a code out of range.
        """

    def coder(self) -> Coder:
        """`encode` and `decode`, with what follows from the weights worked out once; they must stay as they are."""
        return Coder(self.encode, self.decode)

    def check_codes(self, codes: Tensor, least: int = 0) -> None:
        """Refuse codes that this quantizer cannot have made.

        Args:
            codes: "b q t".
            least: `NO_CODE` where codes may be missing.

        Raises:
            ConfigError: too many codebooks, or a code out of range.
        """
        if not 1 <= codes.shape[1] <= self.num_codebooks:
            raise ConfigError(f"got {codes.shape[1]} codebooks, this quantizer has {self.num_codebooks}")
        if codes.numel() and not least <= int(codes.min()) <= int(codes.max()) < self.codebook_size:
            raise ConfigError(f"a code is outside [0, {self.codebook_size})")

    def depth(self, num_codebooks: int | None) -> int:
        """`num_codebooks`, checked; None means all.

        Raises:
            ConfigError: out of range.
        """
        if num_codebooks is None:
            return self.num_codebooks
        if not 1 <= num_codebooks <= self.num_codebooks:
            raise ConfigError(f"num_codebooks is {num_codebooks}, it must be 1 to {self.num_codebooks}")
        return num_codebooks


class Stage(Quantizer):
    """A quantizer of one codebook that `ResidualVQ` can repeat."""

    @abstractmethod
    def reconstruct(self, latents: Tensor, codes: Tensor) -> Tensor:
        """The entries of `codes` "b 1 t", straight-through towards `latents` "b d t": "b d t"."""


def in_float32(method: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Run `encode` or `decode` in float32 and without gradient, whatever autocast says.

    In bfloat16 half of the codes of an FSQ are lost.
    """

    @functools.wraps(method)
    def run(self: Quantizer, x: Tensor, *arguments: Any, **keywords: Any) -> Tensor:
        with torch.no_grad(), torch.autocast(x.device.type, enabled=False):
            return method(self, x, *arguments, **keywords)

    return run


def straight_through(latents: Tensor, quantized: Tensor) -> Tensor:
    """`quantized`, with the gradient of the identity towards `latents`.

    Right where `quantized` approximates all of `latents`. After a projection it is not: the
    directions that no codebook carries would get a gradient too, and the latents drift off
    there (measured: after 5700 steps 97 % of their energy lay where no code could say it).
    """
    return quantized.detach() + (latents - latents.detach())


def draw_depths(latents: Tensor, num_codebooks: int, dropout: float, training: bool) -> Tensor:
    """Codebooks to use for each item, "b": all, or uniform in 1 ... all for a fraction `dropout`."""
    full = torch.full((latents.shape[0],), num_codebooks, device=latents.device)
    if not training or dropout == 0:
        return full
    batch = latents.shape[0] * ranks.world_size()  # drawn for all ranks together: one process draws the same
    fewer = torch.randint(1, num_codebooks + 1, (batch,), device=latents.device)
    dropped = torch.rand(batch, device=latents.device) < dropout
    return torch.where(ranks.mine(dropped), ranks.mine(fewer), full)


def item_depths(latents: Tensor, num_codebooks: int | Tensor | None, quantizer: Quantizer, dropout: float) -> Tensor:
    """Resolve the `num_codebooks` argument of `Quantizer.forward`: "b 1 1", or "b t 1" where it differs by frame."""
    if num_codebooks is None:
        depths = draw_depths(latents, quantizer.num_codebooks, dropout, quantizer.training)
    elif isinstance(num_codebooks, Tensor):
        depths = num_codebooks.to(latents.device)
    else:
        depths = torch.full((latents.shape[0],), quantizer.depth(num_codebooks), device=latents.device)
    return depths.reshape(latents.shape[0], -1, 1)
