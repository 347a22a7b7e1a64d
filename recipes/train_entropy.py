"""Train an entropy model of a codec: what its token files are coded with.

    python recipes/train_entropy.py speech-16k data/speech/train --test data/speech/test

It is written beside the model's description as `<name>.entropy.npz`, where the package looks for it, or to --output.
With --joint it is that of the rows that two channels share, `<name>.joint.entropy.npz`, and learns from files of two
channels. New weights of encoder or quantizer want new ones; files coded with the old ones go on needing the old ones.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

import audiocodec
from audiocodec._util.files import replacing
from audiocodec._util.terminal import errors_in_one_sentence
from audiocodec.codec.channels import is_second
from audiocodec.model.bundle import bundle_path, entropy_path
from audiocodec.tokens import EntropyModel, Header, save_entropy
from audiocodec.tokens.header import NO_ENTROPY
from audiocodec.tokens.page import PageCodec
from audiocodec.train.entropy import check_values, fit_entropy, folder_codes, silence_codes


def page_bytes(header: Header, entropy: Sequence[EntropyModel], sounds: Sequence[np.ndarray]) -> int:
    """Bytes that the pages of codes "q t" take."""
    pages, length = PageCodec(header, entropy, header.model), header.frames_per_page
    return sum(
        len(pages.build(0, codes[None, :, i : i + length]))
        for codes in sounds
        for i in range(0, codes.shape[1], length)
    )


@click.command(help=__doc__)
@click.argument("model")
@click.argument("data", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option("--joint", is_flag=True, help="For the rows that two channels share.")
@click.option("--output", "-o", "out", type=click.Path(path_type=Path), help="Where to write it [beside the model].")
@click.option("--test", type=click.Path(path_type=Path, exists=True), multiple=True, help="Folder to measure it on.")
@click.option("--steps", type=click.IntRange(1), default=10_000, show_default=True)
@click.option("--force", is_flag=True, help="Overwrite.")
@errors_in_one_sentence()
def main(
    model: str, data: tuple[Path, ...], joint: bool, out: Path | None, test: tuple[Path, ...], steps: int, force: bool
) -> None:
    """Encode, fit, write, measure."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    codec = audiocodec.load(model)
    info, out = codec.info, out or entropy_path(bundle_path(model), joint)
    check_values(info.levels)
    with replacing(out, force) as temporary:
        tests = {folder: list(folder_codes(codec, folder, joint)) for folder in test}  # a wrong one is told at once
        codes = [sound for folder in data for sound in folder_codes(codec, folder, joint)]
        frames = sum(c.shape[1] for c in codes)
        print(f"{len(codes)} recordings, {frames / info.frame_rate / 3600:.2f} hours")
        codes.append(silence_codes(codec, max(frames // 100, info.page_frames), joint))
        signals = is_second(info.num_codebooks).astype(int).tolist() if joint else None
        entropy = fit_entropy(codes, info.levels, info.page_frames, steps=steps, block=info.block, signals=signals)
        save_entropy(temporary, entropy)
    print(f"{out}: {out.stat().st_size} bytes, hash {entropy.hash.hex()}")
    header = info.header(info.sample_rate, 2 if joint else 1, None, info.num_codebooks)
    for folder, sounds in tests.items():
        measure(folder, sounds, header, entropy)


def measure(folder: Path, sounds: Sequence[np.ndarray], header: Header, entropy: EntropyModel) -> None:
    """Print what the model saves of codes "q t" with one, a quarter, half and all of the codebooks."""
    for depth in sorted({1, *(-(-header.num_codebooks // part) for part in (1, 2, 4))}):
        kept, cut = [sound[:depth] for sound in sounds], header.with_codebooks(depth)
        packed = page_bytes(replace(cut, entropy=NO_ENTROPY), (), kept)
        coded = page_bytes(replace(cut, entropy=entropy.hash), [entropy], kept)
        print(f"{folder}, {depth} codebooks: pages {100 * (1 - coded / packed):.2f} % smaller than packed")


if __name__ == "__main__":
    main()
