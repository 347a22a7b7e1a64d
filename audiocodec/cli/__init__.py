"""The command `audiocodec`: one file per subcommand."""

from audiocodec.cli.main import main

__all__ = ["main"]
