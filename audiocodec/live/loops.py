"""The loops of `audiocodec stream`: through the codec and back, to the network, from the network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from audiocodec.codec import Codec, SoundDecoder
from audiocodec.live.clock import Clock
from audiocodec.live.meter import Meter
from audiocodec.live.packets import Packetizer, Receiver
from audiocodec.live.sinks import Sink
from audiocodec.live.sources import Source
from audiocodec.live.udp import Link
from audiocodec.live.watch import Watch

STALL_S = 1.0  # longest pause of this process to make up for; after a longer one the missed audio is dropped


def loopback(codec: Codec, source: Source, sink: Sink, channels: int, num_codebooks: int, meter: Meter) -> None:
    """Audio in, through the codec, and out again, lagging by the delay of the codec."""
    encoder = codec.sound_encoder(codec.rows(channels, num_codebooks))
    decoder = codec.sound_decoder(channels)
    meter.delay_ms = 1000 * (codec.hop_length * codec.info.block + decoder.delay_samples) / codec.sample_rate

    def out(codes: np.ndarray) -> None:
        sink.write(decoder.push(codes))
        rows, depth, frames = codes.shape
        meter.coded_bytes += rows * frames * codec.info.bitrate(depth) / codec.frame_rate / 8
        meter.advance(frames)

    for block in source.blocks:
        out(encoder.push(block))
    out(encoder.flush())


def send(
    codec: Codec,
    source: Source,
    packetizer: Packetizer,
    transmit: Callable[[bytes], None],
    num_codebooks: int,
    meter: Meter,
    clock: Clock,
) -> None:
    """Audio in, packets out; a source without its own clock is slowed down to real time."""
    encoder = codec.sound_encoder(codec.rows(packetizer.channels, num_codebooks))
    meter.delay_ms = 1000 * codec.hop_length * max(packetizer.frames, codec.info.block) / codec.sample_rate
    begin = clock.now()  # the time at which the first sample was due
    samples = 0

    def out(codes: np.ndarray, packets: list[bytes]) -> None:
        for packet in packets:
            transmit(packet)
            meter.coded_bytes += len(packet)
        meter.advance(codes.shape[2])

    for block in source.blocks:
        codes = encoder.push(block)
        samples += block.shape[1]
        if not source.paced:
            ahead = begin + samples / codec.sample_rate - clock.now()
            if ahead < -STALL_S:  # the receiver would skip a burst: continue from here at the normal pace
                begin -= ahead
            clock.sleep(max(0.0, ahead))
        out(codes, packetizer.push(codes))
    codes = encoder.flush()
    out(codes, packetizer.push(codes) + packetizer.flush())


def receive(
    codec: Codec,
    link: Link,
    receiver: Receiver,
    sink: Sink,
    meter: Meter,
    clock: Clock,
    seconds: float | None = None,
    idle_s: float | None = None,
) -> None:
    """Packets in, audio out, one frame at a time at the pace of the sink or of the clock.

    A warning is logged if packets arrive and none of them can be played.

    Args:
        codec: with the sender's model.
        link: delivers datagrams.
        receiver: orders them.
        sink: plays the audio; silence while no stream arrives.
        meter: shows statistics.
        clock: real or simulated.
        seconds: of audio after which to stop; None: never.
        idle_s: seconds without a packet that can be played after which to stop; None: never.
    """
    decoder, frame_s = codec.sound_decoder(receiver.channels), codec.hop_length / codec.sample_rate
    watch = Watch(receiver, idle_s)
    begin, done = clock.now(), 0
    while seconds is None or done * frame_s < seconds:
        begin = max(begin, clock.now() - done * frame_s - STALL_S)
        due = begin + done * frame_s
        for data in link.poll(0.0 if sink.paced else due - clock.now()):
            receiver.receive(data)
        if not sink.paced and clock.now() < due:
            continue
        sink.write(_frame(receiver, decoder))
        done += 1
        _report(codec, receiver, decoder, meter)
        if watch.idle(done * frame_s):
            return


def _frame(receiver: Receiver, decoder: SoundDecoder) -> np.ndarray:
    """The samples "c t" of the frame due now."""
    codes = receiver.pull()
    if codes is not None:
        return decoder.push(codes if codes.ndim == 3 else codes[None])
    if not receiver.buffer.started:  # a stream begins with its first frame
        decoder.reset()
    return decoder.conceal(1)


def _report(codec: Codec, receiver: Receiver, decoder: SoundDecoder, meter: Meter) -> None:
    frames = 1 + max(0, receiver.buffer.level) + decoder.delay_samples / codec.hop_length
    meter.delay_ms = 1000 * frames * codec.hop_length / codec.sample_rate
    meter.coded_bytes = receiver.counts.taken_bytes
    meter.counters = _counters(receiver)
    meter.advance(1)


def _counters(receiver: Receiver) -> dict[str, int]:
    packets, frames = receiver.counts, receiver.buffer.counts
    refused = {f"packets_{name}": count for name, count in packets.refused().items()}
    return {
        "packets_lost": packets.lost,
        "packets_duplicate": packets.duplicates,
        **refused,
        "frames_concealed": frames.lost + frames.waited,
        "frames_repaired": frames.repaired,
        "frames_skipped": frames.skipped,
        "frames_missed": frames.missed,
        "frames_late": frames.late,
    }
