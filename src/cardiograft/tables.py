"""The tables of a study: figures with intervals, gaps between protocols, paired comparisons.

Legend: R repeats, S subjects, D additive numbers a subject, B bootstrap draws.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from cardiograft import scoring, statistics
from cardiograft.evaluated import Run, shared
from cardiograft.records import Float64
from cardiograft.specs.entry import Figure
from cardiograft.specs.tabulate import Tabulate
from cardiograft.statistics import Values

# Streams of random numbers: what is drawn for one purpose is not drawn again for another.
# Runs of one protocol share draws, so that equal test sets meet equal resamples.
STREAM = {"paper": 0, "honest": 1, "swaps": 2, "personal": 3}


def tag_columns(spec: Tabulate) -> list[str]:
    """Return the names of all tags of a study, sorted."""
    return sorted({tag for row in spec.rows.values() for tag in row.tags})


def scores(spec: Tabulate, runs: Sequence[Run], scored: pd.DataFrame) -> pd.DataFrame:
    """Return every figure of every run: mean over repeats, interval, what it rests on.

    Parameters
    ----------
    scored
        What the stage `score` wrote, all files: run, repeat, part, metric, class, value,
        segments, subjects. It knows each evaluation by itself: figures of folds that are
        pooled are made here, by the same functions.
    """
    rows = []
    for run in runs:
        pooled = len(run.row.members) > 1
        own = _scored(run) if pooled else scored[scored["run"] == run.row.members[0]]
        for (part, metric, name), (low, high) in _intervals(spec, run):
            which = (own["part"] == part) & (own["metric"] == metric) & (own["class"] == name)
            group = own[which]
            rows.append(
                {
                    **_place(spec, run),
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
                }
            )
    return pd.DataFrame(rows)


def _scored(run: Run) -> pd.DataFrame:
    rows = [
        {"repeat": repeat, "part": part, **row}
        for (part, name), sums_RSD in run.sums.items()
        for repeat, sums_SD in enumerate(sums_RSD)
        for row in scoring.figures(run.metric(name), sums_SD, run.labels)
    ]
    return pd.DataFrame(rows)


def _place(spec: Tabulate, run: Run) -> dict[str, Any]:
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
        for metric in run.row.metrics:
            name = scoring.named(metric)
            sums_RSD = run.sums[part, name]
            weights_BS = _weights(spec, run.row.protocol, sums_RSD.shape[1])
            drawn = statistics.over_repeats(_values(metric, run.labels), sums_RSD, weights_BS)
            rests = carried(metric, sums_RSD, run.labels)
            for which, values_B in drawn.items():
                yield (
                    (part, name, which),
                    statistics.interval(
                        values_B,
                        level=spec.level,
                        subjects=rests[which],
                        least=spec.least_subjects,
                    ),
                )


def _weights(spec: Tabulate, stream: str, subjects: int) -> Float64:
    return statistics.draws(subjects, count=spec.draws, seed=(spec.seed, STREAM[stream]))


def _values(metric: Figure, labels: tuple[str, ...]) -> Values:
    return partial(_of, metric, labels)


def _of(metric: Figure, labels: tuple[str, ...], sums_BD: Float64) -> dict[str, Float64]:
    return scoring.values(metric, sums_BD, labels)


def carried(metric: Figure, sums_RSD: Float64, labels: tuple[str, ...]) -> dict[str, int]:
    """Return how many subjects carry each figure of a metric: the fewest of any repeat."""
    found = [scoring.support(metric, sums_SD, labels) for sums_SD in sums_RSD]
    return {name: min(one[name][1] for one in found) for name in found[0]}


def gaps(spec: Tabulate, runs: Sequence[Run]) -> pd.DataFrame:
    """Return what the paper's protocol adds to each figure: paper minus honest.

    Every paper run is laid beside every honest run with the same tags. Their test sets
    differ, so each is bootstrapped by itself; people in both make the interval, if
    anything, too wide.
    """
    rows = []
    runs = [run for run in runs if "test" in run.ids]
    for paper in (r for r in runs if r.row.protocol == "paper"):
        for honest in (r for r in runs if r.row.protocol == "honest"):
            same = paper.row.tags == honest.row.tags
            if same and paper.row.simulated == honest.row.simulated:
                rows += list(_gap(spec, paper, honest))
    return pd.DataFrame(rows)


def _gap(spec: Tabulate, paper: Run, honest: Run) -> Iterator[dict[str, Any]]:
    for name in (scoring.named(m) for m in paper.row.metrics if m in honest.row.metrics):
        found = [_point_and_draws(spec, run, name) for run in (paper, honest)]
        (points, drawn, rests), (points_h, drawn_h, rests_h) = found
        for which in (w for w in points if w in points_h):
            subjects = min(rests[which], rests_h[which])
            low, high = statistics.interval(
                drawn[which] - drawn_h[which],
                level=spec.level,
                subjects=subjects,
                least=spec.least_subjects,
            )
            place = {k: v for k, v in _place(spec, paper).items() if k.startswith("tag_")}
            yield {
                "study": spec.study.name,
                **place,
                "metric": name,
                "class": which,
                "paper_run": paper.name,
                "honest_run": honest.name,
                "paper_split": paper.row.split,
                "honest_split": honest.row.split,
                "paper": points[which],
                "honest": points_h[which],
                "gap": points[which] - points_h[which],
                "low": low,
                "high": high,
                "subjects": subjects,
                "simulated": paper.row.simulated,
            }


def _point_and_draws(
    spec: Tabulate, run: Run, name: str
) -> tuple[dict[str, float], dict[str, Float64], dict[str, int]]:
    metric = run.metric(name)
    sums_RSD = run.sums["test", name]
    values = _values(metric, run.labels)
    weights_BS = _weights(spec, run.row.protocol, sums_RSD.shape[1])
    whole = statistics.over_repeats(values, sums_RSD, np.ones((1, weights_BS.shape[1])))
    drawn = statistics.over_repeats(values, sums_RSD, weights_BS)
    points = {which: float(value[0]) for which, value in whole.items()}
    return points, drawn, carried(metric, sums_RSD, run.labels)


def comparisons(spec: Tabulate, runs: Sequence[Run]) -> pd.DataFrame:
    """Return paired comparisons of the primary figure; all of them are one Holm family.

    Raises
    ------
    ValueError
        A run of the family lacks the primary metric, or two of a pair share no segment.
    """
    rows = []
    runs = [run for run in runs if "test" in run.ids]
    for asked in spec.comparisons:
        for of in (r for r in runs if r.row.tags.get(asked.tag) == asked.of):
            for to in (r for r in runs if r.row.tags.get(asked.tag) == asked.to):
                if _pair(of, to, asked.tag):
                    rows.append({"tag": asked.tag, **_compared(spec, of, to, asked.tag)})
    frame = pd.DataFrame(rows)
    if len(frame):
        frame["p_holm"] = statistics.holm(frame["p"].tolist())
    return frame


def _pair(of: Run, to: Run, tag: str) -> bool:
    others = [{k: v for k, v in run.row.tags.items() if k != tag} for run in (of, to)]
    places = [(r.row.split, r.row.protocol, r.row.simulated) for r in (of, to)]
    return all(a == b for a, b in pairwise(others)) and places[0] == places[1]


def _compared(spec: Tabulate, of: Run, to: Run, tag: str) -> dict[str, Any]:
    name, _, which = spec.primary.partition(":")
    for run in (of, to):
        known = [scoring.named(m) for m in run.row.metrics]
        if name not in known:
            raise ValueError(f"{run.name}: no metric {name!r} (has {', '.join(known)})")
    of_RSD, to_RSD, segments = shared(of, to, "test", name)
    metric = of.metric(name)
    values = _values(metric, of.labels)
    weights_BS = _weights(spec, of.row.protocol, of_RSD.shape[1])
    whole_1S = np.ones((1, of_RSD.shape[1]))
    point, drawn = (
        [statistics.over_repeats(values, sums, weights)[which] for sums in (of_RSD, to_RSD)]
        for weights in (whole_1S, weights_BS)
    )
    subjects = min(carried(metric, sums, of.labels)[which] for sums in (of_RSD, to_RSD))
    low, high = statistics.interval(
        drawn[0] - drawn[1], level=spec.level, subjects=subjects, least=spec.least_subjects
    )
    p = statistics.paired_p(
        values, of_RSD, to_RSD, count=spec.draws, seed=(spec.seed, STREAM["swaps"])
    )
    others = {k: v for k, v in _place(spec, of).items() if k != f"tag_{tag}" and k != "run"}
    return {
        **others,
        "of": of.row.tags[tag],
        "to": to.row.tags[tag],
        "of_run": of.name,
        "to_run": to.name,
        "metric": name,
        "class": which,
        "of_value": float(point[0][0]),
        "to_value": float(point[1][0]),
        "difference": float(point[0][0] - point[1][0]),
        "low": low,
        "high": high,
        "p": p[which] if subjects >= spec.least_subjects else np.nan,
        "segments": segments,
        "subjects": subjects,
        "simulated": of.row.simulated,
    }
