"""Trains the entropy model of a codec on codes of the sound it is for."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from audiocodec import audio
from audiocodec.codec import Codec
from audiocodec.errors import AudioError, ConfigError
from audiocodec.tokens.depths import NO_CODE
from audiocodec.tokens.entropy.model import HIDDEN_MAX, LOGIT_SHIFT, MAX_VALUES, SPAN, EntropyModel
from audiocodec.tokens.levels import to_level_indices

log = logging.getLogger(__name__)

WEIGHT_UNIT = 1 / 64  # what 1 means in the stored weights
HIDDEN_UNIT = 1 / 32
_INPUT_SUM = WEIGHT_UNIT / SPAN  # unit of the sums before the hidden units
_OUT_SUM = WEIGHT_UNIT * HIDDEN_UNIT
OCTAVE = 16 * 2**LOGIT_SHIFT * _OUT_SUM  # of probability, in units of the network's output


def _round(x: Tensor) -> Tensor:
    """To whole numbers, straight-through."""
    return x + (x.round() - x).detach()


class _Network(nn.Module):
    """The float counterpart of `EntropyModel`; `exact` makes it round as that one does."""

    visible: Tensor

    def __init__(self, levels: Sequence[int], signals: Sequence[int], past: int, hidden: int) -> None:
        super().__init__()
        self.levels, self.codebooks, self.past = tuple(levels), len(signals), past
        codebooks, values = self.codebooks, sum(levels)
        inputs, own = (past + 1) * codebooks * len(levels), torch.arange(codebooks)
        same = torch.tensor(signals)[:, None] == torch.tensor(signals)
        seen = torch.cat([same & (own < own[:, None]), *[same & (own <= own[:, None])] * past], 1)
        self.register_buffer("visible", seen.repeat_interleave(len(levels), 1).float()[:, :, None])
        self.hidden_weight = nn.Parameter(torch.randn(codebooks, inputs, hidden) / math.sqrt(inputs / 2))
        self.hidden_bias = nn.Parameter(torch.zeros(codebooks, 1, hidden))
        self.out_weight = nn.Parameter(0.1 * torch.randn(codebooks, hidden, values))
        self.out_bias = nn.Parameter(torch.zeros(codebooks, 1, values))

    def stored(self) -> tuple[Tensor, ...]:
        """Parameters in the units they are stored in, rounded."""
        weights = [
            _round((weight / WEIGHT_UNIT).clamp(-127, 127))
            for weight in (self.hidden_weight * self.visible, self.out_weight)
        ]
        return weights[0], _round(self.hidden_bias / _INPUT_SUM), weights[1], _round(self.out_bias / _OUT_SUM)

    def forward(self, scaled: Tensor, exact: bool) -> Tensor:
        """scaled: "b t (q d)" in [-1, 1] -> log2 of probabilities, not normalized, "q (b t) v"."""
        b, t, _ = scaled.shape
        padded = F.pad(scaled, (0, 0, self.past, 0))
        seen = torch.cat([padded[:, self.past - k :][:, :t] for k in range(self.past + 1)], dim=-1)
        rows = seen.reshape(1, b * t, -1).expand(self.codebooks, -1, -1)
        if exact:
            w1, b1, w2, b2 = self.stored()
            w1, b1, w2, b2 = w1 * WEIGHT_UNIT, b1 * _INPUT_SUM, w2 * WEIGHT_UNIT, b2 * _OUT_SUM
        else:
            w1, b1, w2, b2 = self.hidden_weight * self.visible, self.hidden_bias, self.out_weight, self.out_bias
        sums = torch.baddbmm(b1, rows, w1)
        if exact:
            sums = _round(sums / HIDDEN_UNIT - 0.5) * HIDDEN_UNIT
        return torch.baddbmm(b2, sums.clamp(0, HIDDEN_MAX * HIDDEN_UNIT), w2) / OCTAVE

    def bits(self, digits: Tensor, there: Tensor, exact: bool) -> Tensor:
        """digits: "b t q d", there: "b t q", where there is a code -> mean bits per frame."""
        top = torch.tensor(self.levels) - 1
        scaled = torch.div((2 * digits - top) * SPAN, top, rounding_mode="floor") / SPAN
        scaled = (scaled * there[..., None]).flatten(2)
        outputs = (self(scaled, exact) * math.log(2)).split(self.levels, dim=-1)
        targets = digits.flatten(0, 1).transpose(0, 1)  # q n d
        losses = [
            F.cross_entropy(o.flatten(0, 1), targets[:, :, d].flatten(), reduction="none")
            for d, o in enumerate(outputs)
        ]
        counted = torch.stack(losses).sum(0) * there.flatten(0, 1).T.flatten()
        return counted.sum() / (targets.shape[1] * math.log(2))

    def freeze(self) -> EntropyModel:
        """The network in whole numbers."""
        q, d = self.codebooks, len(self.levels)
        w1, b1, w2, b2 = (p.detach().round().long().transpose(1, 2).numpy() for p in self.stored())
        return EntropyModel(np.array(self.levels), w1.reshape(q, -1, self.past + 1, q, d), b1[..., 0], w2, b2[..., 0])


def _draw_pages(
    codes: Sequence[np.ndarray], count: int, frames: int, block: int, generator: np.random.Generator
) -> np.ndarray:
    """Pages "b t q" of recordings "q t", of longer ones more; each starts with a block."""
    lengths = np.array([c.shape[1] for c in codes])
    chosen = generator.choice(len(codes), count, p=lengths / lengths.sum())
    starts = [block * generator.integers(0, (lengths[i] - frames) // block + 1) for i in chosen]
    return np.stack([codes[i][:, s : s + frames].T for i, s in zip(chosen, starts, strict=True)])


def check_values(levels: Sequence[int]) -> None:
    """Refuse codebooks that no entropy model is for.

    Raises:
        ConfigError: their digits have more values than an entropy model takes, as the codes of VQ have.
    """
    if sum(levels) > MAX_VALUES:
        raise ConfigError(
            f"an entropy model takes codes whose digits have at most {MAX_VALUES} values together; "
            f"here they have {sum(levels)}, so the model's token files stay packed"
        )


def fit_entropy(
    codes: Sequence[np.ndarray],
    levels: Sequence[int],
    page_frames: int,
    steps: int = 10_000,
    past: int = 1,
    hidden: int = 96,
    batch: int = 16,
    block: int = 1,
    learning_rate: float = 6e-3,
    signals: Sequence[int] | None = None,
) -> EntropyModel:
    """Learn what follows what.

    Args:
        codes: "q t" of each recording, `NO_CODE` where there is none.
        levels: of a codebook.
        page_frames: frames of the pages it will code; each starts without a past.
        steps: of Adam; the second half rounds as the coder will.
        past: frames looked back.
        hidden: units for each codebook.
        batch: pages a step.
        block: frames of which a page has a whole number.
        learning_rate: at the start; it falls to zero along a cosine.
        signals: which signal each codebook is of; those of one see none of another. None: all are of one.

    Raises:
        ConfigError: the recordings are shorter than one page, or see `check_values`.
    """
    check_values(levels)
    long_enough = [c for c in codes if c.shape[1] >= page_frames]
    if not long_enough:
        raise ConfigError(f"an entropy model needs recordings of {page_frames} frames or more")
    generator = np.random.default_rng(0)
    torch.manual_seed(0)
    network = _Network(levels, signals or [0] * len(long_enough[0]), past, hidden)
    optimizer = torch.optim.AdamW(network.parameters(), learning_rate, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        pages = _draw_pages(long_enough, batch, page_frames, block, generator)
        digits, there = to_level_indices(pages.clip(0), levels), pages != NO_CODE
        bits = network.bits(torch.from_numpy(digits), torch.from_numpy(there), exact=2 * step >= steps)
        optimizer.zero_grad()
        bits.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if step % 1000 == 0:
            log.info("step %d: %.2f bits per frame", step, bits.item())
    return network.freeze()


def folder_codes(codec: Codec, folder: Path, joint: bool = False) -> Iterator[np.ndarray]:
    """Codes "q t" of the first channel of every sound file below a folder, `NO_CODE` where strides leave one out.

    Args:
        codec: with all its codebooks.
        folder: of sounds.
        joint: the joint row of both channels instead, of files with two.

    Raises:
        AudioError: there is no such file, or all are empty, or one cannot be read.
        ConfigError: the model codes two channels in two rows.
    """
    if joint and not codec.info.joint_stereo:
        raise ConfigError(f"{codec.name} codes each channel in a row of its own: it has no joint rows")
    found = False
    for path in audio.list_audio_files(folder):
        wav, sample_rate = audio.read(path)
        if wav.shape[1] and (not joint or len(wav) == 2):
            found = True
            (codes,) = codec.encode(wav if joint else wav[:1], sample_rate).codes
            yield codes.astype(np.int32)
    if not found:
        raise AudioError(f"{folder}: all sounds are empty{' or do not have two channels' if joint else ''}")


def silence_codes(codec: Codec, frames: int, joint: bool = False) -> np.ndarray:
    """Codes "q t" of so many frames of silence or a few more, as `folder_codes` gives them."""
    silence = np.zeros((2 if joint else 1, frames * codec.info.hop_length), np.float32)
    (codes,) = codec.encode(silence, codec.info.sample_rate).codes
    return codes.astype(np.int32)
