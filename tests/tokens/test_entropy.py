"""The entropy coder: exact, the same everywhere, never larger than packed."""

from __future__ import annotations

import math
import os
import pickle
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiocodec.errors import DamagedFileError, ModelError, TokenFileError
from audiocodec.tokens import EntropyModel, Header, Tokens, find_entropy, load_entropy, save_entropy
from audiocodec.tokens.entropy.model import POWERS
from audiocodec.tokens.entropy.page_coder import decode_codes, encode_codes
from audiocodec.tokens.entropy.range_coder import SHARE_BITS, RangeDecoder, encode
from audiocodec.tokens.page import PageCodec, packed_bytes, seal
from tests.golden.make_golden import entropy_model, tokens_v2

GOLDEN = Path(__file__).parents[1] / "golden"


@given(st.lists(st.integers(0, 4), max_size=400), st.lists(st.integers(1, 3000), min_size=5, max_size=5))
@settings(deadline=None, max_examples=60)
def test_range_coder(symbols: list[int], weights: list[int]) -> None:
    sums = [0, *(int(s) for s in np.cumsum(weights))]
    row = [*sums[:5], 1 << SHARE_BITS]
    data = encode([row[s] for s in symbols], [row[s + 1] - row[s] for s in symbols])
    decoder = RangeDecoder(data)
    assert decoder.take([row] * len(symbols)) == symbols
    assert decoder.intact
    ideal = sum(SHARE_BITS - math.log2(row[s + 1] - row[s]) for s in symbols)
    assert 8 * len(data) <= ideal * 1.002 + 16


def test_range_coder_carries() -> None:
    """The upper end of the interval again and again: long runs of 255 that a carry goes through."""
    whole = 1 << SHARE_BITS
    symbols = [1] * 3000 + [0] + [1] * 50
    data = encode([0 if s == 0 else 1 for s in symbols], [1 if s == 0 else whole - 1 for s in symbols])
    assert RangeDecoder(data).take([[0, 1, whole]] * len(symbols)) == symbols


def test_data_that_nobody_wrote_is_told() -> None:
    row = [0, 1, (1 << SHARE_BITS) - 7, 1 << SHARE_BITS]
    decoder = RangeDecoder(b"\xff" * 40)
    assert len(decoder.take([row] * 20)) == 20
    assert not decoder.intact
    longer = RangeDecoder(encode([0], [1]) + b"\1" * 9)
    longer.take([row])
    assert not longer.intact


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 20), st.integers(0, 2**32))
@settings(deadline=None, max_examples=30)
def test_any_codes_come_back(channels: int, codebooks: int, frames: int, seed: int) -> None:
    model = entropy_model()
    pages = [np.random.default_rng(seed + i).integers(0, 1000, (channels, codebooks, frames)) for i in range(3)]
    data = [encode_codes(model, page) for page in pages]
    there = [np.ones(page.shape, bool) for page in pages]
    for page, back in zip(pages, decode_codes(model, data, there), strict=True):
        assert back is not None
        assert np.array_equal(back, page)


def test_fewer_codebooks_are_coded_as_if_there_were_no_more() -> None:
    """The coarser codebooks see nothing of the finer ones."""
    model, codes = entropy_model(), tokens_v2().codes[:, :, :50]
    changed = codes.copy()
    changed[:, 2] = 999 - changed[:, 2]
    assert encode_codes(model, codes[:, :2]) == encode_codes(model, changed[:, :2])
    first = model.scaled(model.digits(codes[0, :, 1]))
    second = model.scaled(model.digits(changed[0, :, 1]))
    rows = np.stack([np.concatenate([x[None], x[None]]).reshape(1, -1) for x in (first, second)]).astype(np.int32)
    sums = [model.sums(np.broadcast_to(row[None], (1, 2, row.shape[1])), 0) for row in rows]
    assert np.array_equal(*sums)


def test_never_larger_than_packed() -> None:
    model = entropy_model()
    header = replace(tokens_v2().header, channels=1, metadata={})
    pages = PageCodec(header, [model], "test")
    noise = np.random.default_rng(0).integers(0, 1000, (1, 3, 50))
    data = pages.build(0, noise)
    assert data[2] == 0  # packed
    assert len(data) == 13 + packed_bytes(header, 50)
    assert len(pages.build(0, np.zeros((1, 3, 50), np.int64))) < len(data) // 2


def test_coded_pages_that_nobody_wrote_are_damage() -> None:
    header = tokens_v2().header
    pages = PageCodec(header, [entropy_model()], "test")
    for payload in (b"\xff" * 60, b"\1" * 370):
        with pytest.raises(DamagedFileError, match="page 0 is damaged"):
            list(pages.parse([(0, seal(0, 1, 50, payload))]))
    with pytest.raises(DamagedFileError, match="cannot be"):
        list(pages.parse([(0, seal(0, 1, 50, bytes(packed_bytes(header, 50))))]))


def test_a_page_shorter_than_what_is_asked_of_it_is_decoded_as_it_is() -> None:
    """A damaged file may have one in its middle."""
    codes, model = tokens_v2().codes[:, :, :10], entropy_model()
    there = [np.ones(codes.shape, bool)]
    for until in (3, 10, 40):
        (found,) = decode_codes(model, [encode_codes(model, codes)], there, until)
        assert np.array_equal(found, codes[:, :, :until])


def test_byte_order_and_type_of_codes_do_not_matter(tmp_path: Path) -> None:
    made = tokens_v2()
    expected = (GOLDEN / "v2.fsq").read_bytes()
    for kind in (">i8", "<i2", ">i4", ">u2", "<i8"):
        Tokens(made.codes.astype(kind), made.header, made.entropy).save(tmp_path / "a.fsq", overwrite=True)
        assert (tmp_path / "a.fsq").read_bytes() == expected
    swapped = EntropyModel(**{k: v.astype(v.dtype.newbyteorder(">")) for k, v in asdict(entropy_model()).items()})
    assert swapped.hash == entropy_model().hash
    Tokens(made.codes, made.header, [swapped]).save(tmp_path / "a.fsq", overwrite=True)
    assert (tmp_path / "a.fsq").read_bytes() == expected


def test_powers_are_the_documented_ones() -> None:
    assert POWERS.tolist()[:4] == [65536, 62757, 60097, 57549]
    exact = [2 ** (16 - k / 16) for k in range(16)]
    assert all(abs(x - math.floor(x) - 0.5) > 1e-3 for x in exact)  # nothing a platform could round another way


@pytest.mark.parametrize("threads", ["1", "2"])
def test_the_same_bytes_in_another_process(tmp_path: Path, threads: str) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom audiocodec.tokens import Tokens\n"
        "tokens = Tokens.load(Path(sys.argv[1]))\ntokens.save(Path(sys.argv[2]))\n"
    )
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    variables = dict(os.environ) | dict.fromkeys(names, threads) | {"AUDIOCODEC_MODELS": str(GOLDEN)}
    subprocess.run([sys.executable, "-c", code, GOLDEN / "v2.fsq", tmp_path / "a.fsq"], check=True, env=variables)
    assert (tmp_path / "a.fsq").read_bytes() == (GOLDEN / "v2.fsq").read_bytes()


def test_models_are_found_by_their_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = GOLDEN / "v2.fsq"
    with pytest.raises(
        TokenFileError, match=r"v2.fsq: is coded with an entropy model that is not here \(hash 1a1013f1"
    ):
        Tokens.load(path)
    monkeypatch.setenv("AUDIOCODEC_MODELS", os.pathsep.join([str(tmp_path), str(GOLDEN)]))
    assert np.array_equal(Tokens.load(path).codes, tokens_v2().codes)
    with pytest.raises(TokenFileError, match="not here"):
        find_entropy(bytes(16), "x")


def test_model_files(tmp_path: Path) -> None:
    path = tmp_path / "a.entropy.npz"
    save_entropy(path, entropy_model())
    assert path.read_bytes() == (GOLDEN / "v2.entropy.npz").read_bytes()
    assert pickle.loads(pickle.dumps(load_entropy(path))).hash == entropy_model().hash
    for data in (b"", b"nonsense", path.read_bytes()[:-30]):
        path.write_bytes(data)
        with pytest.raises(ModelError, match=r"a.entropy.npz: is not an entropy model"):
            load_entropy(path)
    with pytest.raises(ModelError, match="cannot be read"):
        load_entropy(tmp_path / "b.entropy.npz")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_weight": np.ones((3, 4, 2, 3, 4), np.int64)}, "not decoded yet"),
        ({"hidden_weight": np.full((3, 4, 2, 3, 4), 128)}, "integers of its size"),
        ({"hidden_weight": np.zeros((3, 4, 2, 3, 4))}, "integers of its size"),
        ({"hidden_weight": np.zeros((3, 4, 2, 3, 5), int)}, "do not fit each other"),
        ({"hidden_weight": np.zeros((3, 4), int)}, "wrong axes"),
        ({"levels": np.array([8, 5, 5, 1])}, "do not fit each other"),
        ({"hidden_bias": np.full((3, 4), 2**30)}, "overflow"),
    ],
)
def test_models_that_cannot_work_are_refused(changes: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        EntropyModel(**(asdict(entropy_model()) | changes))


def test_the_wrong_model_is_refused() -> None:
    header = Header("m", bytes(16), 16_000, 1, 640, 16_000, 320, 0, 4, (8, 5, 5, 5), 50, entropy_model().hash)
    with pytest.raises(TokenFileError, match="codes of other levels"):
        PageCodec(header, [entropy_model()], "test").build(0, np.zeros((1, 4, 2), np.int64))
