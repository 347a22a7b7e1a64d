"""The command `audiocodec`: one file a subcommand."""

from audiocodec.cli.main import main

__all__ = ["main"]
