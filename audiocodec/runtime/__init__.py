"""Models on ONNX Runtime: numpy in, numpy out, no torch."""

from audiocodec.runtime.decoder import OnnxDecoder
from audiocodec.runtime.encoder import OnnxEncoder
from audiocodec.runtime.model import OnnxModel

__all__ = ["OnnxDecoder", "OnnxEncoder", "OnnxModel"]
