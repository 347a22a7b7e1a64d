"""Running the command in process."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from audiocodec.cli import main

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """`run("encode", ...)`: the result; an exception that is no exit fails the test."""

    def call(*arguments: object, stdin: bytes | None = None) -> Result:
        result = CliRunner().invoke(main, [str(a) for a in arguments], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call
