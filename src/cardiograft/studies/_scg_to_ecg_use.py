"""What a reader of a predicted ECG could do with it, and what it must not be used for.

Each use has a limit, and each run's own value says whether it keeps it. The limits are ours
but for the heart rate's, which is what a monitor is held to.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cardiograft.tables.own_table import OwnTable, with_interval

ScoreRow = Mapping[str, Any]
# Metric to its column and format.
MEASURED = {
    "rr_within": ("R–R within 20 ms", "percent"),
    "rr_limits": ("R–R that are given, ± ms", "number:0"),
    "heart_rate_bias": ("Heart rate bias, /min", "number:1"),
    "heart_rate_limits": ("Heart rate, ± /min", "number:1"),
    "qrs_duration_bias": ("QRS bias, ms", "number:0"),
    "qrs_duration_limits": ("QRS, ± ms", "number:0"),
    "qrs_polarity": ("QRS polarity right", "percent"),
    "qrs_always_upright": ("“Always upright” right", "percent"),
    "early_beat_sensitivity": ("Early beats shown", "percent"),
    "early_beat_positive_predictivity": ("Early beats confirmed", "percent"),
    "odd_beats_shown": ("Odd beats shown", "percent"),
    "odd_beats_painted_over": ("Odd beats painted over", "percent"),
}
NO_BEATS = "not tested: nobody here has such beats"
NOT_DRAWN = "must not be used for it: too few beats are predicted to measure it"
# ASSUME of fewer people nothing is shown, however narrow an interval.
LEAST_PEOPLE = 5
# ASSUME a monitor that gives no heart rate in one window of twenty is none.
LEAST_GIVEN = 0.95
INPUTS = {
    "test": "as recorded",
    "test, shuffled": "shuffled",
    "test, other": "another’s",
    "test, phase": "phase noise",
}


@dataclass(frozen=True)
class Use:
    """A use of an ECG, and the limit that a metric must keep for it.

    Attributes
    ----------
    limit
        The metric's size may be no more, or where `at_least` no less.
    unit
        Printed after values; of ``%`` they are shares.
    bias
        A metric whose size is added to it: limits of agreement lie about a bias.
    nothing
        What a run without a value says.
    """

    name: str
    metric: str
    limit: float
    unit: str
    at_least: bool = False
    bias: str | None = None
    nothing: str = NOT_DRAWN

    def satisfied_by(self, *values: float) -> bool:
        """Whether all of some values keep the limit."""
        if self.at_least:
            return min(values) >= self.limit
        return max(map(abs, values)) <= self.limit

    def limit_text(self) -> str:
        """Return the limit in words."""
        return f"{'at least' if self.at_least else 'at most'} {self.written(self.limit)}"

    def written(self, value: float) -> str:
        """Return a value with its unit."""
        return f"{100 * value:.0f} %" if self.unit == "%" else f"{value:.0f} {self.unit}"


USES = (
    # ANSI/AAMI EC13: the larger of 10 % and 5 beats a minute.
    Use("counting the heart rate", "heart_rate_limits", 5, "/min", bias="heart_rate_bias"),
    # ASSUME a variability of heart rate lies in some 20 to 50 ms.
    Use("heart-rate variability", "rr_within", 0.95, "%", at_least=True),
    # ASSUME a bundle branch block, 120 ms, is to be told from 100 ms.
    Use("QRS durations (their bias)", "qrs_duration_bias", 20, "ms"),
    Use("QRS durations (of one person)", "qrs_duration_limits", 20, "ms"),
    Use("which way a QRS complex points", "qrs_polarity", 0.95, "%", at_least=True),
    Use("finding early beats", "early_beat_sensitivity", 0.9, "%", True, nothing=NO_BEATS),
    Use(
        *("believing early beats", "early_beat_positive_predictivity", 0.9, "%", True),
        nothing="nothing to believe: no beat is predicted early",
    ),
    Use("finding ventricular beats", "odd_beats_shown", 0.9, "%", True, nothing=NO_BEATS),
)


def measured(rows: Sequence[ScoreRow]) -> OwnTable:
    """Return what is measured of each run's beats, as recorded and on every corrupted input."""
    by_run = _by_run(rows, INPUTS)
    shown = {m: title for m, title in MEASURED.items() if any(m in own for own in by_run.values())}
    lines = []
    for (_, part), own in by_run.items():
        cells: dict[str, float] = {}
        for metric, (title, _) in shown.items():
            cells |= with_interval(title, own[metric]["value"] if metric in own else math.nan)
        lines.append({**_place(own), "SCG": INPUTS[part], **cells})
    formats = {"Run": "run", "Protocol": "text", "SCG": "text", **dict(shown.values())}
    return OwnTable(pd.DataFrame(lines), formats)


def verdicts(rows: Sequence[ScoreRow]) -> OwnTable:
    """Return, a row a use, whether a network keeps its limit on unseen subjects."""
    lines = []
    for own in _by_run(rows, ("test",)).values():
        place = _place(own)
        first = next(iter(own.values()))
        if place["Protocol"] != "honest" or first.get("tag_init") == "none":
            continue
        for use in USES:
            if use.metric not in own:
                continue
            cells = {"Use": use.name, "Needed": use.limit_text(), "Here": _in_words(use, own)}
            lines.append({**place, **cells})
    formats = {"Run": "run", "Use": "text", "Needed": "text", "Here": "text"}
    return OwnTable(pd.DataFrame(lines), formats)


def _in_words(use: Use, own: Mapping[str, ScoreRow]) -> str:
    """Return what values say of a use: met takes the whole interval, and some people."""
    row = own[use.metric]
    value, *ends = (float(row[name]) for name in ("value", "low", "high"))
    if math.isnan(value):
        return use.nothing
    if use.bias is not None and use.bias in own:
        biases = [abs(float(own[use.bias][name])) for name in ("value", "low", "high")]
        value, ends = value + biases[0], [end + max(biases[1:]) for end in ends]
    words = use.written(value)
    interval = not any(map(math.isnan, ends))
    if interval:
        words += f" [{use.written(ends[0])}, {use.written(ends[1])}]"
    words += f" of {row['subjects']} people"
    given = _given(use, own)
    if given < LEAST_GIVEN:
        return f"{words}, in {given:.0%} of windows alone: must not be used for it"
    if not use.satisfied_by(value):
        return f"{words}: must not be used for it"
    if not interval or not use.satisfied_by(*ends) or row["subjects"] < LEAST_PEOPLE:
        return f"{words}: not shown, do not rely on it"
    return f"{words}: met"


def _given(use: Use, own: Mapping[str, ScoreRow]) -> float:
    """Return in which share of the windows with R-R intervals a heart rate is predicted."""
    if use.bias is None or not own.get("rr_within", {}).get("segments"):
        return 1.0
    return float(own[use.metric]["segments"] / own["rr_within"]["segments"])


def _by_run(
    rows: Sequence[ScoreRow], parts: Mapping[str, str] | Sequence[str]
) -> dict[tuple[str, str], dict[str, ScoreRow]]:
    rows_by_run: dict[tuple[str, str], dict[str, ScoreRow]] = {}
    for row in rows:
        if row["part"] in parts and row["metric"] in MEASURED:
            rows_by_run.setdefault((row["run"], row["part"]), {})[row["metric"]] = row
    return rows_by_run


def _place(own: Mapping[str, ScoreRow]) -> dict[str, str]:
    row = next(iter(own.values()))
    return {"Run": row["run"], "Protocol": row["protocol"]}
