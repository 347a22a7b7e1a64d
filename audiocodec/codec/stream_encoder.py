"""Encoding as samples arrive."""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from audiocodec import audio
from audiocodec._util.arrays import as_array
from audiocodec._util.numbers import check_count
from audiocodec.backends.base import FrameEncoder
from audiocodec.backends.state import Arrays, load_array
from audiocodec.backends.torch.threads import single_thread
from audiocodec.errors import AudioError

Encoded = tuple[list[np.ndarray], list[Any]]  # codes and states


class StreamEncoder:
    """Turns one channel into codes as samples arrive.

    The codes are bit-identical to those of the whole sound, for any chunking:
    see `audiocodec.backends.fixed_shapes`.

    Args:
        network: of the model, of `frame_encoder`.
        num_codebooks: codes per frame.

    Attributes:
        delay_samples: longest time from a sample pushed to the end of its frame, or of its block of frames where
            codebooks have several strides: what encoding adds to the delay.
        samples: pushed so far.
        frames: returned so far.

    Example:
        >>> import audiocodec, numpy as np
        >>> encoder = audiocodec.load("speech-16k").stream_encoder(num_codebooks=6)
        >>> encoder.push(np.zeros(700, np.float32)).shape, encoder.flush().shape
        ((6, 2), (6, 2))
    """

    def __init__(self, network: FrameEncoder, num_codebooks: int) -> None:
        self.network, self.num_codebooks = network, num_codebooks
        self.delay_samples = network.info.hop_length * network.info.block
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._remainder = np.zeros(0, np.float32)  # of an incomplete frame or block
        self._state = self.network.initial_state()
        self.samples = self.frames = 0

    def push(self, samples: np.ndarray) -> np.ndarray:
        """samples: "t" at the model's rate, any number -> codes that are ready, "q t", int64.

        Raises:
            AudioError: not one axis of floats, NaN or infinite samples, or values far outside [-1, 1].
        """
        return encode_streams([self], [samples])[0]

    def _whole_frames(self, samples: np.ndarray) -> np.ndarray:
        """Whole blocks "(t hop)" of the remainder and `samples` "t"; keeps the new remainder."""
        info = self.network.info
        pending = np.concatenate([self._remainder, samples.astype(np.float32, copy=False)])
        frames = len(pending) // self.delay_samples * info.block
        self._remainder = pending[frames * info.hop_length :].copy()
        self.samples += len(samples)
        self.frames += frames
        return pending[: frames * info.hop_length]

    def flush(self, frames: int | None = None) -> np.ndarray:
        """The codes still missing at the end of a stream: "q t". `reset` before the next one.

        Args:
            frames: total number; by default enough to cover the samples pushed and the model's delay.

        Raises:
            ConfigError: `frames` is not a whole number, 0 or more.
        """
        info = self.network.info
        if frames is None:
            frames = -(-(self.samples + info.delay) // info.hop_length) if self.samples else 0
        frames = check_count(frames, "frames")
        missing, samples = max(0, frames - self.frames), self.samples
        blocks = -(-frames // info.block)
        silence = max(0, blocks * self.delay_samples - samples) if missing else 0
        codes = self.push(np.zeros(silence, np.float32))[:, :missing]
        self.samples = samples
        return codes

    def state(self) -> Arrays:
        """The complete state of the stream, as plain arrays: `np.savez(file, **encoder.state())`."""
        own = {"remainder": self._remainder.copy(), "counts": np.array([self.samples, self.frames])}
        return own | self.network.to_arrays(self._state)

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue exactly where `state` was taken, in this process or another one.

        Raises:
            ConfigError: it is not the state of an encoder of this model.
        """
        remainder = load_array(state, "remainder", (-1,))
        counts = load_array(state, "counts", (2,), np.int64)
        self._state = self.network.from_arrays(state)
        self._remainder, (self.samples, self.frames) = remainder, map(int, counts)


def check_stream(samples: Any) -> np.ndarray:
    """Checked samples "t" for an encoder.

    Raises:
        AudioError: they are not.
    """
    array = as_array(samples)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.floating):
        raise AudioError(f"samples must be floats 't', got {array.dtype} of shape {array.shape}")
    audio.check_samples(array, "samples")
    return array


def encode_streams(
    streams: Sequence[StreamEncoder], samples: Sequence[np.ndarray], threads: int = 1
) -> list[np.ndarray]:
    """Push samples to many streams; all encoding goes through this function.

    Streams of one network are encoded as a batch, which takes little longer than one stream; each gets the same codes
    as alone.

    Args:
        streams: each at most once.
        samples: "t" for each stream, of any length each, at the model's rate.
        threads: groups of streams that are encoded in parallel; never changes a code.

    Returns:
        The codes that are ready, "q t" for each stream, int64.

    Raises:
        AudioError: see `StreamEncoder.push`; or there are not as many streams as samples. Then no stream has changed.
    """
    streams, samples = list(streams), list(samples)
    if len(streams) != len(samples):
        raise AudioError(f"{len(streams)} streams cannot take {len(samples)} arrays of samples, it takes one for each")
    checked = [check_stream(wav) for wav in samples]
    frames = [stream._whole_frames(wav) for stream, wav in zip(streams, checked, strict=True)]
    codes = [np.zeros((stream.num_codebooks, 0), np.int64) for stream in streams]
    groups = _groups(streams, threads)
    jobs = [_job([streams[i] for i in group], [frames[i] for i in group]) for group in groups]
    if len(jobs) > 1:
        with single_thread(), ThreadPoolExecutor(threads) as pool:
            results = list(pool.map(operator.call, jobs))
    else:
        results = list(map(operator.call, jobs))
    for group, result in zip(groups, results, strict=True):
        for i, new, state in zip(group, *result, strict=True):
            codes[i], streams[i]._state = new[: streams[i].num_codebooks], state
    return codes


def _groups(streams: Sequence[StreamEncoder], threads: int) -> list[list[int]]:
    """Indices of streams that are encoded as a batch: those of one network, divided among the threads."""
    members = defaultdict(list)
    for i, stream in enumerate(streams):
        members[id(stream.network)].append(i)
    return [group[n::threads] for group in members.values() for n in range(min(threads, len(group)))]


def _job(streams: Sequence[StreamEncoder], frames: Sequence[np.ndarray]) -> Callable[[], Encoded]:
    """Encode whole frames of streams of one network: returns codes "q t" and the states after them."""
    network = streams[0].network
    empty = np.zeros((network.info.num_codebooks, 0), np.int64)
    return partial(network.shapes.advance, frames, [stream._state for stream in streams], empty)
