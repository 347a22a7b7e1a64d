"""The few messages of an ONNX file, written byte by byte.

An ONNX file is one protocol buffer: numbered fields, each a variable-length integer, 4 bytes, or a run of bytes that
may hold such fields again. See [onnx.proto](https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) for the numbers
and [the encoding](https://protobuf.dev/programming-guides/encoding/). Writing them here keeps the `onnx` package,
with its dependencies, out of the light install; the tests read what is written with that package.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import numpy as np

IR_VERSION, OPSET = 8, 17
TYPES = {"float32": 1, "int8": 3, "int32": 6, "int64": 7, "bool": 9, "float16": 10, "float64": 11}

Attribute = int | float | Sequence[int]


def _varint(value: int) -> bytes:
    value &= 2**64 - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _integer(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _bytes(number: int, content: bytes | str) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def tensor(array: np.ndarray) -> bytes:
    """A TensorProto without a name."""
    dims = b"".join(_integer(1, n) for n in array.shape)
    data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    return dims + _integer(2, TYPES[array.dtype.name]) + _bytes(9, data)


def named(tensor: bytes, name: str) -> bytes:
    """A TensorProto with its name: fields come in any order."""
    return tensor + _bytes(8, name)


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, float):
        return _bytes(1, name) + _varint(2 << 3 | 5) + struct.pack("<f", value) + _integer(20, 1)
    if isinstance(value, int):
        return _bytes(1, name) + _integer(3, value) + _integer(20, 2)
    return _bytes(1, name) + b"".join(_integer(8, n) for n in value) + _integer(20, 7)


def node(op: str, inputs: Sequence[str], outputs: Sequence[str], attributes: dict[str, Attribute]) -> bytes:
    """A NodeProto."""
    ends = b"".join(_bytes(1, name) for name in inputs) + b"".join(_bytes(2, name) for name in outputs)
    return ends + _bytes(4, op) + b"".join(_bytes(5, _attribute(*item)) for item in attributes.items())


def value(name: str, dtype: str, shape: Sequence[int | str]) -> bytes:
    """A ValueInfoProto; letters in `shape` stand for any length."""
    dims = [_integer(1, n) if isinstance(n, int) else _bytes(2, n) for n in shape]
    kind = _integer(1, TYPES[dtype]) + _bytes(2, b"".join(_bytes(1, dim) for dim in dims))
    return _bytes(1, name) + _bytes(2, _bytes(1, kind))


def model(
    name: str,
    nodes: Sequence[bytes],
    tensors: Sequence[bytes],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
    metadata: Mapping[str, str],
) -> bytes:
    """A ModelProto: the file."""
    parts = ((1, nodes), (5, tensors), (11, inputs), (12, outputs))
    graph = _bytes(2, name) + b"".join(_bytes(number, item) for number, items in parts for item in items)
    properties = b"".join(_bytes(14, _bytes(1, key) + _bytes(2, text)) for key, text in metadata.items())
    return (
        _integer(1, IR_VERSION)
        + _bytes(2, "audiocodec")
        + _bytes(7, graph)
        + _bytes(8, _integer(2, OPSET))
        + properties
    )
