"""Models on ONNX Runtime: numpy in, numpy out, no torch."""

from audiocodec.runtime.model import OnnxModel

__all__ = ["OnnxModel"]
