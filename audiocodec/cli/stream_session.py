"""The resources of one run of `audiocodec stream`."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np

from audiocodec import live
from audiocodec._util.files import replacing
from audiocodec._util.terminal import on_terminal
from audiocodec.cli.paths import PIPE, binary_output, source_path
from audiocodec.codec import Codec
from audiocodec.errors import AudioCodecError, AudioError, ConfigError, OutputError
from audiocodec.live.packets import JitterBuffer, Opener, Packetizer, Receiver, Sealer


@dataclass
class Session:
    """One run of the command.

    Attributes:
        codec: in use.
        channels: of the audio.
        num_codebooks: of the codes sent.
        rate: of raw PCM, Hz.
        high_pass: of what is sent, Hz.
        as_json: statistics are JSON.
        stack: closes the resources.
        receiver: of incoming packets, if any are received.
    """

    codec: Codec
    channels: int
    num_codebooks: int
    rate: int
    high_pass: float
    as_json: bool
    stack: contextlib.ExitStack
    clock: live.Clock = field(default_factory=live.Clock)
    receiver: Receiver | None = None

    def prepare(self, encoder: bool, decoder: bool) -> None:
        """Load the networks, which takes a while, before any sound arrives that would be left out meanwhile."""
        if encoder:
            self.codec.sound_encoder(self.codec.rows(self.channels, self.num_codebooks))
        if decoder:
            self.codec.sound_decoder(self.channels)

    def source(self, name: str | None, device: str | None) -> live.Source:
        """A file, standard input or a microphone."""
        codec, channels, high_pass = self.codec, self.channels, self.high_pass
        if name is None:
            return live.microphone_source(codec.sample_rate, codec.hop_length, device, channels, high_pass)
        if name != PIPE:
            path = self.stack.enter_context(source_path(name))
            return live.file_source(path, codec.sample_rate, codec.hop_length, channels, high_pass)
        if sys.stdin is None:
            raise AudioError("standard input is closed")
        pcm = sys.stdin.buffer
        return live.pipe_source(pcm, self.rate, codec.sample_rate, codec.hop_length, channels, high_pass)

    def sink(self, name: str | None, device: str | None, force: bool, source: str | None) -> live.Sink:
        """A file that must not be the source, standard output or a loudspeaker."""
        codec = self.codec
        if name is not None and name != PIPE:
            original = None if source in (None, PIPE) else Path(str(source))
            return self.stack.enter_context(_recording(codec.sample_rate, self.channels, Path(name), force, original))
        sink = (
            live.SpeakerSink(codec.sample_rate, codec.hop_length, device, self.channels)
            if name is None
            else live.PipeSink(binary_output(), self.rate, codec.sample_rate, self.channels)
        )
        return self.stack.enter_context(_closed_unless_it_failed(sink))

    def loopback(self, source: live.Source, sink: live.Sink) -> None:
        """Code the source and play the result."""
        live.loopback(self.codec, source, sink, self.channels, self.num_codebooks, self._meter())

    def sending(
        self, to: live.Address, key: bytes | None, frames: int, repeat: int | None, shown: bool = True
    ) -> Callable[[live.Source], None]:
        """A function that sends a source to its end; `repeat` None: it follows the reports of the other end."""
        if repeat is not None and repeat > self.num_codebooks:
            raise ConfigError(f"--repeat {repeat} is more than the {self.num_codebooks} codebooks that are sent")
        codec, sender, meter = self.codec, live.UdpSender(to), self._meter(shown)
        self.stack.callback(sender.close)
        sealer = Sealer(key, time.time) if key else None
        packetizer = Packetizer(codec.info, frames, repeat or 0, channels=self.channels, sealer=sealer)
        feedback = self._feedback(packetizer, repeat is None)

        def transmit(packet: bytes) -> None:
            for data in (packet, *(feedback.after_packet() if feedback else ())):
                sender.send(data)
            meter.counters["packets_unsent"] = sender.unsent

        def send(source: live.Source) -> None:
            live.send(codec, source, packetizer, transmit, self.num_codebooks, meter, self.clock)
            if sender.unsent and not sender.sent:
                raise OutputError(f"{to}: nothing could be sent ({sender.problem})")

        return send

    def receiving(
        self,
        at: live.Address,
        key: bytes | None,
        jitter: int,
        sink: live.Sink,
        seconds: float | None,
        idle_s: float | None,
    ) -> tuple[live.Link, Callable[[live.Link], None]]:
        """A socket, and a function that plays the packets from it."""
        codec, opener = self.codec, Opener(key) if key else None
        buffer = JitterBuffer(jitter, frame_s=codec.info.frame_s)
        self.receiver = receiver = Receiver(codec.info, buffer, opener, self.channels)
        self.stack.callback(self._tell_unheard, receiver)
        meter = self._meter()
        listener = live.UdpListener(at)
        self.stack.callback(listener.close)
        click.echo(f"listening at {listener.address}", err=True)

        def receive(link: live.Link) -> None:
            live.receive(codec, link, receiver, sink, meter, self.clock, seconds, idle_s)

        return listener, receive

    def _feedback(self, packetizer: Packetizer, adapt: bool) -> live.Feedback | None:
        """Reports on the way back, if packets are received as well."""
        if self.receiver is None:
            return None
        every = max(1, round(1 / (self.codec.info.frame_s * packetizer.frames)))
        if not adapt:
            return live.Feedback(self.receiver, packetizer, every, None)
        info, quarter = self.codec.info, -(-self.num_codebooks // 4)
        trial = Packetizer(info, packetizer.frames, quarter, channels=self.channels)  # too large now, not at a loss
        trial.push(np.zeros((info.rows(self.channels), self.num_codebooks, 2 * packetizer.frames), np.int64))
        return live.Feedback(self.receiver, packetizer, every, quarter)

    def _tell_unheard(self, receiver: Receiver) -> None:
        """One line at the end; JSON has the counters."""
        line = live.describe_unheard(receiver, self.codec.info.frame_s)
        if line and not self.as_json:
            click.echo(line, err=True)

    def _meter(self, shown: bool = True) -> live.Meter:
        show = _show_json if self.as_json else _show
        meter = live.Meter(
            self.codec.hop_length / self.codec.sample_rate, self.clock, show if shown else _ignore, self.as_json
        )
        if shown:
            self.stack.callback(_finish, meter)
        return meter


@contextlib.contextmanager
def _closed_unless_it_failed(sink: live.Sink) -> Iterator[live.Sink]:
    try:
        yield sink
    except KeyboardInterrupt:
        sink.close()
        raise
    sink.close()


@contextlib.contextmanager
def _recording(sample_rate: int, channels: int, path: Path, force: bool, original: Path | None) -> Iterator[live.Sink]:
    """A file that is completed and kept on Ctrl-C, and after an error if it is not empty."""
    broken: KeyboardInterrupt | AudioCodecError | None = None
    with replacing(path, force, original) as temporary:
        sink = live.FileSink(temporary, sample_rate, path.suffix, channels, path)
        try:
            yield sink
            sink.close()
        except KeyboardInterrupt as interrupt:
            broken = interrupt
            sink.close()
        except AudioCodecError as error:
            with contextlib.suppress(OutputError):  # the disk may still be full
                sink.close()
            if not sink.samples:
                raise
            kept = f"{sink.samples / sample_rate:.1f} s received before are kept in {path}"
            broken = type(error)(f"{error}; {kept}")
    if broken is not None:
        raise broken


def _show(line: str) -> None:
    if on_terminal():
        click.echo(f"\r{line}\x1b[K", err=True, nl=False)


def _show_json(line: str) -> None:
    click.echo(line, err=True)


def _ignore(line: str) -> None:
    pass


def _finish(meter: live.Meter) -> None:
    line = meter.last()
    if line:
        click.echo(f"\r{line}\x1b[K" if on_terminal() and not meter.as_json else line, err=True)
