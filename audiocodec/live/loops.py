"""The loops of `audiocodec stream`: through the codec and back, to the network, from the network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from audiocodec.codec import Codec, StreamDecoder
from audiocodec.live.clock import Clock
from audiocodec.live.meter import Meter
from audiocodec.live.packets import Packetizer, Receiver
from audiocodec.live.sinks import Sink
from audiocodec.live.sources import Source
from audiocodec.live.udp import Link

STALL_S = 1.0  # this process stood still for longer: what should have been played or sent meanwhile is let go


def loop_back(codec: Codec, source: Source, sink: Sink, num_codebooks: int, meter: Meter) -> None:
    """Sound in, through the codec, and out again, late by the delay of the codec."""
    encoder, decoder = codec.stream_encoder(num_codebooks), codec.stream_decoder()
    meter.delay_ms = 1000 * (encoder.delay_samples + decoder.delay_samples) / codec.sample_rate

    def out(codes: np.ndarray) -> None:
        sink.write(decoder.push(codes))
        meter.sent_bytes += codes.shape[1] * num_codebooks * codec.info.codebook_bitrate / codec.frame_rate / 8
        meter.advance(codes.shape[1])

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
    """Sound in, packets out; a source that has no pace of its own is held to real time."""
    encoder = codec.stream_encoder(num_codebooks)
    meter.delay_ms = 1000 * encoder.delay_samples * packetizer.frames / codec.sample_rate
    begin = clock.now()  # that is, when the first sample was due

    def out(codes: np.ndarray, packets: list[bytes]) -> None:
        for packet in packets:
            transmit(packet)
            meter.sent_bytes += len(packet)
        meter.advance(codes.shape[1])

    for block in source.blocks:
        codes = encoder.push(block)
        if not source.paced:
            ahead = begin + encoder.samples / codec.sample_rate - clock.now()
            if ahead < -STALL_S:  # a burst would be left out at the other end: go on from here, at the old pace
                begin -= ahead
            clock.sleep(max(0.0, ahead))
        out(codes, packetizer.push(codes))
    codes = encoder.flush()
    out(codes, packetizer.push(codes) + packetizer.flush())


def listen(
    codec: Codec,
    link: Link,
    receiver: Receiver,
    sink: Sink,
    meter: Meter,
    clock: Clock,
    seconds: float | None = None,
) -> None:
    """Packets in, sound out, one frame after the other at the pace of the sink or of the clock.

    Args:
        codec: of the sender's model.
        link: brings datagrams.
        receiver: orders them.
        sink: takes the sound; silence where no stream is coming in.
        meter: shows how it goes.
        clock: real or simulated.
        seconds: of sound after which to stop; None: never.
    """
    decoder, frame_s = codec.stream_decoder(), codec.hop_length / codec.sample_rate
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


def _frame(receiver: Receiver, decoder: StreamDecoder) -> np.ndarray:
    """The sound of the frame that is due."""
    codes = receiver.pull()
    if codes is not None:
        return decoder.push(codes)
    if not receiver.buffer.started:  # a stream begins with its first frame
        decoder.reset()
    return decoder.conceal(1)


def _report(codec: Codec, receiver: Receiver, decoder: StreamDecoder, meter: Meter) -> None:
    counts = receiver.counts
    frames = 1 + max(0, receiver.buffer.level) + decoder.delay_samples / codec.hop_length
    meter.delay_ms = 1000 * frames * codec.hop_length / codec.sample_rate
    meter.sent_bytes, meter.lost = counts.taken_bytes, counts.lost
    meter.skipped = receiver.buffer.counts.skipped
    meter.refused = counts.refused + counts.damaged + counts.foreign
    meter.advance(1)
