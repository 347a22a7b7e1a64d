"""The training loop of phase 1: spectral losses, no discriminator."""

from __future__ import annotations

import csv
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from audiocodec.data import SegmentSampler
from audiocodec.errors import AudioCodecError, ConfigError, ModelError
from audiocodec.losses import Pair
from audiocodec.models import CodecModel
from audiocodec.train.checkpoint import load_checkpoint, save_checkpoint
from audiocodec.train.ema import EMA

logger = logging.getLogger(__name__)


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

    def share(self, step: int, seconds: float) -> float:
        """Share of the budget that is spent, 0 to 1 and beyond."""
        return step / self.steps if self.steps is not None else seconds / (60 * (self.minutes or 1))


@dataclass
class Trainer:
    """Trains a codec on batches of a sampler, with EMA, warm-up, cosine decay and a NaN guard.

    Attributes:
        model: to train.
        losses: name -> (weight, loss of a `Pair`).
        sampler: of batches "b 1 t".
        budget: when to stop.
        run_dir: checkpoint and curve go here.
        validate: scores of the averaged model, run every `validate_minutes`.
        learning_rate: peak of the schedule.
        warmup_steps: steps of linear growth before it.
        ema_decay: of the averaged weights.
        bfloat16: autocast of the network; the quantizer and the losses stay float32.
        save_minutes: between checkpoints.
    """

    model: CodecModel
    losses: Mapping[str, tuple[float, nn.Module]]
    sampler: SegmentSampler
    budget: Budget
    run_dir: Path
    validate: Callable[[CodecModel], dict[str, float]]
    learning_rate: float = 1e-3
    warmup_steps: int = 300
    ema_decay: float = 0.999
    bfloat16: bool = False
    validate_minutes: float = 10.0
    save_minutes: float = 5.0
    max_bad_steps: int = 50
    step: int = field(default=0, init=False)
    seconds: float = field(default=0.0, init=False)
    bad_steps: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.ema = EMA(self.model, self.ema_decay)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), self.learning_rate, betas=(0.8, 0.99), weight_decay=0.01
        )
        self.checkpoint_path = self.run_dir / "checkpoint.safetensors"

    def resume(self) -> bool:
        """Go on from the checkpoint in `run_dir`, if there is one.

        Raises:
            ModelError: the checkpoint is damaged or of another model.
        """
        if not self.checkpoint_path.exists():
            return False
        progress = load_checkpoint(self.checkpoint_path, self.model, self.ema.model, self.optimizer)
        self.step, self.seconds, self.bad_steps = progress["step"], progress["seconds"], progress["bad_steps"]
        self.sampler.rng.bit_generator.state = progress["sampler"]
        return True

    def start_from(self, model: CodecModel) -> None:
        """Begin with the weights of another run; optimizer and schedule start afresh.

        Raises:
            ModelError: it is another network.
        """
        try:
            self.model.load_state_dict(model.state_dict())
        except RuntimeError as error:
            raise ModelError(f"its weights do not fit this network ({str(error).splitlines()[0]})") from error
        self.ema.model.load_state_dict(model.state_dict())

    def save(self) -> None:
        """Write the checkpoint."""
        self.run_dir.mkdir(parents=True, exist_ok=True)
        progress = {
            "step": self.step,
            "seconds": self.seconds,
            "bad_steps": self.bad_steps,
            "sampler": self.sampler.rng.bit_generator.state,
        }
        save_checkpoint(self.checkpoint_path, self.model, self.ema.model, self.optimizer, progress)

    def _learning_rate(self) -> float:
        warm = min(1.0, (self.step + 1) / self.warmup_steps)
        decay = 0.5 * (1 + math.cos(math.pi * min(1.0, self.budget.share(self.step, self.seconds))))
        return self.learning_rate * warm * max(decay, 1e-3)

    def train_step(self) -> dict[str, float]:
        """One optimizer step; returns every loss by name.

        Raises:
            AudioCodecError: `max_bad_steps` steps gave NaN or infinity.
        """
        begin = time.monotonic()
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        waveform = torch.from_numpy(self.sampler.batch())
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            estimate, target, result = self.model(waveform)
        pair = Pair(estimate.float(), target)
        terms: dict[str, Tensor] = {name: loss(pair) for name, (_, loss) in self.losses.items()}
        total = result.loss + sum(self.losses[name][0] * term for name, term in terms.items())
        self.optimizer.zero_grad()
        total.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        if torch.isfinite(norm):
            self.optimizer.step()
            self.ema.update(self.model, self.step)
        else:
            self.bad_steps += 1
            if self.bad_steps >= self.max_bad_steps:
                raise AudioCodecError(f"training gave NaN in {self.bad_steps} steps; try a lower learning rate")
        self.step += 1
        self.seconds += time.monotonic() - begin
        scalars = {"loss": total, "grad_norm": norm} | terms
        return {name: float(value.detach()) for name, value in scalars.items()}

    def fit(self) -> None:
        """Train until the budget is spent; validate and save on the way and at the end."""
        self.model.train()
        validated = saved = self.seconds
        recent: list[dict[str, float]] = []
        while self.budget.share(self.step, self.seconds) < 1:
            recent.append(self.train_step())
            if self.seconds - saved >= 60 * self.save_minutes:
                saved = self.seconds
                self.save()
            if self.seconds - validated >= 60 * self.validate_minutes:
                validated = self.seconds
                self._report(recent)
                recent = []
        self.save()
        self._report(recent)

    def _report(self, recent: list[dict[str, float]]) -> None:
        means = {key: sum(r[key] for r in recent) / len(recent) for key in (recent[0] if recent else {})}
        row = {"step": self.step, "minutes": round(self.seconds / 60, 2), **means, **self.validate(self.ema.model)}
        logger.info("  ".join(f"{k} {v:.4g}" for k, v in row.items()))
        append_row(self.run_dir / "curve.csv", row)


def append_row(path: Path, row: Mapping[str, float]) -> None:
    """Append to a CSV whose header the first row made; other columns are left out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    if new:
        columns = list(row)
    else:
        with path.open(newline="") as file:
            columns = next(csv.reader(file))
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", restval="")
        if new:
            writer.writeheader()
        writer.writerow({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()})
