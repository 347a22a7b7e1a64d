"""The training loop, for every phase."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from audiocodec.errors import AudioCodecError, ModelError, OutputError
from audiocodec.model import CodecModel, ranks
from audiocodec.model.quantize.base import QuantizeResult, draw_depths
from audiocodec.quality.losses import Pair
from audiocodec.train.checkpoint import BEST, LAST, load_checkpoint, save_checkpoint
from audiocodec.train.contrast import WINDOW, sharpened
from audiocodec.train.ema import EMA
from audiocodec.train.frame_loss import loss_bursts
from audiocodec.train.launch import agree, asked_to_stop, mean_gradients
from audiocodec.train.means import Means
from audiocodec.train.monitor import Monitor
from audiocodec.train.objective import Objective
from audiocodec.train.optimizers import adamw, build_optimizers
from audiocodec.train.settings import Budget, TrainConfig
from audiocodec.train.usage import CodeUsage

logger = logging.getLogger(__name__)

DISCRIMINATORS = "discriminator_optimizer"
CONTRAST_HZ = 4000  # below which targets are sharpened


@dataclass
class Trainer:
    """Trains a codec. Every step is a function of the weights, the seed and the step's number.

    Attributes:
        model: to train. Parameters without gradient, and a quantizer in eval mode, stay as they are.
        objective: the losses.
        data: gives this rank's batches "b 1 t" from a step on.
        budget: when to stop.
        config: how to train.
        run_dir: checkpoints go here.
        validate: scores of the averaged model.
        monitor: shows progress; None on all ranks but the first.
        device: of model and batches.
        seed: of what is random in a step.
    """

    model: CodecModel
    objective: Objective
    data: Callable[[int], Iterator[Tensor]]
    budget: Budget
    config: TrainConfig
    run_dir: Path
    validate: Callable[[CodecModel], dict[str, float]]
    monitor: Monitor | None = None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    seed: int = 0
    step: int = field(default=0, init=False)
    seconds: float = field(default=0.0, init=False)
    bad_steps: int = field(default=0, init=False)
    bad_in_a_row: int = field(default=0, init=False)
    best: float = field(default=-math.inf, init=False)

    def __post_init__(self) -> None:
        self.model.to(self.device)
        self.objective.to(self.device)
        self.ema = EMA(self.model, self.config.ema_decay)
        self.usage = CodeUsage(self.model.quantizer.num_codebooks, self.model.quantizer.codebook_size, self.device)
        self.trained = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizers = build_optimizers(self.config.optimizer, self.trained, self.config.learning_rate)
        self.codec_optimizers = list(self.optimizers)
        if self.objective.adversary is not None:
            discriminators = self.objective.adversary.parameters()
            self.optimizers[DISCRIMINATORS] = adamw(discriminators, self.config.learning_rate)
        self.frozen = not self.model.quantizer.training

    def _modules(self) -> dict[str, nn.Module]:
        modules: dict[str, nn.Module] = {"model": self.model, "average": self.ema.model}
        return modules if self.objective.adversary is None else modules | {"adversary": self.objective.adversary}

    def resume(self) -> bool:
        """Go on from the last checkpoint in `run_dir`, if there is one.

        Raises:
            ModelError: the checkpoint is damaged or of another run.
        """
        if not (self.run_dir / LAST).exists():
            return False
        progress = load_checkpoint(self.run_dir / LAST, self._modules(), self.optimizers)
        self.step, self.seconds = progress["step"], progress["seconds"]
        self.bad_steps, self.best = progress["bad_steps"], progress["best"]
        if self.objective.balancer is not None:
            self.objective.balancer.norms = progress["norms"]
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
        """Write the last checkpoint; rank 0 alone.

        Raises:
            OutputError: it cannot be written; the one before is still there.
        """
        if ranks.rank() != 0:
            return
        balancer = self.objective.balancer
        progress = {
            "step": self.step,
            "seconds": self.seconds,
            "bad_steps": self.bad_steps,
            "best": self.best,
            "norms": {} if balancer is None else balancer.norms,
        }
        save_checkpoint(self.run_dir / LAST, self._modules(), self.optimizers, progress)

    def learning_rate(self) -> float:
        """Of the next step."""
        warm = min(1.0, (self.step + 1) / self.config.warmup_steps)
        decay = 0.5 * (1 + math.cos(math.pi * min(1.0, self.share)))
        return self.config.learning_rate * warm * max(decay, 1e-3)

    @property
    def share(self) -> float:
        """Share of the budget that is spent."""
        return self.budget.share(self.step, self.seconds)

    def train_step(self, waveform: Tensor) -> dict[str, Tensor]:
        """One optimizer step on a batch "b 1 t"; returns every loss by name.

        Raises:
            AudioCodecError: `max_bad_steps` steps in a row gave NaN or infinity.
        """
        torch.manual_seed(int(np.random.SeedSequence([self.seed, self.step]).generate_state(1)[0]))
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = self.learning_rate()
            optimizer.zero_grad()
        waveform = waveform.to(self.device, non_blocking=True)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.bfloat16):
            pair, result = self._compare(waveform, self._draw_depths(waveform))
        scalars = self._train_discriminators(pair)
        scalars |= self.objective.backward(pair, result.loss)
        scalars["grad_norm"] = self._update(self.codec_optimizers, self.trained)
        self._guard(all(bool(torch.isfinite(v)) for k, v in scalars.items() if k.startswith("grad_norm")))
        self.usage.add(result.codes)
        self.step += 1
        return scalars

    def _sounds(self, waveform: Tensor, depths: Tensor | None) -> tuple[list[Tensor], QuantizeResult]:
        """Estimate and target; of a decoder with noise also the second draw, and both without noise."""
        if self.model.noisy:
            draws, result = self.model.draw(waveform, depths, self._wanted(waveform))
            return [draws.first, draws.target, draws.second, draws.known, draws.known_target], result
        estimate, target, result = self.model(waveform, depths)
        return [estimate.float(), target], result

    def _compare(self, waveform: Tensor, depths: Tensor | None) -> tuple[Pair, QuantizeResult]:
        (estimate, target, *more), result = self._sounds(waveform, depths)
        predictable = Pair(more[1], more[2]) if more else None
        return Pair(estimate, target, second=more[0] if more else None, predictable=predictable), result

    def _wanted(self, waveform: Tensor) -> Tensor:
        """What the decoder should give, "b 1 t": the waveform, or one with more contrast."""
        if self.config.contrast == 0:
            return waveform
        with torch.no_grad():
            return sharpened(waveform, self.config.contrast, round(CONTRAST_HZ * WINDOW / self.model.sample_rate))

    def _draw_depths(self, waveform: Tensor) -> Tensor | None:
        """Codebooks of each item, "b", or frame, "b t", where the quantizer does not draw them itself."""
        quantizer, lost = self.model.quantizer, self.config.lost
        if not self.frozen and lost == 0:
            return None
        depths = draw_depths(waveform, quantizer.num_codebooks, quantizer.dropout, True)
        if lost == 0:
            return depths
        frames = waveform.shape[-1] // self.model.hop_length
        return depths[:, None].minimum(loss_bursts(len(waveform), frames, quantizer.num_codebooks, lost, self.device))

    def _train_discriminators(self, pair: Pair) -> dict[str, Tensor]:
        adversary = self.objective.adversary
        if adversary is None:
            return {}
        loss = adversary.discriminator_loss(pair)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = self._update([DISCRIMINATORS], list(adversary.parameters()))
        return {"discriminator": loss.detach(), "grad_norm_discriminator": norm}

    def _update(self, names: list[str], parameters: list[nn.Parameter]) -> Tensor:
        """Average, clip and apply the gradients unless they are NaN; returns their norm."""
        mean_gradients(parameters)
        norm = nn.utils.clip_grad_norm_(parameters, 1.0)
        if torch.isfinite(norm):
            for name in names:
                self.optimizers[name].step()
        return norm

    def _guard(self, good: bool) -> None:
        """Follow a good step with the moving average; undo what a bad one left in the buffers."""
        if good:
            self.ema.update(self.model, self.step)
        else:
            for buffer, before in zip(self.model.buffers(), self.ema.model.buffers(), strict=True):
                buffer.data.copy_(before)
        self._count(good)

    def _count(self, good: bool) -> None:
        """Give up after too many bad steps in a row."""
        if good:
            self.bad_in_a_row = 0
            return
        self.bad_steps += 1
        self.bad_in_a_row += 1
        if self.bad_in_a_row >= self.config.max_bad_steps:
            raise AudioCodecError(f"training gave NaN in {self.bad_in_a_row} steps; try a lower learning rate")

    def fit(self) -> None:
        """Train until the budget is spent; validate and save on the way and at the end.

        Raises:
            KeyboardInterrupt: Ctrl-C or SIGTERM; a checkpoint is written first.
            AudioCodecError: too many bad steps, or the last checkpoint cannot be written.
        """
        saved, part, stopped = self.seconds, int(self.share * self.config.validations), False
        means = Means()
        with asked_to_stop() as stop:
            batches = self.data(self.step) if self.share < 1 else iter(())
            while self.share < 1 and not stopped:
                begin = time.monotonic()
                batch = next(batches)
                scalars = self.train_step(batch)
                if self.bad_in_a_row == 0:
                    means.add(scalars)
                took = time.monotonic() - begin
                self.seconds, stopped = agree(self.seconds + took, stop.asked, self.device)
                self._show(batch, float(scalars["loss"]), took)
                if self.share < 1 and int(self.share * self.config.validations) > part:
                    part, saved = int(self.share * self.config.validations), self.seconds
                    self._report(means)
                    self._try_to_save()
                if self.seconds - saved >= 60 * self.config.save_minutes:
                    saved = self.seconds
                    self._try_to_save()
            self.save()
            if stopped:
                raise KeyboardInterrupt
            self._report(means)
            self.save()

    def _try_to_save(self) -> None:
        try:
            self.save()
        except OutputError as error:
            logger.warning("%s; the checkpoint before it is kept, training continues", error)

    def _show(self, batch: Tensor, loss: float, took: float) -> None:
        if self.monitor is None:
            return
        audio_s = batch.shape[0] * batch.shape[-1] / self.model.sample_rate * ranks.world_size()
        left = self.seconds * (1 / max(self.share, 1e-9) - 1)
        self.monitor.step(self.share, self.step, loss, audio_s / took, left)

    def _report(self, means: Means) -> None:
        row = {"step": self.step, "minutes": round(self.seconds / 60, 2), "bad_steps": self.bad_steps}
        losses, usage = means.take(), self.usage.scalars()  # collective: every rank
        if self.monitor is None:
            return
        scores = self.validate(self.ema.model)
        self._keep_best(scores)
        self.monitor.report(row | losses | scores | usage, self.ema.model)

    def _keep_best(self, scores: Mapping[str, float]) -> None:
        values = [v for k, v in scores.items() if k.rsplit("_", 1)[0] == self.config.best_by]
        if not values:
            return
        score = sum(values) / len(values) * (-1 if self.config.best_by == "mel" else 1)
        if score > self.best:
            self.best = score
            try:
                save_checkpoint(
                    self.run_dir / BEST, {"average": self.ema.model}, {}, {"step": self.step} | dict(scores)
                )
            except OutputError as error:
                logger.warning("%s", error)
