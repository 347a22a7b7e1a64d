"""Devices of torch."""

from __future__ import annotations

import torch
from torch import nn

from audiocodec.errors import ConfigError


def find_device(name: str | torch.device) -> torch.device:
    """A usable device.

    Raises:
        ConfigError: torch does not know the device, or it is not available.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()
    except (AssertionError, RuntimeError, TypeError, ValueError) as error:  # each backend of torch raises its own type
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(f"device {str(name)!r} cannot be used here ({reason})") from error
    return device


def device_of(model: nn.Module) -> torch.device:
    """The device of a model's weights."""
    return next(model.parameters()).device


def is_exact(device: torch.device) -> bool:
    """Whether results are bit-identical for any chunking and batching: on the CPU only."""
    return device.type == "cpu"
