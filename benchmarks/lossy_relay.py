"""A bad network on one machine: passes packets on, after dropping, doubling and delaying some.

    audiocodec stream --receive 5006 -o heard.wav --duration 610
    python benchmarks/lossy_relay.py 5004 127.0.0.1:5006 --drop 0.1 --twice 0.1 --jitter-ms 60 --seconds 620
    audiocodec stream -i speech.wav --send 127.0.0.1:5004

Each packet waits a random time of its own, so they overtake one another. Listens on 127.0.0.1 only.
"""

from __future__ import annotations

import heapq
import time

import click
import numpy as np

from audiocodec._util.terminal import errors_in_one_sentence
from audiocodec.live import Address, UdpListener, UdpSender, parse_address


@click.command(help=__doc__)
@click.argument("port", type=click.IntRange(1, 65535))
@click.argument("target")
@click.option("--drop", type=click.FloatRange(0, 1), default=0.1, show_default=True, help="Share that never arrives.")
@click.option("--twice", type=click.FloatRange(0, 1), default=0.1, show_default=True, help="Share that comes again.")
@click.option("--jitter-ms", type=click.FloatRange(0), default=60.0, show_default=True, help="Longest delay.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), default=60.0, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@errors_in_one_sentence()
def main(port: int, target: str, drop: float, twice: float, jitter_ms: float, seconds: float, seed: int) -> None:
    """Pass on, and say how much in the end."""
    listener, sender = UdpListener(Address("127.0.0.1", port)), UdpSender(parse_address(target))
    rng = np.random.default_rng(seed)
    waiting: list[tuple[float, int, bytes]] = []
    came = passed = 0
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        while waiting and waiting[0][0] <= now:
            sender.send(heapq.heappop(waiting)[2])
            passed += 1
        for packet in listener.poll(min(0.01, waiting[0][0] - now if waiting else 0.01)):
            came += 1
            for _ in range(int(rng.random() >= drop) + int(rng.random() < twice)):
                heapq.heappush(waiting, (now + rng.random() * jitter_ms / 1000, passed + len(waiting) + came, packet))
    listener.close()
    sender.close()
    print(f"{came} packets came, {passed} were passed on")


if __name__ == "__main__":
    main()
