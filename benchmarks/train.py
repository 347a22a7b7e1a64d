"""Training speed beside EnCodec's network, and whether the data keeps up. Prints a table, writes CSV.

    python benchmarks/train.py data/speech --csv docs/measurements/benchmark_train.csv

Both networks train with the losses, the batch and the optimizer of a recipe, in turns in one
process; EnCodec's has random weights and our residual VQ (8 codebooks of 1024). Needs
transformers (extra `peers`).
"""

from __future__ import annotations

import csv
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from torch import Tensor, nn

from audiocodec._util.terminal import errors_in_one_sentence
from audiocodec.model import CodecModel
from audiocodec.model.quantize import VQ, ResidualVQ
from audiocodec.train import RecipeConfig, Trainer, build_trainer, load_config
from audiocodec.train.config import find_recipe
from audiocodec.train.data import (
    Augment,
    CacheSource,
    FileSource,
    SegmentDataset,
    Source,
    batches,
    build_cache,
    load_corpus,
)

LOADER_SECONDS = 4.0


class Wrapped(nn.Module):
    """A network of transformers as a part of a `CodecModel`."""

    def __init__(self, body: nn.Module, hop_length: int) -> None:
        super().__init__()
        self.body, self.hop_length, self.delay = body, hop_length, 0

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """x -> what the network makes of it, and no state."""
        return self.body(x), None


def encodec(sample_rate: int) -> CodecModel:
    """EnCodec's 24 kHz network with random weights, run at our sample rate."""
    from transformers import EncodecConfig, EncodecModel

    peer = EncodecModel(EncodecConfig())
    quantizer = ResidualVQ(lambda: VQ(dim=128, codebook_size=1024), num_codebooks=8)
    return CodecModel(Wrapped(peer.encoder, 320), quantizer, Wrapped(peer.decoder, 320), sample_rate).train()


def trainer_for(config: RecipeConfig, model: CodecModel | None) -> Trainer:
    """The recipe's trainer, with its own network or another."""
    trainer = build_trainer(config, Path(tempfile.mkdtemp()), resume=False)
    if model is None:
        return trainer
    return Trainer(
        model,
        trainer.objective,
        trainer.data,
        trainer.budget,
        trainer.config,
        trainer.run_dir,
        trainer.validate,
        device=trainer.device,
    )


def measure_steps(makers: dict[str, Callable[[], Trainer]], steps: int) -> dict[str, float]:
    """Median seconds of a step, the networks in turns so that all see the same machine."""
    trainers = {name: make() for name, make in makers.items()}
    streams: dict[str, Iterator[Tensor]] = {name: t.data(0) for name, t in trainers.items()}
    took: dict[str, list[float]] = {name: [] for name in trainers}
    for step in range(steps + 2):
        for name, trainer in trainers.items():
            batch = next(streams[name])
            begin = time.perf_counter()
            trainer.train_step(batch)
            if step >= 2:
                took[name].append(time.perf_counter() - begin)
    return {name: statistics.median(values) for name, values in took.items()}


def measure_loader(source: Source, samples: int, augment: Augment, seconds: float) -> float:
    """Segments per second, in this process."""
    stream = batches(SegmentDataset([(source, 1.0)], samples, augment), 8)
    next(stream)
    begin, count = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        count += len(next(stream))
    return count / (time.perf_counter() - begin)


@click.command(help=__doc__)
@click.argument("root", type=click.Path(path_type=Path))
@click.option("--recipe", default="speech-16k", show_default=True)
@click.option("--threads", default="1,2", show_default=True, help="Numbers of threads, with commas.")
@click.option("--steps", default=8, show_default=True, help="Of each network, for each row.")
@click.option("--optimizers", default="muon,adamw", show_default=True, help="Of both networks, with commas.")
@click.option("--csv", "csv_path", type=click.Path(path_type=Path))
@errors_in_one_sentence()
def main(root: Path, recipe: str, threads: str, steps: int, optimizers: str, csv_path: Path | None) -> None:
    """Measure, print, write."""
    rows: list[dict[str, Any]] = []
    for count in map(int, threads.split(",")):
        for precision, optimizer in itertools.product(("float32", "bfloat16"), optimizers.split(",")):
            rows += compare(root, recipe, count, precision, optimizer, steps)
    rows += loaders(root, recipe)
    for row in rows:
        print("  ".join(f"{value:<24}" if isinstance(value, str) else f"{value:>8}" for value in row.values()))
    if csv_path is not None:
        with csv_path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def compare(root: Path, recipe: str, threads: int, precision: str, optimizer: str, steps: int) -> list[dict[str, Any]]:
    """Two rows: our network and EnCodec's."""
    overrides = [f"data.root={root}", f"train.threads={threads}", f"train.bfloat16={precision == 'bfloat16'}"]
    overrides.append(f"train.optimizer={optimizer}")
    config = load_config(
        find_recipe(recipe), [*overrides, "train.tensorboard=false", "data.cache=null", "phase=spectral"]
    )
    own = trainer_for(config, None)
    audio_s = config.data.batch_size * config.data.segment_frames * own.model.hop_length / own.model.sample_rate
    took = measure_steps(
        {recipe: lambda: own, "EnCodec": lambda: trainer_for(config, encodec(own.model.sample_rate))}, steps
    )
    return [
        {
            "what": f"train {name}",
            "how": f"{precision}, {optimizer}, {threads} threads",
            "audio s/s": round(audio_s / seconds, 2),
            "times EnCodec": round(took["EnCodec"] / seconds, 2),
        }
        for name, seconds in took.items()
    ]


def loaders(root: Path, recipe: str) -> list[dict[str, Any]]:
    """A row for each way to the samples."""
    config = load_config(find_recipe(recipe), [f"data.root={root}"])
    sample_rate, hop = config.model["sample_rate"], 1
    for stride in config.model["encoder"]["strides"]:
        hop *= stride
    samples = config.data.segment_frames * hop
    corpus = load_corpus(root)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        cached = CacheSource(build_cache(corpus.train[:8], sample_rate, Path(folder)))
        for name, source in (
            (f"files ({corpus.train[0].suffix})", FileSource(corpus.train[:40], sample_rate)),
            (f"files ({corpus.valid[0].suffix})", FileSource(corpus.valid, sample_rate)),
            ("cache", cached),
        ):
            rate = measure_loader(source, samples, config.data.augment, LOADER_SECONDS) * samples / sample_rate
            rows.append({"what": f"load {name}", "how": "1 process", "audio s/s": round(rate, 1), "times EnCodec": ""})
    return rows


if __name__ == "__main__":
    main()
