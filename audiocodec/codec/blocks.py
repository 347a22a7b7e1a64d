"""Blocks of audio at any sample rate to codes and back, in constant memory; used for arrays and files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from audiocodec import audio
from audiocodec._util.extras import require
from audiocodec._util.numbers import check_count
from audiocodec.backends.base import FrameDecoder
from audiocodec.codec.channels import Rows, is_second
from audiocodec.codec.sound_decoder import SoundDecoder
from audiocodec.codec.sound_encoder import SoundEncoder
from audiocodec.codec.variable import ChooseDepths, VariableEncoder, tried_depths
from audiocodec.codec.variable_refine import VariableRefiner
from audiocodec.model.info import ModelInfo
from audiocodec.tokens import EntropyModel, Header, frames_for
from audiocodec.tokens.entropy.page_coder import code_bits
from audiocodec.tokens.strides import hold, place

if TYPE_CHECKING:
    from audiocodec.codec.codec import Codec
    from audiocodec.codec.refine import SoundRefiner

MOST_FRAMES = 1000  # of all rows, decoded together


def sound_coder(codec: Codec, rows: Rows, refine: int) -> SoundEncoder | SoundRefiner:
    """A `Codec.sound_encoder`, or the search for codes if there are steps to refine.

    Raises:
        ConfigError: not a whole number of steps.
        MissingExtraError: a package for the search is not installed.
    """
    search = _search(codec, rows, refine)
    return search(None) if search else codec.sound_encoder(rows)


def variable_coder(codec: Codec, rows: Rows, choose: ChooseDepths, refine: int) -> VariableEncoder | VariableRefiner:
    """An encoder whose frames have as many codebooks as they need; rows: with all codebooks. See `sound_coder`."""
    info, search = codec.info, _search(codec, rows, refine)
    encoder, depths = codec.sound_encoder(rows), tried_depths(rows.num_codebooks)
    decoders = {depth: codec.sound_decoder(rows.channels, rows.joint) for depth in depths}
    entropy = _pricing(codec, rows)
    flat = info.codebook_bitrate / info.frame_rate
    price = partial(code_bits, entropy) if entropy else lambda codes: np.full(codes.shape, flat)
    plain = VariableEncoder(encoder, decoders, choose, price, info.page_frames)
    return VariableRefiner(plain, search) if search else plain


def _search(codec: Codec, rows: Rows, refine: int) -> Callable[[np.ndarray | None], SoundRefiner] | None:
    """Depths "r t" of the frames, or None for all codebooks -> a search for codes; None where none is asked for."""
    steps = check_count(refine, "refine")
    if not steps:
        return None
    require("torchaudio", "refine")
    import torch

    from audiocodec.codec.code_rate import CodeRate
    from audiocodec.codec.refine import SoundRefiner

    def search(depths: np.ndarray | None) -> SoundRefiner:
        with torch.inference_mode(False):  # tensors created in it require no gradients
            entropy = _pricing(codec, rows)
            signals = _of_signals(entropy, rows) if entropy else []
            rates = [CodeRate(model, codec.info.page_frames) for model in signals] or None
            return SoundRefiner(codec.searched_model, rows, steps, rates, codec.threads, depths)

    return search


def _pricing(codec: Codec, rows: Rows) -> EntropyModel | None:
    """What tells the bits of each code of a row; None where all take the same or stand for several frames."""
    if codec.info.strides:
        return None
    return codec.bundle.joint_entropy if rows.joint else codec.bundle.entropy


def _of_signals(entropy: EntropyModel, rows: Rows) -> list[EntropyModel]:
    """What tells the bits of each of what goes through the model."""
    if not rows.joint:
        return [entropy] * rows.channels
    second = is_second(entropy.num_codebooks)
    return [entropy.part(~second), entropy.part(second)]


class BlockEncoder:
    """Blocks of one sound -> its codes.

    Args:
        info: of the model.
        encoder: of all channels, at the model's rate.
        sample_rate: of the blocks, Hz.

    Attributes:
        samples: source samples consumed so far.
    """

    def __init__(
        self,
        info: ModelInfo,
        encoder: SoundEncoder | SoundRefiner | VariableEncoder | VariableRefiner,
        sample_rate: int,
    ) -> None:
        self.info, self.encoder, self.sample_rate = info, encoder, sample_rate
        self.samples = 0

    def encode(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Blocks "c t" -> codes "r q t", as a file holds them."""
        info, channels = self.info, self.encoder.rows.channels
        for block in audio.resample_blocks(self._counted(blocks), self.sample_rate, info.sample_rate, channels):
            yield place(self.encoder.push(block), info.strides)
        frames = frames_for(self.samples, self.sample_rate, info.sample_rate, info.hop_length, info.delay)
        yield place(self.encoder.flush(frames), info.strides)

    def _counted(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        for block in blocks:
            self.samples += block.shape[1]
            yield block


class BlockDecoder:
    """Codes of one sound -> its blocks.

    Args:
        network: of the model.
        header: of the tokens.
        threads: number of channels to decode in parallel.
        skipped: model samples dropped at the start; by default the delay.

    Attributes:
        lost_frames: frames replaced by silence so far.
    """

    def __init__(self, network: FrameDecoder, header: Header, threads: int = 1, skipped: int | None = None) -> None:
        self.header, self.sample_rate = header, network.info.sample_rate
        self.decoder = SoundDecoder(network, header.channels, header.joint, threads)
        self.lost_frames = 0
        self._skipped = self.decoder.delay_samples if skipped is None else skipped

    def start_at(self, frames: int) -> None:
        """Continue as if that many frames had come before."""
        self.decoder.start_at(frames)

    def decode(self, pages: Iterable[np.ndarray | int]) -> Iterator[np.ndarray]:
        """Codes "r q t" (or a number of lost frames) -> blocks "c t" at the source's rate.

        Args:
            pages: of one sound, in order, as a file holds them: each from the start of a block on.
        """
        header = self.header
        return audio.resample_blocks(self._waveforms(pages), self.sample_rate, header.sample_rate, header.channels)

    def _waveforms(self, pages: Iterable[np.ndarray | int]) -> Iterator[np.ndarray]:
        """At the model's rate."""
        for page in pages:
            for block in self._sounds(page):
                dropped = min(self._skipped, block.shape[1])
                self._skipped -= dropped
                yield block[:, dropped:]

    def _sounds(self, page: np.ndarray | int) -> Iterator[np.ndarray]:
        """Blocks of a page, of few frames each: it may hold more sound than its bytes suggest."""
        most = max(1, MOST_FRAMES // self.header.rows)
        if isinstance(page, int):
            self.lost_frames += page
            for start in range(0, page, most):
                yield self.decoder.skip(min(most, page - start))
            return
        codes = hold(page, self.header.strides)
        for start in range(0, codes.shape[2], most):
            yield self.decoder.push(codes[:, :, start : start + most])
