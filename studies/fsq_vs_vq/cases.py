"""What the study runs, in order of importance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

DIM = 16
LEVELS = {4: [4, 4], 6: [8, 8], 8: [8, 8, 4], 10: [8, 8, 4, 4], 12: [8, 8, 8, 8], 14: [8, 8, 8, 8, 4]}  # bits: levels
STAGE = [4, 4, 4, 4, 4]  # 1024 codes in each residual stage
OTHER_LEVELS = {"fsq_32x2": [32, 32], "fsq_4x5": STAGE, "fsq_2x10": [2] * 10}  # 1024 codes in few or many dimensions
TALL = [4, 4, 4, 4, 2, 2, 2, 2, 1]  # strides of as many codes a second as 4 in every frame
MOMENTUM = 0.1  # of the FSQ's running statistics, and
DECAY = 0.95  # of the VQ's moving averages: the better ones of a few, in 500 steps of a smaller network
DEAD_BELOW = 2.0
BEST = {"fill": 1.0, "noise": 0.5}  # of FSQ, in 500 steps of it


@dataclass(frozen=True)
class Case:
    """One run.

    Attributes:
        part: the question it helps to answer: size, residual, hierarchy, variant, rate or bf16.
        quantizer: name in the tables.
        codebook_size: of each codebook.
        num_codebooks: codes per frame.
        seed: of weights and data.
        spec: of the quantizer, for `build_model`.
        train: what differs in the `train` section.
    """

    part: str
    quantizer: str
    codebook_size: int
    num_codebooks: int
    seed: int
    spec: dict[str, Any] = field(hash=False)
    train: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def name(self) -> str:
        """Unlike that of any other."""
        change = "".join(f"-{key}-{value}" for key, value in self.train.items())
        return f"{self.part}-{self.quantizer}-{self.codebook_size}x{self.num_codebooks}{change}-seed{self.seed}"


def fsq(levels: list[int], **more: Any) -> dict[str, Any]:
    """`ResidualFSQ` of one codebook with nothing added; `more` changes it."""
    plain = {"type": "ResidualFSQ", "dim": DIM, "levels": levels, "num_codebooks": 1, "momentum": MOMENTUM, "pin": 0.0}
    return plain | more


def quantizers(size: int, levels: list[int]) -> dict[str, dict[str, Any]]:
    """All kinds, each with one codebook of so many codes."""
    vq = {"dim": DIM, "codebook_size": size}
    return {
        "fsq": fsq(levels, **BEST),
        "fsq_normal": fsq(levels, **BEST, bound="normal"),
        "fsq_filled": fsq(levels, fill=1.0),
        "fsq_noisy": fsq(levels, noise=0.5),
        "fsq_free": fsq(levels),
        "fsq_pinned": fsq(levels, pin=0.1),
        "vq_ema": {"type": "VQ", **vq, "decay": DECAY},
        "vq_sim": {"type": "SimVQ", **vq},
        "vq_factorized": {"type": "FactorizedVQ", **vq, "dead_below": DEAD_BELOW},
        "vq_factorized_dac": {"type": "FactorizedVQ", **vq},
        "vq_plain": {"type": "PlainVQ", **vq},
    }


def size_cases(bits: int, names: list[str], seed: int, part: str = "size", **train: Any) -> Iterator[Case]:
    """One codebook of 2**bits codes."""
    known = quantizers(2**bits, LEVELS[bits])
    for name in names:
        yield Case(part, name, 2**bits, 1, seed, known[name], train)


def level_cases(seed: int) -> Iterator[Case]:
    """One codebook of 1024 codes of other levels per dimension."""
    for name, levels in OTHER_LEVELS.items():
        yield Case("size", name, math.prod(levels), 1, seed, fsq(levels, **BEST))


def residual_cases(depth: int, names: list[str], seed: int) -> Iterator[Case]:
    """`depth` codebooks of 1024."""
    size = math.prod(STAGE)
    known = quantizers(size, STAGE)
    for name in names:
        stage = known[name]
        spec = stage if stage["type"] == "ResidualFSQ" else {"type": "ResidualVQ", "stage": stage}
        yield Case("residual", name, size, depth, seed, spec | {"num_codebooks": depth})


def hierarchy_cases(seed: int) -> Iterator[Case]:
    """Codebooks at three time scales, as many bits as four in every frame (`residual_cases(4, ["fsq"], seed)`)."""
    plain = fsq(STAGE, **BEST, type="HierarchicalFSQ", strides=TALL)
    yield Case(
        "hierarchy", "fsq_tall", math.prod(STAGE), 4, seed, {k: v for k, v in plain.items() if k != "num_codebooks"}
    )


def variant_cases(depth: int, seed: int) -> Iterator[Case]:
    """Other residual forms of FSQ, which share two projections between their stages."""
    shared = {"levels": STAGE, "num_codebooks": depth, "momentum": MOMENTUM}
    inner = {
        f"scaled_{s}": {"type": "ScaledFSQ", "scale": s, **shared} for s in ("levels_less_one", "levels", "learned")
    }
    inner["nested"] = {"type": "NestedFSQ", **shared}
    for name, spec in inner.items():
        projected = {"type": "Projected", "dim": DIM, "stage": spec}
        yield Case("variant", name, math.prod(STAGE), depth, seed, projected)


def grid(seeds: int) -> list[Case]:
    """All runs: first those that conclusions rest on, and any beginning is a study."""
    best, others = ["fsq", "vq_ema"], range(1, seeds)
    kinds = ["fsq_free", "fsq_filled", "fsq_noisy", "fsq_pinned", "fsq_normal", "vq_sim", "vq_factorized"]

    def main(seed: int) -> list[Case]:
        singles = [c for bits in (10, 14) for c in size_cases(bits, best, seed)]
        return [*singles, *residual_cases(8, best, seed)]

    def scales(seed: int) -> list[Case]:
        return [*residual_cases(4, best, seed), *hierarchy_cases(seed)]

    def sizes(seed: int) -> list[Case]:
        return [c for bits in (4, 12, 6, 8) for c in size_cases(bits, best, seed)]

    cases = [*main(0), *size_cases(10, kinds[:5], 0), *scales(0), *(c for seed in others for c in main(seed))]
    cases += [*residual_cases(8, kinds[:4], 0), *residual_cases(4, ["fsq_pinned"], 0)]
    for seed in others:
        cases += [*residual_cases(8, ["fsq_pinned"], seed), *scales(seed), *residual_cases(4, ["fsq_pinned"], seed)]
    cases += [*sizes(0), *size_cases(10, kinds[5:], 0), *level_cases(0)]
    cases += size_cases(14, [*kinds[:4], *kinds[5:]], 0)
    cases += residual_cases(8, kinds[5:], 0)
    cases += [c for rate in (0.001, 0.004) for c in size_cases(10, best, 0, "rate", learning_rate=rate)]
    cases += [*size_cases(10, best, 0, "bf16", bfloat16=True), *residual_cases(2, best, 0)]
    cases += [*size_cases(10, ["vq_factorized_dac", "vq_plain"], 0), *variant_cases(4, 0)]
    return cases + [c for seed in others for c in sizes(seed)]
