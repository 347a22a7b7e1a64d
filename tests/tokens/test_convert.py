"""Token files to arrays and back, exactly."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from audiocodec.cli import main
from audiocodec.errors import MissingExtraError, TokenFileError
from audiocodec.tokens import Tokens
from audiocodec.tokens.convert import export_tokens, header_from_json, import_tokens
from tests.cli.test_bad_input import limited
from tests.golden.make_golden import tokens_v2

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(autouse=True)
def _models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOCODEC_MODELS", str(GOLDEN))


@pytest.fixture
def run() -> Callable[..., Result]:
    return lambda *arguments: CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".parquet"])
def test_there_and_back(run: Callable[..., Result], tmp_path: Path, suffix: str) -> None:
    there, back = tmp_path / f"a{suffix}", tmp_path / "b.fsq"
    assert run("convert", GOLDEN / "v2.fsq", there).exit_code == 0
    assert run("convert", there, back).exit_code == 0
    assert back.read_bytes() == (GOLDEN / "v2.fsq").read_bytes()


def test_numpy_alone(run: Callable[..., Result], tmp_path: Path) -> None:
    there, back = tmp_path / "a.npy", tmp_path / "b.fsq"
    run("convert", GOLDEN / "v2.fsq", there)
    codes = np.load(there)
    assert codes.dtype == np.uint16
    assert np.array_equal(codes, tokens_v2().codes)
    refused = run("convert", there, back)
    assert (refused.exit_code, "--like" in refused.stderr) == (1, True)
    assert run("convert", there, back, "--like", GOLDEN / "v2.fsq").exit_code == 0
    assert back.read_bytes() == (GOLDEN / "v2.fsq").read_bytes()
    np.save(there, codes[:, :2, :80])
    assert run("convert", there, back, "--like", GOLDEN / "v2.fsq", "--force").exit_code == 0
    made = Tokens.load(back)
    assert np.array_equal(made.codes, codes[:, :2, :80])
    assert made.header.samples == (80 * 320 - 320) * 3


def test_what_others_find_in_the_files(tmp_path: Path) -> None:
    parquet, safetensors = importlib.import_module("pyarrow.parquet"), importlib.import_module("safetensors")
    made = tokens_v2()
    for suffix in (".npz", ".parquet", ".safetensors"):
        export_tokens(made, tmp_path / f"a{suffix}", suffix)
    header = json.loads(str(np.load(tmp_path / "a.npz")["header"]))
    assert (header["model"], header["levels"], header["metadata"]["title"]) == ("golden", [8, 5, 5, 5], "Größe")
    table = parquet.read_table(tmp_path / "a.parquet")
    assert table.column_names == ["c0_q0", "c0_q1", "c0_q2", "c1_q0", "c1_q1", "c1_q2"]
    assert table["c1_q2"].to_pylist() == made.codes[1, 2].tolist()
    with safetensors.safe_open(tmp_path / "a.safetensors", "numpy") as file:
        assert np.array_equal(file.get_tensor("codes"), made.codes)
        assert json.loads(file.metadata()["audiocodec"]) == header


def test_parquet_without_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"audiocodec\[parquet\]"):
        export_tokens(tokens_v2(), tmp_path / "a.parquet", ".parquet")


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".safetensors", ".parquet"])
@pytest.mark.parametrize("data", [b"", b"nonsense" * 9, b"PK\3\4cut"])
def test_broken_files_are_one_sentence(run: Callable[..., Result], tmp_path: Path, suffix: str, data: bytes) -> None:
    (tmp_path / f"a{suffix}").write_bytes(data)
    result = run("convert", tmp_path / f"a{suffix}", tmp_path / "b.fsq", "--like", GOLDEN / "v2.fsq")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {tmp_path / f'a{suffix}'}: ")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "b.fsq").exists()


def made_npz(folder: Path, **header: object) -> Path:
    """A golden file as .npz, with some fields of its header replaced."""
    export_tokens(tokens_v2(), folder / "a.npz", ".npz")
    with np.load(folder / "a.npz") as arrays:
        fields = json.loads(str(arrays["header"])) | header
        np.savez_compressed(folder / "a.npz", codes=arrays["codes"], header=np.array(json.dumps(fields)))
    return folder / "a.npz"


def test_flipped_bits_are_one_sentence(tmp_path: Path) -> None:
    """All of zlib.error, BadZipFile, RuntimeError (encrypted), NotImplementedError (a compression) are among them."""
    path = made_npz(tmp_path)
    good, like, refusals = path.read_bytes(), tokens_v2().header, 0
    for place in [*range(0, len(good), 97), *range(good.index(b"PK\1\2"), len(good))]:
        path.write_bytes(good[:place] + bytes([good[place] ^ 0x21]) + good[place + 1 :])
        try:
            import_tokens(path, like)
        except TokenFileError:
            refusals += 1
    assert refusals > 50


def test_floats_that_numpy_does_not_know_are_one_sentence(tmp_path: Path) -> None:
    save_torch = importlib.import_module("safetensors.torch").save_file
    save_torch({"codes": torch.zeros(2, 3, 5, dtype=torch.bfloat16)}, tmp_path / "a.safetensors")
    with pytest.raises(TokenFileError, match=r"a\.safetensors: "):  # another package may have taught numpy the type
        import_tokens(tmp_path / "a.safetensors", tokens_v2().header)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sample_rate", 24000.0),
        ("frames_per_page", 50.0),
        ("samples", 97234.5),
        ("levels", [8.0, 5.0, 5.0, 5.0]),
        ("strides", [1.0, 1.0, 1.0]),
        ("joint", 0.5),
        ("variable", "x"),
        ("variable", 0),
        ("metadata", {"title": 5}),
    ],
)
def test_fields_of_another_type_are_refused(tmp_path: Path, field: str, value: object) -> None:
    with pytest.raises(TokenFileError, match=r"a\.npz: its description of the codes cannot be read"):
        import_tokens(made_npz(tmp_path, **{field: value}))


def test_a_description_without_end_is_refused() -> None:
    with pytest.raises(TokenFileError, match="its description of the codes cannot be read"):
        header_from_json("[" * 100_000, "a.npz")


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".parquet"])
def test_an_empty_sound_survives(tmp_path: Path, suffix: str) -> None:
    made = tokens_v2()
    empty = Tokens(made.codes[:, :, :0], replace(made.header, samples=0))
    export_tokens(empty, tmp_path / f"a{suffix}", suffix)
    assert import_tokens(tmp_path / f"a{suffix}") == empty


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.zeros((1, 3, 5), int), "integers 'r q t'"),
        (np.zeros((2, 3, 5)), "integers 'r q t'"),
        (np.full((2, 3, 5), 1000), "outside"),
        (np.zeros((2, 0, 5), int), "codebooks"),
    ],
)
def test_arrays_that_are_no_codes(tmp_path: Path, codes: np.ndarray, message: str) -> None:
    np.save(tmp_path / "a.npy", codes)
    with pytest.raises(TokenFileError, match=message):
        import_tokens(tmp_path / "a.npy", replace(tokens_v2().header, samples=None))


def test_misuse(run: Callable[..., Result], tmp_path: Path) -> None:
    for arguments in (["a.fsq", "a.txt"], ["a.wav", "a.fsq"], ["missing.npz", "a.fsq"]):
        result = run("convert", *(tmp_path / a for a in arguments))
        assert result.exit_code == 1
        assert result.stderr.count("\n") == 1
    (tmp_path / "a.npz").write_text("mine")
    assert run("convert", GOLDEN / "v2.fsq", tmp_path / "a.npz").exit_code == 1
    assert (tmp_path / "a.npz").read_text() == "mine"


def test_arrays_that_promise_too_much_are_refused(tmp_path: Path) -> None:
    like = Tokens.load(GOLDEN / "v2.fsq").header
    path = tmp_path / "a.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<u2", "fortran_order": False, "shape": (1, 12, 2**40)})
    with pytest.raises(TokenFileError, match=r"an array of shape \(1, 12, 1099511627776\) is promised, but the file"):
        import_tokens(path, like)
    np.savez_compressed(tmp_path / "a.npz", codes=np.zeros((1, 1, 2**27 + 1), np.uint8))
    assert (tmp_path / "a.npz").stat().st_size < 10**6
    with pytest.raises(TokenFileError, match="134217729 codes are more than the 134217728"):
        import_tokens(tmp_path / "a.npz", like)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".npy", ".npz", ".safetensors", ".parquet"])
def test_a_full_disk_is_one_sentence(tmp_path: Path, suffix: str) -> None:
    done = limited(["convert", str(GOLDEN / "v2.fsq"), str(tmp_path / f"a{suffix}")], 100)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "cannot be written" in done.stderr
    assert list(tmp_path.iterdir()) == []
