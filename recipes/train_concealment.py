"""Train the network that fills in for lost frames, for a codec that is finished.

    python recipes/train_concealment.py speech-16k ../shared/data/speech/train \\
        --out audiocodec/models/weights/speech-16k.conceal.safetensors --minutes 15

The codec is frozen: the sound is encoded once, then a small causal network learns to go on from quantized latents over
bursts of lost frames, first in latents, then through the decoder in what is heard. The file is bound to the hash of
encoder and quantizer: beside the weights of that model, as `<name>.conceal.safetensors`, `stream_decoder` uses it;
another model leaves it alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor

import audiocodec
from audiocodec import audio
from audiocodec.errors import AudioCodecError
from audiocodec.losses import ComplexSTFTLoss, MelLoss, Pair, WaveformLoss
from audiocodec.models import CodecModel, LatentPredictor
from audiocodec.models.pretrained import save_predictor

BURST = 5  # frames lost in a row, at most
AFTER = 3  # frames that come behind the burst: the decoder still hears it
CONTEXT = 12  # frames before it that the decoder is given
LATENT_SHARE = 0.3  # of the time: fitted to latents alone


@dataclass(frozen=True)
class Crops:
    """Random crops of encoded sound.

    Attributes:
        codes: "q t" of each file.
        model: that decodes them to latents.
        frames: of a crop.
    """

    codes: list[np.ndarray]
    model: CodecModel
    frames: int

    def draw(self, rng: np.random.Generator, batch: int) -> Tensor:
        """Quantized latents "b d t", all with the same random number of codebooks."""
        depth = int(rng.integers(1, self.model.quantizer.num_codebooks + 1))
        weights = np.array([item.shape[1] for item in self.codes], float)
        chosen = rng.choice(len(self.codes), batch, p=weights / weights.sum())
        crops = []
        for i in chosen:
            start = rng.integers(0, self.codes[i].shape[1] - self.frames + 1)
            crops.append(self.codes[i][:depth, start : start + self.frames])
        with torch.no_grad():
            return self.model.quantizer.decode(torch.from_numpy(np.stack(crops).astype(np.int64)))


def encode(codec: audiocodec.Codec, folder: Path, frames: int) -> list[np.ndarray]:
    """Codes "q t", int16 or int32, of every channel of every file that is long enough."""
    small = np.int16 if codec.codebook_size < 2**15 else np.int32
    codes = []
    for path in audio.list_audio_files(folder):
        wav, rate = audio.read(path)
        codes += [item.astype(small) for item in codec.encode(wav, rate).codes if item.shape[1] >= frames]
    if not codes:
        sys.exit(f"error: {folder}: no file is as long as {frames} frames")
    return codes


def measure_latents(predictor: LatentPredictor, crops: Crops, rng: np.random.Generator) -> None:
    """Set the mean and deviation that the predictor normalizes by."""
    latents = torch.cat([crops.draw(rng, 16) for _ in range(16)])
    predictor.mean.copy_(latents.mean((0, 2)))
    predictor.std.copy_(latents.std((0, 2)).clamp_min(1e-3))


def damaged(
    predictor: LatentPredictor, latents: Tensor, history: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """The past, "b d history", with an earlier burst in it that was concealed; and what was received, "b history"."""
    past, received = latents[..., :history].clone(), torch.ones(len(latents), history)
    start, length = int(rng.integers(history // 2, history - 1)), int(rng.integers(1, BURST + 1))
    end = min(history - 1, start + length)
    if rng.random() < 0.7:
        with torch.no_grad():
            past[..., start:end] = predictor.unroll(past[..., :start], received[:, :start], end - start)
        received[:, start:end] = 0
    return past, received


def hearing(sample_rate: int) -> Callable[[Pair], Tensor]:
    """Distance of sounds, as the codec itself is trained."""
    mel = MelLoss(sample_rate, [256, 512, 1024], [20, 40, 80])
    spectra, samples = ComplexSTFTLoss([256, 512, 1024]), WaveformLoss()
    return lambda pair: 0.5 * mel(pair) + 5 * spectra(pair) + 2 * samples(pair)


def losses(
    predictor: LatentPredictor,
    crops: Crops,
    latents: Tensor,
    rng: np.random.Generator,
    heard_loss: Callable[[Pair], Tensor] | None,
) -> Tensor:
    """Distance of a guessed burst from what was lost: in latents, and if `heard_loss` is given in what is heard."""
    history = crops.frames - BURST - AFTER
    past, received = damaged(predictor, latents, history, rng)
    guess = predictor.unroll(past, received, BURST)
    target = latents[..., history : history + BURST]
    loss = ((guess - target) / predictor.std[:, None]).square().mean()
    if heard_loss is None:
        return loss
    lost = int(rng.integers(1, BURST + 1))
    before = past[..., -CONTEXT:]
    heard = torch.cat([before, guess[..., :lost], latents[..., history + lost :]], dim=-1)
    start = (before.shape[-1] - 2) * crops.model.hop_length  # a little of the sound before, for the windows
    estimate = crops.model.decoder(heard)[0][..., start:]
    with torch.no_grad():
        true = crops.model.decoder(torch.cat([before, latents[..., history:]], dim=-1))[0][..., start:]
    return 0.1 * loss + heard_loss(Pair(estimate, true))


def fit(predictor: LatentPredictor, crops: Crops, minutes: float, batch: int, seed: int) -> Iterator[tuple[float, int]]:
    """Train; gives the loss of each step and its number. The learning rate falls to nothing."""
    rng = np.random.default_rng(seed)
    heard_loss = hearing(crops.model.sample_rate)
    optimizer = torch.optim.AdamW(predictor.parameters(), lr=1e-3, weight_decay=0.01)
    begin, step = time.monotonic(), 0
    while (share := (time.monotonic() - begin) / (60 * minutes)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * min(1.0, (step + 1) / 50) * (1 - share)
        in_sound = heard_loss if share > LATENT_SHARE else None
        loss = losses(predictor, crops, crops.draw(rng, batch), rng, in_sound)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(predictor.parameters(), 1.0)
        optimizer.step()
        step += 1
        yield float(loss.detach()), step


@click.command(help=__doc__)
@click.argument("model")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="File to write, .safetensors.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), default=15.0, show_default=True)
@click.option("--dim", type=click.IntRange(1), default=160, show_default=True, help="Channels of the network.")
@click.option("--blocks", type=click.IntRange(1), default=4, show_default=True, help="Residual blocks of it.")
@click.option("--batch", type=click.IntRange(1), default=24, show_default=True, help="Crops a step.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--force", is_flag=True, help="Overwrite the file.")
def main(
    model: str, data: Path, out: Path, minutes: float, dim: int, blocks: int, batch: int, seed: int, force: bool
) -> None:
    """Encode, train, save."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    try:
        codec = audiocodec.load(model)
        predictor = LatentPredictor(codec.model.quantizer.dim, dim, blocks)
        frames = predictor.history + BURST + AFTER
        crops = Crops(encode(codec, data, frames), codec.model, frames)
        print(f"{sum(item.shape[1] for item in crops.codes) / codec.frame_rate / 60:.0f} minutes of sound encoded")
        measure_latents(predictor, crops, np.random.default_rng(seed))
        shown: list[float] = []
        for loss, step in fit(predictor, crops, minutes, batch, seed):
            shown.append(loss)
            if step % 200 == 0:
                print(f"step {step}: loss {np.mean(shown):.4f}", flush=True)
                shown.clear()
        save_predictor(out, predictor, codec.model_hash, force)
    except AudioCodecError as error:
        sys.exit(f"error: {error}")
    print(f"{out}: {out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
