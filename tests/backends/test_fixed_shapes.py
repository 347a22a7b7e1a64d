"""Only shapes that give each frame the bits it has alone are run."""

from __future__ import annotations

from typing import Any

import numpy as np

from audiocodec.backends.fixed_shapes import CANDIDATES, Shapes

WEIGHT = np.random.default_rng(1).standard_normal((4, 3)).astype(np.float32)


class Machine:
    """x "b t 4" -> running sums of x @ WEIGHT, "b 3 t"; products of some numbers of rows round differently."""

    def __init__(self, *uneven: int) -> None:
        self.uneven, self.seen = uneven, set()  # type: ignore[var-annotated]

    def __call__(self, x: np.ndarray, states: list[Any]) -> tuple[np.ndarray, list[Any]]:
        self.seen.add(x.shape[:2])
        y = np.round(x @ WEIGHT, 3) * np.float32(1 + 1e-6 * (x.shape[0] * x.shape[1] in self.uneven))
        out, after = [], []
        for rows, state in zip(y, states, strict=True):
            total = [state]
            for row in rows:
                total.append(total[-1] + row)
            out.append(np.stack(total[1:], axis=1))
            after.append(total[-1])
        return np.stack(out), after


def shapes(machine: Machine) -> Shapes:
    return Shapes(machine, 1, machine, np.zeros(3, np.float32), (4,))


def test_all_are_tried() -> None:
    assert shapes(Machine()).verified == CANDIDATES
    assert shapes(Machine(8, 48)).verified == [(1, 12), (1, 4)]
    assert shapes(Machine(4, 8, 12, 48)).verified == []


def test_no_other_is_run() -> None:
    machine = Machine(8, 48)
    network = shapes(machine)
    machine.seen.clear()
    xs = [
        np.random.default_rng(n).standard_normal((n, 4)).astype(np.float32) for n in (0, 1, 5, 17, 60, 3, 1, 1, 1, 1, 1)
    ]
    start = [np.zeros(3, np.float32)] * len(xs)
    together, after = network.advance(xs, start, np.zeros((3, 0), np.float32))
    assert machine.seen == {(1, 12), (1, 4), (1, 1)}
    for x, y, state in zip(xs, together, after, strict=True):
        assert y.shape == (3, len(x))
        pieces, alone = [np.zeros((3, 0), np.float32)], [np.zeros(3, np.float32)]
        for row in x:
            [piece], alone = network.advance([row[None]], alone, np.zeros((3, 0), np.float32))
            pieces.append(piece)
        assert np.array_equal(np.concatenate(pieces, axis=1), y)
        assert np.array_equal(alone[0], state)
