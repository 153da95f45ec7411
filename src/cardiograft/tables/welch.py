"""Welch's t over the repeats of two runs, as papers have it, beside what it is not.

Repeats are trainings from other random numbers, or on other draws of one training part, and all
of them are tested on the same people. More repeats make such a p as small as one likes, and say
nothing more of people who were not tested (pseudo-replication: Hurlbert, Ecol Monogr
1984;54:187-211, doi:10.2307/1942661). What can answer for people are the paired comparisons of
`cardiograft.tables.comparisons`.

Source: Welch BL. Biometrika 1947;34:28-35, doi:10.1093/biomet/34.1-2.28.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from cardiograft.tables.own_table import OwnTable

CAPTION = (
    "Welch’s t over repeats, as the paper tests: the same people are tested in every repeat, so"
    " that p says nothing of other people, and falls with the number of repeats alone"
)
FORMATS = {
    "First": "run",
    "Second": "run",
    "Repeats": "text",
    "First’s mean": "metric",
    "Second’s mean": "metric",
    "Difference": "number:4",
    "t": "number:2",
    "p": "number:4",
}


def welch(
    mean: tuple[float, float], deviation: tuple[float, float], count: tuple[int, int]
) -> tuple[float, float]:
    """Return Welch's t and its two-sided p.

    Parameters
    ----------
    mean, deviation, count
        Of the values of two runs over their repeats; deviations divide by ``count - 1``.

    Returns
    -------
    t, p
        NaN where a run has one repeat, or neither varies.
    """
    if min(count) < 2 or not sum(deviation) > 0:
        return float("nan"), float("nan")
    test = stats.ttest_ind_from_stats(
        *(mean[0], deviation[0], count[0]), *(mean[1], deviation[1], count[1]), equal_var=False
    )
    return float(test.statistic), float(test.pvalue)


def over_repeats(scores: pd.DataFrame, *, metric: str, tag: str, to: str) -> OwnTable:
    """Return each run against the one that differs from it in one tag alone.

    Parameters
    ----------
    scores
        Rows of ``scores.csv``.
    metric
        Which value is tested, over all classes, on the test part.
    tag, to
        The tag in which two runs differ, and its value of the second of them: ``init``, ``random``.
    """
    chosen = (scores["metric"] == metric) & (scores["class"] == "") & (scores["part"] == "test")
    rows = scores[chosen].to_dict("records")
    frame = pd.DataFrame(list(_pairs(rows, f"tag_{tag}", to)), columns=[*FORMATS, "metric"])
    return OwnTable(frame, FORMATS)


def _pairs(rows: list[dict[str, Any]], tag: str, to: str) -> Iterator[dict[str, Any]]:
    for one in rows:
        for other in rows:
            apart = one.get(tag) != to and other.get(tag) == to
            if apart and _place(one, tag) == _place(other, tag):
                yield _line(one, other)


def _place(row: dict[str, Any], tag: str) -> dict[str, Any]:
    """Return what two runs must have in common: everything that says where and how but one tag."""
    return {
        key: value
        for key, value in row.items()
        if key in ("protocol", "split", "simulated") or (key.startswith("tag_") and key != tag)
    }


def _line(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    mean, spread, count = ((one[key], other[key]) for key in ("value", "spread", "repeats"))
    known = (float(np.nan_to_num(spread[0])), float(np.nan_to_num(spread[1])))
    t, p = welch(mean, known, (int(count[0]), int(count[1])))
    return {
        "First": one["run"],
        "Second": other["run"],
        "Repeats": f"{count[0]}, {count[1]}",
        "First’s mean": mean[0],
        "Second’s mean": mean[1],
        "Difference": mean[0] - mean[1],
        "t": t,
        "p": p,
        "metric": one["metric"],
    }
