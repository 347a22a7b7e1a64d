"""Made speech-16k-1.0.fsq, real codes of a shipped model. Never run again to make a test pass: it must decode.

python -m tests.golden.make_speech
"""

from __future__ import annotations

from pathlib import Path

import audiocodec

HERE = Path(__file__).parent


def main() -> None:
    """Encode the speech of the tests."""
    source = HERE.parent / "sounds" / "speech.flac"
    audiocodec.encode_file(source, HERE / "speech-16k-1.0.fsq", model="speech-16k", backend="onnx")


if __name__ == "__main__":
    main()
