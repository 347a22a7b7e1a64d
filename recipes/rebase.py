"""Give the latents of a trained model a spread that can be trained on; what it says and how it sounds stay.

    python recipes/rebase.py music-44k runs/rebased --name music-44k

Trained without `quantizer.pin`, latents end with means of hundreds of their standard deviations, and with deviations
from 1e-5 to 1e-2: each step of an optimizer moves them by more than they vary
(docs/lab/latent-drift-music-0.5.md). Here each latent
dimension becomes what one level of one codebook rounds, with zero mean and the deviation --spread (1: `pin` holds it
there); the layers before and after take up the difference. It is the same network but for rounding, for the first two
frames of a stream (padded with what is now the mean), and with fewer than all codebooks, as their means now come with
the decoder's bias.
"""

from __future__ import annotations

import math
from pathlib import Path

import click
import torch
from einops import rearrange

from audiocodec._util.terminal import errors_in_one_sentence
from audiocodec.errors import ModelError
from audiocodec.model import CodecModel, ConvDecoder, Encoder
from audiocodec.model.bundle import load_bundle, save_bundle
from audiocodec.model.nn.conv import CausalConv
from audiocodec.model.quantize import ResidualFSQ


@torch.no_grad()
def rebase(model: CodecModel, spread: float) -> None:
    """Change a model in place.

    With a_k and b_k the rows of all projections in and out, one for each level of each codebook, m and s the mean and
    deviation of its norm and G[k, l] = a_k b_l, level k rounds a_k z - sum over earlier codebooks of G[k, l] v_l.
    So z'_k = (a_k z - m_k - sum of G[k, l] m_l) / s_k has the identity as its projections in, and as those out
    the identity and G[l, k] s_k / s_l towards the l that come later.

    Raises:
        ModelError: its latents are not as many as its codebooks have levels, or its layers are others.
    """
    encoder, quantizer, decoder = model.encoder, model.quantizer, model.decoder
    first = decoder.body.layers[0] if isinstance(decoder, ConvDecoder) else None
    if not (isinstance(encoder, Encoder) and isinstance(quantizer, ResidualFSQ) and isinstance(first, CausalConv)):
        raise ModelError("only models of Encoder, ResidualFSQ and ConvDecoder can be rebased")
    shape = (quantizer.num_codebooks, len(quantizer.level_list), quantizer.dim)
    if shape[0] * shape[1] != quantizer.dim:
        raise ModelError(f"{quantizer.dim} latent dimensions are not the {shape[0]} x {shape[1]} of its codebooks")
    a, b = (p.double().flatten(0, 1) for p in (quantizer.project_in, quantizer.project_out))
    mean, std = (x.double().flatten() for x in quantizer.statistics())
    codebook = torch.arange(quantizer.dim) // shape[1]
    later = codebook[:, None] > codebook
    g = a @ b.T
    back = torch.eye(quantizer.dim).double() + (g * later * std / std[:, None]).T
    out, conv = encoder.out, first.linear
    out.weight.copy_(spread / std[:, None] * (a @ out.weight.double()))
    out.bias.copy_(spread / std * (a @ out.bias.double() - (g * later) @ mean - mean))
    size = out.weight.square().mean().sqrt() * math.sqrt(out.in_features)  # the norm takes it: it learns by small steps
    for parameter, factor in ((encoder.norm.weight, size), (encoder.norm.bias, size), (out.weight, 1 / size)):
        parameter.mul_(factor)
    taps = rearrange(conv.weight.double(), "o (k d) -> o k d", k=first.kernel)
    conv.bias.copy_(conv.bias.double() + (taps @ (b.T @ mean)).sum(1))
    conv.weight.copy_((taps @ b.T * std @ torch.linalg.inv(back).T / spread).flatten(1))
    quantizer.project_in.copy_(torch.eye(quantizer.dim).reshape(shape))
    quantizer.project_out.copy_(back.reshape(shape))
    for norm in quantizer._norms():
        norm.mean.zero_()
        norm.std.fill_(spread)


@click.command(help=__doc__)
@click.argument("model")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Of the new model.")
@click.option(
    "--spread",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="Standard deviation of the new latents.",
)
@click.option("--force", is_flag=True, help="Overwrite.")
@errors_in_one_sentence()
def main(model: str, folder: Path, name: str, spread: float, force: bool) -> None:
    """Load, rebase, write."""
    bundle = load_bundle(model)
    network = bundle.build_model()
    rebase(network, spread)
    path = save_bundle(folder, name, bundle.info.version, bundle.description["model"], network, force)
    print(f"{model}, rebased: {path}")


if __name__ == "__main__":
    main()
