"""Models on ONNX Runtime, written as graphs from their descriptions and weights: numpy in, numpy out, no torch."""

from audiocodec.backends.onnx.decoder import OnnxDecoder
from audiocodec.backends.onnx.encoder import OnnxEncoder
from audiocodec.backends.onnx.export import export_onnx
from audiocodec.backends.onnx.graphs import Graphs
from audiocodec.backends.onnx.model import OnnxModel

__all__ = ["Graphs", "OnnxDecoder", "OnnxEncoder", "OnnxModel", "export_onnx"]
