"""What token files say of the model that made them, and whether it is this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from audiocodec.errors import ModelError
from audiocodec.tokens import Header
from audiocodec.tokens.header import NO_ENTROPY

if TYPE_CHECKING:
    from audiocodec.codec.codec import Codec


def make_header(
    codec: Codec,
    sample_rate: int,
    channels: int,
    samples: int | None,
    num_codebooks: int,
    metadata: Mapping[str, str] | None = None,
) -> Header:
    """See `Codec.header`."""
    joint = codec.rows(channels) < channels
    return Header(
        model=codec.name,
        model_hash=codec.model_hash,
        sample_rate=sample_rate,
        channels=channels,
        samples=samples,
        model_sample_rate=codec.sample_rate,
        hop_length=codec.hop_length,
        delay=codec.delay_samples,
        num_codebooks=num_codebooks,
        levels=codec.levels,
        frames_per_page=max(1, round(codec.frame_rate)),
        entropy=codec.entropy.hash if codec.entropy is not None and not joint else NO_ENTROPY,
        metadata=dict(metadata or {}),
        joint=joint,
    )


def check_entropy(codec: Codec) -> None:
    """Refuse an entropy model of other codes.

    Raises:
        ModelError: it is one.
    """
    if codec.entropy is not None and not codec.entropy.fits(codec.levels, codec.num_codebooks):
        raise ModelError(f"{codec.name}: its entropy model is for other codes")


def check_header(codec: Codec, header: Header) -> None:
    """See `Codec.check_matches`."""
    if header.model_hash != codec.model_hash and header.model != codec.name:
        raise ModelError(f"these tokens are of model {header.model!r}, loaded is {codec.name!r}")
    if header.model_hash != codec.model_hash:
        raise ModelError(
            f"these tokens were made with other weights of {codec.name!r} "
            f"(hash {header.model_hash.hex()[:8]}, loaded {codec.model_hash.hex()[:8]}, version {codec.version}): "
            "from version 1.0 on token files stay decodable; decode older ones with the audiocodec release that "
            "made them"
        )
    layout = (header.model_sample_rate, header.hop_length, header.delay, header.levels)
    if layout != (codec.sample_rate, codec.hop_length, codec.delay_samples, codec.levels):
        raise ModelError(f"these tokens do not have the layout of {codec.name!r}")
