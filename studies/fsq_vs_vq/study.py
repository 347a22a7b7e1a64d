"""FSQ against VQ at equal bits, equal networks and equal steps: trains the grid behind docs/fsq_vs_vq.md.

    python studies/fsq_vs_vq/study.py ../shared/data/speech                    # all of it, or what is still missing
    python studies/fsq_vs_vq/study.py my-speech --steps 20000 --seeds 5 --device cuda -o big-study
    python studies/fsq_vs_vq/study.py ../shared/data/speech --list --only vq_ema

Every run adds a row to OUT/runs.csv and a curve to OUT/curves/. Stopped and started again it goes on, within a run too.
Tables and figures: python studies/fsq_vs_vq/figures.py
"""

from __future__ import annotations

import csv
import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import click
import numpy as np
import quantizers
import torch
from torch import Tensor

from audiocodec._util.files import replacing
from audiocodec.errors import AudioCodecError, ConfigError
from audiocodec.model import CodecModel
from audiocodec.model.build import QUANTIZERS as PACKAGED
from audiocodec.model.build import build_model
from audiocodec.quality import metrics
from audiocodec.quality.losses import Pair
from audiocodec.train.config import RecipeConfig, find_recipe, load_config
from audiocodec.train.data import CacheSource, SegmentDataset, batches, build_cache, load_corpus
from audiocodec.train.launch import choose_device
from audiocodec.train.objective import Objective
from audiocodec.train.recipe import build_losses
from audiocodec.train.trainer import Trainer
from audiocodec.train.usage import CodeUsage
from audiocodec.train.validate import load_clips

QUANTIZERS = PACKAGED | quantizers.QUANTIZERS
DIM = 16
LEVELS = {4: [4, 4], 6: [8, 8], 8: [8, 8, 4], 10: [8, 8, 4, 4], 12: [8, 8, 8, 8], 14: [8, 8, 8, 8, 4]}  # bits: levels
STAGE = [4, 4, 4, 4, 4]  # 1024 codes in each residual stage
DEPTHS = (1, 2, 4, 8)
FLIPPED = (0.001, 0.01, 0.05)
CURVE_EVERY = 25  # steps
CURVE = ("step", "seconds", "loss", "valid_mel", "log_grad_mean", "log_grad_square", "grad_max")
CLIPS, CLIP_SECONDS = 16, 4.0
MOMENTUM = 0.1  # of the FSQ's running statistics, and
DECAY = 0.95  # of the VQ's moving averages: the better ones for so few steps
USAGE_FRAMES = 65_536
METRICS: dict[str, Callable[[np.ndarray, np.ndarray, int], float]] = {
    "mel": metrics.mel_distance,
    "si_sdr": lambda reference, estimate, rate: metrics.si_sdr(reference, estimate),
    "estoi": metrics.estoi,
}

Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One run.

    Attributes:
        part: the question it helps to answer: size, residual, rate or bf16.
        quantizer: name in the tables.
        codebook_size: of each codebook.
        num_codebooks: stages.
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
        """Name of its curve."""
        change = "".join(f"-{key}-{value}" for key, value in self.train.items())
        return f"{self.part}-{self.quantizer}-{self.codebook_size}x{self.num_codebooks}{change}-seed{self.seed}"


def vector_quantizers(size: int) -> dict[str, dict[str, Any]]:
    """The three kinds of VQ, each with one codebook."""
    return {
        "vq_ema": {"type": "VQ", "dim": DIM, "codebook_size": size, "decay": DECAY},
        "vq_factorized": {"type": "FactorizedVQ", "dim": DIM, "codebook_size": size},
        "vq_plain": {"type": "PlainVQ", "dim": DIM, "codebook_size": size},
    }


def size_cases(bits: int, seed: int, part: str = "size", **train: Any) -> Iterator[Case]:
    """All quantizers with one codebook of 2**bits codes."""
    fsq = {"type": "ResidualFSQ", "dim": DIM, "levels": LEVELS[bits], "num_codebooks": 1, "momentum": MOMENTUM}
    for name, spec in {"fsq": fsq, **vector_quantizers(2**bits)}.items():
        yield Case(part, name, 2**bits, 1, seed, spec, train)


def residual_cases(depth: int, seed: int) -> Iterator[Case]:
    """All residual variants with `depth` codebooks of 1024, but those that one codebook makes equal to another."""
    shared = {"levels": STAGE, "num_codebooks": depth, "momentum": MOMENTUM}
    scales = ("naive", "levels_less_one", "levels", "learned")
    inner = {f"scaled_{scale}": {"type": "ScaledFSQ", "scale": scale, **shared} for scale in scales}
    inner["nested"] = {"type": "NestedFSQ", **shared}
    specs: dict[str, dict[str, Any]] = {"projected": {"type": "ResidualFSQ", "dim": DIM, **shared}}
    specs |= {name: {"type": "Projected", "dim": DIM, "stage": spec} for name, spec in inner.items()}
    vectors = vector_quantizers(math.prod(STAGE)).items()
    specs |= {n: {"type": "ResidualVQ", "stage": s, "num_codebooks": depth} for n, s in vectors if n != "vq_plain"}
    for name, spec in specs.items():
        if depth == 1 and name not in ("projected", "nested", "scaled_naive", "scaled_levels"):
            continue
        yield Case("residual", name, math.prod(STAGE), depth, seed, spec)


def grid(seeds: int) -> list[Case]:
    """All runs, in an order that makes a whole study of any beginning."""
    cases = [c for bits in LEVELS for c in size_cases(bits, 0)]
    cases += [c for depth in DEPTHS for c in residual_cases(depth, 0)]
    cases += [c for rate in (0.001, 0.004) for c in size_cases(10, 0, "rate", learning_rate=rate)]
    cases += size_cases(10, 0, "bf16", bfloat16=True)
    for seed in range(1, seeds):
        cases += [c for bits in LEVELS for c in size_cases(bits, seed)]
    for seed in range(1, seeds):
        cases += [c for depth in DEPTHS for c in residual_cases(depth, seed)]
    return cases


@dataclass
class Study:
    """What all runs share.

    Attributes:
        config: the small codec, without its quantizer.
        source: training samples.
        clips: held-out speech, "t" each.
        work: folder of checkpoints.
        out: folder of rows and curves.
    """

    config: RecipeConfig
    source: CacheSource
    clips: list[np.ndarray]
    work: Path
    out: Path

    def dataset(self, seed: int) -> SegmentDataset:
        """The same segments for every quantizer."""
        data, hop = self.config.data, math.prod(self.config.model["encoder"]["strides"])
        return SegmentDataset([(self.source, 1.0)], data.segment_frames * hop, data.augment, seed)


def build(case: Case, study: Study) -> Trainer:
    """The run of a case from its start, or from its checkpoint."""
    config = dataclasses.replace(study.config.train, **case.train)
    device = choose_device(config.device)
    torch.set_num_threads(config.threads)
    torch.manual_seed(case.seed)
    parts = {key: value for key, value in study.config.model.items() if key != "quantizer"}
    model = build_model(parts | {"quantizer": case.spec}, QUANTIZERS).train()  # drawn last: the networks start alike
    folder = study.work / case.name
    folder.mkdir(parents=True, exist_ok=True)

    def stream(step: int) -> Iterator[Tensor]:
        return batches(study.dataset(case.seed), study.config.data.batch_size, step)

    objective = Objective(build_losses(study.config.losses))
    trainer = Trainer(
        model=model,
        objective=objective,
        data=stream,
        budget=study.config.budget,
        config=config,
        run_dir=folder,
        validate=lambda _: {},
        device=device,
        seed=case.seed,
    )
    trainer.resume()
    return trainer


def train(case: Case, trainer: Trainer, study: Study) -> list[Row]:
    """Train to the end of the budget; returns the curve.

    Raises:
        AudioCodecError: only NaN came out.
    """
    path = study.out / "curves" / f"{case.name}.csv"
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

    def scores(self, codes: list[Tensor], names: tuple[str, ...], bfloat16: bool = False) -> dict[str, float]:
        """Means over the first clips, as many as there are codes."""
        found: dict[str, list[float]] = {name: [] for name in names}
        for clip, code in zip(self.clips, codes, strict=False):
            with torch.autocast(code.device.type, torch.bfloat16, enabled=bfloat16):
                sound, _ = self.model.decoder(self.model.quantizer.decode(code))
            estimate = sound[0, 0, : len(clip)].float().cpu().numpy()
            for name in names:
                found[name].append(METRICS[name](clip, estimate, self.model.sample_rate))
        return {name: float(np.mean(values)) for name, values in found.items()}


@torch.no_grad()
def measure(scorer: Scorer) -> Row:
    """All clips as trained; half of them with the first codebook alone, flipped bits, and bfloat16 networks."""
    codes, rounded = scorer.encode(), scorer.encode(bfloat16=True)
    half, size = codes[: len(codes) // 2], scorer.model.quantizer.codebook_size
    conditions = {"half": half, "first": [code[:, :1] for code in half]}
    for share in FLIPPED:
        conditions[f"flipped_{share}"] = [flip_bits(code, size, share, seed) for seed, code in enumerate(half)]
    row: Row = scorer.scores(codes, tuple(METRICS))
    for name, changed in conditions.items():
        row |= {f"{key}_{name}": value for key, value in scorer.scores(changed, ("mel", "estoi")).items()}
    same = [(a == b).float().mean().item() for a, b in zip(codes, rounded, strict=True)]
    row |= {"codes_changed_bf16": 1 - float(np.mean(same))}
    return row | {"mel_bf16": scorer.scores(rounded[: len(half)], ("mel",), bfloat16=True)["mel"]}


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


def spread(curve: list[Row]) -> float:
    """Standard deviation of the logarithm of the gradient norm, from the second quarter of the run on."""
    late = curve[len(curve) // 4 :]
    mean = np.mean([float(row["log_grad_mean"]) for row in late])
    square = np.mean([float(row["log_grad_square"]) for row in late])
    return math.sqrt(max(0.0, float(square - mean**2)))


def run(case: Case, study: Study) -> Row:
    """Train and measure a case; a run that only gave NaN is a row with `failed` 1."""
    trainer = build(case, study)
    quantizer = trainer.model.quantizer
    tables = [t for name, t in quantizer.state_dict().items() if name.rsplit(".", 1)[-1] == "codebook"]
    row: Row = {"run": case.name, "part": case.part, "quantizer": case.quantizer, "seed": case.seed, "failed": 0}
    row |= {"codebook_size": case.codebook_size, "num_codebooks": case.num_codebooks, "steps": trainer.budget.steps}
    row |= {"bits": case.num_codebooks * math.log2(case.codebook_size)}
    row |= {"learning_rate": trainer.config.learning_rate, "codebook_values": sum(t.numel() for t in tables)}
    outside = [p for n, p in trainer.model.named_parameters() if n.rsplit(".", 1)[-1] != "codebook"]
    row |= {"other_parameters": sum(p.numel() for p in outside)}
    before, begin = trainer.step, time.process_time()
    try:
        curve = train(case, trainer, study)
    except AudioCodecError:
        return row | {"failed": 1, "bad_steps": trainer.bad_steps}
    steps = max(1, trainer.step - before)
    row |= {"bad_steps": trainer.bad_steps, "seconds_per_step": trainer.seconds / trainer.step}
    row |= {"cpu_seconds_per_step": (time.process_time() - begin) / steps, "grad_spread": spread(curve)}
    model = trainer.model.eval()
    return row | usage(model, study.dataset(case.seed)) | measure(Scorer(model, study.clips))


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


def prepare(root: Path, out: Path, work: Path, overrides: list[str]) -> Study:
    """Decode the sound once.

    Raises:
        AudioCodecError: there is none, or `out` holds another study.
    """
    config = load_config(find_recipe("fsq_vs_vq/base"), overrides)
    if any(int(row["steps"]) != config.budget.steps for row in read_rows(out / "runs.csv")):
        raise ConfigError(f"{out}: holds runs of other lengths, choose another --output")
    corpus, rate = load_corpus(root), config.model["sample_rate"]
    cache = build_cache(corpus.train, rate, Path(config.data.cache or work / "cache"))
    clips = load_clips(corpus.valid, rate, CLIPS, CLIP_SECONDS)
    return Study(config, CacheSource(cache), clips, work, out)


@click.command(help=__doc__)
@click.argument("root", type=click.Path(path_type=Path))
@click.option("--output", "-o", "out", type=click.Path(path_type=Path), default="docs/fsq_vs_vq", show_default=True)
@click.option("--work", type=click.Path(path_type=Path), default="runs/fsq_vs_vq", show_default=True)
@click.option("--steps", default=500, show_default=True)
@click.option("--seeds", default=3, show_default=True)
@click.option("--device", default="auto", show_default=True)
@click.option("--only", default="", help="Runs whose name contains this.")
@click.option("--list", "only_list", is_flag=True, help="Say what is done and what is not.")
def main(root: Path, out: Path, work: Path, steps: int, seeds: int, device: str, only: str, only_list: bool) -> None:
    """Run what is missing."""
    cases = [case for case in grid(seeds) if only in case.name]
    done = {row["run"] for row in read_rows(out / "runs.csv")}
    if only_list:
        for case in cases:
            print("done   " if case.name in done else "to do  ", case.name)
        return
    try:
        study = prepare(root, out, work, [f"budget.steps={steps}", f"train.device={device}"])
        for i, case in enumerate(cases):
            if case.name in done:
                continue
            begin = time.monotonic()
            row = run(case, study)
            write_rows(out / "runs.csv", [*read_rows(out / "runs.csv"), row])
            scores = "  ".join(f"{name} {row.get(name, math.nan):.3f}" for name in ("mel", "estoi", "usage"))
            print(f"{i + 1}/{len(cases)}  {case.name}  {scores}  {time.monotonic() - begin:.0f} s", flush=True)
    except AudioCodecError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
