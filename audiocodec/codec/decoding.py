"""Decoding of tokens and of arrays of codes, in batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from audiocodec import audio
from audiocodec._util.arrays import as_array
from audiocodec.backends.fixed_shapes import BLOCK_FRAMES
from audiocodec.backends.torch.threads import single_thread
from audiocodec.codec.channels import split, to_left_right
from audiocodec.codec.stream_decoder import check_codes, decode_streams
from audiocodec.errors import ConfigError
from audiocodec.model.info import ModelInfo
from audiocodec.tokens import Tokens
from audiocodec.tokens.bitrate import check_depth
from audiocodec.tokens.strides import hold

if TYPE_CHECKING:
    from audiocodec.codec.codec import Codec


@dataclass(frozen=True)
class Job:
    """A sound, or a batch of sounds, to be decoded.

    Attributes:
        channels: codes "q t" of each channel, checked; side may have no codebooks.
        finish: samples "(t hop)" of each channel, lagging by the delay -> the result.
    """

    channels: Sequence[np.ndarray]
    finish: Callable[[Sequence[np.ndarray]], Any]


def tokens_job(info: ModelInfo, tokens: Tokens, num_codebooks: int | None) -> Job:
    """Tokens -> "c t" at the sample rate and with the length of the encoded audio.

    Raises:
        ModelError: they belong to another model.
        ConfigError: there are not that many codebooks, or the codes do not fit their header.
    """
    if num_codebooks is not None:
        tokens = tokens.truncate(num_codebooks)
    header, shape = tokens.header, tokens.codes.shape
    info.check(header)
    if shape[:2] != (header.rows, header.num_codebooks):
        raise ConfigError(f"the codes have shape {shape}, their header says ({header.rows}, {header.num_codebooks}, t)")
    if not 0 <= tokens.samples <= header.held_samples(shape[2]):
        raise ConfigError(
            f"the header says {tokens.samples} samples, {shape[2]} frames hold {header.held_samples(shape[2])}"
        )
    channels = split(tokens.codes) if header.joint else list(hold(tokens.codes, header.strides))

    def finish(waveforms: Sequence[np.ndarray]) -> np.ndarray:
        late = np.stack(waveforms)
        wav = (to_left_right(late, header.joint) if header.joint else late)[:, info.delay :]
        wav = audio.resample(wav, info.sample_rate, header.sample_rate)[:, : tokens.samples]
        return np.pad(wav, ((0, 0), (0, tokens.samples - wav.shape[1])))

    return Job([check_codes(info, codes) if len(codes) else codes for codes in channels], finish)


def array_job(info: ModelInfo, codes: Any, num_codebooks: int | None) -> Job:
    """Codes "q t" -> "1 t", or "b q t" -> "b 1 t": mono, at the model's rate, all frames less the delay.

    Args:
        info: of the model.
        codes: integers, numpy or torch; a tensor gives a tensor on its device.
        num_codebooks: number of codebooks to use (the first N).

    Raises:
        ConfigError: they are not codes of this model, or there are not that many codebooks.
    """
    array = _integers(codes)
    if num_codebooks is not None:
        check_depth(num_codebooks, array.shape[-2])
        array = array[..., :num_codebooks, :]
    batch = array if array.ndim == 3 else array[None]
    shape = (*array.shape[:-2], 1, max(0, array.shape[-1] * info.hop_length - info.delay))

    def finish(waveforms: Sequence[np.ndarray]) -> Any:
        wav = np.concatenate([np.zeros(0, np.float32), *(late[info.delay :] for late in waveforms)]).reshape(shape)
        return _as_tensor(wav, codes.device) if hasattr(codes, "detach") else wav

    return Job([check_codes(info, item) for item in hold(batch, info.strides)], finish)


def _integers(codes: Any) -> np.ndarray:
    """Codes of numpy or torch as integers "q t" or "b q t".

    Raises:
        ConfigError: they are not.
    """
    try:
        array = as_array(codes)
    except (TypeError, ValueError, RuntimeError) as error:  # a type that numpy does not support; a tensor without data
        raise ConfigError(f"codes must be integers 'q t' or 'b q t' ({str(error).splitlines()[0]})") from error
    if array.ndim not in (2, 3) or array.dtype.kind not in "iu":
        raise ConfigError(f"codes must be integers 'q t' or 'b q t', got {array.dtype} of shape {array.shape}")
    return array


def _as_tensor(wav: np.ndarray, device: Any) -> Any:
    import torch  # whoever asks has it

    return torch.from_numpy(wav).to(device)


def synthesize(codec: Codec, codes: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Decode channels together, each as it would be alone.

    Args:
        codec: its decoder and its number of threads; neither changes a sample on the CPU.
        codes: "q t" of each channel, of any number of codebooks and frames.

    Returns:
        "(t hop)" each, lagging by the delay; silence for a channel without codebooks.
    """
    hop = codec.hop_length
    out = [np.zeros(item.shape[1] * hop, np.float32) for item in codes]
    coded = [i for i, item in enumerate(codes) if len(item)]

    def work(members: Sequence[int]) -> None:
        streams = {i: codec.stream_decoder() for i in members}
        for start in range(0, max(codes[i].shape[1] for i in members), BLOCK_FRAMES):
            now = [i for i in members if codes[i].shape[1] > start]
            pieces = [codes[i][:, start : start + BLOCK_FRAMES] for i in now]
            for i, samples in zip(now, decode_streams([streams[i] for i in now], pieces), strict=True):
                out[i][start * hop :][: len(samples)] = samples

    groups = [coded[n :: codec.threads] for n in range(min(codec.threads, len(coded)))]
    with single_thread(), ThreadPoolExecutor(codec.threads) as pool:
        list(pool.map(work, groups))
    return out
