"""Models as ONNX graphs, written from their descriptions and weights; numpy only."""

from audiocodec.export.graphs import Graphs
from audiocodec.export.onnx import export_onnx

__all__ = ["Graphs", "export_onnx"]
