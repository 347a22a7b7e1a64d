"""The network of a codec for training, for losses on its latents or models on top of it."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

from audiocodec.errors import AudioError, ConfigError
from audiocodec.model import CodecModel


class CodecModule(nn.Module):
    """Waveforms to latents to codes and back, batched and differentiable; mono, at the model's rate.

    Sounds and latents are aligned as in files: encoding covers the sound and the delay of the decoder, decoding drops
    that delay. So `decode_latents(encode_latents(x))[..., : x.shape[-1]]` has the length of x and is aligned with it.

    In eval mode it computes what the codec does, on the CPU up to the rounding of float32: a code on the border of two
    cells may differ (`tests/codec/test_module.py`). In train mode `quantize` draws the number of codebooks for some of
    the items, as in training the model, and updates the running statistics of the quantizer: codes then represent
    other latents than those of the codec, and its token files no longer match. To keep the codes fixed, freeze that
    part: `module.model.quantizer.eval().requires_grad_(False)`, after every `module.train()`.

    Args:
        model: with its own copy of the weights.

    Attributes:
        sample_rate: Hz.
        hop_length: samples per frame.
        delay: samples that decoding drops.

    Example:
        >>> import audiocodec, torch
        >>> module = audiocodec.load("speech-16k").module
        >>> latents = module.encode_latents(torch.zeros(2, 1, 16_000))
        >>> quantized, codes = module.quantize(latents, num_codebooks=6)
        >>> latents.shape, codes.shape, module.decode_latents(quantized).shape
        (torch.Size([2, 72, 51]), torch.Size([2, 6, 51]), torch.Size([2, 1, 16000]))
    """

    def __init__(self, model: CodecModel) -> None:
        super().__init__()
        self.model = model
        self.sample_rate, self.hop_length, self.delay = model.sample_rate, model.hop_length, model.delay

    def encode_latents(self, waveform: Tensor) -> Tensor:
        """Waveform "b 1 t", any t -> latents "b d f", f = ceil((t + delay) / hop_length).

        Raises:
            AudioError: the waveform is not floats "b 1 t".
        """
        if waveform.ndim != 3 or waveform.shape[1] != 1 or not waveform.is_floating_point():
            raise AudioError(f"waveform must be floats 'b 1 t', got {waveform.dtype} of shape {tuple(waveform.shape)}")
        samples = waveform.shape[-1]
        frames = -(-(samples + self.delay) // self.hop_length) if samples else 0
        padding = frames * self.hop_length - samples
        latents, _ = self.model.encoder(F.pad(waveform, (0, padding)))
        return cast(Tensor, latents)

    def quantize(self, latents: Tensor, num_codebooks: int | None = None) -> tuple[Tensor, Tensor]:
        """Round latents, straight-through: the gradient is the identity in the directions that the codes carry.

        Args:
            latents: "b d t".
            number of codebooks to use (the first N). None: all; in train mode fewer for a fraction of the items.

        Returns:
            quantized "b d t", and codes "b q t", int64.

        Raises:
            ConfigError: the latents have another shape, or there are not that many codebooks.
        """
        self._check_latents(latents)
        result = self.model.quantizer(latents, num_codebooks)
        return result.quantized, result.codes[:, : self.model.quantizer.depth(num_codebooks)]

    def decode_latents(self, latents: Tensor) -> Tensor:
        """Latents "b d t", quantized or not -> waveform "b 1 (t hop_length - delay)".

        Raises:
            ConfigError: the latents have another shape.
        """
        self._check_latents(latents)
        waveform, _ = self.model.decoder(latents)
        return cast(Tensor, waveform[..., self.delay :])

    def embed(self, codes: Tensor) -> Tensor:
        """Codes "b q t" of the first q codebooks, any q -> quantized latents "b d t", without a gradient.

        Raises:
            ConfigError: they are not integers "b q t", there are too many codebooks, or a code is out of range.
        """
        if codes.ndim != 3 or codes.is_floating_point() or codes.is_complex():
            raise ConfigError(f"codes must be integers 'b q t', got {codes.dtype} of shape {tuple(codes.shape)}")
        return self.model.quantizer.decode(codes.long())

    def _check_latents(self, latents: Tensor) -> None:
        dim = self.model.quantizer.dim
        if latents.ndim != 3 or latents.shape[1] != dim or not latents.is_floating_point():
            shape = tuple(latents.shape)
            raise ConfigError(f"latents must be floats 'b d t' with d = {dim}, got {latents.dtype} of shape {shape}")
