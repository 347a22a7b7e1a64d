"""Training data: from folders of sound files to batches of segments."""

from audiocodec.train.data.augment import Augment
from audiocodec.train.data.cache import SampleCache, build_cache
from audiocodec.train.data.corpus import Corpus, load_corpus
from audiocodec.train.data.segments import SegmentDataset, batches
from audiocodec.train.data.sources import CacheSource, FileSource, Source

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
