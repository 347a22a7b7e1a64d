"""A token file that is cut or overwritten while it is open is damaged; the process lives."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audiocodec.codec import load
from audiocodec.errors import DamagedFileError, TokenFileError
from audiocodec.tokens import Tokens, verify
from audiocodec.tokens.file_bytes import CHUNK, FileBytes
from audiocodec.tokens.recovery.scan import scanned
from audiocodec.tokens.trailer import Trailer


def test_cut_while_open(tmp_path: Path, speech: np.ndarray) -> None:
    path = tmp_path / "a.fsq"
    load().encode(speech, 16_000).save(path)
    with Tokens.open(path) as file:
        assert file[:10].shape == (1, 12, 10)
        os.truncate(path, 2000)
        with pytest.raises(DamagedFileError):
            _ = file[200:210]
    load().encode(speech, 16_000).save(path, overwrite=True)
    with scanned(path) as scan:
        os.truncate(path, 2000)
        assert any(span.error for span in scan.spans())


def test_a_closed_file_gives_nothing_of_another(tmp_path: Path, speech: np.ndarray) -> None:
    """The system gives its number to the next file that is opened."""
    path = tmp_path / "a.fsq"
    load().encode(speech[:, :16_000], 16_000).save(path)
    closed = Tokens.open(path)
    closed.close()
    with Tokens.open(path) as other:
        assert other[:10].shape == (1, 12, 10)
        with pytest.raises(TokenFileError, match=r"a.fsq: is closed"):
            _ = closed[:10]


def test_bytes_by_slices(tmp_path: Path) -> None:
    data = np.random.default_rng(0).bytes(2 * CHUNK + 100)
    (tmp_path / "a").write_bytes(data)
    found = FileBytes(tmp_path / "a")
    assert len(found) == len(data)
    assert found[5:CHUNK] == data[5:CHUNK]
    assert found[len(data) - 3 : len(data) + 9] == data[-3:]
    for at in (0, CHUNK - 1, CHUNK, 2 * CHUNK + 95):
        assert found.find(data[at : at + 5], max(0, at - 10), len(data)) == at
    assert found.find(data[50:55], 0, 54) == -1
    assert found.find(b"nowhere to be found", 0, len(data)) == -1
    found.close()


def test_what_is_cut_off_is_counted_but_not_made_up(tmp_path: Path, speech: np.ndarray) -> None:
    codec, path = load(), tmp_path / "a.fsq"
    codec.encode(speech, 16_000).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:2400])
    report = codec.decode_file(path, tmp_path / "a.wav", salvage=True)
    total = speech.shape[1] / 16_000
    assert 2 < report.duration_s < total - 1
    assert report.duration_s + report.lost_frames / codec.frame_rate == pytest.approx(total, abs=0.05)


def test_a_table_does_not_make_silence_of_nothing(tmp_path: Path, speech: np.ndarray) -> None:
    codec, path = load(), tmp_path / "a.fsq"
    header = replace(codec.encode(speech[:, :320], 16_000, 1).header, samples=None, frames_per_page=65_535)
    path.write_bytes(header.to_bytes() + Trailer(320 * 65_535, 65_535, np.array([0], np.int64)).to_bytes())
    report = codec.decode_file(path, tmp_path / "a.wav", salvage=True)
    assert report.duration_s < 2
    assert (tmp_path / "a.wav").stat().st_size < 64_000
    assert verify(path)
