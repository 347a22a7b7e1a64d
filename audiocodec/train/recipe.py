"""From a configuration to a ready `Trainer`."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import logging
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor, distributed, nn

from audiocodec._util.files import replacing
from audiocodec._util.keywords import call
from audiocodec._util.numbers import as_float
from audiocodec.errors import ConfigError, OutputError
from audiocodec.model import CodecModel, ranks
from audiocodec.model.build import build_model
from audiocodec.model.bundle import load_bundle
from audiocodec.quality import losses
from audiocodec.train import discriminators
from audiocodec.train.adversary import Adversary
from audiocodec.train.balancer import Balancer
from audiocodec.train.checkpoint import load_average
from audiocodec.train.config import AdversarialConfig, DataConfig, RecipeConfig, dump_config, known
from audiocodec.train.data import CacheSource, FileSource, SegmentDataset, Source, batches, build_cache, load_corpus
from audiocodec.train.data.segments import LoaderKilledError
from audiocodec.train.graph import BatchAugment, GraphTrainer, SoundBank
from audiocodec.train.launch import choose_device, process_group
from audiocodec.train.monitor import Monitor
from audiocodec.train.objective import Objective
from audiocodec.train.precision import bfloat16_is_fast
from audiocodec.train.settings import check_range
from audiocodec.train.trainer import Trainer
from audiocodec.train.validate import depths_to_watch, load_clips, validate

logger = logging.getLogger(__name__)

RESUMED = ("data.root", "data.seed", "data.batch_size", "data.segment_frames")  # what a run may go on with another of
CRITERIA = {"hinge": losses.HingeLoss}


def build_losses(spec: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[float, nn.Module]]:
    """The `losses` section: name -> its weight and the arguments of its class.

    Raises:
        ConfigError: a name or an argument is unknown.
    """
    built = {}
    for name, arguments in spec.items():
        known(name, list(losses.LOSSES), f"losses.{name}")
        if not isinstance(arguments or {}, Mapping):
            raise ConfigError(f"losses.{name}: needs keys and values such as weight, got {arguments!r}")
        arguments = dict(arguments or {})
        weight = as_float(arguments.pop("weight", 1.0))
        check_range("losses", f"{name}.weight", weight)
        built[name] = (weight, call(losses.LOSSES[name], arguments, f"losses.{name}"))
    if not built:
        raise ConfigError(f"losses: name at least one of {', '.join(losses.LOSSES)}")
    return built


def build_adversary(spec: AdversarialConfig, bfloat16: bool) -> Adversary:
    """The `adversarial` section.

    Raises:
        ConfigError: a name or an argument is unknown.
    """
    known(spec.loss, list(CRITERIA), "adversarial.loss")
    built = {}
    for name, arguments in spec.discriminators.items():
        where = f"adversarial.discriminators.{name}"
        known(name, discriminators.__all__, where)
        built[name] = call(getattr(discriminators, name), dict(arguments or {}), where)
    return Adversary(built, CRITERIA[spec.loss](), spec.weight, spec.feature_matching, bfloat16)


def _roots(data: DataConfig) -> dict[Path, float]:
    """Where the sound is, and the weight of each place."""
    if data.root is None:
        raise ConfigError("data.root is missing: say what to train on, as in data.root=FOLDER")
    if isinstance(data.root, str):
        return {Path(data.root).expanduser(): 1.0}
    if not isinstance(data.root, Mapping) or not data.root:
        raise ConfigError("data.root: give a folder, a manifest, or several with weights")
    try:
        return {Path(str(path)).expanduser(): float(weight) for path, weight in data.root.items()}
    except (TypeError, ValueError) as error:
        raise ConfigError(f"data.root: a weight is not a number ({error})") from error


def _source(paths: list[Path], data: DataConfig, sample_rate: int) -> Source:
    if data.cache is None:
        return FileSource(paths, sample_rate)
    folder = Path(data.cache).expanduser()
    if ranks.rank() == 0:
        build_cache(paths, sample_rate, folder)
    if ranks.world_size() > 1:
        distributed.barrier()
    return CacheSource(build_cache(paths, sample_rate, folder))


def _weights_of(name: str) -> CodecModel:
    """The model of a run's folder, or one by name or path."""
    if (Path(name) / "config.yaml").is_file():
        return load_average(Path(name))[0]
    return load_bundle(name).build_model()


def freeze_tokens(model: CodecModel) -> None:
    """Leave encoder and quantizer as they are from here on: a sound keeps its tokens."""
    for part in (model.encoder, model.quantizer):
        part.requires_grad_(False).eval()


def freeze_codes(model: CodecModel) -> None:
    """Leave what codes stand for as it is from here on: token files made before can be decoded."""
    model.quantizer.requires_grad_(False).eval()


def prepare_run(config: RecipeConfig, run_dir: Path) -> None:
    """Make the folder of a run and write its resolved configuration.

    Raises:
        ConfigError: the folder holds a run of another model or phase.
        OutputError: the folder cannot be written.
    """
    path = run_dir / "config.yaml"
    before = _resolved(path) if path.exists() else None
    if before is not None:
        for key in ("model", "phase"):
            if before.get(key) != dataclasses.asdict(config)[key]:
                raise ConfigError(f"{run_dir}: holds a run whose {key} is another; choose another folder")
        now = yaml.safe_load(dump_config(config))
        if changed := [name for name in RESUMED if _at(before, name) != _at(now, name)]:
            logger.warning("%s: goes on with another %s than it began with", run_dir, ", ".join(changed))
    with replacing(path, overwrite=True) as temporary:
        temporary.write_text(dump_config(config))


def _at(config: Mapping[str, Any], name: str) -> Any:
    section, _, key = name.partition(".")
    return (config.get(section) or {}).get(key)


def _resolved(path: Path) -> dict[str, Any] | None:
    """The configuration of a run; None if a full disk left nothing of it.

    Raises:
        OutputError: it is none.
    """
    try:
        before = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise OutputError(f"{path}: is not a configuration of a run ({str(error).splitlines()[0]})") from error
    if before is not None and not isinstance(before, dict):
        raise OutputError(f"{path}: is not a configuration of a run")
    return before


def _from_files(domains: list[tuple[list[Path], float]], data: DataConfig, common: dict[str, Any]) -> Trainer:
    """A trainer whose batches come from files or a cache."""
    model = common["model"]
    sources = [(_source(paths, data, model.sample_rate), weight) for paths, weight in domains]
    dataset = SegmentDataset(sources, data.segment_frames * model.hop_length, data.augment, data.seed)

    def stream(step: int) -> Iterator[Tensor]:
        return batches(dataset, data.batch_size, step, ranks.rank(), ranks.world_size(), data.workers)

    return Trainer(data=stream, **common)


def _on_device(domains: list[tuple[list[Path], float]], data: DataConfig, common: dict[str, Any]) -> Trainer:
    """A trainer whose sound lies on the GPU."""
    model, device, augment = common["model"], common["device"], data.augment
    samples = data.segment_frames * model.hop_length
    bank = SoundBank(domains, model.sample_rate, augment.speed, augment.speed_range, device)
    augmented = BatchAugment(augment, samples, device)
    shape = torch.empty(data.batch_size, 1, samples, device="meta")
    return GraphTrainer(
        data=lambda step: itertools.repeat(shape),
        draw=lambda: augmented(bank.draw(data.batch_size, samples))[:, None],
        **common,
    )


def _network(config: RecipeConfig) -> CodecModel:
    """What is trained, with random weights; what the phase does not train is frozen.

    Raises:
        ConfigError: the configuration cannot be used.
    """
    model = build_model(config.model).train()
    if config.train.graph:
        GraphTrainer.check(config)
    if config.phase != "spectral" and config.start_from is None:
        part = "model" if config.phase == "codes_kept" else "decoder"
        raise ConfigError(f"phase {config.phase} trains a {part} further: say which by start_from=MODEL_OR_RUN")
    if config.phase in ("decoder", "adversarial"):
        freeze_tokens(model)
    if config.phase == "codes_kept":
        freeze_codes(model)
    return model


def build_trainer(config: RecipeConfig, run_dir: Path, resume: bool = True) -> Trainer:
    """Everything a run needs; its weights are random, or those of `start_from`, or of the checkpoint in `run_dir`.

    Raises:
        ConfigError, AudioError, ModelError: the configuration or the data cannot be used.
    """
    data, device = config.data, choose_device(config.train.device)
    bfloat16 = config.train.bfloat16 and bfloat16_is_fast(device)
    if config.train.bfloat16 and not bfloat16:
        logger.info("train.bfloat16: this processor has none in hardware, training in float32")
    torch.set_num_threads(config.train.threads)
    torch.manual_seed(data.seed)
    model = _network(config)
    adversary = build_adversary(config.adversarial, bfloat16) if config.phase == "adversarial" else None
    objective = Objective(build_losses(config.losses), adversary, Balancer() if config.train.balancer else None)
    corpora = {root: (load_corpus(root), weight) for root, weight in _roots(data).items()}
    clips = load_clips(
        [path for corpus, _ in corpora.values() for path in corpus.valid],
        model.sample_rate,
        data.valid_clips,
        data.valid_seconds,
    )
    prepare = prepare_run if ranks.rank() == 0 else lambda config, run_dir: None
    prepare(config, run_dir)
    common = {
        "model": model,
        "objective": objective,
        "budget": config.budget,
        "config": dataclasses.replace(config.train, bfloat16=bfloat16),
        "run_dir": run_dir,
        "validate": partial(validate, clips=clips, depths=depths_to_watch(model.quantizer.num_codebooks)),
        "monitor": Monitor(run_dir, config.train.tensorboard, clips) if ranks.rank() == 0 else None,
        "device": device,
        "seed": data.seed,
    }
    domains = [(corpus.train, weight) for corpus, weight in corpora.values()]
    trainer = (_on_device if config.train.graph else _from_files)(domains, data, common)
    if config.start_from is not None:
        trainer.start_from(_weights_of(config.start_from))
    if resume:
        trainer.resume()
    return trainer


def run(config: RecipeConfig, run_dir: Path) -> Trainer:
    """Train, or go on training, until the budget is spent; under `torchrun` with all its processes.

    Raises:
        AudioCodecError: see `build_trainer` and `Trainer.fit`.
        KeyboardInterrupt: asked to stop; a checkpoint is written.
    """
    with process_group(choose_device(config.train.device)):
        trainer = build_trainer(config, run_dir)
        with trainer.monitor or contextlib.nullcontext():
            try:
                trainer.fit()
            except LoaderKilledError as error:
                trainer.save()
                raise LoaderKilledError(f"{error}; a checkpoint is written, start again to go on") from error
    return trainer
