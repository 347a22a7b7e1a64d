"""The codec network and the models that come with the package."""

from audiocodec.models.codec import CodecModel
from audiocodec.models.decoder_conv import ConvDecoder
from audiocodec.models.decoder_istft import ISTFTDecoder
from audiocodec.models.encoder import Encoder

__all__ = ["CodecModel", "ConvDecoder", "Encoder", "ISTFTDecoder"]
