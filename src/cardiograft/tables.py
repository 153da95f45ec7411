"""The tables of a study: figures with intervals, gaps between protocols, paired comparisons.

Legend: R repeats, S subjects, D additive numbers a subject, B bootstrap draws.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cardiograft import plugins, scoring, statistics
from cardiograft.evaluated import Run, shared
from cardiograft.records import Float64
from cardiograft.specs.entry import Figure
from cardiograft.specs.score import named
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
        pooled, and of means, are made here, by the same functions.
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


def place(spec: Tabulate, run: Run) -> dict[str, Any]:
    """Return the columns that say which run a row is of, and where it was tested."""
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
    """A metric of a run, mean over repeats: class or ``""`` to what is known of its figure.

    Attributes
    ----------
    points
        The figure.
    draws
        Of each draw of the bootstrap, shape (B,).
    subjects
        How many carry it: the fewest of any repeat.
    """

    points: dict[str, float]
    draws: dict[str, Float64]
    subjects: dict[str, int]


def drawn(spec: Tabulate, run: Run, name: str, sums_RSD: Float64) -> Drawn:
    """Return a metric's figures and draws; runs of one protocol share draws of equal subjects."""
    metric = run.metric(name)
    values, subjects = _values(metric, run.labels), sums_RSD.shape[1]
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
    """Return the interval of bootstrap draws that so many subjects carry."""
    return statistics.interval(
        values_B, level=spec.level, subjects=subjects, least=spec.least_subjects
    )


def _values(metric: Figure, labels: tuple[str, ...]) -> Values:
    def values(sums_BD: Float64) -> dict[str, Float64]:
        return scoring.values(metric, sums_BD, labels)

    return values


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
    for name in (named(m) for m in paper.row.metrics if m in honest.row.metrics):
        one, other = (drawn(spec, r, name, r.sums["test", name]) for r in (paper, honest))
        for which in (w for w in one.points if w in other.points):
            subjects = min(one.subjects[which], other.subjects[which])
            low, high = interval(spec, one.draws[which] - other.draws[which], subjects)
            yield {
                "study": spec.study.name,
                **{k: v for k, v in place(spec, paper).items() if k.startswith("tag_")},
                "metric": name,
                "class": which,
                "paper_run": paper.name,
                "honest_run": honest.name,
                "paper_split": paper.row.split,
                "honest_split": honest.row.split,
                "paper": one.points[which],
                "honest": other.points[which],
                "gap": one.points[which] - other.points[which],
                "low": low,
                "high": high,
                "subjects": subjects,
                "simulated": paper.row.simulated,
            }


def comparisons(spec: Tabulate, runs: Sequence[Run]) -> pd.DataFrame:
    """Return paired comparisons of the primary figure; all of them are one Holm family.

    Raises
    ------
    ValueError
        A run of the family lacks the primary metric or its class, or two of a pair share no
        segment.
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
    one, other = ({k: v for k, v in run.row.tags.items() if k != tag} for run in (of, to))
    return one == other and tested_alike(of, to)


def tested_alike(one: Run, other: Run) -> bool:
    """Whether two runs are of one protocol, on one split of data of one kind."""
    here, there = ((r.row.protocol, r.row.split, r.row.simulated) for r in (one, other))
    return here == there


def _compared(spec: Tabulate, of: Run, to: Run, tag: str) -> dict[str, Any]:
    name, _, which = spec.primary.partition(":")
    of_RSD, to_RSD, segments = shared(of, to, "test", name)
    one, other = (drawn(spec, run, name, s) for run, s in ((of, of_RSD), (to, to_RSD)))
    if which not in one.points:
        hint = plugins.hint(which, one.points)
        raise ValueError(f"{of.name}: primary {spec.primary!r}: no class {which!r}.{hint}")
    subjects = min(one.subjects[which], other.subjects[which])
    low, high = interval(spec, one.draws[which] - other.draws[which], subjects)
    values, seed = _values(of.metric(name), of.labels), (spec.seed, STREAM["swaps"])
    p = statistics.paired_p(values, of_RSD, to_RSD, count=spec.draws, seed=seed)
    others = {k: v for k, v in place(spec, of).items() if k not in (f"tag_{tag}", "run")}
    return {
        **others,
        "of": of.row.tags[tag],
        "to": to.row.tags[tag],
        "of_run": of.name,
        "to_run": to.name,
        "metric": name,
        "class": which,
        "of_value": one.points[which],
        "to_value": other.points[which],
        "difference": one.points[which] - other.points[which],
        "low": low,
        "high": high,
        "p": p[which] if subjects >= spec.least_subjects else np.nan,
        "segments": segments,
        "subjects": subjects,
        "simulated": of.row.simulated,
    }
