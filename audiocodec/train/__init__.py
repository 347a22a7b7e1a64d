"""Training: configuration, loop, discriminators, checkpoints, validation."""

from audiocodec.train.config import RecipeConfig, load_config
from audiocodec.train.recipe import build_trainer
from audiocodec.train.settings import Budget, TrainConfig
from audiocodec.train.trainer import Trainer
from audiocodec.train.validate import validate

__all__ = ["Budget", "RecipeConfig", "TrainConfig", "Trainer", "build_trainer", "load_config", "validate"]
