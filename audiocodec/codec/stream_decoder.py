"""Decoding as codes arrive, with concealment where none arrive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from audiocodec._util.numbers import check_count
from audiocodec.backends.base import FrameDecoder
from audiocodec.backends.fixed_shapes import BLOCK_FRAMES
from audiocodec.backends.state import Arrays, load_array
from audiocodec.errors import ConfigError
from audiocodec.model.info import ModelInfo
from audiocodec.tokens.depths import NO_CODE

HOLD_S, FADE_S = 0.06, 0.24  # of a burst: at full level; until it has faded to silence
NOT_BEGUN, AFRESH = -2, -1  # instead of a count of lost frames: before the first frame, and after a gap of silence
DECAY = 0.9  # factor on the latent per lost frame, for decoders that were not trained on zeros


class StreamDecoder:
    """Turns codes of one channel into samples as they arrive.

    The output lags by `delay_samples`: it starts with that many samples of silence.

    Args:
        network: of the model, of `frame_decoder`.

    Attributes:
        delay_samples: samples by which the output lags.

    Example:
        >>> import audiocodec, numpy as np
        >>> decoder = audiocodec.load("speech-16k").stream_decoder()
        >>> decoder.push(np.zeros((6, 3), np.int64)).shape, decoder.conceal(2).shape, decoder.flush().shape
        ((960,), (640,), (320,))
    """

    def __init__(self, network: FrameDecoder) -> None:
        self.network, self.delay_samples = network, network.info.delay
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._state = self.network.initial_state()
        self._forget(NOT_BEGUN)

    def start_at(self, frames: int) -> None:
        """Restart `frames` after the current position; the noise continues from there.

        Raises:
            ConfigError: `frames` is not a whole number, 0 or more.
        """
        self._state = self.network.skip(self._state, check_count(frames, "frames"))
        self._forget(AFRESH)

    def _forget(self, lost: int) -> None:
        self._latent = np.zeros((1, self.network.info.latent_dim, 1), np.float32)  # of the last frame
        self._lost = lost  # consecutive lost frames, or one of the two above

    def push(self, codes: np.ndarray) -> np.ndarray:
        """codes: "q t", any t -> samples "(t hop)", float32.

        Raises:
            ConfigError: not codes "q t", too many codebooks, or a code out of range; then the stream has not changed.
        """
        return _decode_batch([self], check_codes(self.network.info, codes)[None])[0]

    def conceal(self, frames: int) -> np.ndarray:
        """Samples "(frames hop)" for lost frames: the output continues for 60 ms, then fades to silence at 240 ms.

        A decoder trained for concealment gets zeros; others get the last latent, attenuated by a tenth per frame.

        Raises:
            ConfigError: `frames` is not a whole number, 0 or more.
        """
        frames = check_count(frames, "frames")
        hop, parts = self.network.info.hop_length, [np.zeros(0, np.float32)]
        if self._lost == NOT_BEGUN:  # the stream begins with its first frame
            return np.zeros(frames * hop, np.float32)
        if self._lost == AFRESH:
            return self.skip(frames)
        for start in range(0, frames, BLOCK_FRAMES):
            count = min(BLOCK_FRAMES, frames - start)
            decay = 0.0 if self.network.info.conceals else DECAY
            fading = np.float32(decay) ** np.arange(1, count + 1, dtype=np.float32)
            waveform = _synthesize([self], self._latent * fading)[0]
            parts.append(waveform * self._level(self._lost + np.arange(count * hop) / hop).astype(np.float32))
            self._lost += count
        return np.concatenate(parts)

    def _level(self, lost: Any) -> Any:
        """Output level after that many consecutive lost frames."""
        hold, fade = (seconds * self.network.info.frame_rate for seconds in (HOLD_S, FADE_S))
        return np.clip((fade - lost) / (fade - hold), 0, 1)

    def flush(self) -> np.ndarray:
        """The last `delay_samples` samples, which the decoder holds back until it has seen what follows.

        Needed if the codes end without those of `StreamEncoder.flush`, which cover the delay.
        """
        return self.conceal(-(-self.delay_samples // self.network.info.hop_length))[: self.delay_samples]

    def skip(self, frames: int) -> np.ndarray:
        """Silence in place of `frames` lost frames; decoding restarts after them. Raises as `start_at`."""
        self.start_at(frames)
        return np.zeros(frames * self.network.info.hop_length, np.float32)

    def state(self) -> Arrays:
        """The complete state of the stream, as plain arrays: `np.savez(file, **decoder.state())`."""
        own = {"latent": self._latent.copy(), "lost": np.array(self._lost)}
        return own | self.network.to_arrays(self._state)

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue exactly where `state` was taken, in this process or another one.

        Raises:
            ConfigError: it is not the state of a decoder of this model.
        """
        latent = load_array(state, "latent", self._latent.shape)
        lost = int(load_array(state, "lost", (), np.int64))
        self._state = self.network.from_arrays(state)
        self._latent, self._lost = latent, lost


def check_codes(info: ModelInfo, codes: Any) -> np.ndarray:
    """Codes "q t" that a decoder of a model can take, int64; `NO_CODE` where a frame has fewer.

    Raises:
        ConfigError: they are not.
    """
    array = np.asarray(codes)
    if array.ndim != 2 or array.dtype.kind not in "iu":
        raise ConfigError(f"codes must be integers 'q t', got {array.dtype} of shape {array.shape}")
    if not 1 <= len(array) <= info.num_codebooks:
        raise ConfigError(f"got {len(array)} codebooks, this quantizer has {info.num_codebooks}")
    if array.size and not NO_CODE <= array.min() <= array.max() < info.codebook_size:
        raise ConfigError(f"a code is outside [0, {info.codebook_size})")
    return array.astype(np.int64, copy=False)


def decode_streams(decoders: Sequence[StreamDecoder], codes: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Push codes "q t" to each decoder; returns their samples, "(t hop)".

    Streams with equal numbers of codebooks and frames are decoded as one batch, which takes
    little longer than one stream.

    Raises:
        ConfigError: see `StreamDecoder.push`; then no stream has changed.
    """
    groups = defaultdict(list)
    codes = [check_codes(decoder.network.info, item) for decoder, item in zip(decoders, codes, strict=True)]
    for i, (decoder, item) in enumerate(zip(decoders, codes, strict=True)):
        groups[id(decoder.network), item.shape].append(i)
    out = [np.zeros(0, np.float32)] * len(decoders)
    for members in groups.values():
        batch = _decode_batch([decoders[i] for i in members], np.stack([codes[i] for i in members]))
        for i, waveform in zip(members, batch, strict=True):
            out[i] = waveform
    return out


def _decode_batch(decoders: list[StreamDecoder], codes: np.ndarray) -> np.ndarray:
    """codes: "b q t" of `check_codes`, one item for each decoder -> samples "b (t hop)"; decoders share one network."""
    network = decoders[0].network
    hop = network.info.hop_length
    parts = [np.zeros((len(decoders), 0), np.float32)]
    for start in range(0, codes.shape[2], BLOCK_FRAMES):
        waveform = _synthesize(decoders, _dequantize(network, codes[:, :, start : start + BLOCK_FRAMES]))
        for decoder, samples in zip(decoders, waveform, strict=True):
            if decoder._lost > 0:  # the first frame after a gap fades in from the level reached
                samples[:hop] *= np.linspace(decoder._level(decoder._lost), 1, hop, dtype=np.float32)
            decoder._lost = 0
        parts.append(waveform)
    return np.concatenate(parts, axis=1)


def _dequantize(network: FrameDecoder, codes: np.ndarray) -> np.ndarray:
    """codes: "b q t" -> latents "b d t", always `BLOCK_FRAMES` together: other shapes may round differently."""
    batch, depth, steps = codes.shape
    frames = codes.swapaxes(0, 1).reshape(depth, batch * steps)
    padded = np.pad(frames, ((0, 0), (0, -frames.shape[1] % BLOCK_FRAMES)))
    tiles = padded.reshape(depth, -1, BLOCK_FRAMES).swapaxes(0, 1)
    latents = np.concatenate([network.dequantize(np.ascontiguousarray(tile[None]))[0] for tile in tiles], axis=1)
    return latents[:, : batch * steps].reshape(-1, batch, steps).swapaxes(0, 1)


def _synthesize(decoders: list[StreamDecoder], latents: np.ndarray) -> np.ndarray:
    """latents: "b d t" -> samples "b (t hop)"; updates the states of the decoders."""
    waveform, states = decoders[0].network.synthesize(latents, [decoder._state for decoder in decoders])
    for decoder, state, item in zip(decoders, states, latents, strict=True):
        decoder._state, decoder._latent = state, item[None, :, -1:].copy()
    return waveform
