"""Example windows of a run: of its best, its median and its worst subject.

A run's files are its saved predictions, of signals: of each repeat a list, of one file or, of a
run that pools several test sets, of several files with different subjects.

Legend: S subjects, D additive numbers a subject.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from cardiograft import plugins
from cardiograft.evaluation import scoring
from cardiograft.evaluation.predictions import Predictions
from cardiograft.specs.entry import MetricSpec
from cardiograft.specs.score import named
from cardiograft.tables.saved_signals import Files, read_test_part

RANKS = ("best", "median", "worst")


@dataclass(frozen=True, kw_only=True)
class Pick:
    """A window, and why it was picked.

    Attributes
    ----------
    rank
        ``best``, ``median`` or ``worst``: of its subject among all of them.
    of_subject, of_window
        The value of the subject, a mean over repeats, and of the window in the first repeat.
    """

    rank: str
    subject: str
    segment: str
    of_subject: float
    of_window: float


def picked(files: Files, metric: MetricSpec, which: str = "") -> list[Pick]:
    """Return the median windows of the best, the median and the worst subject.

    Parameters
    ----------
    files
        A run's saved predictions.
    metric, which
        The metric they are ranked by, and its class (a channel) or ``""`` for all.

    Raises
    ------
    ValueError
        The predictions are no signals, or the metric is defined of no subject.
    """
    repeats = [_all_subjects(read_test_part(files_of), metric, which) for files_of in files]
    mean = pd.concat(repeats, axis=1).mean(axis=1, skipna=False).dropna()
    if mean.empty:
        raise ValueError(f"{files[0][0]}: {named(metric)} is defined of no subject")
    picks = []
    for rank, subject in zip(RANKS, _ranked(mean, metric), strict=True):
        segment, value = _median_window(files[0], subject, metric, which)
        picks.append(
            Pick(
                rank=rank,
                subject=subject,
                segment=segment,
                of_subject=float(mean[subject]),
                of_window=value,
            )
        )
    return picks


def _ranked(of_subject: pd.Series, metric: MetricSpec) -> list[str]:
    """Return the names of the best, the median and the worst; equals go by name."""
    lower_is_better = plugins.load("metrics", metric.name).LOWER_IS_BETTER
    order = of_subject.sort_index().sort_values(ascending=lower_is_better, kind="stable")
    names = order.index.tolist()
    return [names[0], names[(len(names) - 1) // 2], names[-1]]


def _median_window(
    files: Sequence[Path], subject: str, metric: MetricSpec, which: str
) -> tuple[str, float]:
    own = next(s for s in read_test_part(files) if subject in s.subject_N)
    own = own.only(own.subject_N == subject)
    value = values_by_subject(replace(own, subject_N=own.id_N), metric, which).dropna()
    order = value.sort_index().sort_values(kind="stable")
    middle = (len(order) - 1) // 2
    return str(order.index[middle]), float(order.iloc[middle])


def _all_subjects(saved: Sequence[Predictions], metric: MetricSpec, which: str = "") -> pd.Series:
    """Return the value of each subject of several files, by name."""
    return pd.concat([values_by_subject(one, metric, which) for one in saved])


def values_by_subject(saved: Predictions, metric: MetricSpec, which: str = "") -> pd.Series:
    """Return a metric's value of each subject alone, by name; NaN where it has none."""
    name_S = np.unique(saved.subject_N)
    sums_SD = scoring.additive(saved, metric.model_copy(update={"without": ()}))
    by_class = scoring.values(metric, sums_SD, saved.labels)
    if which not in by_class:
        hint = plugins.hint(which, by_class)
        raise ValueError(f"{named(metric)}: no class or channel {which!r}.{hint}")
    return pd.Series(by_class[which], index=name_S)
