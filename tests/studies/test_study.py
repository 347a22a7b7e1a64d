"""What the study runs, and what it makes of its rows."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from audiocodec.model.build import build_quantizer

sys.path.insert(0, str(Path(__file__).parents[2] / "studies" / "fsq_vs_vq"))  # as for the script itself
cases, study, tables = (importlib.import_module(name) for name in ("cases", "study", "tables"))
CELL = {"part": "size", "codebook_size": "1024", "num_codebooks": "1", "learning_rate": "0.002", "failed": "0"}
CELL |= {"usage": "1", "perplexity": "0.5", "mel_flipped_0.01": "0.6", "codes_changed_bf16": "0.1", "grad_spread": "1"}
CELL |= {"steps_to_0.55": "300", "steps_to_0.45": "", "steps_to_0.4": "", "cpu_seconds_per_step": "0.1"}


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
    def row(name: str, seed: int, mel: list[float]) -> dict[str, str]:
        clips = " ".join(map(str, mel))
        mean = str(sum(mel) / len(mel))
        scores = {"mel": mean, "estoi": mean, "mel_clips": clips, "estoi_clips": clips}
        return CELL | scores | {"quantizer": name, "seed": str(seed)}

    rows = [row("fsq", s, [0.1 + s, 0.3 + s, 0.5 + s]) for s in (0, 1)]
    rows += [row("vq_ema", s, [0.2 + s, 0.4 + s, 0.6 + s]) for s in (0, 1, 2)]
    assert tables.difference(rows[:2], rows[2:], "mel") == "-0.100 ± 0.000"
    assert tables.difference(rows[:1], rows[3:], "mel") == "–"
    lines = tables.main_table(rows).splitlines()
    assert len(lines) == 4
    assert "| size | 1 x 1024 | fsq | 2 | 0.800 (0.300 to 1.300) | -0.100 ± 0.000 |" in lines[2]
    assert "300 (2 of 2) | – |" in lines[2]


def test_a_row_keeps_points_of_its_curve() -> None:
    curve = [
        {"step": str(50 * (i + 1)), "valid_mel": str(0.8 - 0.02 * i), "log_grad_mean": "0", "log_grad_square": "4"}
        for i in range(16)
    ]
    row = study.of_curve(curve)
    assert (row["steps_to_0.55"], row["steps_to_0.45"]) == (700, "")
    assert row["curve"].split()[0] == "100:0.78"
    assert len(row["curve"].split()) == 8
    assert row["grad_spread"] == pytest.approx(2.0)
