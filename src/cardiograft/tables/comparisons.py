"""Runs compared: inflation gaps between protocols, and pairs that differ in one tag.

Legend: R repeats, S subjects, D additive numbers a subject.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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
from cardiograft.tables.shared_segments import shared, swappable

POWER = 0.8  # a difference that four studies in five would show


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
    """Return paired comparisons of the primary metric; those of a question are one Holm family.

    Beside each stands what could have been shown: ``detectable``, the smallest difference that so
    many people show in `POWER` of all studies, at the level with which Holm's correction of its
    family begins; and where a margin is named, whether the two runs are equivalent within it, by
    the interval (``within_low``, ``within_high``) of twice the tests' error, uncorrected.

    Raises
    ------
    ValueError
        One of a pair lacks the primary metric or its class, or the two share no segment. Where both
        lack the metric they are no pair.
    """
    pairs = []
    runs = [run for run in runs if "test" in run.ids]
    for pair in spec.comparisons:
        for of in (r for r in runs if r.row.tags.get(pair.tag) == pair.of):
            for to in (r for r in runs if r.row.tags.get(pair.tag) == pair.to):
                if _pair(of, to, {pair.tag, *pair.besides}) and _has_primary(spec, runs, of, to):
                    about = {"question": pair.question or "", "tag": pair.tag}
                    pairs.append((about, _Paired(spec, of, to, pair.tag)))
    sizes = Counter(about["question"] for about, paired in pairs if paired.tested)
    rows = [
        {**about, **paired.row(), **_could_show(spec, paired, about["question"], sizes)}
        for about, paired in pairs
    ]
    frame = pd.DataFrame(rows)
    if len(frame):
        families = frame.groupby("question", sort=False)["p"]
        frame["p_holm"] = families.transform(lambda p: statistics.holm(p.tolist()))
    return frame


def _could_show(
    spec: Tabulate, paired: "_Paired", question: str, sizes: Mapping[str, int]
) -> dict[str, Any]:
    """Return what the people of a comparison could have shown, and whether runs are equivalent."""
    question_spec = spec.questions.get(question)
    margin = (question_spec.margin if question_spec else None) or spec.margin
    nothing = {"family": sizes[question], "detectable": np.nan, "margin": margin or np.nan}
    ends = {"within_low": np.nan, "within_high": np.nan, "equivalent": ""}
    if not paired.tested:
        return {**nothing, **ends}
    alpha = 1 - spec.level
    smallest = statistics.detectable(
        paired.draws,
        subjects=paired.subjects,
        alpha=alpha / sizes[question],
        power=POWER,
        least=statistics.least_p(paired.swapped, count=spec.draws),
    )
    if margin is not None:
        low, high = statistics.interval(
            paired.draws, level=1 - 2 * alpha, subjects=paired.subjects, least=spec.least_subjects
        )
        shown = statistics.equivalent(low, high, margin=margin)
        ends = {
            "within_low": low,
            "within_high": high,
            "equivalent": "" if shown is None else "yes" if shown else "not shown",
        }
    return {**nothing, "detectable": smallest, **ends}


def _pair(of: Run, to: Run, may_differ: set[str]) -> bool:
    one, other = (
        {k: v for k, v in run.row.tags.items() if k not in may_differ} for run in (of, to)
    )
    return one == other and tested_alike(of, to)


def _has_primary(spec: Tabulate, runs: Sequence[Run], of: Run, to: Run) -> bool:
    """Whether two runs are evaluated in the primary metric, as others of the study are."""
    name = spec.primary.partition(":")[0]
    having = [run.name for run in runs if name in map(named, run.row.metrics)]
    return not having or of.name in having or to.name in having


def tested_alike(one: Run, other: Run) -> bool:
    """Whether two runs are of one protocol, on one split of data of one kind."""
    here, there = ((r.row.protocol, r.row.split, r.row.simulated) for r in (one, other))
    return here == there


class _Paired:
    """Two runs on the segments that they share.

    Attributes
    ----------
    draws
        Of the difference, shape (B,).
    subjects
        How many the difference rests on: those who have a segment of the rarest class.
    swapped
        How many the test swaps: all that were tested, for a rare class's F1 hangs on what others'
        segments are taken for, too.
    tested
        Whether that is enough for a test.
    """

    def __init__(self, spec: Tabulate, of: Run, to: Run, tag: str) -> None:
        self.spec, self.of, self.to, self.tag = spec, of, to, tag
        self.name, _, self.which = spec.primary.partition(":")
        *self.sums, self.segments = shared(of, to, "test", self.name)
        self.one, self.other = (
            drawn(spec, run, self.name, sums_RSD)
            for run, sums_RSD in zip((of, to), self.sums, strict=True)
        )
        if self.which not in self.one.points:
            hint = plugins.hint(self.which, self.one.points)
            raise ValueError(f"{of.name}: primary {spec.primary!r}: no class {self.which!r}.{hint}")
        self.draws = self.one.draws[self.which] - self.other.draws[self.which]
        self.subjects = min(self.one.subjects[self.which], self.other.subjects[self.which])
        self.tested = self.subjects >= spec.least_subjects
        self.swaps = swappable(of, to, "test", self.name, (self.sums[0], self.sums[1]))
        self.swapped = self.swaps[0].shape[1]

    def row(self) -> dict[str, Any]:
        """Return the difference with its interval and its p, and where it was measured."""
        spec, of, to, which = self.spec, self.of, self.to, self.which
        low, high = interval(spec, self.draws, self.subjects)
        values, seed = metric_values(of.metric(self.name), of.labels), (spec.seed, STREAM["swaps"])
        p = statistics.paired_p(values, *self.swaps, count=spec.draws, seed=seed)
        hidden = (f"tag_{self.tag}", "run")
        return {
            **{key: value for key, value in place(spec, of).items() if key not in hidden},
            "of": of.row.tags[self.tag],
            "to": to.row.tags[self.tag],
            "of_run": of.name,
            "to_run": to.name,
            "metric": self.name,
            "class": which,
            "of_value": self.one.points[which],
            "to_value": self.other.points[which],
            "difference": self.one.points[which] - self.other.points[which],
            "low": low,
            "high": high,
            "p": p[which] if self.tested else np.nan,
            "segments": self.segments,
            "subjects": self.subjects,
            "simulated": of.row.simulated,
            "missing_classes": missing_classes(of, to, metric=self.name),
        }
