"""A trainer whose whole step, from drawing the sound to averaging the weights, is one CUDA graph."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from audiocodec.errors import ConfigError
from audiocodec.model import ranks
from audiocodec.model.quantize import ResidualFSQ
from audiocodec.quality.losses import Pair
from audiocodec.quality.losses.pair import Spectrum
from audiocodec.train.config import RecipeConfig
from audiocodec.train.graph.flat import FlatOptimizer
from audiocodec.train.graph.stages import FusedStages
from audiocodec.train.trainer import Trainer

logger = logging.getLogger(__name__)

SHIFT = 1024  # largest, in samples, of the frames that the losses see
LONGEST = 16384  # samples that hold a frame of any loss
WARM_UP = 4  # steps at learning rate 0 before the capture
COUNT_EVERY = 10  # steps between those whose codes are counted


@dataclass
class GraphTrainer(Trainer):
    """`Trainer` for one GPU that never waits: losses and stages are compiled, the step is captured once and replayed.

    A small codec's step is thousands of small kernels, and launching them one by one takes several times as long as
    running them. On other devices the same step runs as it is.

    Attributes:
        draw: gives a batch "b 1 t" on the device; captured, so it must neither wait for the device nor copy to it.
    """

    draw: Callable[[], Tensor] = field(kw_only=True)

    @staticmethod
    def check(config: RecipeConfig) -> None:
        """Refuse a recipe that needs what is not captured.

        Raises:
            ConfigError: which part of it.
        """
        for problem, where in (
            (ranks.world_size() > 1, "one process only"),
            (config.phase not in ("spectral", "decoder"), "phase: spectral or decoder only"),
            (config.model["quantizer"]["type"] != "ResidualFSQ", "model.quantizer: ResidualFSQ only"),
            (config.model["quantizer"].get("noise"), "model.quantizer.noise: 0 only"),
            (config.train.balancer, "train.balancer: not with it"),
            (config.train.optimizer != "muon", "train.optimizer: muon only"),
        ):
            if problem:
                raise ConfigError(f"train.graph: {where}")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.flat = FlatOptimizer(self.trained, self.config.ema_decay)
        self.optimizers = {"flat": self.flat}
        self.scalars: dict[str, Tensor] = {}
        self.codes: Tensor | None = None
        self.replay: Callable[[], None] | None = None

    def train_step(self, waveform: Tensor) -> dict[str, Tensor]:
        """One optimizer step on a batch of `draw`; see `Trainer.train_step`.

        Args:
            waveform: only its shape counts, for those who show progress.
        """
        if self.replay is None:
            self.replay = self._prepare(waveform)
        self.flat.learning_rate.fill_(self.learning_rate())
        self.replay()
        self.step += 1
        self._count(bool(torch.isfinite(self.scalars["grad_norm"])))
        if self.step % COUNT_EVERY == 0 and self.codes is not None:
            self.usage.add(self.codes)
        return self.scalars

    def save(self) -> None:
        """See `Trainer.save`."""
        self._take_average()
        super().save()

    def _report(self, means: Any) -> None:
        self._take_average()
        super()._report(means)

    def _take_average(self) -> None:
        """Put the average where `Trainer` has it; before the first step it is there."""
        if self.replay is not None:
            self.ema.model.load_state_dict(self.model.state_dict() | self.flat.named_average(self.model))

    def _prepare(self, waveform: Tensor) -> Callable[[], None]:
        """The step, ready to be run again and again, for batches of this shape."""
        torch.manual_seed(self.seed + self.step)
        for name, part in self.flat.named_average(self.model).items():
            part.copy_(self.ema.model.get_parameter(name))  # a checkpoint's, or those of the start
        quantizer = self.model.quantizer
        assert isinstance(quantizer, ResidualFSQ)
        if not all(bool(norm.started) for norm in quantizer.norms):
            with torch.no_grad():
                self.model(self.draw())
        capture = self.device.type == "cuda"
        compiled: Any = (lambda f: torch.compile(f, dynamic=False)) if capture else (lambda f: f)
        stages = FusedStages(quantizer, compiled)
        quantizer.forward = stages  # type: ignore[method-assign]
        comparison = _Comparison([loss for _, loss in self.objective.losses.values()], self.device)
        self.windows, self.compare = comparison.windows, compiled(comparison)
        least = self.model.delay + SHIFT + max(self.windows, default=0)
        if waveform.shape[-1] < least:
            raise ConfigError(f"data.segment_frames: train.graph needs segments of at least {least} samples")
        if not capture:
            return self._step
        logger.info("compiling the losses and capturing a step")
        torch.cuda.set_device(self.device)
        self.flat.learning_rate.zero_()
        before = stages.mean.clone(), stages.std.clone()
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                self._step()
        torch.cuda.current_stream().wait_stream(side)
        stages.mean.copy_(before[0])
        stages.std.copy_(before[1])
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._step()
        return graph.replay

    def _step(self) -> None:
        with torch.no_grad():
            waveform = self.draw()
            depths = self._draw_depths(waveform)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.bfloat16, cache_enabled=False):
            sounds, result = self._sounds(waveform, depths)
        start = (torch.rand((), device=self.device) * SHIFT).long()
        places = start + torch.arange(sounds[0].shape[-1] - SHIFT, device=self.device)
        sounds = [sound.float().index_select(-1, places) for sound in sounds]
        terms = self.compare(sounds, [[_stft(sound, window) for sound in sounds] for window in self.windows])
        weights = [weight for weight, _ in self.objective.losses.values()]
        loss = result.loss + sum(weight * term for weight, term in zip(weights, terms, strict=True))
        assert self.flat.flat.grad is not None
        self.flat.flat.grad.zero_()
        loss.backward()
        self.flat.step()
        named = zip(self.objective.losses, terms, strict=True)
        self.scalars = {"loss": loss.detach(), **{name: term.detach() for name, term in named}}
        self.scalars["grad_norm"] = self.flat.norm
        self.codes = result.codes


class _Comparison(nn.Module):
    """All losses of sounds whose spectra are there already: it is compiled, and that knows no complex numbers.

    Args:
        losses: of a `Pair`.
        device: of all that comes.
    """

    def __init__(self, losses: list[nn.Module], device: torch.device) -> None:
        super().__init__()
        self.losses = nn.ModuleList(losses)
        silence = torch.zeros(1, 1, LONGEST, device=device)
        probe = Pair(silence, silence)
        for loss in losses:
            loss(probe)
        self.windows = sorted(probe.known)

    def forward(self, sounds: list[Tensor], parts: list[list[tuple[Tensor, ...]]]) -> list[Tensor]:
        """sounds: of `Trainer._sounds`; parts: `_stft` of each sound, for each window -> each loss."""
        spectra = [[Spectrum.of(*part) for part in of_window] for of_window in parts]
        known = {window: (s[0], s[1]) for window, s in zip(self.windows, spectra, strict=True)}
        pair = Pair(sounds[0], sounds[1], known)
        if len(sounds) > 2:
            pair.second = sounds[2]
            pair.known_second = {window: s[2] for window, s in zip(self.windows, spectra, strict=True)}
            low = {window: (s[3], s[4]) for window, s in zip(self.windows, spectra, strict=True)}
            pair.predictable = Pair(sounds[3], sounds[4], low)
        return [loss(pair.seen_by(loss)) for loss in self.losses]


def _stft(x: Tensor, window: int) -> tuple[Tensor, ...]:
    """Real and imaginary part of a spectrum, out of what is compiled: it knows no complex numbers."""
    frames = x[:, 0].unfold(-1, window, window // 2) * torch.hann_window(window, device=x.device)
    spectrum = torch.fft.rfft(frames, norm="ortho").transpose(1, 2)
    return torch.view_as_real(spectrum).unbind(-1)
