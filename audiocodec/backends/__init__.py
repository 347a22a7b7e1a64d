"""What runs a model, ONNX Runtime or torch; torch is imported only for a model of its own."""

from audiocodec.backends.base import FrameDecoder, FrameEncoder, frame_decoder, frame_encoder, open_model

__all__ = ["FrameDecoder", "FrameEncoder", "frame_decoder", "frame_encoder", "open_model"]
