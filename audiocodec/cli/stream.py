"""`audiocodec stream`."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audiocodec._util.terminal import on_terminal
from audiocodec.cli import options
from audiocodec.cli.paths import PIPE, binary_output, source_path
from audiocodec.errors import AudioCodecError, OutputError

if TYPE_CHECKING:
    from audiocodec.codec import Codec
    from audiocodec.live import Address, Meter, Sink, Source


@click.command()
@click.option("--input", "-i", "source", help="Sound file, or '-' for raw PCM (default: the microphone).")
@click.option("--output", "-o", "target", help="Sound file to write, or '-' for raw PCM (default: the loudspeaker).")
@click.option(
    "--send", "to", type=options.Address(), metavar="HOST:PORT", help="Send packets over UDP instead of playing."
)
@click.option(
    "--receive",
    "at",
    type=options.Address("127.0.0.1"),
    metavar="[HOST:]PORT",
    help="Receive and play packets; listens on 127.0.0.1 unless HOST is given.",
)
@click.option(
    "--key-file",
    type=click.Path(path_type=Path),
    help="File with a 256-bit key (64 hex digits). Encrypts outgoing packets; rejects unauthenticated ones.",
)
@options.model
@options.bitrate
@options.num_codebooks
@options.backend
@click.option("--rate", type=click.IntRange(8000, 192_000), help="Sample rate of raw PCM in Hz (default: the model's).")
@click.option(
    "--packet-frames", type=click.IntRange(1, 50), default=1, show_default=True, help="Number of frames per packet."
)
@click.option(
    "--repeat",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Codebooks to repeat in later packets (forward error correction).",
)
@click.option(
    "--jitter", type=click.IntRange(1, 100), default=3, show_default=True, help="Jitter-buffer target, in frames."
)
@click.option(
    "--duration",
    "seconds",
    type=options.Time(positive=True),
    help="Stop receiving after this time: seconds, 1:23.5 or 1:02:03 (default: at Ctrl-C).",
)
@click.option("--input-device", help="Microphone to use: a number or name that --devices lists.")
@click.option("--output-device", help="Loudspeaker to use: a number or name that --devices lists.")
@click.option("--devices", is_flag=True, help="List the sound devices and exit.")
@options.force
def stream(
    source: str | None,
    target: str | None,
    to: Address | None,
    at: Address | None,
    key_file: Path | None,
    model: str,
    bitrate: float | None,
    num_codebooks: int | None,
    backend: str,
    rate: int | None,
    packet_frames: int,
    repeat: int,
    jitter: int,
    seconds: float | None,
    input_device: str | None,
    output_device: str | None,
    devices: bool,
    force: bool,
) -> None:
    """Run sound through the codec live: on this machine, to another, or from another.

    Raw PCM on '-' is 16-bit little-endian, one channel, at --rate. Ctrl-C stops it.

    \b
    Examples:
        audiocodec stream                                        # hear yourself through the codec
        audiocodec stream -i speech.wav -b 3k                    # a file to the loudspeaker
        audiocodec stream -i - -o - < in.raw > out.raw
        audiocodec stream --receive 5004
        audiocodec stream -i speech.wav --send 127.0.0.1:5004 --repeat 3
    """
    _check(source, target, to, at, bitrate, num_codebooks)
    from audiocodec import live

    if devices:
        from audiocodec.live.devices import describe_devices

        click.echo(describe_devices())
        return
    from audiocodec.codec import load
    from audiocodec.live.packets import JitterBuffer, Opener, Packetizer, Receiver, Sealer, read_key

    key = read_key(key_file) if key_file else None
    codec, clock = load(model, backend=backend), live.Clock()
    depth = codec.depth_for(num_codebooks, bitrate, 1)
    meter = live.Meter(codec.hop_length / codec.sample_rate, clock, _show)
    rate = rate or codec.sample_rate
    with contextlib.ExitStack() as stack:
        stack.callback(_finish, meter)
        if at is not None:
            opener = Opener(key) if key else None
            buffer = JitterBuffer(jitter)
            receiver = Receiver(codec.model_hash, codec.codebook_size, codec.num_codebooks, buffer, opener)
            sink = stack.enter_context(_sink(codec, target, rate, output_device, force, source))
            listener = live.UdpListener(at)
            stack.callback(listener.close)
            click.echo(f"listening at {listener.address}", err=True)
            live.listen(codec, listener, receiver, sink, meter, clock, seconds)
            return
        if to is not None:
            sender = live.UdpSender(to)
            stack.callback(sender.close)
            packetizer = Packetizer(codec.model_hash, codec.codebook_size, packet_frames, repeat)
            seal = Sealer(key, time.time).seal if key else bytes
            taken = _source(codec, source, rate, input_device, stack)

            def transmit(packet: bytes) -> None:
                sender.send(seal(packet))
                meter.unsent = sender.unsent

            live.send(codec, taken, packetizer, transmit, depth, meter, clock)
            if sender.unsent and not sender.sent:
                raise OutputError(f"{to}: nothing could be sent ({sender.problem})")
            return
        taken = _source(codec, source, rate, input_device, stack)
        sink = stack.enter_context(_sink(codec, target, rate, output_device, force, source))
        live.loop_back(codec, taken, sink, depth, meter)


def _check(
    source: str | None,
    target: str | None,
    to: Address | None,
    at: Address | None,
    bitrate: float | None,
    depth: int | None,
) -> None:
    """Refuse options that do not go together."""
    options.check_rate(bitrate, depth)
    if to is not None and at is not None:
        raise click.UsageError("Give --send or --receive, not both; for both directions run the command twice.")
    if to is not None and target is not None:
        raise click.UsageError("With --send nothing is played: leave out --output.")
    if at is not None and source is not None:
        raise click.UsageError("With --receive the sound comes from the network: leave out --input.")


def _source(codec: Codec, name: str | None, rate: int, device: str | None, stack: contextlib.ExitStack) -> Source:
    from audiocodec import live
    from audiocodec.errors import AudioError

    if name is None:
        return live.microphone_source(codec.sample_rate, codec.hop_length, device)
    if name != PIPE:
        return live.file_source(stack.enter_context(source_path(name)), codec.sample_rate, codec.hop_length)
    if sys.stdin is None:
        raise AudioError("standard input is closed")
    return live.pipe_source(sys.stdin.buffer, rate, codec.sample_rate, codec.hop_length)


@contextlib.contextmanager
def _sink(
    codec: Codec, name: str | None, rate: int, device: str | None, force: bool, source: str | None
) -> Iterator[Sink]:
    """Closed in the end. However a live stream ends, what came until then is kept."""
    from audiocodec import live

    if name is not None and name != PIPE:
        with _recording(codec, Path(name), force, None if source in (None, PIPE) else Path(str(source))) as sink:
            yield sink
        return
    sink = (
        live.SpeakerSink(codec.sample_rate, codec.hop_length, device)
        if name is None
        else live.PipeSink(binary_output(), rate, codec.sample_rate)
    )
    try:
        yield sink
    except KeyboardInterrupt:
        sink.close()
        raise
    sink.close()


@contextlib.contextmanager
def _recording(codec: Codec, path: Path, force: bool, original: Path | None) -> Iterator[Sink]:
    """A file that is finished and kept on Ctrl-C, and after an error if it holds anything by then."""
    from audiocodec import live
    from audiocodec._util.files import replacing

    broken: KeyboardInterrupt | AudioCodecError | None = None
    with replacing(path, force, original) as temporary:
        sink = live.FileSink(temporary, codec.sample_rate, path.suffix, path)
        try:
            yield sink
            sink.close()
        except KeyboardInterrupt as interrupt:
            broken = interrupt
            sink.close()
        except AudioCodecError as error:
            with contextlib.suppress(OutputError):  # the disk may be full still
                sink.close()
            if not sink.samples:
                raise
            kept = f"{sink.samples / codec.sample_rate:.1f} s that came before are kept in {path}"
            broken = type(error)(f"{error}; {kept}")
    if broken is not None:
        raise broken


def _show(line: str) -> None:
    if on_terminal():
        click.echo(f"\r{line}\x1b[K", err=True, nl=False)


def _finish(meter: Meter) -> None:
    if meter.frames:
        click.echo(f"\r{meter.line()}\x1b[K" if on_terminal() else meter.line(), err=True)
