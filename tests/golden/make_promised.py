"""Makes real codes of a model that reaches 1.0, once. Never run again to make a test pass: they must decode.

python -m tests.golden.make_promised audio-44k
"""

from __future__ import annotations

import sys
from pathlib import Path

import audiocodec

HERE = Path(__file__).parent


def main(model: str) -> None:
    """Encode the speech of the tests; refuses to do it twice."""
    source = HERE.parent / "sounds" / "speech.flac"
    audiocodec.encode_file(source, HERE / f"{model}-1.0.fsq", model=model, backend="onnx")


if __name__ == "__main__":
    main(sys.argv[1])
