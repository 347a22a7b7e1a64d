"""Analysis by synthesis: codes are chosen by comparing the decoded sound with the original.

The encoder is one causal pass without look-ahead and does not know how many codebooks will be kept. Here its latents
are only the starting point of a search: gradients of training losses are propagated through the decoder and the
rounding to the latents. The decoder and the file format are unaffected. Speech coders have searched their codes this
way since [CELP, Schroeder and Atal, 1985](https://doi.org/10.1109/ICASSP.1985.1168147).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from audiocodec.backends.torch.threads import single_thread
from audiocodec.codec.channels import Rows
from audiocodec.codec.code_rate import CodeRate
from audiocodec.model import CodecModel, ConvDecoder
from audiocodec.model.info import is_for_speech
from audiocodec.quality.losses import (
    CoherenceLoss,
    ComplexSTFTLoss,
    EnvelopeLoss,
    EstoiLoss,
    LoudnessLoss,
    MelLoss,
    Pair,
    WaveformLoss,
    draw_place,
    windows_of,
)
from audiocodec.tokens.depths import NO_CODE

WINDOW_S, TAIL_S = 2.0, 0.25  # search window; look-ahead
LEARNING_RATE, LEAST, BETAS = (
    0.05,
    0.1,
    (0.8, 0.95),
)  # of Adam, in standard deviations of the latents; final value, relative to the peak
PRICE, LEAST_PRICE, MOST_PRICE = 3.0, 0.5, 20.0  # of the bits allowed, beside the losses: at first, and limits
PRICE_GAIN = 5.0  # of its logarithm after a window, for the share of bits that were too many
RESERVE_BITS = 16  # of a window, for whole bytes of pages


class SoundRefiner:
    """A search for each channel of a sound, or for the two signals of a joint row; as `audiocodec.codec.SoundEncoder`.

    Args:
        model: in eval mode, without gradients; with plain linear layers, not batch-invariant ones.
        rows: of the sound.
        steps: of the search, in each window.
        rates: what the codes of each channel or signal will take; None: always the same.
        threads: number of channels to process in parallel; never changes a token.
        depths: codebooks of each frame of the whole sound, "r t"; None: always all of a row.
    """

    def __init__(
        self,
        model: CodecModel,
        rows: Rows,
        steps: int,
        rates: Sequence[CodeRate] | None = None,
        threads: int = 1,
        depths: np.ndarray | None = None,
    ) -> None:
        self.rows, self.threads = rows, threads
        unknown = [None] * rows.channels
        by_frame = unknown if depths is None else rows.depths_of(depths)
        self.refiners = [
            Refiner(model, count, steps, rate, own)
            for count, rate, own in zip(rows.depths, rates or unknown, by_frame, strict=True)
        ]

    def push(self, block: np.ndarray) -> np.ndarray:
        """Samples "c t", finite floats at the model's rate -> codes that are ready, "r q t"."""
        inputs, length = self.rows.inputs(block), self.refiners[0].window_samples
        pieces = range(0, max(1, block.shape[1]), length)  # one window per step, so that Ctrl-C waits for no more
        parts = [self._each(Refiner.push, [wav[start : start + length] for wav in inputs]) for start in pieces]
        return np.concatenate(parts, axis=2)

    def flush(self, frames: int) -> np.ndarray:
        """See `Refiner.flush`; "r q t"."""
        return self._each(Refiner.flush, [frames] * len(self.refiners))

    def _each(self, work: Callable[[Refiner, Any], np.ndarray], arguments: Sequence[Any]) -> np.ndarray:
        with single_thread():
            if self.threads == 1 or len(self.refiners) == 1:
                return self.rows.join(list(map(work, self.refiners, arguments)))
            with ThreadPoolExecutor(self.threads) as pool:
                return self.rows.join(list(pool.map(work, self.refiners, arguments)))


class Refiner:
    """Codes one channel window by window; each search starts from the decoder state after the windows before.

    The codes do not depend on chunking. They may differ between machines, because processors round the sums in
    gradients differently. Their decoding does not.

    With a rate, bits have a price in the search, which follows what the windows take; and all windows so far together
    never take more than the codes of the encoder would.

    Args:
        model: in eval mode, without gradients.
        num_codebooks: codes per frame that the search optimizes for. Side may have none.
        steps: of the search, in each window; 1 or more.
        rate: what the codes will take; None: always the same.
        depths: codebooks of each frame of the whole sound, "t", which the search keeps to; None: always all.

    Attributes:
        window_samples: length of the search window.
        frames: returned so far.
        spare_bits: that windows so far take less in a file than the encoder's codes.
    """

    def __init__(
        self,
        model: CodecModel,
        num_codebooks: int,
        steps: int,
        rate: CodeRate | None = None,
        depths: np.ndarray | None = None,
    ) -> None:
        self.model, self.num_codebooks, self.steps, self.rate = model, num_codebooks, steps, rate
        self.depths = depths
        self.spare_bits, self._price = 0, PRICE
        self.losses = search_losses(model.sample_rate)
        frame_rate = model.sample_rate / model.hop_length
        block = model.quantizer.block
        self.window, self.tail = (block * max(1, round(s * frame_rate / block)) for s in (WINDOW_S, TAIL_S))
        if rate:  # pages are coded one by one
            self.window = rate.page_frames * max(1, round(self.window / rate.page_frames))
        self.window_samples = self.window * model.hop_length
        self.frames = 0
        self._pending = np.zeros(0, np.float32)
        longest = max(window for _, loss in self.losses for window in windows_of(loss))
        past = -(-longest // model.hop_length) * model.hop_length
        self._decoded, self._heard = torch.zeros(1, 1, past), torch.zeros(1, 1, past + model.delay)
        self._encoder_state = self._decoder_state = None

    def push(self, samples: np.ndarray) -> np.ndarray:
        """samples: "t", finite floats at the model's rate -> codes that are ready, "q t", int64."""
        self._pending = np.concatenate([self._pending, samples])
        parts = [np.zeros((self.num_codebooks, 0), np.int64)]
        while len(self._pending) >= (self.window + self.tail) * self.model.hop_length:
            parts.append(self._decide(self.window, self.tail))
        return np.concatenate(parts, axis=1)

    def flush(self, frames: int) -> np.ndarray:
        """The codes still missing at the end, "q t", padded with silence to `frames` in all."""
        missing = max(0, frames - self.frames)
        silence = missing * self.model.hop_length - len(self._pending)
        codes = self.push(np.zeros(max(0, silence), np.float32))
        left = missing - codes.shape[1]
        return np.concatenate([codes, self._decide(left, 0)], axis=1) if left else codes

    def _decide(self, frames: int, tail: int) -> np.ndarray:
        """Codes of the next frames, "q t", with `tail` frames of look-ahead."""
        model, samples = self.model, frames * self.model.hop_length
        depths = self._depths_of_next(frames + tail)
        self.frames += frames
        if not self.num_codebooks:
            self._pending = self._pending[samples:]
            return np.zeros((0, frames), np.int64)
        new = torch.from_numpy(self._pending[: samples + tail * model.hop_length])[None, None]
        with torch.inference_mode(False), torch.no_grad():
            latents = model.encoder(new, self._encoder_state)[0]
            target = torch.cat([self._heard, new], -1)[..., : self._decoded.shape[-1] + new.shape[-1]]
            codes = self._search(latents, target, frames, depths)
            decoded, self._decoder_state = model.decoder(model.quantizer.decode(codes), self._decoder_state)
            _, self._encoder_state = model.encoder(new[..., :samples], self._encoder_state)
            self._decoded = torch.cat([self._decoded, decoded], -1)[..., -self._decoded.shape[-1] :]
            self._heard = torch.cat([self._heard, new[..., :samples]], -1)[..., -self._heard.shape[-1] :]
        self._pending = self._pending[samples:]
        return codes[0].numpy()

    def _depths_of_next(self, frames: int) -> Tensor:
        """Depths of the next frames, "1 t"."""
        if self.depths is None:
            return torch.full((1, frames), self.num_codebooks)
        return torch.from_numpy(self.depths[self.frames : self.frames + frames])[None]

    def _search(self, latents: Tensor, target: Tensor, frames: int, depths: Tensor) -> Tensor:
        """Codes "1 q t" of the first frames of better latents; those of the encoder if none are better."""
        plain = self._codes(latents, depths[:, :frames])
        plain_bits = self.rate.by_frame(plain[0].numpy()) if self.rate else np.zeros(frames)
        allowed = plain_bits.sum() + self.spare_bits - RESERVE_BITS
        found, distance = self._moved(latents, target, frames, depths, allowed)
        if self.rate:
            searched = self._codes(found, depths[:, :frames])[0].numpy()
            kept = affordable(self.rate, plain[0].numpy(), plain_bits, searched, allowed)
            found[..., :frames][..., ~kept] = latents[..., :frames][..., ~kept]
        first = torch.Generator().manual_seed(0)  # offsets of the first step
        last, _ = self._cost(found, target, frames, depths, first)
        if last >= distance:
            return plain
        codes = self._codes(found, depths[:, :frames])
        if self.rate:
            self.spare_bits += self.rate.in_file(plain[0].numpy()) - self.rate.in_file(codes[0].numpy())
        return codes

    def _codes(self, latents: Tensor, depths: Tensor) -> Tensor:
        """Codes "1 q t" of the first frames, which have depths "1 t"."""
        codes = self.model.quantizer.encode(latents, self.num_codebooks)[..., : depths.shape[1]]
        return torch.where(_there(depths, self.num_codebooks), codes, NO_CODE)

    @torch.enable_grad()
    def _moved(
        self, latents: Tensor, target: Tensor, frames: int, depths: Tensor, allowed: float
    ) -> tuple[Tensor, float]:
        """Latents "1 d t" after all steps; the distance of the first ones."""
        scale = latents.std(-1, keepdim=True, correction=0)
        offset = torch.zeros_like(latents, requires_grad=True)
        optimizer = torch.optim.Adam([offset], LEARNING_RATE, BETAS)
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, LEAST, self.steps)
        generator, distances = torch.Generator().manual_seed(0), []
        for _ in range(self.steps):
            distance, bits = self._cost(latents + scale * offset, target, frames, depths, generator)
            distances.append(distance.item())
            share = bits / max(allowed, 1.0)
            optimizer.zero_grad()
            (distance + self._price * share).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        if self.rate:  # windows to come are like this one
            change = PRICE_GAIN * (share.item() - 1)
            self._price = min(MOST_PRICE, max(LEAST_PRICE, self._price * math.exp(change)))
        return (latents + scale * offset).detach(), distances[0]

    def _cost(
        self, latents: Tensor, target: Tensor, frames: int, depths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Distance of what is decoded from the original, and bits of the first frames; scalars."""
        result = self.model.quantizer(latents, depths)
        decoded, _ = self.model.decoder(result.quantized, self._decoder_state)
        estimate = torch.cat([self._decoded, decoded], -1)
        offsets, predictable = self._offsets(generator), None
        if self.model.noisy:
            decoder = cast(ConvDecoder, self.model.decoder)
            predictable = Pair(decoder.predictable(estimate), decoder.predictable(target), offsets=offsets[True])
        pair = Pair(estimate, target, offsets=offsets[False], predictable=predictable)
        distance = torch.stack([weight * loss(pair.seen_by(loss)) for weight, loss in self.losses]).sum()
        if self.rate is None or result.digits is None:
            return distance, distance.new_zeros(())
        there = _there(depths, self.num_codebooks)
        return distance, self.rate(result.digits[:, : self.num_codebooks, :frames], there[..., :frames])

    def _offsets(self, generator: torch.Generator) -> dict[bool, dict[int, int]]:
        """The offset of the frames of each STFT window, drawn in the order of the losses.

        The key says whether the loss sees only the part without noise; without noise none does.
        """
        offsets: dict[bool, dict[int, int]] = {False: {}, True: {}}
        for _, loss in self.losses:
            own = offsets[self.model.noisy and getattr(loss, "needs_phase", False)]
            for window in windows_of(loss):
                if window not in own:
                    own[window] = draw_place(window, generator)
        return offsets


def _there(depths: Tensor, num_codebooks: int) -> Tensor:
    """Depths "1 t" -> which codes there are, "1 q t"."""
    return torch.arange(num_codebooks)[:, None] < depths[:, None]


def affordable(
    rate: CodeRate, plain: np.ndarray, plain_bits: np.ndarray, found: np.ndarray, allowed: float
) -> np.ndarray:
    """Which frames "t" may have found codes instead of plain ones, "q t" both, within the bits allowed for all.

    Frames whose bits grow most go back to plain codes, no more of them than it takes.
    """
    growth = rate.by_frame(found) - plain_bits
    dearest = np.argsort(-growth, kind="stable")
    fewest, most = 0, len(dearest)
    kept = np.zeros(len(dearest), bool)
    while fewest < most:
        middle = (fewest + most) // 2
        trial = np.ones(len(dearest), bool)
        trial[dearest[:middle]] = False
        if rate.by_frame(np.where(trial, found, plain)).sum() <= allowed:
            most, kept = middle, trial
        else:
            fewest = middle + 1
    return kept


def search_losses(sample_rate: int) -> list[tuple[float, nn.Module]]:
    """Weights and losses of the search, for models of speech and of music.

    Waveform losses weigh less than in training, where they mute what the decoder cannot predict.
    """
    if is_for_speech(sample_rate):
        return [
            (6.0, MelLoss(sample_rate, (128, 512, 2048), (20, 80, 80))),
            (2.0, EnvelopeLoss(sample_rate)),
            (2.0, ComplexSTFTLoss((128, 512))),
            (1.0, CoherenceLoss(sample_rate)),
            (0.5, WaveformLoss()),
            (0.7, EstoiLoss(sample_rate)),
            (1.2, LoudnessLoss(sample_rate)),
        ]
    return [
        (14.0, MelLoss(sample_rate, (128, 512, 2048, 4096), (20, 80, 100, 100))),
        (1.0, ComplexSTFTLoss((128, 512, 2048))),
        (4.0, CoherenceLoss(sample_rate)),
        (0.1, WaveformLoss()),
        (0.1, LoudnessLoss(sample_rate)),
    ]
