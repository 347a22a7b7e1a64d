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
    "decode": "Turn token files back into sound.",
    "info": "Show what a token file holds.",
    "verify": "Check token files for damage.",
    "repair": "Rebuild the seek table of a damaged token file.",
    "truncate": "Keep fewer codebooks of a token file, without the model.",
    "cut": "Take a part out of a token file, without the model.",
    "join": "Put token files one after the other, without the model.",
    "tag": "Show or edit the tags of a token file, without recoding.",
    "stream": "Run sound through the codec live, here or over a network.",
    "tokenize": "Encode a corpus into shards of tokens, for language models.",
    "convert": "Turn token files into arrays and back.",
    "models": "List the models in this package.",
    "export": "Write a model as ONNX files.",
    "web": "Write a page for browsers, or a sound as one HTML file.",
    "train": "Train a codec on a folder of sound.",
    "package": "Package a training run as a model.",
    "evaluate": "Score codecs side by side on a folder of clips.",
    "listening-test": "Make a blind listening test, one HTML file.",
    "ratings": "Summarize listening-test results.",
    "plot": "Draw a sound beside its decode.",
}


class LazyGroup(click.Group):
    """Knows the names and summaries; imports a command to run it. Errors become one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order people need them."""
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
        """Run the program; what cannot even be printed is one sentence, too."""
        settle_streams()
        try:
            return super().main(*args, **options)
        except OSError as error:
            _drop_output()
            click.echo(f"error: {printable(str(error))}", err=True)
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
            click.echo(f"error: {printable(str(error))}", err=True)
            ctx.exit(1)
        except KeyboardInterrupt as interrupt:
            click.echo("interrupted", err=True)
            ctx.exit(128 + getattr(interrupt, "number", signal.SIGINT))


def settle_streams() -> None:
    """Any text can be printed, whatever the encoding; no file takes the place of a closed standard stream."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    logging.lastResort = _Echo(logging.WARNING)
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free


class _Echo(logging.Handler):
    """Warnings of the package, a line each."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(printable(record.getMessage()), err=True)


def _drop_output() -> None:
    """What standard output does not take would be tried again at the exit: let it go without a word."""
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
