"""FSQ against VQ at equal bits, equal networks and equal steps: trains the codecs behind docs/fsq_vs_vq.md.

    python studies/fsq_vs_vq/study.py data/speech --hours 4     # what is missing, the most important first
    python studies/fsq_vs_vq/study.py my-speech --steps 20000 --seeds 5 --workers 1 --device cuda -o big.csv
    python studies/fsq_vs_vq/study.py data/speech --list --only vq_ema

Every run adds a row to the CSV. Stopped and started again it goes on, within a run too: no run is begun that would not
end within the hours given, by the mean of those that have ended.
"""

from __future__ import annotations

import csv
import dataclasses
import math
import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import click
import numpy as np
import quantizers
import torch
from cases import Case, grid
from measure import Row, Scorer, measure, usage
from torch import Tensor

from audiocodec._util.files import replacing
from audiocodec._util.terminal import errors_in_one_sentence
from audiocodec.errors import AudioCodecError, ConfigError
from audiocodec.model.build import QUANTIZERS as PACKAGED
from audiocodec.model.build import build_model
from audiocodec.quality.losses import Pair
from audiocodec.train.config import RecipeConfig, find_recipe, load_config
from audiocodec.train.data import CacheSource, SegmentDataset, batches, build_cache, load_corpus
from audiocodec.train.launch import choose_device
from audiocodec.train.objective import Objective
from audiocodec.train.recipe import build_losses
from audiocodec.train.trainer import Trainer
from audiocodec.train.validate import load_clips

QUANTIZERS = PACKAGED | quantizers.QUANTIZERS
CURVE_EVERY = 50  # steps
CURVE = ("step", "seconds", "loss", "valid_mel", "log_grad_mean", "log_grad_square", "grad_max")
POINTS = 8  # of the curve that a row keeps
TARGETS = (0.4, 0.35, 0.33)  # validation mel losses that count the steps
CLIPS, CLIP_SECONDS = 16, 4.0


@dataclass
class Study:
    """What all runs share.

    Attributes:
        config: the codec, without its quantizer.
        source: training samples.
        clips: held-out speech, "t" each.
        work: folder of checkpoints and curves.
    """

    config: RecipeConfig
    source: CacheSource
    clips: list[np.ndarray]
    work: Path

    def dataset(self, seed: int) -> SegmentDataset:
        """The same segments for every quantizer."""
        data, hop = self.config.data, math.prod(self.config.model["encoder"]["strides"])
        return SegmentDataset([(self.source, 1.0)], data.segment_frames * hop, data.augment, seed)


def prepare(root: Path, work: Path, overrides: list[str]) -> Study:
    """Decode the sound once.

    Raises:
        AudioCodecError: there is none.
    """
    config = load_config(find_recipe("fsq_vs_vq/codec"), overrides)
    corpus, rate = load_corpus(root), config.model["sample_rate"]
    cache = build_cache(corpus.train, rate, Path(config.data.cache or work / "cache"))
    return Study(config, CacheSource(cache), load_clips(corpus.valid, rate, CLIPS, CLIP_SECONDS), work)


def build(case: Case, study: Study) -> Trainer:
    """The run of a case from its start, or from its checkpoint."""
    config = dataclasses.replace(study.config.train, **case.train)
    torch.set_num_threads(config.threads)
    torch.manual_seed(case.seed)
    parts = {key: value for key, value in study.config.model.items() if key != "quantizer"}
    model = build_model(parts | {"quantizer": case.spec}, QUANTIZERS).train()  # drawn last: the networks start alike
    folder = study.work / case.name
    folder.mkdir(parents=True, exist_ok=True)

    def stream(step: int) -> Iterator[Tensor]:
        return batches(study.dataset(case.seed), study.config.data.batch_size, step)

    trainer = Trainer(
        model=model,
        objective=Objective(build_losses(study.config.losses)),
        data=stream,
        budget=study.config.budget,
        config=config,
        run_dir=folder,
        validate=lambda _: {},
        device=choose_device(config.device),
        seed=case.seed,
    )
    trainer.resume()
    return trainer


def train(case: Case, trainer: Trainer, study: Study) -> list[Row]:
    """Train to the end of the budget; returns the curve.

    Raises:
        AudioCodecError: only NaN came out.
    """
    path = study.work / case.name / "curve.csv"
    curve = [row for row in read_rows(path) if int(row["step"]) <= trainer.step]
    data = trainer.data(trainer.step)
    steps, saved = trainer.budget.steps or 0, trainer.seconds
    while trainer.step < steps:
        norms, losses, begin = [], [], time.monotonic()
        for batch in islice(data, min(CURVE_EVERY, steps - trainer.step)):
            scalars = trainer.train_step(batch)
            norms.append(float(scalars["grad_norm"]))
            losses.append(float(scalars["loss"]))
        trainer.seconds += time.monotonic() - begin
        logs = np.log(np.maximum(norms, 1e-12))
        values = np.mean(losses), valid_mel(trainer, study), logs.mean(), np.square(logs).mean(), max(norms)
        rounded = (f"{value:.5g}" for value in values)
        curve.append(dict(zip(CURVE, (trainer.step, f"{trainer.seconds:.2f}", *rounded), strict=True)))
        if trainer.step == steps or trainer.seconds - saved > 60 * trainer.config.save_minutes:
            saved = trainer.seconds
            write_rows(path, curve)
            trainer.save()
    return curve


@torch.no_grad()
def valid_mel(trainer: Trainer, study: Study) -> float:
    """The mel loss on the first second of the clips."""
    length = trainer.model.sample_rate
    batch = np.stack([np.pad(clip[:length], (0, max(0, length - len(clip)))) for clip in study.clips])
    torch.manual_seed(0)  # where the frames of the loss begin
    trainer.model.eval()
    estimate, target, _ = trainer.model(torch.from_numpy(batch)[:, None].to(trainer.device))
    trainer.model.train()
    return float(trainer.objective.losses["mel"][1](Pair(estimate, target)))


def of_curve(curve: list[Row]) -> Row:
    """Steps to each target, points of the curve, and the spread of the gradient.

    That is the standard deviation of the logarithm of its norm, from the second quarter of the run on.
    """
    row: Row = {}
    for target in TARGETS:
        row[f"steps_to_{target}"] = next((int(r["step"]) for r in curve if float(r["valid_mel"]) < target), "")
    chosen = [curve[(i + 1) * len(curve) // POINTS - 1] for i in range(POINTS)] if len(curve) >= POINTS else curve
    row["curve"] = " ".join(f"{r['step']}:{float(r['valid_mel']):.4g}" for r in chosen)
    late = curve[len(curve) // 4 :]
    mean = np.mean([float(r["log_grad_mean"]) for r in late])
    square = np.mean([float(r["log_grad_square"]) for r in late])
    return row | {"grad_spread": math.sqrt(max(0.0, float(square - mean**2)))}


def run(case: Case, study: Study) -> Row:
    """Train and measure a case; a run that only gave NaN is a row with `failed` 1."""
    begin, trainer = time.monotonic(), build(case, study)
    quantizer = trainer.model.quantizer
    tables = [t for name, t in quantizer.state_dict().items() if name.rsplit(".", 1)[-1] in ("codebook", "fixed")]
    outside = [p for n, p in trainer.model.named_parameters() if n.rsplit(".", 1)[-1] != "codebook"]
    row: Row = {"run": case.name, "part": case.part, "quantizer": case.quantizer, "seed": case.seed, "failed": 0}
    row |= {"codebook_size": case.codebook_size, "num_codebooks": case.num_codebooks, "steps": trainer.budget.steps}
    row |= {"bits": case.num_codebooks * math.log2(case.codebook_size)}
    row |= {"learning_rate": trainer.config.learning_rate, "codebook_values": sum(t.numel() for t in tables)}
    row |= {"other_parameters": sum(p.numel() for p in outside)}
    before, cpu = trainer.step, time.process_time()
    try:
        curve = train(case, trainer, study)
    except AudioCodecError:
        return row | {"failed": 1, "bad_steps": trainer.bad_steps, "minutes": (time.monotonic() - begin) / 60}
    steps = max(1, trainer.step - before)
    row |= {"bad_steps": trainer.bad_steps, "seconds_per_step": trainer.seconds / trainer.step}
    row |= {"cpu_seconds_per_step": (time.process_time() - cpu) / steps} | of_curve(curve)
    model = trainer.model.eval()
    row |= usage(model, study.dataset(case.seed)) | measure(Scorer(model, study.clips))
    return row | {"minutes": (time.monotonic() - begin) / 60}


def read_rows(path: Path) -> list[Row]:
    """Rows of a CSV; none if it does not exist."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: list[Row]) -> None:
    """All rows, at once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys(name for row in rows for name in row))
    with replacing(path, overwrite=True) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)


def run_alone(case: Case, root: Path, work: Path, overrides: list[str]) -> Row:
    """`run` in a process of its own, which maps the decoded sound for itself."""
    return run(case, prepare(root, work, overrides))


def run_all(cases: list[Case], run_one: Callable[[Case], Row], out: Path, hours: float, workers: int) -> None:
    """Run cases in order, as many as end in time, and write their rows as they end."""
    begin, waiting = time.monotonic(), list(cases)
    running: set[Future[Row]] = set()
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        while waiting or running:
            rows = read_rows(out)
            known = [float(row["minutes"]) for row in rows if row["minutes"]]
            expected = np.mean(known) / 60 if known else 0.0
            left = hours - (time.monotonic() - begin) / 3600
            while waiting and len(running) < workers and left >= expected:
                running.add(pool.submit(run_one, waiting.pop(0)))
            if not running:
                print(f"{len(waiting)} runs are left: {expected * len(waiting) / workers:.1f} hours", flush=True)
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                row = future.result()
                write_rows(out, [*read_rows(out), row])
                scores = "  ".join(f"{name} {row.get(name, math.nan):.3f}" for name in ("mel", "estoi", "usage"))
                print(f"{row['run']}  {scores}  {row['minutes']:.1f} min", flush=True)


@click.command(help=__doc__)
@click.argument("root", type=click.Path(path_type=Path))
@click.option("--output", "-o", "out", type=click.Path(path_type=Path), default="docs/fsq_vs_vq/runs.csv")
@click.option("--work", type=click.Path(path_type=Path), default="runs/fsq_vs_vq", show_default=True)
@click.option("--hours", default=4.0, show_default=True, help="Time for all runs of this call together.")
@click.option("--workers", default=2, show_default=True, help="Runs at the same time, on a core each.")
@click.option("--steps", default=4000, show_default=True)
@click.option("--seeds", default=3, show_default=True)
@click.option("--device", default="cpu", show_default=True)
@click.option("--only", default="", help="Runs whose name contains this.")
@click.option("--list", "only_list", is_flag=True, help="Say what is done and what is not.")
@errors_in_one_sentence()
def main(
    root: Path,
    out: Path,
    work: Path,
    hours: float,
    workers: int,
    steps: int,
    seeds: int,
    device: str,
    only: str,
    only_list: bool,
) -> None:
    """Run what is missing."""
    rows = read_rows(out)
    done = {row["run"] for row in rows}
    cases = [case for case in grid(seeds) if only in case.name]
    if only_list:
        for case in cases:
            print("done   " if case.name in done else "to do  ", case.name)
        return
    if any(int(row["steps"]) != steps for row in rows):
        raise ConfigError(f"{out}: holds runs of other lengths, choose another --output")
    overrides = [f"budget.steps={steps}", f"train.device={device}", "train.threads=1"]
    prepare(root, work, overrides)  # all decode it once
    run_one = partial(run_alone, root=root, work=work, overrides=overrides)
    run_all([case for case in cases if case.name not in done], run_one, out, hours, workers)


if __name__ == "__main__":
    main()
