"""Comparison of codecs: clips x systems -> scores with actual bitrates."""

from audiocodec.evaluate.report import check_report, write_report
from audiocodec.evaluate.run import Settings, evaluate
from audiocodec.evaluate.scores import METRICS, check_metrics
from audiocodec.evaluate.systems import parse_system
from audiocodec.evaluate.tables import Summary, markdown, summarize, write_csv

__all__ = [
    "METRICS",
    "Settings",
    "Summary",
    "check_metrics",
    "check_report",
    "evaluate",
    "markdown",
    "parse_system",
    "summarize",
    "write_csv",
    "write_report",
]
