"""Listening-test results: JSON files of listeners to means, intervals and p-values."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audiocodec._util.terminal import printable
from audiocodec.errors import ConfigError
from audiocodec.evaluate.listening import REFERENCE, TESTS
from audiocodec.evaluate.tables import interval


@dataclass(frozen=True)
class Ratings:
    """The answers of one listener.

    Attributes:
        listener: as they called themselves.
        test: mushra or abx.
        page: identity of the test page.
        answers: one per sound rated, or per pair compared.
    """

    listener: str
    test: str
    page: str
    answers: list[dict[str, Any]]


def read_ratings(path: Path) -> Ratings:
    """Read a file that the page saved.

    Raises:
        ConfigError: it is not one.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
        ratings = Ratings(printable(str(data["listener"])), data["test"], str(data["page"]), list(data["answers"]))
        value, most = ("correct", 1) if ratings.test == "abx" else ("score", 100)
        good = ratings.test in TESTS and data["format"] == 1 and len(ratings.answers) > 0
        good = good and all(isinstance(a["system"], str) and 0 <= a[value] <= most for a in ratings.answers)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: holds no answers of a listening test") from error
    if not good:
        raise ConfigError(f"{path}: holds no answers of a listening test")
    return ratings


def reliable(ratings: Ratings) -> bool:
    """Whether a MUSHRA listener counts: hidden reference below 90 in at most 15 % of the trials (ITU-R BS.1534-3)."""
    scores = [a["score"] for a in ratings.answers if a["system"] == REFERENCE]
    return sum(score < 90 for score in scores) <= 0.15 * len(scores)


def guessing(right: int, trials: int) -> float:
    """Probability of at least that many right answers by guessing."""
    return sum(math.comb(trials, k) for k in range(right, trials + 1)) / 2**trials


def summarize_ratings(everyone: Sequence[Ratings]) -> str:
    """A Markdown table: MUSHRA means with 95 % bootstrap intervals, or ABX counts with p-values.

    Raises:
        ConfigError: they belong to different pages, there are duplicates, or nobody is reliable.
    """
    if len({(ratings.page, ratings.test) for ratings in everyone}) > 1:
        raise ConfigError("these belong to different pages; summarize one page at a time")
    duplicates = [ratings.listener for i, ratings in enumerate(everyone) if ratings in everyone[:i]]
    if duplicates:
        raise ConfigError(f"the answers of {duplicates[0]} appear twice")
    return _abx(everyone) if everyone[0].test == "abx" else _mushra(everyone)


def _by_system(everyone: Sequence[Ratings], value: str) -> dict[str, np.ndarray]:
    found: dict[str, list[float]] = {}
    for ratings in everyone:
        for answer in ratings.answers:
            found.setdefault(answer["system"], []).append(answer[value])
    return {system: np.array(values, float) for system, values in found.items()}


def _mushra(everyone: Sequence[Ratings]) -> str:
    kept = [ratings for ratings in everyone if reliable(ratings)]
    out = [ratings.listener for ratings in everyone if not reliable(ratings)]
    if not kept:
        raise ConfigError("no reliable listener: all rated the hidden reference below 90 too often")
    lines = ["| system | mean | 95 % interval | ratings |", "|---|---|---|---|"]
    scores = _by_system(kept, "score")
    for system in sorted(scores, key=lambda name: -scores[name].mean()):
        mean, low, high = interval(scores[system])
        lines.append(f"| {system} | {mean:.1f} | {low:.1f} to {high:.1f} | {len(scores[system])} |")
    excluded = f"; excluded for rating the hidden reference below 90 too often: {', '.join(out)}" if out else ""
    return "\n".join([*lines, "", f"listeners: {len(kept)}{excluded}"]) + "\n"


def _abx(everyone: Sequence[Ratings]) -> str:
    lines = ["| system | distinguished from the reference | p by guessing |", "|---|---|---|"]
    for system, correct in _by_system(everyone, "correct").items():
        right, trials = int(correct.sum()), len(correct)
        lines.append(f"| {system} | {right} of {trials} | {guessing(right, trials):.2g} |")
    return "\n".join([*lines, "", f"listeners: {len(everyone)}"]) + "\n"
