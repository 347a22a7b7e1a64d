"""Training data: from folders of sound files to batches of segments."""

from audiocodec.data.augment import Augment
from audiocodec.data.cache import SampleCache, build_cache
from audiocodec.data.corpus import Corpus, load_corpus
from audiocodec.data.segments import SegmentDataset, batches
from audiocodec.data.sources import CacheSource, FileSource, Source

__all__ = [
    "Augment",
    "CacheSource",
    "Corpus",
    "FileSource",
    "SampleCache",
    "SegmentDataset",
    "Source",
    "batches",
    "build_cache",
    "load_corpus",
]
