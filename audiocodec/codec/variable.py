"""Variable rate: how many codebooks each frame keeps, chosen by what they add to the sound.

Codes are nested, so a frame may stop after any of its codebooks. Each frame has an error at every depth, heard by
decoding, and a price, the bits of its codes. The sum of the errors is least, for the bits that all frames have
together, where a further bit gains as much in every frame: a pause needs few codes, a vowel many. What it has to gain
is the price of a bit: found for a number of bits, or fixed by a quality, which an easy sound has for less than a hard
one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from audiocodec._util.numbers import as_float
from audiocodec.codec.channels import Rows
from audiocodec.codec.heard_errors import HeardErrors
from audiocodec.codec.sound_decoder import SoundDecoder
from audiocodec.codec.sound_encoder import SoundEncoder
from audiocodec.errors import ConfigError
from audiocodec.tokens.depths import NO_CODE, depth_bits, present

ChooseDepths = Callable[[np.ndarray, np.ndarray, int], np.ndarray]  # errors, bits, frames of a page -> depths
CHANGE, STEP = 3.0, 0.5  # bits that another depth than that of the frame before takes; and for each codebook between
LOWEST, HIGHEST = 1.0, 10.0  # quality
DEAR, CHEAPER = 2.0**-3.5, 2.0**-0.6  # price of a bit at the lowest quality; its factor for each step of quality
HEAD_BITS = 24  # of the depths of a page, besides themselves
TRIED = (1, 2, 3, 4, 6, 8, 10, 12)  # twelfths of all codebooks at which errors are heard
ROUNDS = 20  # of the search for the price of a bit


def tried_depths(num_codebooks: int) -> list[int]:
    """The depths at which errors are heard; those between are interpolated."""
    return sorted({1, *(max(1, round(num_codebooks * part / 12)) for part in TRIED)})


def price_of(quality: float) -> float:
    """Of a bit, in the unit of `HeardErrors`: what it has to gain at a quality, 1 to 10.

    Raises:
        ConfigError: the quality is no number, or out of range.
    """
    number = as_float(quality)
    if not LOWEST <= number <= HIGHEST:
        raise ConfigError(f"quality is {quality!r}, it must be {LOWEST:g} to {HIGHEST:g}")
    return DEAR * CHEAPER ** (number - LOWEST)


class VariableEncoder:
    """A sound encoder that gives its codes at the end, with as few in each frame as it needs; as `SoundEncoder`.

    It takes 5 MB of memory for a minute of speech, codes and errors of all of it.

    Args:
        encoder: of all channels, with all codebooks.
        decoders: by depth, those of `tried_depths`.
        choose: the depths, as `depths_of_mean` and `depths_at_price` do.
        price: codes "r q t" of a page -> bits that each takes.
        page_frames: frames of a page, whose depths are chosen together.
    """

    def __init__(
        self,
        encoder: SoundEncoder,
        decoders: Mapping[int, SoundDecoder],
        choose: ChooseDepths,
        price: Callable[[np.ndarray], np.ndarray],
        page_frames: int,
    ) -> None:
        self.encoder, self.decoders, self.choose = encoder, decoders, choose
        self.price, self.page_frames = price, page_frames
        info = encoder.encoders[0].network.info
        self.hop_length, channels = info.hop_length, encoder.rows.channels
        self._errors = HeardErrors(len(decoders), channels, info.sample_rate)
        self._heard = np.zeros((channels, info.delay), np.float32)  # as late as what is decoded
        self._codes: list[np.ndarray] = []

    @property
    def rows(self) -> Rows:
        return self.encoder.rows

    def push(self, block: np.ndarray) -> np.ndarray:
        """Samples "c t" -> no codes yet, "r q 0"."""
        return self._take(block, self.encoder.push(block))[:, :, :0]

    def flush(self, frames: int) -> np.ndarray:
        """All codes "r q t", `NO_CODE` where a frame has fewer."""
        channels = len(self._heard)
        last = self.encoder.flush(frames)
        silence = sum(codes.shape[2] for codes in [*self._codes, last]) * self.hop_length + self._errors.window
        self._take(np.zeros((channels, silence), np.float32), last)
        self._errors.push(np.zeros((1 + len(self.decoders), channels, self._errors.window), np.float32))
        codes = np.concatenate(self._codes, axis=2).astype(np.int64)
        if not codes.shape[2]:
            return codes
        errors = self._errors.by_frame(self.hop_length, codes.shape[2])
        if len(codes) < channels:  # a row of two channels
            errors = errors.mean(1, keepdims=True)
        whole = interpolated(errors, list(self.decoders), codes.shape[1])
        starts = range(0, codes.shape[2], self.page_frames)
        bits = np.concatenate([self.price(codes[:, :, t : t + self.page_frames]) for t in starts], axis=2)
        if len(codes) < channels and len(whole) > 1:
            whole[0] = np.inf  # a second signal without a code is a hum, not silence
        depths = self.choose(whole, bits.swapaxes(0, 1), self.page_frames)
        return np.where(present(depths, codes.shape[1]), codes, NO_CODE)

    def _take(self, block: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Keep the codes that are ready and hear them beside the original."""
        self._heard = np.concatenate([self._heard, block], axis=1)
        self._codes.append(codes.astype(np.int32))
        samples = codes.shape[2] * self.hop_length
        decoded = [decoder.push(codes[:, :depth]) for depth, decoder in self.decoders.items()]
        self._errors.push(np.stack([self._heard[:, :samples], *decoded]))
        self._heard = self._heard[:, samples:]
        return codes


def interpolated(errors: np.ndarray, depths: Sequence[int], num_codebooks: int) -> np.ndarray:
    """Errors "k r t" at some depths -> "q r t" at 1 ... q, never rising; between two depths along their logarithm."""
    wanted = np.log(np.arange(1, num_codebooks + 1))
    known = np.log(depths)
    above = np.clip(np.searchsorted(known, wanted), 1, max(1, len(depths) - 1))
    if len(depths) == 1:
        return errors
    share = (wanted - known[above - 1]) / (known[above] - known[above - 1])
    between = errors[above - 1] + share[:, None, None] * (errors[above] - errors[above - 1])
    falling: np.ndarray = np.minimum.accumulate(between, axis=0)
    return falling


def depths_of_mean(errors: np.ndarray, bits: np.ndarray, page_frames: int, mean: float) -> np.ndarray:
    """Depths "r t" that take about as many bits as `mean` codebooks in every frame would, or a little less.

    Args:
        errors: "q r t", at each depth.
        bits: "q r t", of each code.
        page_frames: frames of a page.
        mean: codebooks of a frame; between two numbers of them, the bits are, too.
    """
    codebooks, rows, frames = errors.shape
    if mean >= codebooks:
        return np.full((rows, frames), codebooks)
    whole = int(mean)
    allowed = bits[:whole].sum() + (mean - whole) * bits[whole].sum()
    low, high = -20.0, 10.0  # log2 of the price of a bit: too cheap, too dear
    chosen = depths_at_price(errors, bits, page_frames, 2.0**high)
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        depths = depths_at_price(errors, bits, page_frames, 2.0**middle)
        if _bits_of(depths, bits, page_frames) > allowed:
            low = middle
        else:
            high, chosen = middle, depths
    return chosen


def depths_at_price(errors: np.ndarray, bits: np.ndarray, page_frames: int, price: float) -> np.ndarray:
    """Depths "r t" of the least sum of errors and of bits, each times `price`; see `depths_of_mean`.

    Those of a page are chosen together, by dynamic programming, as a change of depth has a price, too.
    """
    paid = price * np.cumsum(bits, axis=0)
    pages = [_by_page(values, page_frames) for values in (errors + paid)]
    return _cheapest(np.stack(pages), price).reshape(errors.shape[1], -1)[:, : errors.shape[2]]


def _bits_of(depths: np.ndarray, bits: np.ndarray, page_frames: int) -> float:
    """About what codes of so many bits, "q r t", and their depths, "r t", take in a file."""
    codes = (bits * (np.arange(len(bits))[:, None, None] < depths)).sum()
    by_page = depth_bits(_by_page(depths, page_frames), len(bits)) + HEAD_BITS
    return float(codes + by_page.sum())


def _by_page(values: np.ndarray, page_frames: int) -> np.ndarray:
    """Values "r t" of frames, the last one repeated to whole pages, "(r pages) page_frames"."""
    missing = -values.shape[1] % page_frames
    return np.pad(values, ((0, 0), (0, missing)), mode="edge").reshape(-1, page_frames)


def _change_bits(apart: np.ndarray) -> np.ndarray:
    """About what the depth of a frame takes that is so far from the one before."""
    return np.where(apart, CHANGE + STEP * np.abs(apart), 0.5)


def _cheapest(costs: np.ndarray, price: float) -> np.ndarray:
    """The depths of least cost of each page, "p t"; costs of each depth without its changes: "q p t"."""
    depth = np.arange(len(costs))
    change = price * _change_bits(depth[:, None] - depth)  # "before now"
    total, before = costs[:, :, 0], []
    for t in range(1, costs.shape[2]):
        ways = total[:, None] + change[:, :, None]  # "before now p"
        before.append(ways.argmin(0))
        total = ways.min(0) + costs[:, :, t]
    chosen = [total.argmin(0)]
    for steps in reversed(before):
        chosen.append(np.take_along_axis(steps, chosen[-1][None], 0)[0])
    return np.stack(chosen[::-1], axis=1) + 1
