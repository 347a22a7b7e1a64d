"""Cutting and joining without a model: which codes and samples come out."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiocodec.errors import ConfigError, DamagedFileError, TokenFileError
from audiocodec.tokens import Header, TokenFile, Tokens, cut_file, join_files, retag_file, verify
from audiocodec.tokens.splice import first_sample

HEADER = Header("m", bytes(16), 16_000, 2, 40_000, 16_000, 320, 320, 3, (8, 5, 5), 50)
Save = Callable[..., Path]


def tokens(header: Header = HEADER, seed: int = 0) -> Tokens:
    frames = header.expected_frames()
    assert frames is not None
    shape = (header.rows, header.num_codebooks, frames)
    return Tokens(np.random.default_rng(seed).integers(0, header.codebook_size, shape), header)


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def write(name: str, header: Header = HEADER, seed: int = 0) -> Path:
        tokens(header, seed).save(tmp_path / name)
        return tmp_path / name

    return write


def test_a_cut_starts_with_a_frame_and_ends_with_a_sample(save: Save, tmp_path: Path) -> None:
    source, part = save("a.fsq"), tmp_path / "part.fsq"
    with part.open("wb") as file:
        done = cut_file(source, file, 0.71, 0.5)
    assert (done.start, done.samples) == (35 * 320, round(1.21 * 16_000) - 35 * 320)
    assert verify(part) == []
    found = Tokens.load(part)
    np.testing.assert_array_equal(found.codes, tokens().codes[:, :, 35 : 35 + done.frames])
    assert found.header == replace(HEADER, samples=done.samples)


def test_more_files_than_can_be_open_at_once(save: Save, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    sources = [save("a.fsq")] * 60
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/dev/fd").iterdir())) + 20, before[1]))
    try:
        output = io.BytesIO()
        done = join_files(sources, output)
        files = []
        with pytest.raises(TokenFileError, match="a.fsq: cannot be read"):
            files += [TokenFile(path) for path in sources]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    (tmp_path / "b.fsq").write_bytes(output.getvalue())
    assert Tokens.load(tmp_path / "b.fsq").header.samples == done.samples


@settings(max_examples=60, deadline=None)
@given(
    rate=st.sampled_from([8000, 16_000, 22_050, 24_000, 44_100, 48_000, 11_025, 12_345]),
    samples=st.integers(2000, 60_000),
    at=st.floats(0.0, 1.0),
    delay=st.integers(0, 1600),
)
def test_parts_joined_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, rate: int, samples: int, at: float, delay: int
) -> None:
    """Whatever the rates: cut at a frame, joined again, it is the same file."""
    folder = tmp_path_factory.mktemp("splice")
    header = replace(HEADER, sample_rate=rate, samples=samples, delay=delay, channels=1, frames_per_page=7)
    whole = tokens(header)
    whole.save(folder / "whole.fsq")
    frame = int(at * samples * 16_000 / rate / 320)
    place = first_sample(header, frame) / rate
    parts = []
    for name, start, duration in (("a.fsq", 0.0, place), ("b.fsq", place, None)):
        if frame or name == "b.fsq":
            with (folder / name).open("wb") as file:
                cut_file(folder / "whole.fsq", file, start, duration)
            parts.append(folder / name)
    with (folder / "again.fsq").open("wb") as file:
        join_files(parts, file)
    assert Tokens.load(folder / "again.fsq") == whole


def test_each_joined_sound_starts_with_a_frame(save: Save, tmp_path: Path) -> None:
    first, second = save("a.fsq", replace(HEADER, samples=1000)), save("b.fsq", seed=1)
    both = tmp_path / "both.fsq"
    with both.open("wb") as file:
        done = join_files([first, second], file)
    assert done.samples == 4 * 320 + 40_000  # 1000 samples are in four frames; the fifth only finishes them
    found = Tokens.load(both).codes
    np.testing.assert_array_equal(found[:, :, :4], tokens(replace(HEADER, samples=1000)).codes[:, :, :4])
    np.testing.assert_array_equal(found[:, :, 4:], tokens(seed=1).codes)


def test_sounds_without_samples_and_texts(save: Save, tmp_path: Path) -> None:
    empty = save("e.fsq", replace(HEADER, samples=0, metadata={"artist": "A", "title": "1"}))
    some = save("s.fsq", replace(HEADER, metadata={"artist": "A", "title": "2"}))
    for sources, samples in (([empty, some], 40_000), ([some, empty], 40_000), ([empty, empty], 0)):
        output = tmp_path / "out.fsq"
        with output.open("wb") as file:
            assert join_files(sources, file).samples == samples
        assert verify(output) == []
    with output.open("wb") as file:
        join_files([empty, empty], file)
    assert Tokens.load(output).header.metadata == {"artist": "A", "title": "1"}
    with output.open("wb") as file:
        join_files([some, empty], file)
    assert Tokens.load(output).header.metadata == {"artist": "A"}


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"num_codebooks": 2}, "another number of codebooks than .*'audiocodec truncate'"),
        ({"sample_rate": 8000}, "another sample rate"),
        ({"channels": 1}, "another number of channels"),
        ({"model_hash": bytes(15) + b"x"}, "another weights of the model"),
        ({"model": "n"}, "another model"),
    ],
)
def test_what_does_not_go_together_is_named(save: Save, other: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        join_files([save("a.fsq"), save("b.fsq", replace(HEADER, **other))], io.BytesIO())  # type: ignore[arg-type]


def test_what_is_not_there_is_refused(save: Save) -> None:
    source = save("a.fsq")
    for start, duration in ((2.5, None), (9.0, 1.0), (1.0, 0.0), (-1.0, None), (1e308, 1e308), (0.0, -1e308)):
        with pytest.raises(ConfigError, match="holds 2.500 s, nothing is left of it from"):
            cut_file(source, io.BytesIO(), start, duration)
    assert cut_file(source, io.BytesIO(), 2.0, 100).samples == 8000
    assert cut_file(source, io.BytesIO(), 2.0, 1e308).samples == 8000
    with pytest.raises(ConfigError, match="no files"):
        join_files([], io.BytesIO())
    source.write_bytes(source.read_bytes()[:-20])
    with pytest.raises(DamagedFileError, match="audiocodec repair"):
        cut_file(source, io.BytesIO(), 1.0)


def test_coded_files_stay_coded() -> None:
    """The entropy model of the golden file comes with it."""
    from audiocodec.tokens import load_entropy

    golden = Path(__file__).parents[1] / "golden"
    entropy = load_entropy(golden / "v2.entropy.npz")
    whole = Tokens.load(golden / "v2.fsq", [entropy])
    output = io.BytesIO()
    from audiocodec.tokens import splice

    original = splice.TokenFile
    try:
        splice.TokenFile = lambda path: original(path, [entropy])  # type: ignore[assignment, misc]
        done = splice.cut_file(golden / "v2.fsq", output, 0.0, 0.5)
    finally:
        splice.TokenFile = original  # type: ignore[misc]
    from audiocodec.tokens import TokenReader

    output.seek(0)
    found = np.concatenate(list(TokenReader(output, "cut", [entropy])), axis=2)
    np.testing.assert_array_equal(found, whole.codes[:, :, : done.frames])


def test_retagging_touches_nothing_else(save: Save, tmp_path: Path) -> None:
    source, target = save("a.fsq", replace(HEADER, metadata={"title": "old"})), tmp_path / "b.fsq"
    for texts in ({"title": "new", "é": "Größe"}, {}):
        with target.open("wb") as file:
            retag_file(source, file, texts)
        assert verify(target) == []
        assert Tokens.load(target) == Tokens(tokens().codes, replace(HEADER, metadata=texts))
    with pytest.raises(TokenFileError, match="more than 32768 bytes"):
        retag_file(source, io.BytesIO(), {"a": "x" * 40_000})


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_files_of_variable_and_constant_rate_go_together(save: Save, tmp_path: Path, order: tuple[int, int]) -> None:
    made = tokens(seed=1)
    codes = made.codes.copy()
    codes[:, 2, ::3] = -1
    Tokens(codes, replace(HEADER, variable=True)).save(tmp_path / "v.fsq")
    paths = [save("a.fsq"), tmp_path / "v.fsq"]
    with (tmp_path / "joined.fsq").open("wb") as file:
        join_files([paths[i] for i in order], file)
    joined = Tokens.load(tmp_path / "joined.fsq")
    assert joined.header.variable
    assert np.array_equal(joined.codes[:, :, -40:], Tokens.load(paths[order[1]]).codes[:, :, -40:])
    with pytest.raises(ConfigError, match="another strides"):
        join_files([paths[0], save("s.fsq", replace(HEADER, strides=(1, 1, 1)))], io.BytesIO())
