"""What the study runs, and what it makes of its rows."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from audiocodec.model.build import build_quantizer

sys.path.insert(0, str(Path(__file__).parents[2] / "studies" / "fsq_vs_vq"))  # as for the script itself
cases, study, tables = (importlib.import_module(name) for name in ("cases", "study", "tables"))


def test_every_case_has_a_name_of_its_own_and_builds() -> None:
    found = cases.grid(3)
    assert len({case.name for case in found}) == len(found)
    assert {case.quantizer for case in found[:4]} == {"fsq", "vq_ema"}
    for case in cases.grid(1):
        quantizer = build_quantizer(case.spec, study.QUANTIZERS)
        assert quantizer.codebook_size == case.codebook_size
        codes = sum(1 / stride for stride in quantizer.strides) or quantizer.num_codebooks
        assert codes == case.num_codebooks, case.name


def test_differences_are_paired_by_clip_and_seed() -> None:
    def row(seed: int, mel: list[float]) -> dict[str, str]:
        return {"seed": str(seed), "mel_clips": " ".join(map(str, mel))}

    ours = [row(s, [0.1 + s, 0.3 + s, 0.5 + s]) for s in (0, 1)]
    theirs = [row(s, [0.2 + s, 0.4 + s, 0.6 + s]) for s in (0, 1, 2)]
    assert tables.difference(ours, theirs, "mel") == "-0.100 ± 0.000"
    assert tables.difference([row(0, [0.0, 0.2])], [row(0, [0.1, 0.1])], "mel") == "+0.000 ± 0.196"
    assert tables.difference(ours[:1], theirs[1:], "mel") == "–"


def test_scores_are_spread_over_seeds_and_steps_count_runs_that_arrived() -> None:
    rows = [{"mel": "0.4", "steps_to_0.35": "300"}, {"mel": "0.5", "steps_to_0.35": ""}]
    assert tables.spread(rows, "mel") == "0.450 (0.400 to 0.500)"
    assert tables.spread(rows[:1], "mel") == "0.400"
    assert tables.steps(rows) == "300 (1 of 2)"
    assert tables.steps(rows[1:]) == "–"


def test_a_row_keeps_points_of_its_curve() -> None:
    curve = [
        {"step": str(50 * (i + 1)), "valid_mel": str(0.615 - 0.015 * i), "log_grad_mean": "0", "log_grad_square": "4"}
        for i in range(16)
    ]
    row = study.of_curve(curve)
    assert (row["steps_to_0.4"], row["steps_to_0.35"]) == (800, "")
    assert row["curve"].split()[0] == "100:0.6"
    assert len(row["curve"].split()) == 8
    assert row["grad_spread"] == pytest.approx(2.0)
