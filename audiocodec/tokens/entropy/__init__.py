"""Entropy coding of pages: the model, the coder, the models that come with the package."""

from audiocodec.tokens.entropy.model import EntropyModel
from audiocodec.tokens.entropy.store import find_entropy, load_entropy, save_entropy

__all__ = ["EntropyModel", "find_entropy", "load_entropy", "save_entropy"]
