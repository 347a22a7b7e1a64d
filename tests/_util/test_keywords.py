"""Calls by keywords of a file."""

from __future__ import annotations

import pytest
from torch import nn

from audiocodec._util.keywords import call
from audiocodec.errors import ConfigError


class Plain(nn.Module):
    """Without an `__init__`, so its signature is `*args, **kwargs`."""


def needs(size: int, *rest: int, depth: int = 1, **others: int) -> int:
    return size * depth


def test_what_takes_any_number_is_not_missing() -> None:
    assert isinstance(call(Plain, {}, "losses.plain"), Plain)
    assert call(needs, {"size": 2, "depth": 3}, "here") == 6
    with pytest.raises(ConfigError, match="'size' is missing"):
        call(needs, {}, "here")
