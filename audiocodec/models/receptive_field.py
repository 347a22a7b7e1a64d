"""How far back a decoder looks."""

from __future__ import annotations

import torch

from audiocodec.models.codec import CodecModel


def frames_of_past(model: CodecModel) -> int:
    """Frames before the present one on which decoded samples depend, read off the gradient.

    A decoder that starts afresh so many frames early gives, from then on, what one does that decoded from the start.
    """
    frames = 32
    while True:
        latents = torch.randn(1, model.quantizer.dim, frames, generator=torch.Generator().manual_seed(0))
        latents.requires_grad_(True)
        with torch.inference_mode(False), torch.enable_grad():
            waveform, _ = model.decoder(latents)
            (gradient,) = torch.autograd.grad(waveform[..., -model.hop_length :].square().sum(), latents)
        reached = gradient.abs().sum(1)[0].nonzero()[:, 0]
        past = frames - 1 - int(reached[0])
        if past < frames - 1:
            return past
        frames *= 2
