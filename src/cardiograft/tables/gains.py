"""What runs gain over a run that is otherwise alike, as a share of that one's figure.

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
from cardiograft.tables.published import Gains
from cardiograft.tables.runs import Run, shared
from cardiograft.tables.scores import drawn, interval, place


def table(
    spec: Tabulate, runs: Sequence[Run], asked: Gains, metrics: Sequence[str]
) -> pd.DataFrame:
    """Return each run's gain over its base, on the segments that both were tested on.

    The gain is (figure - base's figure) / base's figure, its sign turned where lower is
    better: a gain is an improvement. Draws of the bootstrap are shared by both runs.

    Parameters
    ----------
    metrics
        Names, as in tables, of those that are told; a run without one has no row of it.

    Returns
    -------
    DataFrame
        study, run, protocol, split, tag_..., base_run, metric, class (``""``), value, base,
        gain, low, high, subjects, simulated, against (name of the base), paper (NaN where it
        gives none). The interval is NaN where a draw's base is not positive; a base that is not
        has no row.
    """
    rows: list[dict[str, Any]] = []
    tested = [run for run in runs if "test" in run.ids]
    for of in tested:
        alike = [run for run in tested if tested_alike(of, run)]
        for base, to in itertools.product(asked.bases, alike):
            if asked.from_base(base, of.row.tags, to.row.tags):
                for row in _gains(spec, of, to, metrics):
                    paper = asked.paper(of.row.tags, row["metric"], base)
                    rows.append({**row, "against": base, "paper": paper})
    return pd.DataFrame(rows)


def _gains(spec: Tabulate, of: Run, to: Run, metrics: Sequence[str]) -> Iterator[dict[str, Any]]:
    known = [{named(m) for m in run.row.metrics} for run in (of, to)]
    for metric in (m for m in metrics if m in known[0] & known[1]):
        found = _gain(spec, of, to, metric)
        if found["base"] > 0:
            yield {
                **place(spec, of),
                "base_run": to.name,
                "metric": metric,
                "class": "",
                **found,
                "simulated": of.row.simulated,
            }


def _gain(spec: Tabulate, of: Run, to: Run, name: str) -> dict[str, Any]:
    sign = -1 if plugins.load("metrics", of.metric(name).name).LOWER_IS_BETTER else 1
    of_RSD, to_RSD, _ = shared(of, to, "test", name)
    one, other = (drawn(spec, run, name, s) for run, s in ((of, of_RSD), (to, to_RSD)))
    value, base = one.points[""], other.points[""]
    value_B, base_B = one.draws[""], other.draws[""]
    subjects = min(one.subjects[""], other.subjects[""])
    low, high = np.nan, np.nan
    if (base_B > 0).all():
        low, high = interval(spec, sign * (value_B - base_B) / base_B, subjects)
    gain = sign * (value - base) / base if base > 0 else np.nan
    ends = {"low": low, "high": high, "subjects": subjects}
    return {"value": value, "base": base, "gain": gain, **ends}
