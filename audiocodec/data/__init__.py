"""Training data: from a folder of sound files to batches of segments."""

from audiocodec.data.cache import SampleCache, build_cache
from audiocodec.data.segments import SegmentSampler

__all__ = ["SampleCache", "SegmentSampler", "build_cache"]
