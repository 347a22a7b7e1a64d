"""All losses of the decoder together."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from audiocodec.quality.losses import Pair
from audiocodec.train.adversary import Adversary
from audiocodec.train.balancer import Balancer


class Objective:
    """A weighted sum of losses, or, with a balancer, a weighted sum of their gradients.

    Args:
        losses: name -> (weight, loss of a `Pair`).
        adversary: discriminators, whose terms come on top.
        balancer: None adds the losses up as they are. The quantizer's own loss is never balanced.
    """

    def __init__(
        self,
        losses: Mapping[str, tuple[float, nn.Module]],
        adversary: Adversary | None = None,
        balancer: Balancer | None = None,
    ) -> None:
        self.losses, self.adversary, self.balancer = losses, adversary, balancer

    def to(self, device: torch.device) -> None:
        """Move the losses' filters and the discriminators."""
        for _, loss in self.losses.values():
            loss.to(device)
        if self.adversary is not None:
            self.adversary.to(device)

    def backward(self, pair: Pair, quantizer_loss: Tensor) -> dict[str, Tensor]:
        """Leave the gradients in the parameters; returns every term by name, and their sum as `loss`."""
        terms = {name: (weight, loss(pair.seen_by(loss))) for name, (weight, loss) in self.losses.items()}
        if self.adversary is not None:
            terms |= self.adversary.decoder_terms(pair)
        total = quantizer_loss + sum(weight * term for weight, term in terms.values())
        if self.balancer is None:
            total.backward()
        else:
            balanced = self.balancer.gradient(terms, pair.estimate)
            ((pair.estimate * balanced).sum() + quantizer_loss).backward()  # type: ignore[no-untyped-call]
        return {"loss": total.detach()} | {name: term.detach() for name, (_, term) in terms.items()}
