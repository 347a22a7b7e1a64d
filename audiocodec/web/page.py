"""The page for browsers as a folder, and one sound with its player as a single HTML file."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from audiocodec._util.files import replacing
from audiocodec._util.terminal import escaped
from audiocodec.errors import MissingExtraError, ModelError
from audiocodec.model.bundle import Bundle, list_models, load_bundle
from audiocodec.tokens import Header, Tokens
from audiocodec.web.models import write_models

BUILT = Path(__file__).parent / "page"  # what `make web` builds of web/
RUNTIME = "runtime.wasm.gz"
SINGLE = ("single.html", "single.js")  # not of the page
RUNTIME_FROM = "the file ort-wasm-simd-threaded.wasm of the npm package onnxruntime-web 1.30.0"


def built(name: str) -> bytes:
    """A file of the built page.

    Raises:
        MissingExtraError: it is not here.
    """
    try:
        return (BUILT / name).read_bytes()
    except FileNotFoundError as error:
        raise MissingExtraError(
            "the page for browsers is not built; run 'make web' in a clone of audiocodec, which needs Node"
        ) from error


def packed_runtime(path: Path | None = None) -> bytes:
    """ONNX Runtime for browsers, packed by gzip.

    Args:
        path: of the WASM file, packed or not; by default the one that was built.

    Raises:
        MissingExtraError: it is not here.
    """
    if path is None and not (BUILT / RUNTIME).exists():
        built("worker.js")
        raise MissingExtraError(
            f"the runtime of the page is not here; 'make web' in a clone of audiocodec gets it, "
            f"or name {RUNTIME_FROM} with --runtime"
        )
    data = (BUILT / RUNTIME if path is None else path).read_bytes()
    return data if data[:2] == b"\x1f\x8b" else gzip.compress(data, mtime=0)


def write_page(
    folder: Path, models: Sequence[Bundle], runtime: Path | None = None, overwrite: bool = False
) -> list[Path]:
    """Write the page: a folder for any static host; returns the paths.

    Raises:
        MissingExtraError: the page or its runtime is not built.
        ModelError: a model has no ONNX form.
        OutputError: files exist (unless `overwrite`), or cannot be written.
    """
    built("index.html")
    names = [path.name for path in sorted(BUILT.iterdir()) if path.name not in (*SINGLE, RUNTIME, "sw.js")]
    files = {name: built(name) for name in names} | {RUNTIME: packed_runtime(runtime)}
    paths = write_models(folder / "models", models, overwrite)
    shell = ["./", *names, "models/models.json"]
    version = hashlib.sha256(b"".join([*files.values(), *(path.read_bytes() for path in paths)])).hexdigest()[:16]
    files["sw.js"] = f"self.VERSION={version!r};self.FILES={json.dumps(shell)};\n".encode() + built("sw.js")
    for name, data in files.items():
        with replacing(folder / name, overwrite) as temporary:
            temporary.write_bytes(data)
    return [*paths, *(folder / name for name in files)]


def bundle_of(header: Header) -> Bundle:
    """The model that tokens were made with: of the package, or of the path that they name.

    Raises:
        ModelError: it is not here.
    """
    for name in [header.model, *list_models()]:
        try:
            bundle = load_bundle(name)
        except ModelError:
            continue
        if bundle.info.hash == header.model_hash:
            bundle.info.check(header)
            return bundle
    raise ModelError(f"these tokens are of model {header.model!r}, which is not here; name it with --model")


def single_page(path: Path, bundle: Bundle | None = None, runtime: Path | None = None) -> str:
    """A token file as one HTML file that plays it, with everything inside.

    Args:
        path: of the token file.
        bundle: the model that made it; by default it is looked for.
        runtime: see `packed_runtime`.

    Raises:
        TokenFileError: it is missing, damaged, or no token file.
        ModelError: its model is not here.
        MissingExtraError: the page or its runtime is not built.
    """
    tokens = Tokens.load(path, () if bundle is None else bundle.entropies)
    bundle = bundle_of(tokens.header) if bundle is None else bundle
    bundle.info.check(tokens.header)
    title = tokens.header.metadata.get("title") or path.stem
    template, script = built("single.html").decode(), built("single.js").decode()
    inside = {"worker.js": built("worker.js"), "sound.fsq": path.read_bytes()}
    pieces = [_script(name, data) for name, data in inside.items()]
    assets = {RUNTIME: packed_runtime(runtime), **_decoder_files(bundle, tokens.header)}
    pieces += [_script(name, data, "data-file") for name, data in assets.items()]
    kbit_s = 8 * len(inside["sound.fsq"]) / max(tokens.duration_s, 1e-9) / 1000
    values = {
        "title": html.escape(escaped(title)),
        "about": f"{tokens.duration_s:.1f} s in {len(inside['sound.fsq'])} bytes ({kbit_s:.2f} kbit/s), "
        f"model {html.escape(bundle.info.name)}. The decoder is in this file; nothing is loaded from elsewhere.",
        "files": "\n".join(pieces),
        "script": script.replace("</script", "<\\/script"),
    }
    return re.sub(r"\{(title|about|files|script)\}", lambda found: values[found[1]], template)


def _script(name: str, data: bytes, mark: str = "") -> str:
    return f'<script type="text/plain" id="{name}" {mark}>{base64.b64encode(data).decode()}</script>'


def _decoder_files(bundle: Bundle, header: Header) -> dict[str, bytes]:
    """What the browser needs to decode one file, by the names that it asks for."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = {f"{bundle.info.name}/decoder.onnx", f"entropy/{header.entropy.hex()}"}
        paths = write_models(Path(folder), [bundle])
        names = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    files = {f"models/{name}": gzip.compress(names[name], mtime=0) for name in sorted(wanted & names.keys())}
    return {"models/models.json": names["models.json"], **files}
