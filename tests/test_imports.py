"""The house: what may import what, and what stays light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import audiocodec

ROOT = Path(audiocodec.__file__).parent

# from top to bottom: a room may import those above it; errors and _util are free to all, cli may import anything
LADDER = [
    "audio",
    "tokens",
    "quality",
    "model",
    "backends",
    "codec",
    "live",
    "corpus",
    "evaluate",
    "train",
    "web",
    "cli",
]
FREE = {"errors", "_util"}


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def imports_of(path: Path) -> set[str]:
    """Parts of audiocodec that a file imports, anywhere in it, type checking included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"audiocodec.{a.name}" for a in node.names] if node.module == "audiocodec" else [node.module]
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        found |= {part_of(n) for n in names if n.startswith("audiocodec.")}
    return found


FILES = sorted(p for p in ROOT.rglob("*.py") if p != ROOT / "__init__.py")


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def test_the_rooms_are_those_of_the_ladder() -> None:
    assert {room_of(path) for path in FILES} == {*LADDER, *FREE, "__main__"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_up(path: Path) -> None:
    room = room_of(path)
    if room not in ("cli", "__main__"):
        above = set() if room in FREE else set(LADDER[: LADDER.index(room)])
        assert imports_of(path) <= above | FREE | {room}


DOWN = re.compile(
    r"""\baudiocodec\.__file__\)(?:\.\w+\(\))*\.parent(?: / |\.joinpath\()["'](\w+)"""  # of the package, a folder
    r"""|\b(?:audiocodec\.)?(\w+)(?:\.\w+)*\.__file__"""  # where another module lies
    r"""|\bfiles\(["']?audiocodec\.(\w+)"""
    r"""|\bfiles\(["']?audiocodec["']?\)(?: / |\.joinpath\()["'](\w+)"""
    r"""|["']audiocodec/(\w+)"""
)


def reaches_out(code: str, room: str) -> bool:
    """Whether code finds files by going up from where it lies, or down from the package into another room."""
    if not re.search(r"__file__|\bfiles\(|[\"']audiocodec/", code):
        return False
    names = "|".join(re.findall(r"^(\w+)(?:: \w+)? = .*\b__file__", code, re.M)) or "__file__"  # HERE, FOLDER
    up = (
        r"__file__\)(\.\w+\(\))*\.parent(s\b|\.parent)"
        rf"|\b({names})(\.\w+\(\))*\.parents?\b"
        r"|\bdirname\(.*\bdirname\(.*__file__"
        rf"|\b({names}|__file__)\b.*[\"'/]\.\.[\"'/]"
    )
    down = {name for groups in DOWN.findall(code) for name in groups}
    return bool(re.search(up, code)) or bool(down & {*LADDER, *FREE} - {room})


def test_nobody_reaches_into_another_room_by_path() -> None:
    """What lies in a room is asked of its functions: no import would show such an arrow."""
    assert [str(path.relative_to(ROOT)) for path in FILES if reaches_out(path.read_text(), room_of(path))] == []


@pytest.mark.parametrize(
    ("code", "out"),
    [
        ('Path(__file__).parents[1] / "model" / "weights"', True),
        ("Path(__file__).resolve().parent.parent", True),
        ('Path(__file__).parent / ".." / "model"', True),
        ('Path(__file__, "../../model")', True),
        ("os.path.dirname(os.path.dirname(__file__))", True),
        ('HERE = Path(__file__).parent\nWEIGHTS = HERE.parent.joinpath("model")', True),
        ("HERE: Path = Path(__file__)\nROOT = HERE.parents[1]", True),
        ("Path(model.__file__).parent", True),
        ("Path(audiocodec.model.bundle.__file__).parent", True),
        ('files("audiocodec") / "model"', True),
        ('Path("audiocodec/model/weights")', True),
        ('Path(audiocodec.__file__).parent / "model"', True),
        ('importlib.resources.files("audiocodec.model")', True),
        ('importlib.resources.files("audiocodec.tokens")', False),
        ('Path(__file__).parent / "weights"', False),
        ("HERE = Path(__file__).parent\nfolder = path.parent.parent", False),
        ("Path(tokens.__file__).parent", False),
        ('Path(audiocodec.__file__).parent / "configs"', False),
    ],
)
def test_reaching_out_is_seen(code: str, out: bool) -> None:
    assert reaches_out(code, "tokens") is out


def modules_after(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


GOLDEN = Path(__file__).parent / "golden" / "v1.fsq"
INFO = f"from audiocodec.cli import main\ntry: main(['info', {str(GOLDEN)!r}])\nexcept SystemExit: pass"


@pytest.mark.parametrize(
    "code",
    [
        "import audiocodec",
        "import audiocodec.tokens",
        "import audiocodec.live.packets",
        "from audiocodec.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass",
        INFO,
    ],
)
def test_stays_without_torch(code: str) -> None:
    assert not {"torch", "librosa", "ray", "scipy"} & modules_after(code)


WITHOUT_TORCH = """
import sys
from importlib.abc import MetaPathFinder
class Refuse(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in ("torch", "einops", "torchaudio", "omegaconf", "auraloss"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
"""
NEEDS_TORCH = (
    "quality/losses/",
    "model/build.py",
    "model/decoder.py",
    "model/encoder.py",
    "model/network.py",
    "model/nn/",
    "model/quantize/",
    "model/ranks.py",
    "codec/code_rate.py",
    "codec/module.py",
    "codec/refine.py",
    "corpus/dataset.py",
    "backends/torch/batch_invariant.py",
    "backends/torch/decoder.py",
    "backends/torch/devices.py",
    "backends/torch/encoder.py",
    "backends/torch/trees.py",
    "train/",
)


def needs_torch(path: Path) -> bool:
    return path.relative_to(ROOT).as_posix().startswith(NEEDS_TORCH)


def test_all_else_imports_without_torch() -> None:
    """What the light install has must be importable with it."""
    names = [".".join(path.relative_to(ROOT.parent).with_suffix("").parts) for path in FILES if not needs_torch(path)]
    imports = [f"import {name.removesuffix('.__init__')}" for name in names if not name.endswith("__main__")]
    assert len(imports) > 80
    modules_after(WITHOUT_TORCH + "\n".join(imports))


def test_coding_stays_without_torch(tmp_path: Path) -> None:
    code = f"""
import numpy as np, audiocodec
codec = audiocodec.load("speech-16k")
tokens = codec.encode(np.zeros((1, 4000), np.float32), 8000)
assert codec.decode(tokens).shape == (1, 4000)
tokens.save({str(tmp_path / "a.fsq")!r})
codec.decode_file({str(tmp_path / "a.fsq")!r}, {str(tmp_path / "a.wav")!r}, start_s=0.2)
from audiocodec.corpus import open_corpus, tokenize
tokenize({str(tmp_path / "*.wav")!r}, {str(tmp_path / "corpus")!r}, "webdataset")
assert [item.path for item in open_corpus({str(tmp_path / "corpus")!r})] == ["a.wav"]
"""
    assert "torch" not in modules_after(WITHOUT_TORCH + code)


def test_coding_stays_without_training_packages() -> None:
    loaded = modules_after("import audiocodec\naudiocodec.load('speech-16k')")
    assert not {"torchaudio", "librosa", "auraloss", "pesq", "pystoi"} & loaded


def test_public_names_exist() -> None:
    assert audiocodec.__all__ == sorted(audiocodec.__all__)
    for name in audiocodec.__all__:
        assert getattr(audiocodec, name).__name__ == name
    assert set(audiocodec.__all__) <= set(dir(audiocodec))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = audiocodec.nonsense
