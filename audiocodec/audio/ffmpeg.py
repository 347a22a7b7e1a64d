"""Files that libsndfile does not read, or not all of, by the program `ffmpeg` where it is on the PATH.

It runs as a child process that writes a WAV of floats into a pipe. It may open nothing but the file it is given: no
network, and no playlists, which would name other files.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from audiocodec.errors import AudioError

logger = logging.getLogger(__name__)

SUFFIXES = frozenset(
    {".m4a", ".mp4", ".aac", ".wma", ".webm", ".mka", ".mkv", ".mov", ".m4b", ".ac3", ".ape", ".wv", ".amr", ".spx"}
)
DEMUXERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,eac3,flac,flv,matroska,webm,mov,mp4,m4a,mp3,mpc,mpc8,mpeg,mpegts,nistsphere,"
    "ogg,rm,tta,voc,w64,wav,wv"
)
DAMAGED = ("partial file", "ended prematurely", "truncat", "end of file", "moov atom not found")
INFO_TAGS = {
    b"INAM": "title",
    b"IART": "artist",
    b"IPRD": "album",
    b"IPRT": "tracknumber",
    b"ICRD": "date",
    b"IGNR": "genre",
    b"ICMT": "comment",
    b"ICOP": "copyright",
}
MAX_SAID = 1 << 20  # bytes of messages that are looked at
ERROR = re.compile(r"(?:\[[^]]* @ 0x[0-9a-f]+\] )?\[(?:error|fatal|panic)\] (.*)")
TRACK = re.compile(r"^\[info\] +Stream #0:\d.*?: Audio: ", re.MULTILINE)
OUTPUT = "[info] Output #0"  # the streams named from here on are ours
MAX_HEADER = 1 << 24  # bytes of chunks before the sound


def program() -> str | None:
    """Where ffmpeg is, if it is."""
    return shutil.which("ffmpeg")


class FfmpegFile:
    """The first sound of any file that ffmpeg reads.

    Args:
        path: of the file.

    Attributes:
        sample_rate: Hz.
        channels: of the sound.
        tags: text that the file carries.

    Raises:
        AudioError: ffmpeg is not here, or does not read the file.
    """

    def __init__(self, path: Path) -> None:
        found = program()
        if found is None:
            raise AudioError(f"{path}: cannot be read without ffmpeg; install ffmpeg")
        self.path, self._said = path, tempfile.TemporaryFile()  # noqa: SIM115  # closed in close
        command = [found, "-hide_banner", "-nostats", "-v", "level+info", "-nostdin"]
        command += ["-protocol_whitelist", "file,pipe", "-format_whitelist", DEMUXERS]
        command += ["-i", f"file:{path}", "-map", "0:a:0", "-c:a", "pcm_f32le", "-f", "wav", "-rf64", "never", "-"]
        self._process = subprocess.Popen(
            [os.fsencode(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )
        assert self._process.stdout is not None
        self._pipe: BinaryIO = self._process.stdout  # type: ignore[assignment]
        try:
            self.sample_rate, self.channels, self.tags = _header(self._pipe)
        except EOFError:
            error = (self._errors(self._messages()) or ["it holds no sound"])[0]
            self.close()
            raise AudioError(f"{path}: cannot be read as sound ({error})") from None

    def blocks(self, samples: int) -> Iterator[np.ndarray]:
        """Blocks "t c" of at most that many samples, float32.

        Raises:
            OSError: the file breaks off.
        """
        width = 4 * self.channels
        while data := _exactly(self._pipe, samples * width):
            yield np.frombuffer(data[: len(data) // width * width], "<f4").reshape(-1, self.channels)
        code, messages = self._process.wait(), self._messages()
        said = self._errors(messages)
        damaged = next((line for line in said if any(word in line.lower() for word in DAMAGED)), "")
        if code or damaged:
            what = damaged or (said or [f"exit code {code}"])[0]
            raise OSError(f"ffmpeg: {what}")
        tracks = len(TRACK.findall(messages.partition(OUTPUT)[0]))
        if tracks > 1:
            logger.warning("%s: has %d sound tracks, of which the first is read", self.path, tracks)
        if said:
            logger.warning("%s: is damaged, some of it may be missing (ffmpeg: %s)", self.path, said[0])

    def _messages(self) -> str:
        """What ffmpeg said until its end, with the level of each line."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        self._said.seek(0)
        return self._said.read(MAX_SAID).decode(errors="replace")

    def _errors(self, messages: str) -> list[str]:
        """The errors among its messages, without the addresses of what reports them."""
        found = filter(None, map(ERROR.match, messages.splitlines()))
        return [line[1].replace(f"file:{self.path}: ", "").strip().rstrip(".") for line in found]

    def close(self) -> None:
        """End the child process, whatever it is at."""
        self._process.kill()
        self._pipe.close()
        self._process.wait()
        self._said.close()


def _exactly(pipe: BinaryIO, size: int) -> bytes:
    """That many bytes, or the rest."""
    parts, left = [], size
    while left and (data := pipe.read(left)):
        parts.append(data)
        left -= len(data)
    return b"".join(parts)


def _header(pipe: BinaryIO) -> tuple[int, int, dict[str, str]]:
    """Sample rate, channels and tags of a WAV, read up to its sound.

    Raises:
        EOFError: it ends before.
    """
    rate = channels = 0
    tags: dict[str, str] = {}
    if len(_exactly(pipe, 12)) < 12:
        raise EOFError
    while True:
        head = _exactly(pipe, 8)
        name, size = head[:4], int.from_bytes(head[4:], "little")
        if name == b"data" and rate:
            return rate, channels, tags
        if len(head) < 8 or size > MAX_HEADER:
            raise EOFError
        body = _exactly(pipe, size + size % 2)
        if name == b"fmt ":
            channels, rate = int.from_bytes(body[2:4], "little"), int.from_bytes(body[4:8], "little")
        if name == b"LIST" and body[:4] == b"INFO":
            tags = _info(body[4:])


def _info(body: bytes) -> dict[str, str]:
    tags, at = {}, 0
    while at + 8 <= len(body):
        size = int.from_bytes(body[at + 4 : at + 8], "little")
        text = body[at + 8 : at + 8 + size].rstrip(b"\0").decode(errors="replace")
        if body[at : at + 4] in INFO_TAGS and text:
            tags[INFO_TAGS[body[at : at + 4]]] = text
        at += 8 + size + size % 2
    return tags
