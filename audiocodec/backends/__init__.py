"""Inference backends: ONNX Runtime and torch; torch is imported only if a model uses it."""

from audiocodec.backends.base import FrameDecoder, FrameEncoder, frame_decoder, frame_encoder, open_model

__all__ = ["FrameDecoder", "FrameEncoder", "frame_decoder", "frame_encoder", "open_model"]
