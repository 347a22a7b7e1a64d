"""What a recipe will train, before it does."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from audiocodec.model import CodecModel
from audiocodec.tokens.strides import codes_per_frame


def _parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def macs_per_second(model: CodecModel) -> tuple[float, float]:
    """Multiply-adds per second of audio, of the encoder and of the decoder. The quantizer's are not counted."""
    frames = max(1, round(model.sample_rate / model.hop_length))
    waveform = torch.zeros(1, 1, frames * model.hop_length)
    counts = []
    with torch.no_grad():
        for run in (
            lambda: model.encoder(waveform),
            lambda: model.decoder(torch.zeros(1, model.quantizer.dim, frames)),
        ):
            with FlopCounterMode(display=False) as counter:
                run()  # type: ignore[no-untyped-call]
            counts.append(counter.get_total_flops() / 2 / (waveform.shape[-1] / model.sample_rate))
    return counts[0], counts[1]


def summary(model: CodecModel) -> str:
    """Parameters, multiply-adds, bitrates and delay, a line each."""
    quantizer, frame_rate = model.quantizer, model.sample_rate / model.hop_length
    lowest, highest = (
        codes_per_frame(depth, quantizer.strides) * frame_rate * math.log2(quantizer.codebook_size) / 1000
        for depth in (1, quantizer.num_codebooks)
    )
    encoder, decoder = (macs / 1e6 for macs in macs_per_second(model))
    parts = {"encoder": model.encoder, "quantizer": model.quantizer, "decoder": model.decoder}
    sizes = ", ".join(f"{name} {_parameters(part) / 1e6:.2f} M" for name, part in parts.items())
    total = _parameters(model)
    frames = "a frame" if quantizer.block == 1 else f"{quantizer.block} frames"
    delay_ms = 1000 * (quantizer.block * model.hop_length + model.delay) / model.sample_rate
    return "\n".join(
        [
            f"parameters  {total / 1e6:.2f} M: {sizes}; {total * 2 / 2**20:.2f} MiB as float16",
            f"work        encoder {encoder:.0f}, decoder {decoder:.0f} million multiply-adds per second of audio",
            f"frames      {frame_rate:g} a second of {model.hop_length} samples at {model.sample_rate} Hz",
            f"bitrates    {lowest:.2f} to {highest:.2f} kbit/s a channel: "
            f"{quantizer.num_codebooks} codebooks of {quantizer.codebook_size}",
            f"delay       {delay_ms:.1f} ms: {frames} of {model.hop_length} samples and {model.delay} more",
        ]
    )
