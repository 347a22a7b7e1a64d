"""`audiocodec stream`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from audiocodec.cli import options
from audiocodec.cli.paths import PIPE

if TYPE_CHECKING:
    from audiocodec.live import Address


@click.command()
@click.option("--input", "-i", "source", help="Audio file, or '-' for raw PCM (default: the microphone).")
@click.option("--output", "-o", "target", help="Audio file, or '-' for raw PCM (default: the loudspeaker).")
@click.option(
    "--send",
    "to",
    type=options.Address(),
    metavar="HOST:PORT",
    help="Send packets over UDP to this address instead of playing.",
)
@click.option(
    "--receive",
    "at",
    type=options.Address("127.0.0.1"),
    metavar="[HOST:]PORT",
    help="Receive and play packets; listens on 127.0.0.1 unless HOST is given. With --send: both directions.",
)
@click.option(
    "--key-file",
    type=click.Path(path_type=Path),
    help="File with a 256-bit key (64 hex digits). Encrypts outgoing packets; rejects incoming ones of other keys.",
)
@click.option(
    "--receive-key-file",
    type=click.Path(path_type=Path),
    help="Key of the incoming packets, if both --send and --receive are given.",
)
@options.model
@options.bitrate
@options.num_codebooks
@options.high_pass
@options.backend
@click.option("--channels", type=click.IntRange(1, 2), default=1, show_default=True, help="Number of channels.")
@click.option("--rate", type=click.IntRange(8000, 192_000), help="Sample rate of raw PCM in Hz (default: the model's).")
@click.option(
    "--packet-frames", type=click.IntRange(1, 50), default=1, show_default=True, help="Number of frames per packet."
)
@click.option(
    "--repeat",
    type=options.Repeat(),
    default=0,
    show_default=True,
    metavar="NUMBER|auto",
    help="Number of codebooks to repeat in later packets (forward error correction); auto, in a conversation: a "
    "quarter of them while the other end reports losses.",
)
@click.option(
    "--jitter", type=click.IntRange(1, 100), default=3, show_default=True, help="Jitter-buffer target, in frames."
)
@click.option(
    "--duration",
    type=options.Time(positive=True),
    help="Stop receiving after this time: seconds, 1:23.5 or 1:02:03 (default: at Ctrl-C).",
)
@click.option(
    "--idle-timeout",
    type=options.Time(positive=True),
    help="Stop receiving after this time without a playable packet.",
)
@click.option(
    "--stats",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Statistics on standard error: a line of text, or one JSON object per second.",
)
@click.option("--input-device", help="Number or name of a microphone; --devices lists them.")
@click.option("--output-device", help="Number or name of a loudspeaker; --devices lists them.")
@click.option("--devices", is_flag=True, help="List the sound devices of this machine.")
@options.force
def stream(
    source: str | None,
    target: str | None,
    to: Address | None,
    at: Address | None,
    key_file: Path | None,
    receive_key_file: Path | None,
    model: str,
    bitrate: float | None,
    num_codebooks: int | None,
    high_pass: float,
    backend: str,
    channels: int,
    rate: int | None,
    packet_frames: int,
    repeat: int | None,
    jitter: int,
    duration: float | None,
    idle_timeout: float | None,
    stats: str,
    input_device: str | None,
    output_device: str | None,
    devices: bool,
    force: bool,
) -> None:
    """Code live audio: locally, to another machine, from one, or both.

    Raw PCM on '-' is 16-bit little-endian, channels interleaved, at --rate. Ctrl-C ends it.

    \b
    Examples:
        audiocodec stream                                        # hear yourself through the codec
        audiocodec stream -i speech.wav -b 3k                    # a file to the loudspeaker
        audiocodec stream -i - -o - < in.raw > out.raw
        audiocodec stream --receive 5004
        audiocodec stream -i speech.wav --send 127.0.0.1:5004 --repeat 3
        audiocodec stream --send 192.0.2.7:5004 --receive 0.0.0.0:5004      # a conversation
    """
    _check(source, target, to, at, key_file, receive_key_file)
    _check_effect(source, target, to is not None, at is not None)
    if repeat is None and at is None:
        raise click.UsageError("--repeat auto follows the reports of the other end: give --send and --receive.")
    options.check_rate(bitrate, num_codebooks)
    from audiocodec import live

    if devices:
        from audiocodec.live.devices import describe_devices

        click.echo(describe_devices())
        return
    from audiocodec.cli.stream_session import Session
    from audiocodec.codec import load
    from audiocodec.live.packets import read_key

    key = read_key(key_file) if key_file else None
    incoming = read_key(receive_key_file) if receive_key_file else None if to else key
    codec = load(model, backend=backend)
    depth = codec.info.choose_codebooks(num_codebooks, bitrate, channels, packets=to is not None)
    with contextlib.ExitStack() as stack:
        session = Session(codec, channels, depth, rate or codec.sample_rate, high_pass, stats == "json", stack)
        session.prepare(encoder=to is not None or at is None, decoder=at is not None or to is None)
        if at is not None:
            sink = session.sink(target, output_device, force, source)
            link, receiving = session.receiving(at, incoming, jitter, sink, duration, idle_timeout)
            if to is not None:
                sending = session.sending(to, key, packet_frames, repeat, shown=False)
                link = stack.enter_context(live.Sending(session.source(source, input_device), link, sending))
            receiving(link)
        elif to is not None:
            sending = session.sending(to, key, packet_frames, repeat)
            sending(session.source(source, input_device))
        else:
            taken = session.source(source, input_device)
            session.loopback(taken, session.sink(target, output_device, force, source))


def _check(
    source: str | None,
    target: str | None,
    to: Address | None,
    at: Address | None,
    key_file: Path | None,
    receive_key_file: Path | None,
) -> None:
    """Refuse incompatible options."""
    if to is not None and at is None and target is not None:
        raise click.UsageError("--send alone plays nothing: leave out --output.")
    if at is not None and to is None and source is not None:
        raise click.UsageError("--receive alone takes its audio from the network: leave out --input.")
    both = to is not None and at is not None
    if both and (key_file is None) != (receive_key_file is None):
        raise click.UsageError("Both directions need a key each: give --key-file and --receive-key-file.")
    if receive_key_file is not None and not both:
        raise click.UsageError("--receive-key-file goes with --send and --receive; for one direction give --key-file.")


ONLY_SENT = ("packet_frames", "repeat")
ONLY_RECEIVED = ("jitter", "duration", "idle_timeout")


def _check_effect(source: str | None, target: str | None, sends: bool, receives: bool) -> None:
    """Refuse options that would have no effect."""
    context = click.get_current_context()
    listens, plays = sends or not receives, receives or not sends
    for names, used, needed in (
        (ONLY_SENT, sends, "with --send"),
        (ONLY_RECEIVED, receives, "with --receive"),
        (("high_pass", "bitrate", "num_codebooks"), listens, "with --send or without --receive"),
        (("key_file",), sends or receives, "with --send or --receive"),
        (("rate",), PIPE in (source, target), "with raw PCM ('-')"),
        (("input_device",), listens and source is None, "with a microphone (without --input)"),
        (("output_device",), plays and target is None, "with a loudspeaker (without --output)"),
    ):
        for name in names:
            given = context.get_parameter_source(name) is not ParameterSource.DEFAULT
            if given and not used:
                raise click.UsageError(f"--{name.replace('_', '-')} has an effect {needed} only.")
