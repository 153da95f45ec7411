"""Dose and response: a value over the share of the tested people's own segments in training.

All runs of a curve are tested on the same segments, so each draw of the bootstrap takes the same
subjects at every dose: differences between doses, and the slope, are paired by subject.

Legend: B bootstrap draws, P points of a curve.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cardiograft.records import Float64
from cardiograft.specs.score import named
from cardiograft.specs.split import Dose
from cardiograft.specs.tabulate import Tabulate
from cardiograft.tables.runs import Run
from cardiograft.tables.scores import Drawn, drawn, interval, missing_classes, place

TAG = "dose"  # tells the runs of a curve apart
SLOPE, AMOUNT = "slope", "amount"


def tables(spec: Tabulate, runs: Sequence[Run]) -> dict[str, pd.DataFrame]:
    """Return the points of every dose curve, and what each curve shows.

    A curve is made of the runs whose splits differ in the dose's share alone, and that have the
    same tags but for `TAG`.

    Returns
    -------
    dict
        ``doses``: study, run, protocol, split, tag_..., metric, class, dose (share of the slots,
        NaN where they are empty), own, size (segments of the training part), value, low, high,
        difference (from the lowest dose), difference_low, difference_high, subjects, simulated,
        missing_classes.

        ``dose_effects``: study, tag_..., runs, metric, class, effect, value, low, high, subjects,
        simulated, missing_classes. The effect ``slope`` is the change of the value from no slot
        to all slots, by least squares over the doses; ``amount`` is dose 0 less empty slots,
        what as many more segments of other people change. None of either where no curve is.

    Raises
    ------
    ValueError
        Runs of a curve were tested on different segments.
    """
    points: list[dict[str, Any]] = []
    effects: list[dict[str, Any]] = []
    for curve in _curves(runs):
        for metric in (named(m) for m in curve[0].row.metrics):
            known = [drawn(spec, run, metric, run.sums["test", metric]) for run in curve]
            for which in known[0].points:
                points += _points(spec, curve, known, metric, which)
                effects += _effects(spec, curve, known, metric, which)
    return {"doses": pd.DataFrame(points), "dose_effects": pd.DataFrame(effects)} if points else {}


def _curves(runs: Sequence[Run]) -> Iterator[list[Run]]:
    """Yield the runs of each curve, by dose, empty slots last."""
    runs_by_curve: dict[tuple[Any, ...], list[Run]] = {}
    for run in runs:
        if run.row.dose is not None and "test" in run.ids:
            tags = tuple(sorted((k, v) for k, v in run.row.tags.items() if k != TAG))
            rest = run.row.dose.canonical(exclude={"share", "empty"})
            runs_by_curve.setdefault((run.row.simulated, tags, rest), []).append(run)
    for curve in runs_by_curve.values():
        first = curve[0]
        for run in curve:
            if run.ids["test"] != first.ids["test"]:
                raise ValueError(
                    f"{run.name} and {first.name} differ in dose, but not in dose alone: they are"
                    " tested on different segments"
                )
        if len({_share(run) for run in curve if not _dose(run).empty}) > 1:
            yield sorted(curve, key=lambda run: (_dose(run).empty, _share(run)))


def _dose(run: Run) -> Dose:
    assert run.row.dose is not None
    return run.row.dose


def _share(run: Run) -> float:
    return _dose(run).share


def _points(
    spec: Tabulate, curve: Sequence[Run], known: Sequence[Drawn], metric: str, which: str
) -> Iterator[dict[str, Any]]:
    subjects = min(one.subjects[which] for one in known)
    base = known[0]
    for run, one in zip(curve, known, strict=True):
        low, high = interval(spec, one.draws[which], subjects)
        difference_B = one.draws[which] - base.draws[which]
        ends = (0.0, 0.0) if one is base else interval(spec, difference_B, subjects)
        yield {
            **place(spec, run),
            "metric": metric,
            "class": which,
            "dose": np.nan if _dose(run).empty else _share(run),
            "own": _dose(run).own,
            "size": _dose(run).size,
            "repeats": run.row.repeats,
            "value": one.points[which],
            "low": low,
            "high": high,
            "difference": one.points[which] - base.points[which],
            "difference_low": ends[0],
            "difference_high": ends[1],
            "subjects": subjects,
            "simulated": run.row.simulated,
            "missing_classes": missing_classes(run, metric=metric),
        }


def _effects(
    spec: Tabulate, curve: Sequence[Run], known: Sequence[Drawn], metric: str, which: str
) -> Iterator[dict[str, Any]]:
    subjects = min(one.subjects[which] for one in known)
    filled = [k for k, run in enumerate(curve) if not _dose(run).empty]
    weights_P = slope_weights(np.array([_share(curve[k]) for k in filled]))
    effects = {SLOPE: {k: float(w) for k, w in zip(filled, weights_P, strict=True)}}
    empty = [k for k, run in enumerate(curve) if _dose(run).empty]
    if empty and _share(curve[0]) == 0 and 0 in filled:
        effects[AMOUNT] = {0: 1.0, empty[0]: -1.0}
    tags = {k: v for k, v in place(spec, curve[0]).items() if k.startswith("tag_")}
    for effect, weights in effects.items():
        values_B = np.sum([w * known[k].draws[which] for k, w in weights.items()], axis=0)
        low, high = interval(spec, values_B, subjects)
        yield {
            "study": spec.study.name,
            **{k: v for k, v in tags.items() if k != f"tag_{TAG}"},
            "runs": ", ".join(run.name for run in curve),
            "metric": metric,
            "class": which,
            "effect": effect,
            "value": sum(w * known[k].points[which] for k, w in weights.items()),
            "low": low,
            "high": high,
            "subjects": subjects,
            "simulated": curve[0].row.simulated,
            "missing_classes": missing_classes(*curve, metric=metric),
        }


def slope_weights(x_P: Float64) -> Float64:
    """Return the weights of values at x in their least-squares slope, a weighted sum of them."""
    centred_P: Float64 = x_P - x_P.mean()
    weights_P: Float64 = centred_P / (centred_P**2).sum()
    return weights_P
