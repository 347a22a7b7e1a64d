"""The HTML pages of this package."""

from __future__ import annotations

import importlib.resources
from typing import Any

from audiocodec._util.extras import require


def page_template(name: str) -> Any:
    """A page as a template of Jinja: values are escaped, a missing one is an error.

    Raises:
        MissingExtraError: Jinja2 is not installed.
    """
    jinja2 = require("jinja2", "eval")
    text = importlib.resources.files("audiocodec.evaluate").joinpath(name).read_text("utf-8")
    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(text)
