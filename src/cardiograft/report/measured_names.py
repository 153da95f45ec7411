"""What a measured table's columns, protocols and metrics are called, and how its cells are written.

What they mean stands in `cardiograft.report.measured`.
"""

import math
from typing import Any

from cardiograft.report.inputs import ReportRow

COLUMNS = (
    "study",
    "run",
    "protocol",
    "data",
    "metric",
    "class",
    "repeats",
    "value",
    "low",
    "high",
    "paper",
    "chosen_on",
    "command",
    "commit",
    "question",  # last: tables that were published before have it not
)
DIFFERS = "differs"
COMPARISON = "comparison"
P, P_HOLM, FAMILY, DETECTABLE = "p", "p_holm", "family", "detectable"
EQUIVALENT, MARGIN = "equivalent", "margin"
GAP = "gap"
DOSE = "dose "  # before: difference, slope, amount
GAIN = "gain of "
TRAIN = "train"
# Metrics of the tables in docs; the first that the paper gives has a column of its values.
SHOWN = (
    "accuracy",
    "balanced_accuracy",
    "weighted_f1",
    "macro_f1",
    "jkappa",
    "pearson",
    "prd",
    "r2",
    "value_r2",
    "peak_sensitivity",
    "peak_positive_predictivity",
)
KEY = ("run", "protocol", "metric", "class")  # of one value
PAIR = ("question", "run", "class")  # of one comparison
BETWEEN = r" - |, "  # the runs that a gap, a gain, a comparison or a dose is between
# A value that is no finite number is written as what it is: `INFINITE` reads as a float.
INFINITE, UNDEFINED = "inf", "undefined"
INDEX = "learning index of "
SD = "sd"
WELCH, WELCH_T, WELCH_P = "welch", "welch_t of ", "welch_p of "
MeasuredRow = dict[str, Any]


def corrupted(metric: str, control: str) -> str:
    """Return what a metric of corrupted inputs is called: ``pearson, shuffled``."""
    return f"{metric}, {control}"


def shown(metric: str) -> bool:
    """Whether docs show a metric: one of `SHOWN`, whoever it leaves out."""
    name, _, options = metric.partition("(")
    left_out = options.startswith("without ") and options.endswith(")")
    return name in SHOWN and (left_out or not options)


def data_of(row: ReportRow) -> str:
    """Return the tags that say what was measured on: ``ptbdb, smoke run: 6 people``."""
    return ", ".join(str(row[tag]) for tag in ("tag_data", "tag_scale") if row.get(tag))


def short(value: str) -> str:
    """Return a figure's cell, to six digits; an empty one where there is none."""
    return value if value == "" else f"{float(value):.6g}"


def stated(value: str) -> str:
    """Return a figure's cell: of one that was computed and is no number, that it is undefined."""
    number = float(value or "nan")
    return UNDEFINED if math.isnan(number) else short(str(number))
