"""A deeper model that begins as a trained one: residual blocks are added that change nothing yet.

    python recipes/rebase.py music-44k runs/rebased --name music-44k
    python recipes/grow.py runs/rebased runs/grown --name audio-44k --encoder 2,4 --decoder 5,4 --noise --restart

Each stage of encoder and decoder keeps its blocks and gets further ones behind them, up to the number given. The last
layer of a new block is zero, so the block passes on what it is given, and the deeper model gives the codes and the
sound of the trained one; training goes on from there instead of from random weights
([Net2Net, Chen et al., 2016](https://arxiv.org/abs/1511.05641)).

With --noise the last layer becomes `NoisySynthesis`, which starts with little noise below 2.5 kHz and much above 5.
With --restart the first stage of the decoder gets random weights: after `rebase.py` its first layer has weights of
1e-5 beside a bias of .1, and any step of an optimizer destroys it. The decoder is then to be trained first, by itself.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, cast

import click
import torch
from torch import nn

from audiocodec._util.terminal import errors_in_one_sentence
from audiocodec.errors import ModelError
from audiocodec.model import CodecModel
from audiocodec.model.build import build_model
from audiocodec.model.bundle import load_bundle, save_bundle
from audiocodec.model.nn.block import ResidualBlock
from audiocodec.model.nn.chain import Chain
from audiocodec.model.nn.noisy import NoisySynthesis

TONAL_HZ, NOISY_HZ = 2500.0, 5000.0  # where noise begins to grow, and where it has grown
TONAL, NOISY = 3.0, -0.5  # logits of what keeps its sign, there


def stages(layers: nn.ModuleList) -> list[tuple[list[nn.Module], list[ResidualBlock]]]:
    """Layers in order as runs of blocks, each with the layers before it; the last run may be empty."""
    parts: list[tuple[list[nn.Module], list[ResidualBlock]]] = [([], [])]
    for layer in layers:
        before, blocks = parts[-1]
        if isinstance(layer, ResidualBlock):
            blocks.append(layer)
        elif blocks:
            parts.append(([layer], []))
        else:
            before.append(layer)
    return parts


@torch.no_grad()
def take_over(new: nn.ModuleList, old: nn.ModuleList, first: int) -> None:
    """Copy the weights of `old` to where they belong in `new`, from stage `first` on; further blocks do nothing.

    Raises:
        ModelError: `new` has fewer blocks in a stage, or layers of another kind or size.
    """
    for (layers, blocks), (old_layers, old_blocks) in list(zip(stages(new), stages(old), strict=True))[first:]:
        if len(blocks) < len(old_blocks):
            raise ModelError(f"a stage has {len(old_blocks)} blocks already, not {len(blocks)}")
        for layer, trained in zip([*layers, *blocks], [*old_layers, *old_blocks], strict=False):
            layer.load_state_dict(trained.state_dict(), strict=not isinstance(layer, NoisySynthesis))
        for block in blocks[len(old_blocks) :]:
            block.out.weight.zero_()
            block.out.bias.zero_()


@torch.no_grad()
def begin_noise(layer: NoisySynthesis, sample_rate: int) -> None:
    """Give the last layer a share of noise by frequency."""
    hz = (torch.arange(layer.hop) + 0.5) * sample_rate / (2 * layer.hop)
    grown = ((hz - TONAL_HZ) / (NOISY_HZ - TONAL_HZ)).clamp(0, 1)
    layer.share.weight.mul_(0.1)
    layer.share.bias.copy_(TONAL + grown * (NOISY - TONAL))


def grow(model: CodecModel, description: dict[str, Any], restart: bool) -> CodecModel:
    """A model as described, with the weights of `model`, but for the first stage of its decoder if that restarts.

    Raises:
        ModelError: it does not contain the layers of `model`.
    """
    torch.manual_seed(0)
    new = build_model(description)
    for part, first in (("encoder", 0), ("decoder", int(restart))):
        chains = [cast(Chain, getattr(network, part).body) for network in (new, model)]
        take_over(chains[0].layers, chains[1].layers, first)
        last = chains[0].layers[-1]
        if isinstance(last, NoisySynthesis):
            begin_noise(last, new.sample_rate)
    for name in ("norm", "out"):
        getattr(new.encoder, name).load_state_dict(getattr(model.encoder, name).state_dict())
    new.quantizer.load_state_dict(model.quantizer.state_dict())
    return new


def numbers(_: click.Context, __: click.Parameter, value: str) -> list[int]:
    """Block counts as in "2,4"."""
    try:
        return [int(part) for part in value.split(",")]
    except ValueError as error:
        raise click.BadParameter("give one number per stage, as in 2,4") from error


@click.command(help=__doc__)
@click.argument("model")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Name of the new model.")
@click.option("--encoder", callback=numbers, required=True, help="Residual blocks in each stage of the encoder.")
@click.option("--decoder", callback=numbers, required=True, help="Residual blocks in each stage of the decoder.")
@click.option("--noise", is_flag=True, help="Let the decoder learn how much of each coefficient is noise.")
@click.option("--restart", is_flag=True, help="Give the first stage of the decoder random weights.")
@click.option("--force", is_flag=True, help="Overwrite.")
@errors_in_one_sentence()
def main(
    model: str, folder: Path, name: str, encoder: list[int], decoder: list[int], noise: bool, restart: bool, force: bool
) -> None:
    """Load, grow, write."""
    bundle = load_bundle(model)
    description = copy.deepcopy(bundle.description["model"])
    for part, blocks in (("encoder", encoder), ("decoder", decoder)):
        if len(blocks) != len(description[part]["blocks"]):
            raise ModelError(f"the {part} has {len(description[part]['blocks'])} stages")
        description[part]["blocks"] = blocks
    if noise:
        description["decoder"]["learned_noise"] = True
    grown = grow(bundle.build_model(), description, restart)
    path = save_bundle(folder, name, "0", description, grown, force)
    print(f"{model}, grown: {path}")


if __name__ == "__main__":
    main()
