"""A small language model of speech: a transformer trained on the tokens of a corpus, and what it then says.

    audiocodec tokenize --input recordings/ --output corpus/ --num-codebooks 4
    python recipes/language_model.py corpus/ --steps 1000 -o said/

Codes are in the delayed layout of MusicGen (https://arxiv.org/abs/2306.05284): a step of the model takes one token of
each codebook, as the sum of their embeddings, and predicts the next of each. Beside the loss on sounds it never saw
stands what guessing by the frequencies of each codebook would cost (unigram): a model below that has learned order.
At the end it makes sound from nothing, and goes on from the first second of a sound it never saw.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import torch
from torch import nn
from torch.nn import functional

import audiocodec
from audiocodec import audio
from audiocodec._util.terminal import errors_in_one_sentence
from audiocodec.corpus.dataset import TokenDataset
from audiocodec.tokens.layouts import Delayed

DIM, HEADS, LAYERS = 256, 4, 4
FRAMES = 150  # of a crop
HELD_OUT, VALIDATED = 10, 64  # each tenth sound is for validation; crops of them that are, spread over all
BATCH, LEARNING_RATE, WARMUP = 16, 1e-3, 50
TEMPERATURE, TOP_K = 0.9, 50


class Block(nn.Module):
    """Attention to the past, then a perceptron. With a cache of keys and values, one step costs one step."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.RMSNorm(DIM), nn.RMSNorm(DIM)
        self.qkv, self.out = nn.Linear(DIM, 3 * DIM, bias=False), nn.Linear(DIM, DIM, bias=False)
        self.mlp = nn.Sequential(nn.Linear(DIM, 4 * DIM), nn.GELU(), nn.Linear(4 * DIM, DIM))

    def forward(self, x: torch.Tensor, cache: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """x: "b n d"; cache: "2 b h m d" of what came before -> y "b n d", and the cache with x."""
        b, n, _ = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, n, 3, HEADS, -1).permute(2, 0, 3, 1, 4)  # each "b h n d"
        now = torch.stack([k, v]) if cache is None else torch.cat([cache, torch.stack([k, v])], dim=3)
        mask = torch.ones(n, now.shape[3], dtype=torch.bool).tril(now.shape[3] - n)
        heard = functional.scaled_dot_product_attention(q, now[0], now[1], attn_mask=mask.to(x.device))
        x = x + self.out(heard.transpose(1, 2).reshape(b, n, DIM))
        return x + self.mlp(self.norm2(x)), now


class LanguageModel(nn.Module):
    """Tokens "b q n" -> logits of the next ones, "b q n v"."""

    def __init__(self, layout: Delayed, steps: int) -> None:
        super().__init__()
        self.size = layout.vocabulary.size
        self.embeddings = nn.ModuleList(nn.Embedding(self.size, DIM) for _ in range(layout.rows))
        self.positions = nn.Embedding(steps, DIM)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm, self.heads = nn.RMSNorm(DIM), nn.Linear(DIM, layout.rows * self.size)
        for embedding in [*self.embeddings, self.positions]:
            nn.init.normal_(embedding.weight, std=0.02)

    def forward(
        self, tokens: torch.Tensor, caches: list[torch.Tensor] | None = None
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Logits, and what the next step needs."""
        b, rows, n = tokens.shape
        past = caches[0].shape[3] if caches else 0
        x = sum(embed(tokens[:, k]) for k, embed in enumerate(self.embeddings))
        x = x + self.positions(torch.arange(past, past + n, device=tokens.device))
        after = []
        for i, block in enumerate(self.blocks):
            x, cache = block(x, caches[i] if caches else None)
            after.append(cache)
        return self.heads(self.norm(x)).view(b, n, rows, self.size).transpose(1, 2), after


def loss_of(model: LanguageModel, tokens: torch.Tensor, pad: int) -> torch.Tensor:
    """Nats for a code: of all next tokens of tokens "b q n" but padding."""
    with torch.autocast(tokens.device.type, torch.bfloat16):
        logits, _ = model(tokens[:, :, :-1])
    return functional.cross_entropy(logits.flatten(0, 2).float(), tokens[:, :, 1:].flatten(), ignore_index=pad)


def crops(dataset: TokenDataset, layout: Delayed) -> Iterator[torch.Tensor]:
    """Batches of tokens "b q n", epoch after epoch. Crops have no begin nor end: those are of whole sounds."""
    epoch, batch = 0, []
    while True:
        dataset.set_epoch(epoch)
        for example in dataset:
            if not held_out(example["path"]):
                batch.append(torch.from_numpy(layout.encode(example["codes"])[:, :-1]))
            if len(batch) == BATCH:
                yield torch.stack(batch)
                batch = []
        epoch += 1


def held_out(path: str) -> bool:
    """Whether a sound is for validation; decided by its name, so that it stays."""
    return sum(path.encode()) % HELD_OUT == 0


def unigram(train: torch.Tensor, valid: torch.Tensor, size: int) -> float:
    """Nats for a code of `valid` "b q n", guessed by the frequencies in `train`, one table for each codebook."""
    total = 0.0
    for row, codes in zip(train.unbind(1), valid.unbind(1), strict=True):
        counts = torch.bincount(row.flatten(), minlength=size) + 1.0
        total += float(-(counts / counts.sum()).log()[codes.flatten()].mean())
    return total / valid.shape[1]


@torch.inference_mode()
def speak(model: LanguageModel, layout: Delayed, prompt: np.ndarray) -> np.ndarray:
    """Codes "q t" -> as many codes as a crop has that go on from there."""
    vocabulary, rows = layout.vocabulary, layout.rows
    tokens = torch.from_numpy(layout.encode(prompt)[:, : 1 + prompt.shape[1]])[
        None
    ]  # codes that are late are made again
    caches: list[torch.Tensor] | None = None
    new = tokens
    for step in range(tokens.shape[2], FRAMES + rows):
        logits, caches = model(new, caches)
        last = logits[0, :, -1, : vocabulary.codes] / TEMPERATURE
        last = last.masked_fill(last < last.topk(min(TOP_K, last.shape[1]))[0][:, -1:], -math.inf)
        new = torch.multinomial(last.softmax(-1), 1)[None]
        for k in range(rows):
            if not 1 <= step - k <= FRAMES:
                new[0, k] = vocabulary.pad
        tokens = torch.cat([tokens, new], dim=2)
    return layout.decode(tokens[0].numpy())


def save(path: Path, codes: np.ndarray, codec: audiocodec.Codec) -> None:
    """Decode codes "q t" to a WAV."""
    samples = codes.shape[1] * codec.hop_length - codec.delay_samples
    header = codec.info.header(codec.sample_rate, 1, samples, len(codes))
    wav = codec.decode(audiocodec.Tokens(codes[None], header))
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = audio.AudioWriter(path, codec.sample_rate, 1, ".wav")
    writer.write(wav)
    writer.close()
    print(f"{path}: {samples / codec.sample_rate:.1f} s")


@click.command()
@click.argument("corpus")
@click.option("--model", default="speech-16k", show_default=True, help="That made the corpus.")
@click.option("--steps", type=click.IntRange(1), default=1000, show_default=True, help="Of training.")
@click.option(
    "--output", "-o", "out", type=click.Path(path_type=Path), default=Path("runs/language_model"), show_default=True
)
@errors_in_one_sentence()
def main(corpus: str, model: str, steps: int, out: Path) -> None:
    """Train, print losses in nats for a code, and write generated.wav and continued.wav."""
    torch.manual_seed(0)
    codec = audiocodec.load(model)
    dataset = TokenDataset(corpus, FRAMES)
    codec.info.check(dataset.corpus.header)
    layout = Delayed(dataset.corpus.header.num_codebooks, codec.codebook_size)
    network = LanguageModel(layout, FRAMES + layout.rows)
    everything = list(TokenDataset(corpus, FRAMES, seed=None))
    parts = [[e["codes"] for e in everything if held_out(e["path"]) == held] for held in (False, True)]
    if not all(parts):
        raise click.ClickException(f"too few sounds of {FRAMES} frames to train on some and validate on others")
    train, valid = map(torch.stack, parts)
    valid = valid[:: -(-len(valid) // VALIDATED)]
    tokens = torch.stack([torch.from_numpy(layout.encode(codes)[:, :-1]) for codes in valid.numpy()])
    chance = unigram(train, valid, codec.codebook_size)
    hours = train.shape[0] * FRAMES / codec.frame_rate / 3600
    print(f"{hours:.2f} hours in {layout.rows} codebooks; {sum(p.numel() for p in network.parameters()):,} parameters")
    print(f"guessing: {math.log(codec.codebook_size):.3f} nats a code, by frequencies (unigram): {chance:.3f}")
    fit(network, crops(dataset, layout), tokens, layout, steps, chance)
    network.eval()
    save(out / "generated.wav", speak(network, layout, np.zeros((layout.rows, 0), np.int64)), codec)
    save(out / "continued.wav", speak(network, layout, valid[0, :, : FRAMES // 3].numpy()), codec)
    save(out / "original.wav", valid[0].numpy(), codec)


def fit(
    model: LanguageModel,
    batches: Iterator[torch.Tensor],
    valid: torch.Tensor,
    layout: Delayed,
    steps: int,
    chance: float,
) -> None:
    """Train, the learning rate falling to nothing; tell how it goes twenty times."""
    pad, begun = layout.vocabulary.pad, time.monotonic()
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.95), weight_decay=0.1)
    for step, tokens in zip(range(1, steps + 1), batches, strict=False):
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(1.0, step / WARMUP) * (1 - (step - 1) / steps)
        loss = loss_of(model, tokens, pad)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step == 1 or step % max(1, steps // 20) == 0:
            with torch.inference_mode():
                parts = torch.split(valid, BATCH)
                held = sum(float(loss_of(model, some, pad)) * len(some) for some in parts) / len(valid)
            minutes = (time.monotonic() - begun) / 60
            losses = f"loss {loss.item():.3f}  held out {held:.3f}  unigram {chance:.3f}"
            print(f"step {step:5d}  {minutes:5.1f} min  {losses}", flush=True)


if __name__ == "__main__":
    main()
