"""States of networks: tensors in nested tuples, "b ..." each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from audiocodec.backends.state import Arrays, load_array


def leaves(tree: Any) -> Iterator[Tensor]:
    """The tensors, in order."""
    if isinstance(tree, Tensor):
        yield tree
    else:
        for branch in tree:
            yield from leaves(branch)


def rebuild(tree: Any, tensors: Iterator[Tensor]) -> Any:
    """A tree of the same shape, its tensors taken from `tensors` in order."""
    if isinstance(tree, Tensor):
        return next(tensors)
    return tuple(rebuild(branch, tensors) for branch in tree)


def join(trees: Sequence[Any]) -> Any:
    """Trees of single streams, concatenated to one of a batch."""
    if len(trees) == 1:
        return trees[0]
    columns = zip(*map(leaves, trees), strict=True)
    return rebuild(trees[0], (torch.cat(column) for column in columns))


def split(tree: Any, count: int) -> list[Any]:
    """The first `count` streams of a batch; every tensor is a copy, so that none holds a reference to the batch."""
    tensors = list(leaves(tree))
    return [rebuild(tree, (tensor[i : i + 1].clone() for tensor in tensors)) for i in range(count)]


def to_arrays(tree: Any, prefix: str) -> Arrays:
    """Copies as plain arrays named `prefix` + 0, 1, ..."""
    return {f"{prefix}{i}": tensor.cpu().numpy().copy() for i, tensor in enumerate(leaves(tree))}


def from_arrays(like: Any, arrays: Mapping[str, np.ndarray], prefix: str) -> Any:
    """Inverse of `to_arrays` for a state shaped like `like`.

    Raises:
        ConfigError: an array is missing or of another shape.
    """
    loaded = (
        torch.from_numpy(load_array(arrays, f"{prefix}{i}", tuple(t.shape), t.cpu().numpy().dtype.type)).to(t.device)
        for i, t in enumerate(leaves(like))
    )
    return rebuild(like, loaded)
