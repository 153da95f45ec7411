"""Rows of a measured table on repeats: how trainings learned, and Welch's t between two runs'.

These are what some papers print; neither says anything of people who were not tested.
"""

import math
import statistics
from collections.abc import Sequence

from cardiograft.report.inputs import ReportRow, Study
from cardiograft.report.measured_names import (
    INDEX,
    INFINITE,
    SD,
    UNDEFINED,
    WELCH,
    WELCH_P,
    WELCH_T,
    MeasuredRow,
    data_of,
    short,
    stated,
)


def rows(study: Study) -> list[MeasuredRow]:
    """Return the learning curve index of each run, and the tests between repeats of two."""
    return [*_indices(study), *_welch(study)]


def _indices(study: Study) -> list[MeasuredRow]:
    """Return the mean index of each run's trainings, by the part that was measured, and its SD."""
    trainings: dict[tuple[str, str, str], list[ReportRow]] = {}
    for row in study.rows("learning_indices"):
        trainings.setdefault((row["run"], row["metric"], row["part"]), []).append(row)
    return [line for own in trainings.values() for line in _index(own)]


def _index(trainings: Sequence[ReportRow]) -> list[MeasuredRow]:
    first, values = trainings[0], [float(row["index"] or "nan") for row in trainings]
    line = {
        **{key: first[key] for key in ("run", "protocol")},
        "data": data_of(first),
        "metric": f"{INDEX}{first['metric']}, {first['part']}",
        "class": "",
        "repeats": len(values),
    }
    printed = short(first.get("published", ""))
    if any(map(math.isnan, values)):
        return [{**line, "value": UNDEFINED, "paper": printed}]
    if any(map(math.isinf, values)):
        return [{**line, "value": INFINITE, "paper": printed}]
    lines = [{**line, "value": short(str(statistics.fmean(values))), "paper": printed}]
    if len(values) > 1:
        spread = short(str(statistics.stdev(values)))
        lines.append({**line, "metric": f"{line['metric']}, {SD}", "value": spread})
    return lines


def _welch(study: Study) -> list[MeasuredRow]:
    """Return Welch's t and its p; the two means are those of the runs."""
    data = {row["run"]: data_of(row) for row in study.rows("scores")}
    return [
        {
            "run": f"{row['First']} - {row['Second']}",
            "protocol": WELCH,
            "data": data.get(row["First"], ""),
            "metric": f"{name}{row['metric']}",
            "class": "",
            "repeats": row["Repeats"],
            "value": stated(row[column]),
        }
        for row in study.rows("welch")
        for name, column in ((WELCH_T, "t"), (WELCH_P, "p"))
    ]
