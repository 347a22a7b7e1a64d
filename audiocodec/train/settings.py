"""How long to train and how: sections of a recipe."""

from __future__ import annotations

import math
from dataclasses import dataclass

from audiocodec.errors import ConfigError

SCORES = ("mel", "estoi", "pesq", "si_sdr")  # of a validation


def check_range(
    section: str, name: str, value: float, least: float = 0, most: float = math.inf, above: float = -math.inf
) -> None:
    """Refuse a value of a recipe that is out of range, or NaN.

    Raises:
        ConfigError: it is.
    """
    if least <= value <= most and value > above and math.isfinite(value):
        return
    bounds = f"{least:g} or more" if most == math.inf else f"{least:g} to {most:g}"
    if above > -math.inf:
        bounds = f"above {above:g}"
    raise ConfigError(f"{section}.{name} is {value}, it must be {bounds}")


@dataclass
class Budget:
    """How long a run is; the learning rate decays to the end in exactly that.

    Attributes:
        steps: optimizer steps, or None.
        minutes: time spent in training steps, over all resumed parts, or None.
    """

    steps: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise ConfigError("budget: give either steps or minutes")
        name, value = ("minutes", self.minutes) if self.steps is None else ("steps", self.steps)
        if not (value or 0) > 0:
            raise ConfigError(f"budget.{name} is {value}, it must be more than 0")

    def share(self, step: int, seconds: float) -> float:
        """Share of the budget that is spent, 0 to 1 and beyond."""
        return step / self.steps if self.steps is not None else seconds / (60 * (self.minutes or 1))


@dataclass
class TrainConfig:
    """The `train` section.

    Attributes:
        optimizer: muon (orthogonalized momentum for matrices, AdamW for the rest) or adamw.
        learning_rate: peak of the schedule: linear warm-up, then cosine over the budget.
        warmup_steps: steps of linear growth.
        ema_decay: of the averaged weights, which are what is validated and shipped: about the last 1 / (1 - it) steps.
        bfloat16: autocast of the networks, where the device has it in hardware; quantizer and losses stay float32.
        balancer: weights of losses are fractions of the gradient.
        graph: all sound on the GPU and each step as one CUDA graph, several times as fast as one operation after the
            other; for the phases spectral and decoder, `ResidualFSQ` and one process. It saves time on a GPU only.
        device: auto, cpu, cuda or cuda:1.
        threads: of a CPU.
        validations: how often to validate, evenly over the budget.
        best_by: score that tells the best checkpoint, averaged over the depths validated: mel (lower
            is better), estoi, pesq or si_sdr.
        save_minutes: between checkpoints.
        lost: fraction of the segments in which bursts of 1 to 5 frames reach the decoder with fewer codebooks or
            none, so that it learns to conceal that; set `conceals` of the decoder with it.
        contrast: exponent by which harmonics stand out more in what the decoder is asked for, see
            `audiocodec.train.contrast`; for decoders with noise.
        max_bad_steps: this many steps in a row with NaN or infinity end the run.
        tensorboard: write events beside the CSV curve.
    """

    optimizer: str = "muon"
    learning_rate: float = 1e-3
    warmup_steps: int = 300
    ema_decay: float = 0.98
    bfloat16: bool = False
    balancer: bool = False
    graph: bool = False
    device: str = "auto"
    threads: int = 1
    validations: int = 10
    best_by: str = "mel"
    save_minutes: float = 5.0
    lost: float = 0.0
    contrast: float = 0.0
    max_bad_steps: int = 50
    tensorboard: bool = True

    def __post_init__(self) -> None:
        for name in ("threads", "validations", "max_bad_steps"):
            check_range("train", name, getattr(self, name), least=1)
        for name in ("warmup_steps", "contrast"):
            check_range("train", name, getattr(self, name))
        for name in ("learning_rate", "save_minutes"):
            check_range("train", name, getattr(self, name), above=0)
        for name in ("ema_decay", "lost"):
            check_range("train", name, getattr(self, name), most=1)
        if self.best_by not in SCORES:
            raise ConfigError(f"train.best_by is {self.best_by!r}, known: {', '.join(SCORES)}")
