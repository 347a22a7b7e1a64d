"""Made the golden files once: `v1.fsq` holds `tokens()`, written by version 1; `v2.fsq` to `v4.fsq` hold theirs.

Run again only for a new version of the format, under a new name.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from audiocodec.tokens import EntropyModel, Header, Tokens, frames_for, save_entropy
from audiocodec.tokens.depths import NO_CODE, present

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


def entropy_model() -> EntropyModel:
    """Weights by a formula: small digits are likely, and the past has a say."""
    levels, codebooks, hidden, past = (8, 5, 5, 5), 3, 4, 1
    q, h, s, k, d = np.ogrid[:codebooks, :hidden, : past + 1, :codebooks, : len(levels)]
    seen = (k < q) | ((k == q) & (s > 0))
    value = np.concatenate([np.arange(level) for level in levels])
    u, v, j = np.ogrid[:codebooks, : len(value), :hidden]
    return EntropyModel(
        levels=np.array(levels),
        hidden_weight=((5 * q + 3 * h + 7 * s + 2 * k + d) % 11 - 5) * seen,
        hidden_bias=100 * (np.arange(codebooks)[:, None] + np.arange(hidden)),
        out_weight=(3 * u + 5 * v + 7 * j) % 13 - 6,
        out_bias=np.tile(-2500 * value, (codebooks, 1)),
    )


def tokens_v2() -> Tokens:
    """The middle page as in `tokens`, so that it is packed; around it small codes, (t t + 3 q + b) mod 5."""
    made = tokens()
    b, q, t = np.meshgrid(*(np.arange(n) for n in made.codes.shape), indexing="ij")
    codes = np.where(t // 50 == 1, made.codes, (t * t + 3 * q + b) % 5)
    header = replace(made.header, entropy=entropy_model().hash, metadata={"title": "Größe", "x": ""})
    return Tokens(codes, header, [entropy_model()])


def tokens_v3() -> Tokens:
    """The first row of `tokens`, as that of two joint channels."""
    made = tokens()
    return Tokens(made.codes[:1], replace(made.header, joint=True, metadata={"title": "Größe"}))


def tokens_v4() -> Tokens:
    """Those of `tokens_v2`, of which codebook 2 is in every fifth frame only.

    Depths of frame t in row b: 1 + (t t + b) mod 3 in the first page, 2 in the second, (t + b) mod 4 in the third.
    """
    made = tokens_v2()
    b, t = np.meshgrid(*(np.arange(made.codes.shape[axis]) for axis in (0, 2)), indexing="ij")
    depths = np.select([t < 50, t < 100], [1 + (t * t + b) % 3, 2], (t + b) % 4)
    strides = (1, 1, 5)
    codes = np.where(present(depths, 3, strides), made.codes, NO_CODE)  # a page is a multiple of the strides
    return Tokens(codes, replace(made.header, variable=True, strides=strides), [entropy_model()])


if __name__ == "__main__":
    save_entropy(FOLDER / "v2.entropy.npz", entropy_model())
    tokens_v2().save(FOLDER / "v2.fsq")
    tokens_v3().save(FOLDER / "v3.fsq")
    tokens_v4().save(FOLDER / "v4.fsq")
