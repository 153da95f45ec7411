"""Values of every run with their intervals, and what other tables need of a metric: its draws.

Legend: R repeats, S subjects, D additive numbers a subject, B bootstrap draws.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cardiograft.evaluation import scoring
from cardiograft.records import Float64
from cardiograft.specs.entry import MetricSpec
from cardiograft.specs.score import named
from cardiograft.specs.tabulate import Tabulate
from cardiograft.tables import statistics
from cardiograft.tables.runs import Run
from cardiograft.tables.statistics import Values

# Streams of random numbers: what is drawn for one purpose is not drawn again for another.
# Runs of one protocol share draws, so that equal test sets are resampled alike.
STREAM = {"paper": 0, "honest": 1, "swaps": 2, "personal": 3, "dose": 4}


def tag_columns(spec: Tabulate) -> list[str]:
    """Return the names of all tags of a study, sorted."""
    return sorted({tag for row in spec.rows.values() for tag in row.tags})


def score_table(spec: Tabulate, runs: Sequence[Run], scored: pd.DataFrame) -> pd.DataFrame:
    """Return every value of every run: mean over repeats, interval, what it rests on.

    Parameters
    ----------
    scored
        What the stage `score` wrote, all files: run, repeat, part, metric, class, value,
        segments, subjects. It knows each evaluation by itself: values of folds that are
        pooled, and of means, are made here, by the same functions.

    Returns
    -------
    DataFrame
        study, run, protocol, split, tag_..., part, metric, class (``""`` for all), repeats,
        value, low, high, spread (standard deviation over repeats), segments, subjects,
        simulated, missing_classes (those that the task names and no segment of the part has,
        ``N, S``), differs (in what kinds of things from the paper: ``recipe, size``).
    """
    rows = []
    for run in runs:
        alone = len(run.row.members) == 1 and not run.row.averaged
        own = scored[scored["run"] == run.row.members[0]] if alone else _scored(run)
        for (part, metric, name), (low, high) in _intervals(spec, run):
            which = (own["part"] == part) & (own["metric"] == metric) & (own["class"] == name)
            group = own[which]
            rows.append(
                {
                    **place(spec, run),
                    "part": part,
                    "metric": metric,
                    "class": name,
                    "repeats": len(group),
                    "value": group["value"].mean(skipna=False),
                    "low": low,
                    "high": high,
                    "spread": group["value"].std() if len(group) > 1 else np.nan,
                    "segments": int(group["segments"].iloc[0]),
                    "subjects": int(group["subjects"].min()),
                    "simulated": run.row.simulated,
                    "missing_classes": missing_classes(run, part=part, metric=metric),
                    "differs": ", ".join(run.row.differs),
                }
            )
    return pd.DataFrame(rows)


def _scored(run: Run) -> pd.DataFrame:
    rows = [
        {"repeat": repeat, "part": part, **row}
        for (part, name), sums_RSD in run.sums.items()
        for repeat, sums_SD in enumerate(sums_RSD)
        for row in scoring.value_rows(run.metric(name), sums_SD, run.labels)
    ]
    return pd.DataFrame(rows)


def missing_classes(*runs: Run, metric: str, part: str = "test") -> str:
    """Return the classes that a part of any of these runs lacks, as tables write them: ``N, S``."""
    each = (run.missing_classes(part, metric) for run in runs)
    return ", ".join(dict.fromkeys(label for labels in each for label in labels))


def place(spec: Tabulate, run: Run) -> dict[str, Any]:
    """Return the columns that name a row's run, and where it was tested."""
    tags = {f"tag_{tag}": run.row.tags.get(tag, "") for tag in tag_columns(spec)}
    return {
        "study": spec.study.name,
        "run": run.name,
        "protocol": run.row.protocol,
        "split": run.row.split,
        **tags,
    }


def _intervals(
    spec: Tabulate, run: Run
) -> Iterator[tuple[tuple[str, str, str], tuple[float, float]]]:
    for part in run.subjects:
        for name in map(named, run.row.metrics):
            own = drawn(spec, run, name, run.sums[part, name])
            for which, values_B in own.draws.items():
                yield (part, name, which), interval(spec, values_B, own.subjects[which])


class Drawn(NamedTuple):
    """A metric of a run, mean over repeats: class or ``""`` to what is known of its value.

    Attributes
    ----------
    points
        The value.
    draws
        Of each draw of the bootstrap, shape (B,).
    subjects
        How many subjects it rests on: the fewest of any repeat.
    """

    points: dict[str, float]
    draws: dict[str, Float64]
    subjects: dict[str, int]


def drawn(spec: Tabulate, run: Run, name: str, sums_RSD: Float64) -> Drawn:
    """Return a metric's values and draws; runs of one protocol share draws of equal subjects."""
    metric = run.metric(name)
    values, subjects = metric_values(metric, run.labels), sums_RSD.shape[1]
    seed = (spec.seed, STREAM[run.row.protocol])
    weights_BS = statistics.draws(subjects, count=spec.draws, seed=seed)
    whole = statistics.over_repeats(values, sums_RSD, np.ones((1, subjects)))
    rests = [scoring.support(metric, sums_SD, run.labels) for sums_SD in sums_RSD]
    return Drawn(
        points={which: float(value[0]) for which, value in whole.items()},
        draws=statistics.over_repeats(values, sums_RSD, weights_BS),
        subjects={which: min(one[which][1] for one in rests) for which in whole},
    )


def interval(spec: Tabulate, values_B: Float64, subjects: int) -> tuple[float, float]:
    """Return the interval of bootstrap draws that rest on so many subjects."""
    return statistics.interval(
        values_B, level=spec.level, subjects=subjects, least=spec.least_subjects
    )


def metric_values(metric: MetricSpec, labels: tuple[str, ...]) -> Values:
    """Return the function that makes a metric's values of its sums."""

    def values(sums_BD: Float64) -> dict[str, Float64]:
        return scoring.values(metric, sums_BD, labels)

    return values
