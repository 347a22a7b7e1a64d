"""Which frames an excerpt needs to be decoded exactly as in the whole."""

from __future__ import annotations

import math
from dataclasses import dataclass

from audiocodec.tokens import Header

RESAMPLER_REACH = 1024  # samples, at the lower rate, on either side of one


@dataclass(frozen=True)
class Excerpt:
    """An excerpt and the frames it needs.

    Attributes:
        first_frame: where decoding starts.
        end_frame: after the last frame needed.
        skipped: decoded model samples to drop before resampling.
        dropped: resampled source samples to drop before the excerpt.
        samples: length of the excerpt.
    """

    first_frame: int
    end_frame: int
    skipped: int
    dropped: int
    samples: int


def excerpt(header: Header, frames: int, start: int, end: int, past: int) -> Excerpt:
    """Plan the decoding of source samples `start` to `end`.

    A resampler may only start where a model sample and a source sample coincide.

    Args:
        header: of the tokens.
        frames: that there are.
        start: first source sample.
        end: after the last one.
        past: earlier frames that the decoder needs.
    """
    source, model, hop = header.sample_rate, header.model_sample_rate, header.hop_length
    reach = 0 if source == model else RESAMPLER_REACH * max(source, model) // source
    together = model // math.gcd(source, model)
    begin = max(0, start * model // source - reach) // together * together  # model samples
    model_end = -(-end * model // source) + reach
    first = max(0, (begin + header.delay) // hop - past) // header.block * header.block
    return Excerpt(
        first_frame=first,
        end_frame=max(first, min(frames, -(-(model_end + header.delay) // hop))),
        skipped=begin + header.delay - first * hop,
        dropped=start - begin * source // model,
        samples=end - start,
    )
