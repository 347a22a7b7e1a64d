"""Discriminators and what they are trained with."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from audiocodec.quality.losses import FeatureMatchingLoss, HingeLoss, Pair


class Adversary(nn.Module):
    """A set of discriminators with one adversarial loss.

    Args:
        discriminators: waveform "b 1 t" -> features of each layer, for each view.
        criterion: the adversarial loss.
        weight: of the adversarial loss of the decoder.
        feature_matching: weight of the feature matching loss.
        bfloat16: autocast of the discriminators.
    """

    def __init__(
        self,
        discriminators: Mapping[str, nn.Module],
        criterion: HingeLoss,
        weight: float = 1.0,
        feature_matching: float = 2.0,
        bfloat16: bool = False,
    ) -> None:
        super().__init__()
        self.discriminators = nn.ModuleDict(discriminators)
        self.criterion, self.matching = criterion, FeatureMatchingLoss()
        self.weight, self.feature_matching = weight, feature_matching
        self.half_precision = bfloat16

    def _views(self, waveform: Tensor) -> list[list[Tensor]]:
        with torch.autocast(waveform.device.type, torch.bfloat16, enabled=self.half_precision):
            views = [view for discriminator in self.discriminators.values() for view in discriminator(waveform)]
        return [[features.float() for features in view] for view in views]

    def discriminator_loss(self, pair: Pair) -> Tensor:
        """Scalar; no gradient reaches the decoder."""
        real, fake = self._views(pair.target), self._views(pair.estimate.detach())
        return self.criterion.discriminator([view[-1] for view in real], [view[-1] for view in fake])

    def decoder_terms(self, pair: Pair) -> dict[str, tuple[float, Tensor]]:
        """Name -> weight and scalar; no gradient reaches the discriminators."""
        self.requires_grad_(False)
        with torch.no_grad():
            real = self._views(pair.target)
        fake = self._views(pair.estimate)
        self.requires_grad_(True)
        features = [[f for view in views for f in view[:-1]] for views in (real, fake)]
        return {
            "adversarial": (self.weight, self.criterion.generator([view[-1] for view in fake])),
            "feature_matching": (self.feature_matching, self.matching(*features)),
        }
