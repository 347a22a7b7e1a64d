"""The page and the single HTML file, of a built page that is made up here: what Node builds is tested in web/."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from audiocodec import web
from audiocodec.backends.onnx import export_onnx
from audiocodec.errors import AudioCodecError, MissingExtraError, ModelError, OutputError
from audiocodec.model.bundle import load_bundle
from audiocodec.tokens import EntropyModel, Tokens
from audiocodec.web import page
from tests.cli.conftest import Run
from tests.cli.conftest import run as run

GOLDEN = Path(__file__).parents[1] / "golden"
SINGLE = "<title>{title}</title><p>{about}</p>{files}<script>{script}</script>"


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built page in small."""
    folder = tmp_path / "built"
    folder.mkdir()
    for name in ("index.html", "page.js", "worker.js", "sw.js"):
        (folder / name).write_text(name)
    (folder / "single.html").write_text(SINGLE)
    (folder / "single.js").write_text("'</script>{title}'")
    (folder / "runtime.wasm.gz").write_bytes(gzip.compress(b"runtime"))
    monkeypatch.setattr(page, "BUILT", folder)
    return folder


def entropy_of(data: bytes) -> EntropyModel:
    """Inverse of `EntropyModel.to_bytes`."""
    arrays = {}
    while data:
        head, _, data = data.partition(b";")
        name, kind, shape = re.fullmatch(r"(\w+):(<i\d):\((.*)\)", head.decode()).groups()  # type: ignore[union-attr]
        sizes = [int(size) for size in shape.split(",") if size.strip()]
        count = int(np.prod(sizes)) * int(kind[-1])
        arrays[name], data = np.frombuffer(data[:count], kind).reshape(sizes), data[count:]
    return EntropyModel(**arrays)


def test_an_entropy_model_is_what_its_hash_is_taken_of() -> None:
    model = load_bundle("speech-16k").entropy
    assert model is not None
    data = model.to_bytes()
    assert hashlib.sha256(data).digest()[:16] == model.hash == entropy_of(data).hash


def test_models_are_written_with_their_facts(tmp_path: Path) -> None:
    bundle = load_bundle("audio-44k")
    web.write_models(tmp_path, [bundle])
    [facts] = json.loads((tmp_path / "models.json").read_text())
    assert (facts["name"], facts["hash"], facts["delay"]) == ("audio-44k", bundle.info.hash.hex(), 1024)
    assert facts["decoderBytes"] == (tmp_path / "audio-44k" / "decoder.onnx").stat().st_size
    export_onnx(tmp_path / "exported", bundle)
    assert (tmp_path / "exported" / "encoder.onnx").read_bytes() == (
        tmp_path / "audio-44k" / "encoder.onnx"
    ).read_bytes()
    hashes = {path.name for path in (tmp_path / "entropy").iterdir()}
    assert "fad9728a35782fbc482d82e17e0980a8" in hashes  # files of speech-16k 1.0 stay decodable
    with pytest.raises(OutputError, match="exists already"):
        web.write_models(tmp_path, [bundle])


def test_the_page_is_a_folder(built: Path, tmp_path: Path, run: Run) -> None:
    result = run("web", tmp_path / "site", "-m", "speech-16k")
    assert result.exit_code == 0, result.output
    site = tmp_path / "site"
    assert {path.name for path in site.iterdir()} == {
        "index.html",
        "page.js",
        "worker.js",
        "sw.js",
        "runtime.wasm.gz",
        "models",
    }
    worker = (site / "sw.js").read_text()
    assert json.loads(re.findall(r"FILES=(.*);", worker)[0]) == [
        "./",
        "index.html",
        "page.js",
        "worker.js",
        "models/models.json",
    ]
    assert run("web", site).exit_code == 1
    (built / "page.js").write_text("changed")
    assert run("web", site, "-m", "speech-16k", "--force").exit_code == 0
    assert (site / "sw.js").read_text() != worker


def test_a_sound_is_one_file(built: Path, tmp_path: Path, run: Run) -> None:
    source, target = GOLDEN / "speech-16k-1.0.fsq", tmp_path / "sound.html"
    result = run("web", source, "-o", target)
    assert result.exit_code == 0, result.output
    text = target.read_text()
    inside = {name: base64.b64decode(data) for name, data in re.findall(r'id="([^"]+)" [^>]*>([^<]*)<', text)}
    header = Tokens.load(source).header
    assert set(inside) == {
        "worker.js",
        "sound.fsq",
        "runtime.wasm.gz",
        "models/models.json",
        "models/speech-16k/decoder.onnx",
        f"models/entropy/{header.entropy.hex()}",
    }
    assert inside["sound.fsq"] == source.read_bytes()
    assert gzip.decompress(inside["runtime.wasm.gz"]) == b"runtime"
    assert "<\\/script>{title}" in text
    assert "<title>speech-16k-1.0</title>" in text
    assert run("web", source, "-o", target).exit_code == 1
    assert run("web", GOLDEN / "v1.fsq", "-o", tmp_path / "b.html").exit_code == 1


def test_a_sound_of_a_model_in_a_folder(
    built: Path, tmp_path: Path, run: Run, own_model: Path, speech_path: Path
) -> None:
    source = tmp_path / "a.fsq"
    assert run("encode", speech_path, source, "-m", own_model).exit_code == 0
    result = run("web", source, "-o", tmp_path / "a.html", "-m", own_model)
    assert result.exit_code == 0, result.output
    own = load_bundle(str(own_model)).entropy
    assert own is not None
    assert own.hash != load_bundle("speech-16k").entropy.hash  # type: ignore[union-attr]
    assert f"models/entropy/{own.hash.hex()}" in (tmp_path / "a.html").read_text()


def test_a_name_that_is_not_utf8_becomes_a_title(built: Path, tmp_path: Path, run: Run) -> None:
    source = tmp_path / os.fsdecode(b"u\xff.fsq")
    source.write_bytes((GOLDEN / "speech-16k-1.0.fsq").read_bytes())
    assert run("web", source, "-o", tmp_path / "a.html").exit_code == 0
    assert "<title>u\\udcff</title>" in (tmp_path / "a.html").read_text()


def test_what_is_missing_is_said(built: Path, tmp_path: Path) -> None:
    (built / "runtime.wasm.gz").unlink()
    with pytest.raises(MissingExtraError, match="make web.*--runtime"):
        web.write_page(tmp_path / "site", [])
    (tmp_path / "ort.wasm").write_bytes(b"plain")
    web.write_page(tmp_path / "site", [], tmp_path / "ort.wasm")
    assert gzip.decompress((tmp_path / "site" / "runtime.wasm.gz").read_bytes()) == b"plain"
    for path in built.iterdir():
        path.unlink()
    for write in (lambda: web.write_page(tmp_path / "b", []), lambda: web.single_page(GOLDEN / "speech-16k-1.0.fsq")):
        with pytest.raises(MissingExtraError, match="is not built; run 'make web'"):
            write()
    with pytest.raises(ModelError, match="of model 'golden', which is not here"):
        web.single_page(GOLDEN / "v1.fsq")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["a.fsq", "--serve"], 2),
        (["a.fsq", "-m", "a", "-m", "b"], 2),
        (["folder", "-o", "a.html"], 2),
        (["a.fsq", "-o", "a.wav"], 1),
        (["a.fsq"], 1),
    ],
)
def test_misuse(run: Run, arguments: list[str], code: int) -> None:
    assert run("web", *arguments).exit_code == code


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "a.fsq").write_bytes(bytes(range(100)))
    with web.serve(tmp_path, 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}/a.fsq"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        (None, 200, bytes(range(100))),
        ("bytes=3-5", 206, bytes([3, 4, 5])),
        ("bytes=90-", 206, bytes(range(90, 100))),
        ("bytes=90-1000", 206, bytes(range(90, 100))),
        ("lines=1-2", 200, bytes(range(100))),
    ],
)
def test_parts_of_files_are_served(address: str, asked: str | None, status: int, expected: bytes) -> None:
    request = urllib.request.Request(address, headers={} if asked is None else {"Range": asked})
    with urllib.request.urlopen(request) as response:
        assert (response.status, response.read()) == (status, expected)
        if status == 206:
            assert response.headers["Content-Range"].endswith("/100")


def test_a_range_behind_the_end_is_refused(address: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(address, headers={"Range": "bytes=100-"}))
    assert caught.value.code == 416
    caught.value.close()


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with web.serve(tmp_path, 0) as server:
        with pytest.raises(AudioCodecError, match="cannot be had"):
            web.serve(tmp_path, server.server_port)
