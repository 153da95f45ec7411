"""What is left of a run's saved predictions once its tables are made: sums per subject.

Predictions are read one file at a time and let go: a table costs the memory of one file, or of
two where predictions are averaged. Of the folds of a cross-validation, pooled into one run, each
adds its own test subjects.

Legend: R repeats, S subjects (sorted), D additive numbers a subject.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from cardiograft.evaluation import predictions, scoring
from cardiograft.evaluation.confusion import check
from cardiograft.evaluation.predictions import Predictions
from cardiograft.records import Float64
from cardiograft.specs.entry import MetricSpec
from cardiograft.specs.score import named
from cardiograft.specs.tabulate import Row

# The subjects that a file tells of, and what each adds to a metric: (S,) and (S, D).
Added = tuple[list[str], Float64]


@dataclass
class Run:
    """An evaluated run.

    Attributes
    ----------
    name, row
        What it is called and where it stands.
    files
        Saved predictions: of each repeat, those of the row's members, in order.
    averaged
        Of each member the files whose mean it is; none where each repeat counts by itself.
    labels
        As in the predictions.
    subjects, segments
        Part of the split to the names of its subjects, and to how many segments it has.
    sums
        (part, metric's name) to float64 (R, S, D).
    ids
        Part to a digest of the segments, equal where two runs were tested on the same ones.
    confusion, records
        part, true, predicted, count (mean over repeats); the second per record.
    """

    name: str
    row: Row
    files: tuple[tuple[Path, ...], ...]
    averaged: tuple[tuple[Path, ...], ...] = ()
    labels: tuple[str, ...] = ()
    subjects: dict[str, tuple[str, ...]] = field(default_factory=dict)
    segments: dict[str, int] = field(default_factory=dict)
    sums: dict[tuple[str, str], Float64] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    confusion: pd.DataFrame = field(default_factory=pd.DataFrame)
    records: pd.DataFrame = field(default_factory=pd.DataFrame)

    def metric(self, name: str) -> MetricSpec:
        """Return the metric whose name in tables is `name`.

        Raises
        ------
        ValueError
            The run has none of that name.
        """
        found = {named(metric): metric for metric in self.row.metrics}
        if name not in found:
            raise ValueError(f"{self.name}: no metric {name!r} (has {', '.join(found)})")
        return found[name]


def read_run(name: str, row: Row, files: Mapping[str, Sequence[Path]]) -> Run:
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
        for part, saved in pieces(run, repeat):
            labels = saved.labels
            ids[part] += saved.id_N.tolist()
            subjects[part] += np.unique(saved.subject_N).tolist()
            for metric in row.metrics:
                added[part, named(metric)].append(_added(saved, metric))
            if saved.kind == "classes":
                counts.append(_cells(saved))
        _agree(run, repeat, labels, ids, subjects)
        for key, some in added.items():
            sums[key].append(_stacked(some))
    run.sums = {key: np.stack(found) for key, found in sums.items()}
    if counts:
        run.records = _mean(counts, row.repeats, ["part", "record", "true", "predicted"])
        run.confusion = _over_records(run.records)
    return run


def _run(name: str, row: Row, files: Mapping[str, Sequence[Path]]) -> Run:
    if row.averaged:
        groups = [[file for one in group for file in files.get(one, ())] for group in row.averaged]
        for group, found in zip(row.averaged, groups, strict=True):
            if len(found) < 2:
                raise ValueError(f"{name}: {' and '.join(group)} have {len(found)} to average")
        first = tuple(found[0] for found in groups)
        return Run(name=name, row=row, files=(first,), averaged=tuple(map(tuple, groups)))
    for member in row.members:
        count = len(files.get(member, ()))
        if count != row.repeats:
            raise ValueError(f"{member}: {row.repeats} repeats asked for, {count} found")
    of_members = [files[member] for member in row.members]
    return Run(name=name, row=row, files=tuple(zip(*of_members, strict=True)))


def mean(files: Sequence[Path]) -> Predictions:
    """Return what several models say on average: probabilities, or signals.

    Raises
    ------
    ValueError
        A file holds no predictions, or others' are of other segments, targets or labels.
    """
    first = predictions.read(files[0])
    if len(files) == 1:
        return first
    order_N = np.lexsort((first.id_N, first.part_N))
    first, sum_NK = first.only(order_N), first.score_NK[order_N].astype(np.float64)
    for file in files[1:]:
        other = predictions.read(file)
        other = other.only(np.lexsort((other.id_N, other.part_N)))
        alike = (other.kind, other.labels) == (first.kind, first.labels) and all(
            np.array_equal(getattr(first, name), getattr(other, name))
            for name in ("id_N", "part_N", "subject_N", "target")
        )
        if not alike:
            raise ValueError(f"{file}: other segments, targets or labels than {files[0]}: no mean")
        sum_NK += other.score_NK
    return replace(first, score_NK=(sum_NK / len(files)).astype(np.float32))


def pieces(run: Run, repeat: int) -> Iterator[tuple[str, Predictions]]:
    """Yield a repeat's predictions, file by file, each part by itself.

    Raises
    ------
    ValueError
        A file holds no predictions, or members' differ in kind or labels, or were tested on
        the same subject.
    """
    first, *_ = files = run.files[repeat]
    told: tuple[str, tuple[str, ...]] | None = None
    met: dict[tuple[str, str], Path] = {}
    for file, averaged in zip(files, run.averaged or [(file,) for file in files], strict=True):
        saved = mean(averaged)
        parts = [part for part in scoring.PARTS if (saved.part_N == part).any()]
        if not parts:
            raise ValueError(f"{file}: there are no predictions")
        told = told or (saved.kind, saved.labels)
        if told != (saved.kind, saved.labels):
            raise ValueError(f"{file}: another kind of predictions, or other labels, than {first}")
        for part in parts:
            part_N = saved.part_N == part
            subjects = np.unique(saved.subject_N[part_N]).tolist()
            again = [s for s in subjects if (part, s) in met]
            if again and part == "test":
                raise ValueError(
                    f"{run.name}: subject {again[0]!r} is tested in {met[part, again[0]]} and in"
                    f" {file}: only evaluations of different subjects can be pooled"
                )
            met |= {(part, s): file for s in subjects if s not in again}
            # ASSUME whom several folds are trained on counts once, as the first of them says.
            new_N = part_N & ~np.isin(saved.subject_N, again)
            if new_N.any():
                yield part, saved.only(new_N)


def _added(saved: Predictions, metric: MetricSpec) -> Added:
    stays_N = ~np.isin(saved.subject_N, metric.without)
    return np.unique(saved.subject_N[stays_N]).tolist(), scoring.additive(saved, metric)


def _stacked(some: Sequence[Added]) -> Float64:
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


def _cells(saved: Predictions) -> pd.DataFrame:
    saved = saved.only(check(saved))
    label_K = np.array(saved.labels, dtype=object)
    frame = pd.DataFrame(
        {
            "part": saved.part_N,
            "record": ["/".join(i.split("/")[:-2]) for i in saved.id_N.tolist()],
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


def shared(one: Run, other: Run, part: str, metric: str) -> tuple[Float64, Float64, int]:
    """Return both runs' sums over the segments that both were tested on.

    Returns
    -------
    sums of `one` (R, S, D), sums of `other` (R, S, D), number of shared segments

    Raises
    ------
    ValueError
        They share no segment, their labels differ, or one has no such metric.
    """
    if one.labels != other.labels:
        raise ValueError(f"{one.name} and {other.name} have different labels: no comparison")
    figures, key = [run.metric(metric) for run in (one, other)], (part, metric)
    if one.ids.get(part) == other.ids.get(part):
        return one.sums[key], other.sums[key], one.segments[part]
    both = _ids(one, part) & _ids(other, part)
    if not both:
        raise ValueError(f"{one.name} and {other.name} share no {part} segment: no comparison")
    first, second = (
        _restricted(run, part, figure, both)
        for run, figure in zip((one, other), figures, strict=True)
    )
    return first, second, len(both)


def _part(run: Run, repeat: int, part: str) -> Iterator[Predictions]:
    return (saved for own, saved in pieces(run, repeat) if own == part)


def _ids(run: Run, part: str) -> set[str]:
    return {i for saved in _part(run, 0, part) for i in saved.id_N.tolist()}


def _restricted(run: Run, part: str, metric: MetricSpec, ids: set[str]) -> Float64:
    found = []
    for repeat in range(len(run.files)):
        some = []
        for saved in _part(run, repeat, part):
            inside_N = np.array([i in ids for i in saved.id_N.tolist()])
            if inside_N.any():
                some.append(_added(saved.only(inside_N), metric))
        found.append(_stacked(some))
    return np.stack(found)
