"""Relative gain of a run over its baseline run, or the difference where a share means nothing.

Legend: B bootstrap draws.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cardiograft import plugins
from cardiograft.specs.score import named
from cardiograft.specs.tabulate import Tabulate
from cardiograft.tables.comparisons import tested_alike
from cardiograft.tables.published_gains import Gains
from cardiograft.tables.runs import Run
from cardiograft.tables.scores import Drawn, drawn, interval, missing_classes, place
from cardiograft.tables.shared_segments import shared

# Why a gain is no share of the base's value.
NEAR_ZERO, FEW_SUBJECTS, NO_ZERO = "near zero", "few subjects", "no zero"


def table(
    spec: Tabulate, runs: Sequence[Run], requested: Gains, metrics: Sequence[str]
) -> pd.DataFrame:
    """Return each run's gain over its base, on the segments that both were tested on.

    The difference is (value - base's value), its sign turned where lower is better: a gain is
    an improvement. The gain is that difference as a share of the base's value. Draws of the
    bootstrap are shared by both runs.

    Parameters
    ----------
    metrics
        Names, as in tables, of those that are shown; a run without one has no row of it.

    Returns
    -------
    DataFrame
        study, run, protocol, split, tag_..., base_run, metric, class (``""``), value, base,
        base_low, base_high, gain, low, high, difference, difference_low, difference_high,
        not_relative, subjects, simulated, missing_classes, against (name of the base), paper
        (NaN where it gives none).

        A share of the base's value means something only where that is clearly above zero:
        ``gain``, ``low`` and ``high`` are NaN where `not_relative` gives the reason, ``near zero``
        (its interval, or a draw of its bootstrap, reaches zero), ``few subjects`` (it has no
        interval), ``no zero`` (the metric's zero is no lower end: `NATURAL_ZERO`).
    """
    rows: list[dict[str, Any]] = []
    tested = [run for run in runs if "test" in run.ids]
    for of in tested:
        alike = [run for run in tested if tested_alike(of, run)]
        for base, to in itertools.product(requested.bases, alike):
            if requested.from_base(base, of.row.tags, to.row.tags):
                for row in _gains(spec, of, to, metrics):
                    paper = requested.paper(of.row.tags, row["metric"], base)
                    rows.append({**row, "against": base, "paper": paper})
    return pd.DataFrame(rows)


def _gains(spec: Tabulate, of: Run, to: Run, metrics: Sequence[str]) -> Iterator[dict[str, Any]]:
    of_both = set.intersection(*({named(m) for m in run.row.metrics} for run in (of, to)))
    for metric in (m for m in metrics if m in of_both):
        yield {
            **place(spec, of),
            "base_run": to.name,
            "metric": metric,
            "class": "",
            **_gain(spec, of, to, metric),
            "simulated": of.row.simulated,
            "missing_classes": missing_classes(of, to, metric=metric),
        }


def _gain(spec: Tabulate, of: Run, to: Run, name: str) -> dict[str, Any]:
    sign = -1 if _metric(of, name).LOWER_IS_BETTER else 1
    of_RSD, to_RSD, _ = shared(of, to, "test", name)
    one, other = (drawn(spec, run, name, s) for run, s in ((of, of_RSD), (to, to_RSD)))
    value, base, base_B = one.points[""], other.points[""], other.draws[""]
    better, better_B = sign * (value - base), sign * (one.draws[""] - base_B)
    subjects = min(one.subjects[""], other.subjects[""])
    base_ends = interval(spec, base_B, other.subjects[""])
    why = _not_relative(other, base_ends[0], natural_zero=_has_natural_zero(of, name))
    gain = (np.nan, np.nan, np.nan)
    if not why:
        gain = (better / base, *interval(spec, better_B / base_B, subjects))
    return {
        "value": value,
        "base": base,
        **dict(zip(("base_low", "base_high"), base_ends, strict=True)),
        **dict(zip(("gain", "low", "high"), gain, strict=True)),
        "difference": better,
        **dict(
            zip(
                ("difference_low", "difference_high"),
                interval(spec, better_B, subjects),
                strict=True,
            )
        ),
        "not_relative": why,
        "subjects": subjects,
    }


def _not_relative(base: Drawn, low: float, *, natural_zero: bool) -> str:
    """Return why a difference is no share of the base's value; ``""`` where it is one."""
    if not natural_zero:
        return NO_ZERO
    if base.points[""] > 0 and np.isnan(low):
        return FEW_SUBJECTS
    # ASSUME clearly above zero: the interval, and each draw, for a share is taken of each.
    above = base.points[""] > 0 and low > 0 and (base.draws[""] > 0).all()
    return "" if above else NEAR_ZERO


def _metric(run: Run, name: str) -> Any:
    return plugins.load("metrics", run.metric(name).name)


def _has_natural_zero(run: Run, name: str) -> bool:
    return bool(getattr(_metric(run, name), "NATURAL_ZERO", True))
