"""An ONNX graph under construction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from audiocodec.backends.onnx import protobuf
from audiocodec.backends.onnx.protobuf import Attribute

END = 2**62  # "to the end", for slices
FLOAT, INT32, INT64, BOOL = (protobuf.TYPES[name] for name in ("float32", "int32", "int64", "bool"))  # for casts


class Graph:
    """Nodes in execution order, and the constants they use. Tensors are identified by name.

    The states of all streaming layers form one float32 tensor "b n", zeros at the start of a stream: the input `state`
    and the output `next_state`.

    Args:
        name: of the graph.

    Attributes:
        inputs: their names, less `state`.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._nodes: list[bytes] = []
        self._constants: dict[bytes, str] = {}
        self.inputs: list[str] = []
        self._inputs: list[bytes] = []
        self._outputs: list[bytes] = []
        self._states: dict[str, tuple[int, int]] = {}  # steps, and values per step, of each part of the state
        self._kept: dict[str, str] = {}  # its replacement
        self._count = 0
        self._counter: str | None = None

    @property
    def state_size(self) -> int:
        """Size of the state of one stream."""
        return sum(steps * dim for steps, dim in self._states.values())

    @property
    def counter(self) -> int | None:
        """Index of the counter of `recall_counter` in the state, if there is one."""
        if self._counter is None:
            return None
        names = list(self._states)
        return sum(steps * dim for steps, dim in list(self._states.values())[: names.index(self._counter)])

    def input(self, name: str, dtype: str, shape: Sequence[int | str]) -> str:
        """Declare an input; words in `shape` stand for any length."""
        self.inputs.append(name)
        self._inputs.append(protobuf.value(name, dtype, shape))
        return name

    def output(self, name: str, source: str, dtype: str, shape: Sequence[int | str]) -> None:
        """Make a tensor an output, under a name."""
        self._nodes.append(protobuf.node("Identity", [source], [name], {}))
        self._outputs.append(protobuf.value(name, dtype, shape))

    def constant(self, numbers: np.ndarray | Sequence[int]) -> str:
        """A constant, stored once for each array; a sequence becomes int64."""
        array = numbers if isinstance(numbers, np.ndarray) else np.array(numbers, np.int64)
        key = protobuf.tensor(array)
        if key not in self._constants:
            self._constants[key] = self._new_name()
        return self._constants[key]

    def weight(self, array: np.ndarray) -> str:
        """A weight; float16 is stored as it is and cast to float32 by the graph, which changes no result."""
        name = self.constant(array)
        return self.node("Cast", name, to=FLOAT) if array.dtype == np.float16 else name

    def node(self, op: str, *inputs: str, **attributes: Attribute) -> str:
        """One operation with one result."""
        return self.nodes(op, 1, *inputs, **attributes)[0]

    def nodes(self, op: str, count: int, *inputs: str, **attributes: Attribute) -> list[str]:
        """One operation with `count` results."""
        names = [self._new_name() for _ in range(count)]
        self._nodes.append(protobuf.node(op, inputs, names, attributes))
        return names

    def reshape(self, x: str, *shape: int) -> str:
        """0 keeps an axis, -1 is inferred."""
        return self.node("Reshape", x, self.constant(shape))

    def slice(self, x: str, start: int, end: int, axis: int = 1) -> str:
        """Part of an axis; negative numbers count from its end."""
        return self.node("Slice", x, *(self.constant([n]) for n in (start, end, axis)))

    def recall(self, steps: int, dim: int) -> str:
        """What the previous call passed to `keep`, "b steps dim"."""
        name = self._new_name()
        self._states[name] = (steps, dim)
        return name

    def recall_counter(self) -> str:
        """A counter of steps across calls, "b 1 1"; pass it to `keep` like any other state."""
        self._counter = self.recall(1, 1)
        return self._counter

    def keep(self, recalled: str, x: str) -> None:
        """Store x for the next call to `recall`."""
        self._kept[recalled] = x

    def serialize(self, metadata: Mapping[str, str]) -> bytes:
        """The ONNX file."""
        before, after, ends = self._state_nodes() if self._states else ([], [], ([], []))
        tensors = [protobuf.named(key, name) for key, name in self._constants.items()]
        return protobuf.model(
            self.name,
            [*before, *self._nodes, *after],
            tensors,
            [*self._inputs, *ends[0]],
            [*self._outputs, *ends[1]],
            metadata,
        )

    def _state_nodes(self) -> tuple[list[bytes], list[bytes], tuple[list[bytes], list[bytes]]]:
        """Nodes that split `state` and concatenate `next_state`, and the declarations of both."""
        body, self._nodes = self._nodes, []
        sizes = [steps * dim for steps, dim in self._states.values()]
        flat = self.nodes("Split", len(sizes), "state", self.constant(sizes), axis=1)
        for piece, (name, (steps, dim)) in zip(flat, self._states.items(), strict=True):
            self._nodes.append(protobuf.node("Reshape", [piece, self.constant((0, steps, dim))], [name], {}))
        before, self._nodes = self._nodes, []
        pieces = [self.reshape(self._kept[name], 0, -1) for name in self._states]
        self._nodes.append(protobuf.node("Concat", pieces, ["next_state"], {"axis": 1}))
        after, self._nodes = self._nodes, body
        shape = ("batch", self.state_size)
        declared = [[protobuf.value(name, "float32", shape)] for name in ("state", "next_state")]
        return before, after, (declared[0], declared[1])

    def _new_name(self) -> str:
        self._count += 1
        return f"x{self._count}"
