"""Workers that make the shards: this process, or Ray actors.

Plain actors rather than Ray Data: the contents of a shard, its file name and when it counts as written are
decided here, so a shard is reproduced exactly, and a run resumes after any crash from the files that exist.
Ray Data chooses blocks and names as it runs, and its writing tasks wait for a processor while actors hold them all.
"""

from __future__ import annotations

import os
import socket
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import Any

from audiocodec._util.extras import require
from audiocodec._util.numbers import check_count
from audiocodec._util.processors import processors
from audiocodec.corpus.plan import Shard
from audiocodec.corpus.receipts import Receipt
from audiocodec.corpus.shard import Job, ShardWriter
from audiocodec.corpus.stopwatch import Stopwatch
from audiocodec.errors import AudioCodecError

ANSWER_S = 10.0  # time limit for a cluster to answer
RETRIES = 3  # retries of a shard whose worker died
OBJECT_STORE = 80 * 2**20  # bytes, the minimum of Ray: no audio goes through it

FEW = 2**25  # bytes of sound files that one process has encoded about when Ray has started
UNKNOWN = 2**20  # bytes of a sound whose size is not known

Done = tuple[Receipt, Stopwatch]


def choose_workers(workers: int | None, address: str | None, shards: Sequence[Shard]) -> int:
    """Actors as asked for; None: one for each processor, none for so few sounds that they do not pay for starting Ray.

    Raises:
        ConfigError: it is no number of actors.
        MissingExtraError: Ray is needed and not installed.
    """
    if workers is None:
        few = sum(sound.size or UNKNOWN for shard in shards for sound in shard.sounds) < FEW or len(shards) < 2
        workers = 0 if few and address is None else processors()
    workers = check_count(workers, "workers")
    if workers:
        require("ray", "ray", "or give --workers 0")
    return workers


def in_this_process(job: Job, shards: Sequence[Shard]) -> Iterator[Done]:
    """Shard by shard."""
    writer = ShardWriter(job)
    yield from map(writer.write, shards)


def on_ray(job: Job, shards: Sequence[Shard], workers: int, address: str | None) -> Iterator[Done]:
    """Receipts of shards as they are finished, on this machine or a cluster.

    A worker that dies is replaced, and its shard is retried.

    Args:
        job: what to do.
        shards: those to do.
        workers: actors, each with a model and one processor.
        address: of a running cluster; None starts Ray here and stops it at the end, unless this process
            has it already.

    Raises:
        MissingExtraError: Ray is not installed.
        AudioCodecError: a shard could not be written, or killed its workers; raised after the other shards are done.
    """
    ray = require("ray", "ray")
    started = not ray.is_initialized()
    if started:
        _start(ray, workers, address)
    try:
        yield from _share_out(ray, job, shards, workers)
    finally:
        if started:
            ray.shutdown()


def _start(ray: Any, workers: int, address: str | None) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None:
        local = {"num_cpus": workers, "include_dashboard": False, "object_store_memory": OBJECT_STORE}
        ray.init(address="local", **local, **quiet)
        return
    _check_answers(address)
    try:
        ray.init(address=address, **quiet)
    except (ConnectionError, ValueError) as error:
        raise AudioCodecError(f"{address}: no Ray cluster answers there ({str(error).splitlines()[0]})") from error


def _check_answers(address: str) -> None:
    """Connect to a cluster; Ray itself would try for a quarter of an hour.

    Raises:
        AudioCodecError: nobody answers there.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():  # "auto" and the like
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise AudioCodecError(f"{address}: no Ray cluster answers there ({error})") from error


def _share_out(ray: Any, job: Job, shards: Sequence[Shard], workers: int) -> Iterator[Done]:
    """Give each idle worker the next shard; the shard of a dead worker goes last, to a new one."""
    actor = ray.remote(num_cpus=1)(ShardWriter)
    todo, lost = deque(shards), list[Shard]()
    idle = [actor.remote(job) for _ in range(min(workers, len(todo)))]
    running: dict[Any, tuple[Any, Shard]] = {}
    deaths: Counter[int] = Counter()
    while todo or running:
        while todo and idle:
            worker, shard = idle.pop(), todo.popleft()
            running[worker.write.remote(shard)] = worker, shard
        (ready, *_), _ = ray.wait(list(running), num_returns=1)
        worker, shard = running.pop(ready)
        try:
            yield ray.get(ready)
            idle.append(worker)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except ray.exceptions.RayError as error:  # the worker is gone: killed, out of memory, or its machine is
            if getattr(error, "actor_init_failed", False):
                raise AudioCodecError(f"a worker cannot start: {str(error).strip().splitlines()[-1]}") from None
            idle.append(actor.remote(job))
            deaths[shard.index] += 1
            (todo if deaths[shard.index] <= RETRIES else lost).append(shard)
    if lost:
        first, last = lost[0].sounds[0].path, lost[0].sounds[-1].path
        raise AudioCodecError(
            f"{len(lost)} shards are missing: their workers died {RETRIES + 1} times, of too little memory or a sound; "
            f"{lost[0].name} has {first} to {last}; fix or remove the sound, or start again with fewer workers"
        )
