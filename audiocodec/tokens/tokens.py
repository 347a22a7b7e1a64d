"""Codes in memory, with what is needed to turn them back into sound."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from audiocodec._util.arrays import as_array
from audiocodec._util.files import replacing
from audiocodec._util.folders import files_below, is_folder
from audiocodec.errors import TokenFileError
from audiocodec.tokens.bitrate import check_depth, choose_depth
from audiocodec.tokens.entropy.model import EntropyModel
from audiocodec.tokens.header import Header
from audiocodec.tokens.mapped import TokenFile
from audiocodec.tokens.reader import open_tokens
from audiocodec.tokens.trailer import Trailer
from audiocodec.tokens.writer import TokenWriter


@dataclass(frozen=True, eq=False, repr=False)
class Tokens:
    """The codes of one sound. Equal if all codes and all of the header are.

    Attributes:
        codes: "r q t", int64: row (a channel, or two that are joint), codebook, frame; any integers are taken, those
            of torch too.
        header: everything a file says about them. Without a number of samples (None) the sound is all that the frames
            hold.
        entropy: entropy models that the header may name, beside those that `find_entropy` finds.

    Example:
        >>> header = Header("m", bytes(16), 16_000, 1, 640, 16_000, 320, 0, 4, (8, 5, 5, 5), 50)
        >>> tokens = Tokens(np.zeros((1, 4, 2), np.int64), header)
        >>> tokens.truncate(2).codes.shape
        (1, 2, 2)
    """

    codes: np.ndarray
    header: Header
    entropy: Sequence[EntropyModel] = ()

    def __post_init__(self) -> None:
        """Take the codes as they are promised.

        Raises:
            TokenFileError: they are no integers "r q t".
        """
        codes = self.codes
        try:
            array = as_array(codes)
        except (TypeError, ValueError, RuntimeError) as error:  # ragged, of a type of torch alone, or without data
            raise TokenFileError(f"codes must be integers 'r q t' ({error})") from error
        if array.ndim != 3 or array.dtype.kind not in "iu":
            raise TokenFileError(f"codes must be integers 'r q t', got {array.dtype} of shape {array.shape}")
        object.__setattr__(self, "codes", array.astype(np.int64, copy=False))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tokens):
            return NotImplemented
        return self.header == other.header and np.array_equal(self.codes, other.codes)

    def __hash__(self) -> int:
        return hash((self.header, self.codes.shape, self.codes.tobytes()))

    def __repr__(self) -> str:
        rows, codebooks, frames = self.codes.shape
        return f"Tokens({rows} x {codebooks} x {frames} codes of {self.header.model}, {self.duration_s:.2f} s)"

    @property
    def num_codebooks(self) -> int:
        return self.header.num_codebooks

    @property
    def samples(self) -> int:
        """Of each source channel: as the header says, or all that the frames hold."""
        known = self.header.samples
        return self.header.held_samples(self.codes.shape[2]) if known is None else known

    @property
    def duration_s(self) -> float:
        """Of the sound, in seconds."""
        return self.samples / self.header.sample_rate

    @property
    def bitrate(self) -> float:
        """Bits per second of the codes, before pages and checksums."""
        return self.header.nominal_bitrate

    def truncate(self, num_codebooks: int) -> Tokens:
        """The first `num_codebooks` codebooks: fewer bits, the same sound, coarser.

        Raises:
            ConfigError: there are not that many.
        """
        check_depth(num_codebooks, self.num_codebooks)
        return Tokens(self.codes[:, :num_codebooks], self.header.with_codebooks(num_codebooks), self.entropy)

    def save(self, path: str | Path, overwrite: bool = False) -> None:
        """Write a token file; nothing is left behind if that fails.

        Raises:
            OutputError: the file exists (unless `overwrite`) or cannot be written.
            TokenFileError: the codes do not fit the header, or the entropy model is not here.
        """
        with replacing(Path(path), overwrite) as temporary, temporary.open("wb") as file:
            self._write(file)

    def to_bytes(self) -> bytes:
        """The token file in memory.

        Raises:
            TokenFileError: the entropy model is not here.
        """
        file = io.BytesIO()
        self._write(file)
        return file.getvalue()

    def _write(self, output: BinaryIO) -> None:
        writer = TokenWriter(output, self.header, self.entropy)
        writer.push(self.codes)
        writer.close(self.samples)

    @classmethod
    def load(cls, path: str | Path, entropy: Sequence[EntropyModel] = ()) -> Tokens:
        """Read and check a token file.

        Raises:
            TokenFileError: missing, damaged, or no token file.
        """
        with open_tokens(Path(path), entropy) as reader:
            empty = np.zeros((reader.header.rows, reader.header.num_codebooks, 0), np.int64)
            codes = np.concatenate([empty, *reader], axis=2)
            assert reader.trailer is not None
            return cls(codes, replace(reader.header, samples=reader.trailer.samples), entropy)

    @staticmethod
    def open(path: str | Path, entropy: Sequence[EntropyModel] = ()) -> TokenFile:
        """A token file of which frames are read as they are asked for: `Tokens.open(path)[t0:t1]`.

        Raises:
            TokenFileError: missing, damaged, or no token file.
        """
        return TokenFile(path, entropy)


def list_token_files(root: Path) -> list[Path]:
    """Every `.fsq` below `root` (or `root` itself), sorted; links are followed.

    Folders that cannot be read are in the list: whoever opens them fails.

    Raises:
        TokenFileError: there is none.
    """
    if not root.is_dir():
        return [root]
    paths = sorted(path for path in files_below(root) if path.suffix.lower() == ".fsq" or is_folder(path))
    if not paths:
        raise TokenFileError(f"{root}: no token file (.fsq) found here")
    return paths


def truncate_file(
    source: Path, output: BinaryIO, num_codebooks: int | None = None, bitrate: float | str | None = None
) -> int:
    """Copy a token file with its first codebooks only, page by page, without the network.

    Args:
        source: the token file.
        output: gets the copy.
        num_codebooks: number of codebooks to keep (the first N).
        bitrate: instead: as many as fit, in bits per second for all channels together.

    Returns:
        Bytes written.

    Raises:
        ConfigError: there are not that many codebooks, or not one fits the bitrate.
        TokenFileError: the source is damaged.
    """
    with open_tokens(source) as reader:
        header = reader.header
        depth = choose_depth(num_codebooks, bitrate, header.num_codebooks, header.codebook_bitrate, header.strides)
        written = output.write(header.with_codebooks(depth).to_bytes())
        sizes = []
        for index, data in enumerate(reader.raw_pages()):
            sizes.append(output.write(reader.pages.keep_codebooks(index, data, depth)))
        assert reader.trailer is not None
        old = reader.trailer
        written += sum(sizes) + output.write(Trailer(old.samples, old.frames, np.array(sizes, np.int64)).to_bytes())
    return written
