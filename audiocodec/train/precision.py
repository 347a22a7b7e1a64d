"""Where bfloat16 is worth its digits."""

from __future__ import annotations

import torch


def bfloat16_is_fast(device: torch.device) -> bool:
    """Whether matrix products in bfloat16 are at least as fast as in float32.

    GPUs have them, and CPUs with AVX-512. On others they are emulated, at a fifteenth of the speed.
    """
    if device.type != "cpu":
        return True
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
