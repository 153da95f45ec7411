"""How often predictions hold, by the probability that they are given with: reliability curves.

Made of what each subject adds to the metric `calibration_error`, so that what is drawn is what the
error sums: its bins, with the mean probability and the share that is right in each.

Legend: R repeats, S subjects, G bins, D additive numbers a subject.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cardiograft import plugins
from cardiograft.records import Float64
from cardiograft.specs.entry import MetricSpec
from cardiograft.specs.score import named
from cardiograft.specs.tabulate import Tabulate
from cardiograft.tables.runs import Run
from cardiograft.tables.scores import place

METRIC, BESIDE = "calibration_error", "brier"
COLUMNS = (
    *("part", "low", "high", "count", "probability", "right"),
    *("calibration_error", "brier", "repeats", "simulated"),
)


def has_calibration(spec: Tabulate) -> bool:
    """Whether some run of a study has the calibration error among its metrics."""
    return any(_plain(run.metrics) for run in spec.rows.values())


def table(spec: Tabulate, runs: Sequence[Run]) -> pd.DataFrame:
    """Return every bin that holds predictions, of every run that asks for the calibration error.

    Returns
    -------
    DataFrame
        study, run, protocol, split, tag_..., part, low and high (the bin's ends), count (of
        segments, or recordings: mean over repeats), probability (of the class that is predicted:
        mean in the bin), right (the share that is), calibration_error and brier (of the run: mean
        over repeats; NaN where it is not asked for), repeats, simulated.
    """
    rows = []
    for run in runs:
        metric = _plain(run.row.metrics)
        for part in run.subjects if metric else ():
            about = {
                **place(spec, run),
                "part": part,
                "calibration_error": _value(run, part, metric),
                "brier": _value(run, part, _plain(run.row.metrics, BESIDE)),
                "repeats": run.row.repeats,
                "simulated": run.row.simulated,
            }
            rows += [{**about, **one} for one in _bins(run.sums[part, named(metric)])]
    first = [key for run in runs[:1] for key in place(spec, run)]
    return pd.DataFrame(rows, columns=[*first, *COLUMNS])


def _plain(metrics: Sequence[MetricSpec], name: str = METRIC) -> Any:
    """Return a metric of all subjects, if a run has it."""
    return next((m for m in metrics if m.name == name and not m.without), None)


def _value(run: Run, part: str, metric: MetricSpec | None) -> float:
    """Return the mean over repeats of a metric."""
    if metric is None:
        return float("nan")
    sums_RD = run.sums[part, named(metric)].sum(axis=1)
    values: dict[str, Float64] = plugins.load("metrics", metric.name).values(sums_RD, run.labels)
    return float(values[""].mean())


def _bins(sums_RSD: Float64) -> Iterator[dict[str, float]]:
    """Yield each bin that holds predictions, repeats together."""
    repeats, sums_G3 = len(sums_RSD), sums_RSD.sum(axis=(0, 1)).reshape(-1, 3)
    bins = len(sums_G3)
    for number in np.flatnonzero(sums_G3[:, 0]).tolist():
        count, right, sure = sums_G3[number].tolist()
        yield {
            "low": number / bins,
            "high": (number + 1) / bins,
            "count": count / repeats,
            "probability": sure / count,
            "right": right / count,
        }
