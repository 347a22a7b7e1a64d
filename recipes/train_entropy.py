"""Train the entropy model of a codec: what its token files are coded with.

    python recipes/train_entropy.py speech-16k ../shared/data/speech/train --test ../shared/data/speech/test

It is written beside the model's description as `<name>.entropy.npz`, where the package looks for it, or to --output.
New weights of encoder or quantizer want a new one; files coded with the old one go on needing the old one.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import click
import torch

from audiocodec._util.files import replacing
from audiocodec.model.bundle import Bundle, bundle_path, entropy_path, load_bundle
from audiocodec.tokens import EntropyModel, save_entropy
from audiocodec.tokens.header import NO_ENTROPY
from audiocodec.tokens.page import PageCodec
from audiocodec.train.entropy import fit_entropy, folder_codes


def bytes_of_pages(bundle: Bundle, entropy: EntropyModel, folder: Path) -> tuple[int, int]:
    """Bytes that pages of a folder's codes take packed, and coded."""
    model, info = bundle.build_model(), bundle.info
    packed = replace(info.header(info.sample_rate, 1, None, info.num_codebooks), entropy=NO_ENTROPY)
    page, sizes = packed.frames_per_page, []
    for header in (packed, replace(packed, entropy=entropy.hash)):
        pages = PageCodec(header, entropy, info.name)
        sizes.append(
            sum(
                len(pages.build(0, codes[None, :, i : i + page]))
                for codes in folder_codes(model, folder)
                for i in range(0, codes.shape[1], page)
            )
        )
    return sizes[0], sizes[1]


@click.command(help=__doc__)
@click.argument("model")
@click.argument("data", type=click.Path(path_type=Path, exists=True))
@click.option("--output", "-o", "out", type=click.Path(path_type=Path), help="Where to write it [beside the model].")
@click.option("--test", type=click.Path(path_type=Path, exists=True), help="Folder to measure the result on.")
@click.option("--steps", default=10_000, show_default=True)
@click.option("--force", is_flag=True, help="Overwrite.")
def main(model: str, data: Path, out: Path | None, test: Path | None, steps: int, force: bool) -> None:
    """Encode, fit, write, measure."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    bundle = load_bundle(model)
    out = out or entropy_path(bundle_path(model))
    info = bundle.info
    with replacing(out, force) as temporary:
        codes = list(folder_codes(bundle.build_model(), data))
        print(f"{len(codes)} recordings, {sum(c.shape[1] for c in codes) / info.frame_rate / 3600:.2f} hours")
        entropy = fit_entropy(codes, info.levels, info.page_frames, steps=steps, block=info.block)
        save_entropy(temporary, entropy)
    print(f"{out}: {out.stat().st_size} bytes, hash {entropy.hash.hex()}")
    if test:
        packed, coded = bytes_of_pages(bundle, entropy, test)
        limit = info.bitrate(info.num_codebooks)
        print(f"{test}: pages {100 * (1 - coded / packed):.2f} % smaller than packed ({limit:.0f} bit/s before pages)")


if __name__ == "__main__":
    main()
