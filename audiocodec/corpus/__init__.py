"""From a folder of audio to shards of tokens for language models, on one machine or many: see docs/corpora.md."""

from audiocodec.corpus.item import Item
from audiocodec.corpus.read import Corpus, open_corpus
from audiocodec.corpus.run import Progress, tokenize

__all__ = ["Corpus", "Item", "Progress", "open_corpus", "tokenize"]
