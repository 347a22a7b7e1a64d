"""Training with everything on one GPU: the sound, its variation, and each step as one CUDA graph."""

from audiocodec.train.graph.bank import SoundBank
from audiocodec.train.graph.batch_augment import BatchAugment
from audiocodec.train.graph.trainer import GraphTrainer

__all__ = ["BatchAugment", "GraphTrainer", "SoundBank"]
