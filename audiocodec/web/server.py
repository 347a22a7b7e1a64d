"""Serves a folder to browsers on this machine, parts of files too."""

from __future__ import annotations

import functools
import os
import re
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

from audiocodec.errors import OutputError


class _Handler(SimpleHTTPRequestHandler):
    """Answers a `Range` of bytes with these alone."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".json": "application/json",
        ".gz": "application/gzip",
        ".fsq": "application/octet-stream",
        ".onnx": "application/octet-stream",
    }
    _left: int | None = None

    def send_head(self) -> BinaryIO | None:
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        if found is None or not path.is_file():
            return super().send_head()
        size = path.stat().st_size
        start, end = int(found[1]), min(size, int(found[2] or size) + 1)
        if start >= size:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{size}")
            self.end_headers()
            return None
        self.send_response(206)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        file = path.open("rb")
        file.seek(start)
        self._left = end - start
        return file

    def copyfile(self, source: BinaryIO, outputfile: BinaryIO) -> None:  # type: ignore[override]
        if self._left is None:
            super().copyfile(source, outputfile)
        else:
            outputfile.write(source.read(self._left))
            self._left = None

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the terminal is for what the user asked."""


def serve(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server of a folder, for this machine alone; run its `serve_forever`.

    Args:
        folder: what is served.
        port: 0 takes any that is free; `server_port` of the result tells which.

    Raises:
        OutputError: the port is taken.
    """
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), functools.partial(_Handler, directory=os.fspath(folder)))
    except OSError as error:
        raise OutputError(f"port {port} cannot be had ({error.strerror}); name another one with --port") from error
