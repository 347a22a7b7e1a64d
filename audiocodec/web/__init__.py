"""The browser side, as files: models as browsers load them, the page, a sound in one HTML file, a server for both."""

from audiocodec.web.models import write_models
from audiocodec.web.page import single_page, write_page
from audiocodec.web.server import serve

__all__ = ["serve", "single_page", "write_models", "write_page"]
