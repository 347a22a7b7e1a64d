"""Tokens and sound of the ONNX backend beside those of torch, on every clip of folders.

    python benchmarks/compare_backends.py data/speech/test data/speech/valid

Both backends run the same float32 network; their matrix products add in different orders, so a latent on the border
of a cell may get the neighbouring level. Such a code and those after it in its frame then differ. Prints how many do,
and the largest difference of the sound that both make of the same tokens.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from audiocodec import audio
from audiocodec.codec import load


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--model", default="speech-16k", show_default=True)
def main(folders: tuple[Path, ...], model: str) -> None:
    """Compare on FOLDERS."""
    onnx, torch = load(model, backend="onnx"), load(model, backend="torch")
    print(f"{'folder':40s} clips frames different codes frames  sound")
    for folder in folders:
        clips = audio.list_audio_files(folder)
        frames = different = touched = 0
        largest = 0.0
        for path in clips:
            wav = audio.read(path, onnx.sample_rate)[0]
            tokens, reference = onnx.encode(wav, onnx.sample_rate), torch.encode(wav, onnx.sample_rate)
            unequal = tokens.codes != reference.codes
            frames += unequal.shape[0] * unequal.shape[2]
            different += int(unequal.sum())
            touched += int(unequal.any(axis=1).sum())
            largest = max(largest, float(np.abs(onnx.decode(reference) - torch.decode(reference)).max()))
        print(f"{folder!s:40s} {len(clips):5d} {frames:6d} {different:15d} {touched:6d}  {largest:.1e}", flush=True)


if __name__ == "__main__":
    main()
