"""Metrics of saved predictions, as tidy rows.

Legend: S subjects (sorted), D additive numbers a subject.

A metric is a plug-in of `cardiograft.evaluation.metrics`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cardiograft import plugins
from cardiograft.evaluation import threshold
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64
from cardiograft.specs.entry import MetricSpec
from cardiograft.specs.predict import parts_of_predictions
from cardiograft.specs.score import named

PARTS = parts_of_predictions()


def has_layout(metric: MetricSpec) -> bool:
    """Return whether what subjects add to a metric hangs on all predictions that are added up."""
    return hasattr(plugins.load("metrics", metric.name), "laid_out")


def additive(predictions: Predictions, metric: MetricSpec) -> Float64:
    """Return what each subject adds to a metric, shape (S, D), subjects sorted.

    Those whom the metric leaves out are not among them.

    Raises
    ------
    ValueError
        As `additives`.
    """
    (sums_SD,) = additives([predictions], metric)
    return sums_SD


def additives(several: Sequence[Predictions], metric: MetricSpec) -> list[Float64]:
    """Return what each subject of several files adds to a metric, (S, D) each, to be added up.

    Raises
    ------
    ValueError
        The metric does not take this kind of predictions, leaves out somebody who is not
        there, or everybody, or asks for a threshold that the predictions don't know.
    """
    module = plugins.load("metrics", metric.name)
    ready = [_ready(one, metric) for one in several]
    ready = module.laid_out(ready) if has_layout(metric) else ready
    return [module.additive(one) for one in ready]


def _ready(predictions: Predictions, metric: MetricSpec) -> Predictions:
    """Return the predictions of those whom a metric counts, with the threshold that it asks for."""
    module = plugins.load("metrics", metric.name)
    if predictions.kind not in module.KINDS:
        takes = " or ".join(module.KINDS)
        raise ValueError(f"metric {metric.name!r} takes {takes}, not {predictions.kind}")
    left_out = predictions.persons(metric.without)
    for subject, who in zip(metric.without, left_out, strict=True):
        if who not in predictions.subject_N:
            known = plugins.hint(subject, sorted(set(predictions.subject_N.tolist())))
            raise ValueError(f"{named(metric)}: there is no subject {subject!r}.{known}")
    stays_N = ~np.isin(predictions.subject_N, left_out)
    if not stays_N.any():
        raise ValueError(f"{named(metric)}: that leaves nobody")
    if metric.at == threshold.PART:
        predictions = threshold.applied(predictions)
    return predictions.only(stays_N)


def values(metric: MetricSpec, sums_BD: Float64, labels: tuple[str, ...]) -> dict[str, Float64]:
    """Return a metric's values for each row of sums: class or ``""`` to shape (B,)."""
    module = plugins.load("metrics", metric.name)
    by_class: dict[str, Float64] = module.values(sums_BD, labels, **metric.options)
    return by_class


def support(
    metric: MetricSpec, sums_SD: Float64, labels: tuple[str, ...]
) -> dict[str, tuple[int, int]]:
    """Return the segments and the subjects that each value of a metric rests on."""
    module = plugins.load("metrics", metric.name)
    by_class: dict[str, tuple[int, int]] = module.support(sums_SD, labels)
    return by_class


def score(predictions: Predictions, metrics: tuple[MetricSpec, ...]) -> pd.DataFrame:
    """Return part, metric, class, value, segments and subjects, a row a value.

    Raises
    ------
    ValueError
        There are no predictions, or a metric does not take them.
    """
    if not len(predictions.id_N):
        raise ValueError("there are no predictions to score")
    rows = []
    for part in (p for p in PARTS if (predictions.part_N == p).any()):
        chosen = predictions.only(predictions.part_N == part)
        for metric in metrics:
            sums_SD = additive(chosen, metric)
            rows += [{"part": part, **row} for row in value_rows(metric, sums_SD, chosen.labels)]
    return pd.DataFrame(rows)


def value_rows(
    metric: MetricSpec, sums_SD: Float64, labels: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return metric, class, value, segments and subjects of each value of a metric."""
    by_class = values(metric, sums_SD.sum(axis=0, keepdims=True), labels)
    rests = support(metric, sums_SD, labels)
    return [
        {
            "metric": named(metric),
            "class": name,
            "value": float(np.asarray(value)[0]),
            "segments": rests[name][0],
            "subjects": rests[name][1],
        }
        for name, value in by_class.items()
    ]
