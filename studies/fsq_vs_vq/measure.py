"""What is measured of a trained codec."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from audiocodec.model import CodecModel
from audiocodec.quality import metrics
from audiocodec.tokens.strides import hold
from audiocodec.train.data import SegmentDataset, batches
from audiocodec.train.usage import CodeUsage

FLIPPED = (0.001, 0.01, 0.05)
USAGE_FRAMES = 65_536
METRICS: dict[str, Callable[[np.ndarray, np.ndarray, int], float]] = {
    "mel": metrics.mel_distance,
    "si_sdr": lambda reference, estimate, rate: metrics.si_sdr(reference, estimate),
    "estoi": metrics.estoi,
}

Row = dict[str, Any]


def flip_bits(codes: Tensor, codebook_size: int, share: float, seed: int = 0) -> Tensor:
    """Codes with that share of their bits flipped; the codebook's size is a power of two."""
    generator = torch.Generator().manual_seed(seed)
    places = 2 ** torch.arange((codebook_size - 1).bit_length())
    flipped = torch.rand(*codes.shape, len(places), generator=generator) < share
    return codes ^ (flipped * places).sum(-1).to(codes.device)


@dataclass
class Scorer:
    """A trained codec on held-out clips.

    Attributes:
        model: in eval mode.
        clips: "t" each.
    """

    model: CodecModel
    clips: list[np.ndarray]

    def encode(self, bfloat16: bool = False) -> list[Tensor]:
        """Codes "1 q t" of each clip; the networks in bfloat16 if asked."""
        device, codes = next(self.model.parameters()).device, []
        for clip in self.clips:
            waveform = torch.from_numpy(clip).to(device)[None, None]
            padded = torch.nn.functional.pad(waveform, (0, -len(clip) % self.model.hop_length))
            with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                codes.append(self.model.quantizer.encode(self.model.encoder(padded)[0]))
        return codes

    def flipped(self, codes: Tensor, share: float, seed: int) -> Tensor:
        """Codes "1 q t" as they arrive; one that is for several frames is wrong in all of them."""
        wrong = flip_bits(codes, self.model.quantizer.codebook_size, share, seed)
        return torch.from_numpy(hold(wrong.cpu().numpy(), self.model.quantizer.strides)).to(codes.device)

    def scores(self, codes: list[Tensor], names: tuple[str, ...], bfloat16: bool = False) -> dict[str, list[float]]:
        """Of the first clips, as many as there are codes."""
        found: dict[str, list[float]] = {name: [] for name in names}
        for clip, code in zip(self.clips, codes, strict=False):
            with torch.autocast(code.device.type, torch.bfloat16, enabled=bfloat16):
                sound, _ = self.model.decoder(self.model.quantizer.decode(code))
            estimate = sound[0, 0, : len(clip)].float().cpu().numpy()
            for name in names:
                found[name].append(METRICS[name](clip, estimate, self.model.sample_rate))
        return found


@torch.no_grad()
def measure(scorer: Scorer) -> Row:
    """All clips as trained, and each by itself; half of them with one codebook, flipped bits, bfloat16 networks."""
    codes, rounded = scorer.encode(), scorer.encode(bfloat16=True)
    half = codes[: len(codes) // 2]
    conditions = {"half": half, "first": [code[:, :1] for code in half]}
    for share in FLIPPED:
        conditions[f"flipped_{share}"] = [scorer.flipped(code, share, seed) for seed, code in enumerate(half)]
    found = scorer.scores(codes, tuple(METRICS))
    row: Row = {name: float(np.mean(values)) for name, values in found.items()}
    row |= {f"{name}_clips": " ".join(f"{value:.4g}" for value in found[name]) for name in ("mel", "estoi")}
    for name, changed in conditions.items():
        scores = scorer.scores(changed, ("mel", "estoi"))
        row |= {f"{key}_{name}": float(np.mean(values)) for key, values in scores.items()}
    same = [(a == b).float().mean().item() for a, b in zip(codes, rounded, strict=True)]
    row |= {"codes_changed_bf16": 1 - float(np.mean(same))}
    return row | {"mel_bf16": float(np.mean(scorer.scores(rounded[: len(half)], ("mel",), bfloat16=True)["mel"]))}


@torch.no_grad()
def usage(model: CodecModel, dataset: SegmentDataset) -> Row:
    """Share of the codes in use, and perplexity over size, over 65 536 frames; means over codebooks."""
    device, count = next(model.parameters()).device, model.quantizer.num_codebooks
    counted, frames = CodeUsage(count, model.quantizer.codebook_size, device), 0
    for batch in batches(dataset, 64, 10**6):
        codes = model.quantizer.encode(model.encoder(batch.to(device))[0])
        counted.add(codes)
        frames += codes.shape[0] * codes.shape[2]
        if frames >= USAGE_FRAMES:
            break
    found = counted.scalars()
    return {name: float(np.mean([found[f"{name}_{i + 1}"] for i in range(count)])) for name in ("usage", "perplexity")}
