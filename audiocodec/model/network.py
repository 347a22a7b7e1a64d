"""Encoder, quantizer and decoder as one network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from audiocodec.errors import ConfigError
from audiocodec.model.decoder import ConvDecoder
from audiocodec.model.nn.lapped import LappedSynthesis
from audiocodec.model.quantize import Quantizer, QuantizeResult


@dataclass(frozen=True)
class Draws:
    """What a decoder with noise makes of a sound, "b 1 t" each.

    Attributes:
        first, second: two random draws.
        target: what was to be decoded.
        known: what of both draws is not noise.
        known_target: the same part of the target.
    """

    first: Tensor
    second: Tensor
    target: Tensor
    known: Tensor
    known_target: Tensor


class CodecModel(nn.Module):
    """The trainable codec. `audiocodec.load` wraps one for use.

    Args:
        encoder: "b 1 (t hop)" -> "b d t", with `hop_length`.
        quantizer: its `dim` is the encoder's latent size.
        decoder: "b d t" -> "b 1 (t hop)", with `hop_length` and `delay` in samples.
        sample_rate: Hz.
        joint_stereo: two channels are coded as mid and side (`audiocodec.codec.channels`); the network itself sees one.

    Attributes:
        noisy: the decoder has noise of its own: train it by `draw`.

    Raises:
        ConfigError: encoder and decoder differ in hop length.
    """

    def __init__(
        self,
        encoder: nn.Module,
        quantizer: Quantizer,
        decoder: nn.Module,
        sample_rate: int,
        joint_stereo: bool = False,
    ) -> None:
        super().__init__()
        if encoder.hop_length != decoder.hop_length:
            raise ConfigError(f"encoder has hop length {encoder.hop_length}, decoder {decoder.hop_length}")
        self.encoder, self.quantizer, self.decoder = encoder, quantizer, decoder
        self.sample_rate, self.joint_stereo = sample_rate, joint_stereo
        self.hop_length = cast(int, encoder.hop_length)
        self.delay = cast(int, decoder.delay)
        self.noisy = isinstance(decoder, ConvDecoder) and decoder.noisy

    def forward(
        self, waveform: Tensor, num_codebooks: int | Tensor | None = None
    ) -> tuple[Tensor, Tensor, QuantizeResult]:
        """Encode, quantize and decode for training.

        Args:
            waveform: "b 1 t", t a multiple of the hop length.
            num_codebooks: see `Quantizer.forward`.

        Returns:
            estimate and target, both "b 1 (t - delay)" and aligned, and the quantizer's result.
        """
        latents, _ = self.encoder(waveform)
        result = self.quantizer(latents, num_codebooks)
        estimate, _ = self.decoder(result.quantized)
        return estimate[..., self.delay :], waveform[..., : waveform.shape[-1] - self.delay], result

    def draw(
        self, waveform: Tensor, num_codebooks: int | Tensor | None = None, wanted: Tensor | None = None
    ) -> tuple[Draws, QuantizeResult]:
        """As `forward`, for decoders with noise: two draws of the estimate, and what is not noise.

        Args:
            waveform: see `forward`.
            num_codebooks: see `forward`.
            wanted: the target, "b 1 t", where it is not the waveform.
        """
        decoder = cast(ConvDecoder, self.decoder)
        latents, _ = self.encoder(waveform)
        result = self.quantizer(latents, num_codebooks)
        known, first, second = (y[..., self.delay :] for y in decoder.draws(result.quantized))
        target = (waveform if wanted is None else wanted)[..., : waveform.shape[-1] - self.delay]
        return Draws(first, second, target, known, decoder.predictable(target)), result

    def without_postfilter(self) -> CodecModel:
        """The same network, its decoder's post-filter off: a search for codes would take back what it does."""
        last = cast(ConvDecoder, self.decoder).body.layers[-1] if self.noisy else None
        if isinstance(last, LappedSynthesis):
            last.postfilter = 0.0
        return self

    @torch.no_grad()
    def reconstruct(self, waveform: Tensor, num_codebooks: int | None = None) -> Tensor:
        """waveform: "b 1 t", any t -> the same through codes, "b 1 t"."""
        samples = waveform.shape[-1]
        frames = -(-(samples + self.delay) // self.hop_length)
        padded = nn.functional.pad(waveform, (0, frames * self.hop_length - samples))
        latents, _ = self.encoder(padded)
        codes = self.quantizer.encode(latents, num_codebooks)
        decoded, _ = self.decoder(self.quantizer.decode(codes))
        return decoded[..., self.delay : self.delay + samples]
