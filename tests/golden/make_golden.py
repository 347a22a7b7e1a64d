"""Made the golden files once. Run again only for a new version of the format, under a new name."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from audiocodec.container import Header, Tokens, frames_for

FOLDER = Path(__file__).parent


def tokens() -> Tokens:
    """Codes by a formula, so that another reader can check them: (7919 (b + 1) (q + 1) + 104729 t) mod size."""
    samples = 48_000 * 2 + 1234
    frames = frames_for(samples, 48_000, 16_000, 320, 320)
    b, q, t = np.meshgrid(np.arange(2), np.arange(3), np.arange(frames), indexing="ij")
    codes = (7919 * (b + 1) * (q + 1) + 104_729 * t) % 1000
    header = Header(
        model="golden",
        model_hash=bytes(range(16)),
        sample_rate=48_000,
        channels=2,
        samples=samples,
        model_sample_rate=16_000,
        hop_length=320,
        delay=320,
        num_codebooks=3,
        levels=(8, 5, 5, 5),
        frames_per_page=50,
    )
    return Tokens(codes.astype(np.int64), header)


if __name__ == "__main__":
    tokens().save(FOLDER / "v1.fsq")
