"""Every error a user of audiocodec can cause, in one tree.

    AudioCodecError
    ├── AudioError            a sound file or array cannot be used
    │   └── CutShortError         part of a sound file is missing
    ├── TokenFileError        a token file cannot be used
    │   ├── DamagedFileError      cut short, or a checksum does not match
    │   └── VersionError          written by a newer audiocodec
    ├── PacketError           a packet is damaged, hostile or not for us
    ├── ModelError            a model is unknown, damaged or does not fit the tokens
    ├── ConfigError           a configuration holds something that cannot work
    ├── OutputError           the result cannot be written where it was asked for
    └── MissingExtraError     an optional package is not installed

The command line turns each into one sentence and exit code 1.
"""

from __future__ import annotations


class AudioCodecError(Exception):
    """Base of all errors raised on purpose by audiocodec."""


class AudioError(AudioCodecError):
    """A sound file or an array of samples cannot be used."""


class CutShortError(AudioError):
    """A sound file is not whole; what is there of it can be read with `AudioReader(path, salvage=True)`."""


class TokenFileError(AudioCodecError):
    """A token file cannot be used."""


class DamagedFileError(TokenFileError):
    """A token file is cut short, or a checksum in it does not match."""


class VersionError(TokenFileError):
    """A token file was written by a newer version of the format."""


class PacketError(AudioCodecError):
    """A packet is corrupt, unauthenticated, or not of this protocol version."""


class ModelError(AudioCodecError):
    """A model is unknown, damaged, or not the one that made the tokens."""


class ConfigError(AudioCodecError):
    """A configuration holds something that cannot work."""


class OutputError(AudioCodecError):
    """The result cannot be written where it was asked for."""


class MissingExtraError(AudioCodecError):
    """An optional package is needed and not installed."""
