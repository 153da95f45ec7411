"""Two runs on the segments that both were tested on.

Legend: R repeats, S subjects, D additive numbers a subject, N segments.
"""

from collections.abc import Iterator

import numpy as np

from cardiograft.evaluation import scoring
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64
from cardiograft.specs.entry import MetricSpec
from cardiograft.tables.runs import Run, summed, summed_alike


def shared(one: Run, other: Run, part: str, metric: str) -> tuple[Float64, Float64, int]:
    """Return both runs' sums over the segments that both were tested on.

    Returns
    -------
    sums of `one` (R, S, D), sums of `other` (R, S, D), number of shared segments

    Raises
    ------
    ValueError
        They share no segment, their labels differ, or one has no such metric.
    """
    if one.labels != other.labels:
        raise ValueError(f"{one.name} and {other.name} have different labels: no comparison")
    metrics, key = [run.metric(metric) for run in (one, other)], (part, metric)
    if one.ids.get(part) == other.ids.get(part):
        return one.sums[key], other.sums[key], one.segments[part]
    both = _ids(one, part) & _ids(other, part)
    if not both:
        raise ValueError(f"{one.name} and {other.name} share no {part} segment: no comparison")
    first, second = (
        _restricted(run, part, metric, both)
        for run, metric in zip((one, other), metrics, strict=True)
    )
    return first, second, len(both)


def swappable(
    one: Run, other: Run, part: str, metric: str, sums: tuple[Float64, Float64]
) -> tuple[Float64, Float64]:
    """Return sums of `shared` in which a subject's predictions of two runs can change hands.

    The same sums, but of a metric that has a layout: those are of one layout for both runs.
    """
    metric_spec = one.metric(metric)
    if not scoring.has_layout(metric_spec):
        return sums
    both = _ids(one, part) & _ids(other, part)
    files = [
        [[*_shared_files(run, repeat, part, both)] for repeat in range(len(run.files))]
        for run in (one, other)
    ]
    sums_RSD = summed_alike([of_repeat for of_run in files for of_repeat in of_run], metric_spec)
    return np.stack(sums_RSD[: len(files[0])]), np.stack(sums_RSD[len(files[0]) :])


def _part(run: Run, repeat: int, part: str) -> Iterator[Predictions]:
    return (saved for own, saved in run.saved(repeat) if own == part)


def _ids(run: Run, part: str) -> set[str]:
    return {i for saved in _part(run, 0, part) for i in saved.id_N.tolist()}


def _restricted(run: Run, part: str, metric: MetricSpec, ids: set[str]) -> Float64:
    """Return a run's sums over some of its segments, (R, S, D)."""
    repeats = range(len(run.files))
    return np.stack([summed(_shared_files(run, r, part, ids), metric) for r in repeats])


def _shared_files(run: Run, repeat: int, part: str, ids: set[str]) -> Iterator[Predictions]:
    for saved in _part(run, repeat, part):
        inside_N = np.array([i in ids for i in saved.id_N.tolist()])
        if inside_N.any():
            yield saved.only(inside_N)
