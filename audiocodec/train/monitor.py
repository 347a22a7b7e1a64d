"""What a person sees of a run: a line on the terminal, a CSV curve, TensorBoard."""

from __future__ import annotations

import csv
import io
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from audiocodec._util.extras import require
from audiocodec._util.terminal import on_terminal
from audiocodec.model import CodecModel

logger = logging.getLogger(__name__)

LOG_SECONDS = 60.0


class Monitor:
    """Shows the progress of a run. Use as a context manager.

    Args:
        run_dir: `curve.csv` and the folder `tensorboard` go here.
        tensorboard: write TensorBoard events too.
        clips: "t" each, at the model's rate; two of them can be heard and seen in TensorBoard.

    Raises:
        MissingExtraError: TensorBoard is wanted and not installed.
    """

    def __init__(self, run_dir: Path, tensorboard: bool, clips: list[np.ndarray]) -> None:
        self.curve, self.clips = run_dir / "curve.csv", clips[:2]
        self._events: Any = None
        self._bar: Any = None
        self._logged = time.monotonic()
        if tensorboard:
            require("tensorboard", "train")
            from torch.utils.tensorboard import SummaryWriter

            self._events = SummaryWriter(str(run_dir / "tensorboard"))

    def __enter__(self) -> Monitor:
        if on_terminal():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

            columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
            self._bar = Progress(*columns, console=Console(stderr=True))
            self._bar.start()
            self._task = self._bar.add_task("starting", total=1.0)
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()
        if self._events is not None:
            self._events.close()

    def step(self, share: float, step: int, loss: float, speed: float, seconds_left: float) -> None:
        """After each step; `speed` is seconds of audio trained per second."""
        line = f"step {step}  loss {loss:.4g}  {speed:.3g} s of audio/s  {_clock(seconds_left)} left"
        if self._bar is not None:
            self._bar.update(self._task, completed=min(1.0, share), description=line)
        elif time.monotonic() - self._logged >= LOG_SECONDS:
            self._logged = time.monotonic()
            logger.info("%3.0f %%  %s", 100 * share, line)

    def report(self, row: Mapping[str, float], model: CodecModel) -> None:
        """After each validation: a row of scalars, and the averaged model that they are of."""
        logger.info("  ".join(f"{k} {v:.4g}" for k, v in row.items() if not k.startswith(("usage_", "perplexity_"))))
        try:
            append_row(self.curve, row)
        except OSError as error:
            logger.warning("%s: a row is lost (%s); training continues", self.curve, error.strerror or error)
        if self._events is not None:
            self._write_events(row, model)

    def _write_events(self, row: Mapping[str, float], model: CodecModel) -> None:
        step = int(row["step"])
        for name, value in row.items():
            self._events.add_scalar(name.replace("_", "/", 1) if name[-1].isdigit() else name, value, step)
        device = next(model.parameters()).device
        for i, clip in enumerate(self.clips):
            decoded = model.reconstruct(torch.from_numpy(clip).to(device)[None, None])[0, 0].float().cpu().numpy()
            for label, sound in (("original", clip), ("decoded", decoded)):
                self._events.add_audio(f"clip {i}/{label}", sound[None].clip(-1, 1), step, model.sample_rate)
                self._events.add_image(f"clip {i}/{label}", _spectrogram(sound), step)
        self._events.flush()


def _spectrogram(sound: np.ndarray) -> np.ndarray:
    """sound: "t" -> a grey image "1 f t" from -80 dB to 0, high frequencies on top."""
    window = torch.hann_window(512)
    power = torch.stft(torch.from_numpy(sound), 512, 128, window=window, return_complex=True).abs().square().numpy()
    level = 10 * np.log10(power / (power.max() + 1e-12) + 1e-8)
    return (level[None, ::-1] / 80 + 1).clip(0, 1).astype(np.float32)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"


def append_row(path: Path, row: Mapping[str, float]) -> None:
    """Append to a CSV whose header the first row made; other columns are left out.

    Raises:
        OSError: it cannot be written; then it is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    size = path.stat().st_size if path.exists() else 0
    new = size == 0  # a full disk may have left an empty one
    if new:
        columns = list(row)
    else:
        with path.open(newline="") as file:
            columns = next(csv.reader(file))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, extrasaction="ignore", restval="")
    if new:
        writer.writeheader()
    writer.writerow({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()})
    with path.open("a", newline="") as file:
        try:
            file.write(text.getvalue())
            file.flush()
        except OSError:
            os.truncate(path, size)
            raise
