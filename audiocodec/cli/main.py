"""The group of all commands; each is imported when it is called."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import os
import signal
import sys
from typing import Any

import click
from click.shell_completion import CompletionItem

from audiocodec import __version__
from audiocodec._util.terminal import printable
from audiocodec.cli.signals import signals_interrupt
from audiocodec.errors import AudioCodecError

COMMANDS = {
    "encode": "Compress sound files to token files.",
    "decode": "Decode token files to audio.",
    "info": "Show the contents of token files.",
    "verify": "Check token files for damage.",
    "repair": "Rebuild the seek table of a damaged token file.",
    "truncate": "Keep fewer codebooks of a token file, without the model.",
    "cut": "Extract a part of a token file, without the model.",
    "join": "Concatenate token files, without the model.",
    "tag": "Show or edit the tags of a token file, without recoding.",
    "stream": "Code live audio, locally or over a network.",
    "tokenize": "Encode a corpus into shards of tokens, for language models.",
    "convert": "Convert token files to arrays and back.",
    "models": "List the models in this package.",
    "export": "Write a model as ONNX files.",
    "web": "Write a page for browsers, or a sound as one HTML file.",
    "train": "Train a codec on a folder of audio.",
    "package": "Package a training run as a model.",
    "evaluate": "Compare codecs on a folder of clips by metrics.",
    "listening-test": "Make a blind listening test, one HTML file.",
    "ratings": "Summarize listening-test results.",
    "plot": "Plot a sound and its decode.",
}


class LazyGroup(click.Group):
    """Lists names and summaries; imports a command only to run it. Errors are printed as one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of typical use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command, or None if there is none of that name."""
        if name not in COMMANDS:
            return None
        name = name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"audiocodec.cli.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Summaries without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands without importing any, and options of the program itself."""
        names = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the program; an error in printing is one sentence, too."""
        settle_streams()
        try:
            return super().main(*args, **options)
        except OSError as error:
            _drop_output()
            click.echo(f"error: {printable(_sentence(error))}", err=True)
            sys.exit(1)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an expected error ends it with exit code 1, Ctrl-C with 130, SIGTERM with 143."""
        try:
            with signals_interrupt():
                return super().invoke(ctx)
        except AudioCodecError as error:
            click.echo(f"error: {printable(str(error))}", err=True)
            ctx.exit(1)
        except BrokenPipeError:
            _drop_output()
            ctx.exit(1)
        except OSError as error:
            _drop_output()
            click.echo(f"error: {printable(_sentence(error))}", err=True)
            ctx.exit(1)
        except KeyboardInterrupt as interrupt:
            click.echo("interrupted", err=True)
            ctx.exit(128 + getattr(interrupt, "number", signal.SIGINT))


def settle_streams() -> None:
    """Make any text printable in any encoding, and keep files from replacing a closed standard stream."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    logging.lastResort = _Echo(logging.WARNING)
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free descriptor


def _sentence(error: OSError) -> str:
    """What the system says, with the file where it names one."""
    said = error.strerror or str(error)
    if error.filename is None:
        return f"input or output failed ({said})"
    return f"{os.fsdecode(error.filename)}: cannot be read or written ({said})"


class _Echo(logging.Handler):
    """Warnings of the package, one line each."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(printable(record.getMessage()), err=True)


def _drop_output() -> None:
    """Discard what standard output did not accept: Python would try to write it again at exit."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            number = sys.stdout.fileno()
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="audiocodec")
def main() -> None:
    """Speech and music to discrete tokens and back.

    \b
    Example:
        audiocodec encode speech.wav speech.fsq --bitrate 3k
        audiocodec decode speech.fsq speech.decoded.wav
    """
