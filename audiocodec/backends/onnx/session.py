"""A loaded graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from audiocodec._util.extras import installed
from audiocodec.backends.onnx.graph import Graph
from audiocodec.errors import MissingExtraError, ModelError
from audiocodec.model.lapped_basis import SIGN_ROWS


class Session:
    """Runs a graph on one thread, so that results do not depend on the number of threads.

    Args:
        graph: with or without a state.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        ModelError: the graph cannot be run.
    """

    def __init__(self, graph: Graph) -> None:
        if not installed("onnxruntime"):
            raise MissingExtraError("onnxruntime is not installed; get it with: pip install onnxruntime")
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.state_size, self._counter = graph.state_size, graph.counter
        try:
            self._session = ort.InferenceSession(graph.serialize({}), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the library has no common base for its errors
            raise ModelError(f"the {graph.name} cannot be run ({str(error).splitlines()[0]})") from error
        self._input = graph.inputs[0]

    def initial_state(self) -> np.ndarray:
        """The state of one stream before its first call, "1 n"."""
        return np.zeros((1, self.state_size), np.float32)

    def skip(self, state: np.ndarray, steps: int) -> np.ndarray:
        """An initial state whose counter is `steps` after that of `state`."""
        fresh = self.initial_state()
        if self._counter is not None:
            fresh[:, self._counter] = (int(state[0, self._counter]) + steps) % SIGN_ROWS
        return fresh

    def __call__(self, x: np.ndarray) -> list[Any]:
        """The outputs of a graph without a state."""
        return self._session.run(None, {self._input: x})

    def step(self, x: np.ndarray, states: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """The output of a graph with a state, and the states after it: "1 n" for each stream."""
        y, state = self._session.run(None, {self._input: x, "state": np.concatenate(states)})
        return y, [row[None].copy() for row in state]
