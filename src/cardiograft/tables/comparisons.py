"""Runs compared: inflation gaps between protocols, and pairs that differ in one tag.

Legend: R repeats, S subjects, D additive numbers a subject.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cardiograft import plugins
from cardiograft.specs.score import named
from cardiograft.specs.tabulate import Tabulate
from cardiograft.tables import statistics
from cardiograft.tables.runs import Run
from cardiograft.tables.scores import (
    STREAM,
    drawn,
    interval,
    metric_values,
    missing_classes,
    place,
)
from cardiograft.tables.shared_segments import shared


def gap_table(spec: Tabulate, runs: Sequence[Run]) -> pd.DataFrame:
    """Return what the paper's protocol adds to each value: paper minus honest.

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
                "missing_classes": missing_classes(paper, honest, metric=name),
            }


def comparison_table(spec: Tabulate, runs: Sequence[Run]) -> pd.DataFrame:
    """Return paired comparisons of the primary metric; all of them are one Holm family.

    Raises
    ------
    ValueError
        A run of the family lacks the primary metric or its class, or two of a pair share no
        segment.
    """
    rows = []
    runs = [run for run in runs if "test" in run.ids]
    for pair in spec.comparisons:
        for of in (r for r in runs if r.row.tags.get(pair.tag) == pair.of):
            for to in (r for r in runs if r.row.tags.get(pair.tag) == pair.to):
                if _pair(of, to, pair.tag):
                    rows.append({"tag": pair.tag, **_compared(spec, of, to, pair.tag)})
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
    values, seed = metric_values(of.metric(name), of.labels), (spec.seed, STREAM["swaps"])
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
        "missing_classes": missing_classes(of, to, metric=name),
    }
