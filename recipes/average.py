"""A model between two others: weights of encoder and decoder averaged, around one quantizer.

    python recipes/average.py OLD NEW FOLDER --name speech-16k --version 1.1 --encoder 0.75 --decoder 0.35

OLD and NEW are models, NEW trained on from OLD with its codes kept (phase `codes_kept`) and packaged. An encoder and
a decoder that were trained on together agree with one another, and the decoder gets worse at what the old encoder
wrote. Between the two lies a decoder that reads the files of both, and the average is often better than either end
([Wortsman et al., 2022](https://arxiv.org/abs/2203.05482)).
"""

from __future__ import annotations

import copy
from pathlib import Path

import click
import torch

from audiocodec._util.terminal import errors_in_one_sentence
from audiocodec.errors import ModelError
from audiocodec.model import CodecModel
from audiocodec.model.bundle import load_bundle, save_bundle, write_entropy


@torch.no_grad()
def average(old: CodecModel, new: CodecModel, encoder: float, decoder: float) -> CodecModel:
    """A model of `new`'s quantizer, its encoder and decoder these fractions of the way from `old` to `new`.

    Raises:
        ModelError: they are not of one architecture, or their quantizers differ.
    """
    model, before = copy.deepcopy(new), dict(old.named_parameters())
    if {k: v.shape for k, v in before.items()} != {k: v.shape for k, v in model.named_parameters()}:
        raise ModelError("only models of one architecture can be averaged")
    for name, parameter in model.named_parameters():
        part = name.split(".")[0]
        if part == "quantizer":
            if not torch.equal(parameter, before[name]):
                raise ModelError("the two models have other quantizers: their codes mean different things")
        else:
            parameter.copy_(torch.lerp(before[name], parameter, encoder if part == "encoder" else decoder))
    return model


@click.command(help=__doc__)
@click.argument("old")
@click.argument("new")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Name of the new model.")
@click.option("--version", required=True, help="Version of its weights.")
@click.option("--encoder", type=click.FloatRange(0, 1), required=True, help="Encoder: 0 is OLD's, 1 is NEW's.")
@click.option("--decoder", type=click.FloatRange(0, 1), required=True, help="Decoder: 0 is OLD's, 1 is NEW's.")
@click.option("--force", is_flag=True, help="Overwrite.")
@errors_in_one_sentence()
def main(
    old: str, new: str, folder: Path, name: str, version: str, encoder: float, decoder: float, force: bool
) -> None:
    """Write the model between two others."""
    first, second = load_bundle(old), load_bundle(new)
    model = average(first.build_model(), second.build_model(), encoder, decoder)
    path = save_bundle(folder, name, version, second.description["model"], model, force)
    write_entropy(path, second, force)
    print(f"between {old} and {new}: {path}")


if __name__ == "__main__":
    main()
