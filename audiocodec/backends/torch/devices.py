"""Where torch computes."""

from __future__ import annotations

import torch
from torch import nn

from audiocodec.errors import ConfigError


def find_device(name: str | torch.device) -> torch.device:
    """A device that computes here.

    Raises:
        ConfigError: torch knows no such device, or it is not there.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()
    except (AssertionError, RuntimeError, TypeError, ValueError) as error:  # each backend of torch has its own
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(f"device {str(name)!r} cannot be used here ({reason})") from error
    return device


def device_of(model: nn.Module) -> torch.device:
    """Where the weights of a model are."""
    return next(model.parameters()).device


def is_exact(device: torch.device) -> bool:
    """Whether results are held to the bit, whatever the chunks and the company: on the CPU alone."""
    return device.type == "cpu"
