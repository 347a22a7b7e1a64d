"""Training: the loop, moving averages, checkpoints, validation."""

from audiocodec.train.trainer import Budget, Trainer
from audiocodec.train.validate import validate

__all__ = ["Budget", "Trainer", "validate"]
