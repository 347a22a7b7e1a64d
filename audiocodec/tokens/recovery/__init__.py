"""Damaged files: what is wrong, what can still be read, and a file made of that."""

from audiocodec.tokens.recovery.repair import repair
from audiocodec.tokens.recovery.salvage import Page, salvage
from audiocodec.tokens.recovery.verify import verify

__all__ = ["Page", "repair", "salvage", "verify"]
