"""What runs gain over a run that is otherwise alike, as a share of that one's figure.

Legend: R repeats, S subjects, D additive numbers a subject, B bootstrap draws.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cardiograft import plugins, scoring, statistics, tables
from cardiograft.evaluated import Run, shared
from cardiograft.published import Gains
from cardiograft.records import Float64
from cardiograft.specs.entry import Figure
from cardiograft.specs.tabulate import Tabulate


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
        run, base_run, protocol, split, tag_..., metric, class (``""``), value, base, gain,
        low, high, paper (NaN where it gives none), subjects, simulated. The interval is NaN
        where a draw's base is not positive; a base that is not has no row.
    """
    rows: list[dict[str, Any]] = []
    tested = [run for run in runs if "test" in run.ids]
    for of in tested:
        for to in (run for run in tested if _alike(of, run)):
            if asked.from_base(of.row.tags, to.row.tags):
                rows += list(_gains(spec, of, to, asked, metrics))
    return pd.DataFrame(rows)


def _alike(of: Run, to: Run) -> bool:
    places = [(r.row.protocol, r.row.split, r.row.simulated) for r in (of, to)]
    return places[0] == places[1]


def _gains(
    spec: Tabulate, of: Run, to: Run, asked: Gains, metrics: Sequence[str]
) -> Iterator[dict[str, Any]]:
    known = [{scoring.named(m) for m in run.row.metrics} for run in (of, to)]
    tags = {f"tag_{tag}": of.row.tags.get(tag, "") for tag in tables.tag_columns(spec)}
    for metric in (m for m in metrics if m in known[0] & known[1]):
        found = _gain(spec, of, to, metric)
        if found["base"] > 0:
            yield {
                **{"run": of.name, "base_run": to.name},
                **{"protocol": of.row.protocol, "split": of.row.split},
                **tags,
                **{"metric": metric, "class": ""},
                **found,
                "paper": asked.paper(of.row.tags, metric),
                "simulated": of.row.simulated,
            }


def _gain(spec: Tabulate, of: Run, to: Run, name: str) -> dict[str, Any]:
    of_RSD, to_RSD, _ = shared(of, to, "test", name)
    metric = of.metric(name)
    sign = -1 if plugins.load("metrics", metric.name).LOWER_IS_BETTER else 1

    seed = (spec.seed, tables.STREAM[of.row.protocol])
    weights_BS = statistics.draws(of_RSD.shape[1], count=spec.draws, seed=seed)
    whole_1S = np.ones((1, of_RSD.shape[1]))
    value, base = (float(_over(metric, of, sums, whole_1S)[0]) for sums in (of_RSD, to_RSD))
    value_B, base_B = (_over(metric, of, sums, weights_BS) for sums in (of_RSD, to_RSD))
    carried = [tables.carried(metric, sums, of.labels)[""] for sums in (of_RSD, to_RSD)]
    low, high = np.nan, np.nan
    if (base_B > 0).all():
        low, high = statistics.interval(
            sign * (value_B - base_B) / base_B,
            level=spec.level,
            subjects=min(carried),
            least=spec.least_subjects,
        )
    gain = sign * (value - base) / base if base > 0 else np.nan
    ends = {"low": low, "high": high, "subjects": min(carried)}
    return {"value": value, "base": base, "gain": gain, **ends}


def _over(metric: Figure, run: Run, sums_RSD: Float64, weights_BS: Float64) -> Float64:
    def values(sums_BD: Float64) -> dict[str, Float64]:
        return scoring.values(metric, sums_BD, run.labels)

    return statistics.over_repeats(values, sums_RSD, weights_BS)[""]
