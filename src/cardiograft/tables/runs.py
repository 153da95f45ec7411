"""A run of a study, reduced to the per-subject sums that its metrics need.

Of the folds of a cross-validation, pooled into one run, each adds its own test subjects.

Legend: R repeats, S subjects (sorted), D additive numbers a subject.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from cardiograft.evaluation import scoring
from cardiograft.evaluation.by_record import recording
from cardiograft.evaluation.confusion import check
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64
from cardiograft.specs.entry import MetricSpec
from cardiograft.specs.score import Per, named
from cardiograft.specs.tabulate import StudyRun
from cardiograft.splits.people import person
from cardiograft.tables.saved_parts import saved_parts

# The subjects of a file, and what each adds to a metric: (S,) and (S, D).
Added = tuple[list[str], Float64]


@dataclass
class Run:
    """An evaluated run.

    Attributes
    ----------
    name, row
        Its name, and its place in the study: protocol, split, tags, metrics.
    files
        Saved predictions: of each repeat, those of the row's members, in order.
    averaged
        Of each member the files whose mean it is; none where each repeat counts by itself.
    references
        Of each member how many of these files the others are aligned to.
    labels
        As in the predictions.
    subjects, segments
        Part of the split to the names of its subjects, and to how many segments it has (or
        recordings, where these are counted).
    people
        Names of one person, a group each, that config adds to those known.
    sums
        (part, metric's name) to float64 (R, S, D).
    ids
        Part to a digest of the segments, equal where two runs were tested on the same ones.
    targets
        Every (part, subject, label) of which there is a segment; nothing of signals.
    confusion, records
        part, true, predicted, count (mean over repeats); the second per record.
    """

    name: str
    row: StudyRun
    files: tuple[tuple[Path, ...], ...]
    averaged: tuple[tuple[Path, ...], ...] = ()
    references: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    subjects: dict[str, tuple[str, ...]] = field(default_factory=dict)
    segments: dict[str, int] = field(default_factory=dict)
    people: list[list[str]] = field(default_factory=list)
    sums: dict[tuple[str, str], Float64] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    targets: set[tuple[str, str, str]] = field(default_factory=set)
    confusion: pd.DataFrame = field(default_factory=pd.DataFrame)
    records: pd.DataFrame = field(default_factory=pd.DataFrame)

    def metric(self, name: str) -> MetricSpec:
        """Return the metric whose name in tables is `name`.

        Raises
        ------
        ValueError
            The run has none of that name.
        """
        known = {named(metric): metric for metric in self.row.metrics}
        if name not in known:
            raise ValueError(f"{self.name}: no metric {name!r} (has {', '.join(known)})")
        return known[name]

    def saved(self, repeat: int) -> Iterator[tuple[str, Predictions]]:
        """Yield a repeat's predictions, file by file, each part by itself: `saved_parts`."""
        return saved_parts(
            self.name, self.files[repeat], self.averaged, self.row.per, self.references
        )

    def missing_classes(self, part: str, metric: str) -> tuple[str, ...]:
        """Return the classes that the task names and no segment of a part has.

        Those whom the metric leaves out do not count. A value that averages over classes says
        less than its name does where one is missing: always predicting the only class there is
        has a macro-F1 of 1.
        """
        left_out = [person(name, self.people) for name in self.metric(metric).without]
        present = {label for p, s, label in self.targets if p == part and s not in left_out}
        return tuple(label for label in self.labels if self.targets and label not in present)


def read_run(name: str, row: StudyRun, files: Mapping[str, Sequence[Path]]) -> Run:
    """Summarise the repeats of a run.

    Parameters
    ----------
    files
        Each member's saved predictions, a repeat each, in order.

    Raises
    ------
    ValueError
        Repeats are missing, or were tested on different segments or labels; or members were
        tested on the same subject.
    """
    run = _run(name, row, files)
    sums: dict[tuple[str, str], list[Float64]] = defaultdict(list)
    counts: list[pd.DataFrame] = []
    for repeat in range(row.repeats):
        labels: tuple[str, ...] = ()
        ids: dict[str, list[str]] = defaultdict(list)
        added: dict[tuple[str, str], list[Added]] = defaultdict(list)
        subjects: dict[str, list[str]] = defaultdict(list)
        whole: dict[str, list[Predictions]] = defaultdict(list)
        for part, saved in run.saved(repeat):
            labels, run.people = saved.labels, saved.about.get("people", [])
            ids[part] += saved.id_N.tolist()
            subjects[part] += np.unique(saved.subject_N).tolist()
            for metric in row.metrics:
                if scoring.has_layout(metric):  # of all files at once
                    whole[part].append(saved)
                else:
                    added[part, named(metric)].append(additive_sums(saved, metric))
            if saved.kind in ("classes", "heads"):
                run.targets |= _targets(part, saved)
            if saved.kind == "classes":
                counts.append(_cells(saved, row.per))
        _agree(run, repeat, labels, ids, subjects)
        for key, some in added.items():
            sums[key].append(over_files(some))
        for part, files_of in whole.items():
            for metric in filter(scoring.has_layout, row.metrics):
                sums[part, named(metric)].append(summed(files_of, metric))
    run.sums = {key: np.stack(sums_SD) for key, sums_SD in sums.items()}
    if counts:
        run.records = _mean(counts, row.repeats, ["part", "record", "true", "predicted"])
        run.confusion = _over_records(run.records)
    return run


def _run(name: str, row: StudyRun, files: Mapping[str, Sequence[Path]]) -> Run:
    if row.averaged:
        each = [[files.get(one, ()) for one in group] for group in row.averaged]
        if row.counts == "runs":
            each = [_as_often(saved) for saved in each]
        groups = [[file for saved in runs for file in saved] for runs in each]
        for group, saved in zip(row.averaged, groups, strict=True):
            if len(saved) < 2:
                raise ValueError(f"{name}: {' and '.join(group)} have {len(saved)} to average")
        references = [len(runs[0]) for runs in each] if row.aligned else []
        return Run(
            name=name,
            row=row,
            files=(tuple(saved[0] for saved in groups),),
            averaged=tuple(map(tuple, groups)),
            references=tuple(references),
        )
    for member in row.members:
        count = len(files.get(member, ()))
        if count != row.repeats:
            raise ValueError(f"{member}: {row.repeats} repeats requested, {count} given")
    of_members = [files[member] for member in row.members]
    return Run(name=name, row=row, files=tuple(zip(*of_members, strict=True)))


def _as_often(runs: Sequence[Sequence[Path]]) -> list[Sequence[Path]]:
    """Return each run's files so often that all runs have as many: each then counts alike."""
    common = math.lcm(*(max(len(saved), 1) for saved in runs))
    return [[*saved] * (common // max(len(saved), 1)) for saved in runs]


def additive_sums(saved: Predictions, metric: MetricSpec) -> Added:
    """Return the subjects that a metric counts, and what each adds to it."""
    return _counted(saved, metric), scoring.additive(saved, metric)


def _counted(saved: Predictions, metric: MetricSpec) -> list[str]:
    names: list[str] = np.unique(saved.subject_N).tolist()
    left_out = saved.persons(metric.without)
    return [name for name in names if name not in left_out]


def summed(files: Iterable[Predictions], metric: MetricSpec) -> Float64:
    """Return what the subjects of all files add to a metric, (S, D), sorted by their names."""
    if not scoring.has_layout(metric):
        return over_files([additive_sums(one, metric) for one in files])  # one file in memory
    (whole_SD,) = summed_alike([list(files)], metric)
    return whole_SD


def summed_alike(groups: Sequence[Sequence[Predictions]], metric: MetricSpec) -> list[Float64]:
    """Return `summed` of each group of files, in one layout for all of them."""
    sums = iter(scoring.additives([one for files in groups for one in files], metric))
    return [over_files([(_counted(one, metric), next(sums)) for one in files]) for files in groups]


def over_files(some: Sequence[Added]) -> Float64:
    """Return what the subjects of all files add, (S, D), sorted by their names."""
    names = [name for subjects, _ in some for name in subjects]
    whole_SD: Float64 = np.concatenate([sums_SD for _, sums_SD in some])
    return whole_SD[np.argsort(np.array(names, dtype=str))]


def _agree(
    run: Run,
    repeat: int,
    labels: tuple[str, ...],
    id_of: Mapping[str, list[str]],
    subject_of: Mapping[str, list[str]],
) -> None:
    parts = [part for part in scoring.PARTS if part in id_of]
    ids = {part: _digest(id_of[part]) for part in parts}
    if not repeat:
        run.labels, run.ids = labels, ids
        run.subjects = {part: tuple(sorted(subject_of[part])) for part in parts}
        run.segments = {part: len(id_of[part]) for part in parts}
    elif (ids, labels) != (run.ids, run.labels):
        one, other = (str(run.files[k][0]) for k in (repeat, 0))
        raise ValueError(f"{one}: other segments or labels than {other}")


def _digest(id_N: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(id_N)).encode()).hexdigest()


def _targets(part: str, saved: Predictions) -> set[tuple[str, str, str]]:
    """Return every (part, subject, label) of which there is a segment."""
    saved = saved.only(check(saved))
    label_N = np.array(saved.labels, dtype=object)[saved.target]
    return {(part, *pair) for pair in zip(saved.subject_N.tolist(), label_N, strict=True)}


def _cells(saved: Predictions, per: Per) -> pd.DataFrame:
    saved = saved.only(check(saved))
    ids = saved.id_N.tolist()
    label_K = np.array(saved.labels, dtype=object)
    frame = pd.DataFrame(
        {
            "part": saved.part_N,
            "record": ids if per == "record" else [recording(one) for one in ids],
            "true": label_K[saved.target],
            "predicted": label_K[saved.score_NK.argmax(axis=1)],
        }
    )
    return frame.value_counts(sort=False).rename("count").reset_index()


def _mean(counts: list[pd.DataFrame], repeats: int, keys: list[str]) -> pd.DataFrame:
    whole = pd.concat(counts).groupby(keys)["count"].sum() / repeats
    return whole.reset_index()


def _over_records(records: pd.DataFrame) -> pd.DataFrame:
    return records.groupby(["part", "true", "predicted"])["count"].sum().reset_index()
