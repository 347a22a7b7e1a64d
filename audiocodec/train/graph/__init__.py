"""Training with everything on one GPU: the sound, its variation, and each step as one CUDA graph."""

from audiocodec.train.graph.bank import SoundBank
from audiocodec.train.graph.trainer import GraphTrainer
from audiocodec.train.graph.vary import Vary

__all__ = ["GraphTrainer", "SoundBank", "Vary"]
