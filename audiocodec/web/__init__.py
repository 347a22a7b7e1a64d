"""The browser side, as files: models and entropy models for `audiocodec-web`, the page, a sound in one HTML file."""

from audiocodec.web.models import entropy_file, write_models

__all__ = ["entropy_file", "write_models"]
