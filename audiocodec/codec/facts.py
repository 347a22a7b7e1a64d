"""The facts of a model as properties of a codec."""

from __future__ import annotations

from audiocodec.model.info import ModelInfo


class Facts:
    """What a codec says about its model, all of it read from `info`."""

    info: ModelInfo

    @property
    def name(self) -> str:
        """Name of the model, as recorded in token files."""
        return self.info.name

    @property
    def model_hash(self) -> bytes:
        """16 bytes that identify what the codes of the model stand for."""
        return self.info.hash

    @property
    def sample_rate(self) -> int:
        """Of the model, Hz."""
        return self.info.sample_rate

    @property
    def hop_length(self) -> int:
        """Samples per frame."""
        return self.info.hop_length

    @property
    def delay_samples(self) -> int:
        """Samples by which decoded audio lags."""
        return self.info.delay

    @property
    def num_codebooks(self) -> int:
        """Codes per frame."""
        return self.info.num_codebooks

    @property
    def codebook_size(self) -> int:
        """Values one code may take."""
        return self.info.codebook_size

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.info.frame_rate
