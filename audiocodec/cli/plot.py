"""`audiocodec plot`."""

from __future__ import annotations

from pathlib import Path

import click

from audiocodec._util.terminal import printable
from audiocodec.cli import completion, options


@click.command()
@click.argument("sound", type=click.Path(path_type=Path))
@click.argument("decoded", required=False, type=click.Path(path_type=Path))
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), required=True, help="Picture to write: .png, .svg or .pdf."
)
@click.option(
    "--model",
    "-m",
    shell_complete=completion.models,
    help="Model that codes SOUND: a name or the path of a model's folder (default: speech-16k).",
)
@options.bitrate
@options.num_codebooks
@options.at_most
@options.force
def plot(
    sound: Path,
    decoded: Path | None,
    output: Path,
    model: str | None,
    bitrate: float | None,
    num_codebooks: int | None,
    duration: float,
    force: bool,
) -> None:
    """Plot a sound and its decode: waveforms, spectrograms, difference.

    With one file, a model codes it; with two, DECODED is compared with SOUND.

    \b
    Examples:
        audiocodec plot speech.wav --model speech-16k --bitrate 3k -o speech.png
        audiocodec plot speech.wav decoded.wav -o difference.svg
    """
    if decoded is not None and (model, bitrate, num_codebooks) != (None, None, None):
        raise click.UsageError("Give DECODED, or options for coding SOUND, not both.")
    options.check_rate(bitrate, num_codebooks)
    from audiocodec import audio
    from audiocodec.errors import OutputError
    from audiocodec.evaluate.picture import write_picture

    if output.exists() and not force:
        raise OutputError(f"{output}: exists already (--force overwrites)")
    wav, rate = audio.read(sound)
    wav = wav[:, : int(duration * rate)]
    if decoded is not None:
        estimate, name = audio.read(decoded, rate)[0], decoded.name
    else:
        from audiocodec.codec import load

        codec = load(model or "speech-16k")
        tokens = codec.encode(wav, rate, num_codebooks=num_codebooks, bitrate=bitrate)
        estimate, name = codec.decode(tokens), f"{model or 'speech-16k'}, {tokens.bitrate / 1000:.2f} kbit/s"
    write_picture(wav, estimate, rate, (sound.name, name), output, force)
    click.echo(printable(f"{sound} beside {name} -> {output}"), err=True)
