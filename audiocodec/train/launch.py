"""One process or many: torch's own launcher, nothing else.

`torchrun` starts the processes and says who is who by environment variables. Gradients are
averaged by one call after the backward pass: with models this small there is nothing to gain
from overlapping the two, and two optimizers need no wrapper around their networks.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import FrameType

import torch
from torch import Tensor, distributed
from torch.distributed.rendezvous import rendezvous

from audiocodec.errors import ConfigError
from audiocodec.model import ranks

logger = logging.getLogger(__name__)


def choose_device(name: str) -> torch.device:
    """The device of this process: `auto` takes a GPU where there is one.

    Raises:
        ConfigError: no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        name = f"cuda:{os.environ.get('LOCAL_RANK', 0)}"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"train.device: {name!r} cannot be used ({str(error).splitlines()[0]})") from error
    return device


@contextlib.contextmanager
def process_group(device: torch.device) -> Iterator[None]:
    """Join the processes that `torchrun` started, if it did."""
    if "RANK" not in os.environ or distributed.is_initialized():
        yield
        return
    backend = "nccl" if device.type == "cuda" else "gloo"
    patience = datetime.timedelta(hours=1)  # validation may take long
    store, rank, world_size = next(rendezvous("env://", timeout=patience))
    distributed.init_process_group(backend, store=store, rank=rank, world_size=world_size, timeout=patience)
    try:
        yield
        # A rank that leaves while another still waits for it ends that one, a barrier included. The store
        # belongs to the launcher and outlives them all.
        store.set(f"audiocodec/done/{rank}", "1")
        store.wait([f"audiocodec/done/{other}" for other in range(world_size)], patience)
    finally:
        distributed.destroy_process_group()


def mean_gradients(parameters: Iterable[Tensor]) -> None:
    """Average the gradients of all ranks in one collective."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    if ranks.world_size() == 1 or not gradients:
        return
    flat = ranks.mean(torch.cat([g.flatten() for g in gradients]))
    for gradient, piece in zip(gradients, torch.split(flat, [g.numel() for g in gradients]), strict=True):
        gradient.copy_(piece.view_as(gradient))


def agree(seconds: float, stop: bool, device: torch.device) -> tuple[float, bool]:
    """Rank 0's clock, and whether any rank was told to stop: the same on every rank."""
    if ranks.world_size() == 1:
        return seconds, stop
    both = torch.tensor([seconds if ranks.rank() == 0 else 0.0, float(stop)], dtype=torch.float64, device=device)
    distributed.all_reduce(both)
    return float(both[0]), bool(both[1] > 0)


@dataclass
class Stop:
    """Whether the run was asked to end."""

    asked: bool = False


@contextlib.contextmanager
def asked_to_stop() -> Iterator[Stop]:
    """Ctrl-C, SIGTERM or SIGHUP asks the run to end at the next step; a second one ends it immediately."""
    stop = Stop()

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True

    numbers = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup has it ignored
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, ask) for number in numbers}
    logger.info("training; Ctrl-C ends it with a checkpoint")
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
