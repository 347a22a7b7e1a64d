"""Every sound once an epoch, whoever reads it, in an order that seed and epoch decide."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from torch.utils.data import DataLoader

from audiocodec.corpus import open_corpus, tokenize
from audiocodec.corpus.dataset import TokenDataset
from audiocodec.errors import ConfigError, TokenFileError

LENGTHS = [900, 4_000, 7_000, 9_000, 12_000, 15_000, 20_000, 5_000, 6_000, 8_000, 16_000]
FRAMES = 10


@pytest.fixture(scope="module", params=["parquet", "webdataset", "fsq"])
def corpus(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp(request.param)
    rng = np.random.default_rng(0)
    (folder / "in").mkdir()
    for i, length in enumerate(LENGTHS):
        channels = 2 if i == 3 else 1
        soundfile.write(folder / "in" / f"{i:02d}.wav", 0.1 * rng.standard_normal((length, channels)), 16_000)
    tokenize(str(folder / "in"), str(folder / "out"), request.param, sounds_per_shard=3)
    return str(folder / "out")


def keys(examples: Any) -> list[tuple[str, int, int]]:
    return [(e["path"].rpartition(".")[0], e["row"], e["start"]) for e in examples]


def test_whole_sounds_in_order(corpus: str) -> None:
    examples = list(TokenDataset(corpus, seed=None))
    assert [e["path"][:2] for e in examples] == ["00", "01", "02", "03", "03", *[f"{i:02d}" for i in range(4, 11)]]
    items = {item.path: item.tokens.codes for item in open_corpus(corpus)}
    for example in examples:
        expected = items[example["path"]][example["row"]]
        assert example["codes"].dtype == torch.int64
        np.testing.assert_array_equal(example["codes"].numpy(), expected)


@pytest.mark.parametrize("world_size", [1, 2, 3, 20])
def test_ranks_have_all_and_nothing_twice(corpus: str, world_size: int) -> None:
    parts = [keys(TokenDataset(corpus, rank=r, world_size=world_size)) for r in range(world_size)]
    counts = Counter(key for part in parts for key in part)
    assert counts == Counter(keys(TokenDataset(corpus, seed=None)))
    sounds = [len({name for name, _, _ in part}) for part in parts]
    assert max(sounds) - min(sounds) <= 1


def test_workers_of_ranks_have_all_and_nothing_twice(corpus: str) -> None:
    found: list[tuple[str, int, int]] = []
    for rank in range(2):
        dataset = TokenDataset(corpus, rank=rank, world_size=2)
        loader = DataLoader(dataset, batch_size=None, num_workers=2, persistent_workers=True)
        first = keys(loader)
        dataset.set_epoch(1)
        again = keys(loader)
        assert first != again
        found += first
    assert Counter(found) == Counter(keys(TokenDataset(corpus, seed=None)))


def test_order_is_of_seed_and_epoch(corpus: str) -> None:
    def order(seed: int, epoch: int) -> list[tuple[str, int, int]]:
        dataset = TokenDataset(corpus, FRAMES, seed=seed)
        dataset.set_epoch(epoch)
        return keys(dataset)

    assert order(0, 0) == order(0, 0)
    orders = [order(seed, epoch) for seed in (0, 1) for epoch in (0, 1)]
    assert all(orders[i] != orders[j] for i in range(4) for j in range(i))
    assert len({tuple(sorted(name for name, _, _ in o)) for o in orders}) == 1


def test_crops(corpus: str) -> None:
    items = {item.path: item.tokens.codes for item in open_corpus(corpus)}
    examples = list(TokenDataset(corpus, FRAMES))
    number = Counter(e["path"] for e in examples)
    for path, codes in items.items():
        assert number[path] == codes.shape[0] * (codes.shape[2] // FRAMES)
    for e in examples:
        expected = items[e["path"]][e["row"], :, e["start"] : e["start"] + FRAMES]
        np.testing.assert_array_equal(e["codes"].numpy(), expected)
    assert any(e["start"] % FRAMES for e in examples)
    assert {e["start"] % FRAMES for e in TokenDataset(corpus, FRAMES, seed=None)} == {0}
    (batch, *_) = DataLoader(TokenDataset(corpus, FRAMES), batch_size=4)
    assert batch["codes"].shape == (4, 12, FRAMES)


def test_hugging_face_reads_the_shards(corpus: str, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    if not list(Path(corpus).glob("*.parquet")):
        pytest.skip("the rows are those of Parquet")
    rows = datasets.load_dataset(
        "parquet", data_files=f"{corpus}/*.parquet", split="train", cache_dir=str(tmp_path)
    ).with_format("numpy")
    items = list(open_corpus(corpus))
    assert len(rows) == len(items)
    for row, item in zip(rows, items, strict=True):
        np.testing.assert_array_equal(np.stack([np.stack(list(c)) for c in row["codes"]]), item.tokens.codes)


def test_bad_use_is_refused(corpus: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="rank 2 of 2 processes cannot be"):
        TokenDataset(corpus, rank=2, world_size=2)
    with pytest.raises(ConfigError, match="frames is 0"):
        TokenDataset(corpus, frames=0)
    with pytest.raises(TokenFileError, match="no finished corpus here"):
        TokenDataset(str(tmp_path))
