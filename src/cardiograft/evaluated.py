"""What is left of a run's saved predictions once its tables are made: sums per subject.

Predictions are read one file at a time and let go: a table costs the memory of one run.

Legend: R repeats, S subjects (sorted), D additive numbers a subject.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cardiograft import predictions, scoring
from cardiograft.confusions import check
from cardiograft.predictions import Predictions
from cardiograft.records import Float64
from cardiograft.specs.entry import Figure
from cardiograft.specs.tabulate import Row


@dataclass
class Run:
    """An evaluated run.

    Attributes
    ----------
    name, row
        Its entry and where it stands.
    files
        Saved predictions, a repeat each, in order.
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
    files: tuple[Path, ...]
    labels: tuple[str, ...] = ()
    subjects: dict[str, tuple[str, ...]] = field(default_factory=dict)
    segments: dict[str, int] = field(default_factory=dict)
    sums: dict[tuple[str, str], Float64] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    confusion: pd.DataFrame = field(default_factory=pd.DataFrame)
    records: pd.DataFrame = field(default_factory=pd.DataFrame)

    def metric(self, name: str) -> Figure:
        """Return the metric whose name in tables is `name`."""
        return next(m for m in self.row.metrics if scoring.named(m) == name)


def read(name: str, row: Row, files: Sequence[Path]) -> Run:
    """Summarise the repeats of a run.

    Raises
    ------
    ValueError
        Repeats are missing, or were tested on different segments or labels.
    """
    if len(files) != row.repeats:
        raise ValueError(f"{name}: {row.repeats} repeats asked for, {len(files)} found")
    run = Run(name=name, row=row, files=tuple(files))
    sums: dict[tuple[str, str], list[Float64]] = {}
    counts: list[pd.DataFrame] = []
    for file in files:
        saved = predictions.read(file)
        _agree(run, saved, file)
        for part in run.ids:
            chosen = saved.only(saved.part_N == part)
            for metric in row.metrics:
                key = part, scoring.named(metric)
                sums.setdefault(key, []).append(scoring.additive(chosen, metric))
        if saved.kind == "classes":
            counts.append(_cells(saved))
    run.sums = {key: np.stack(found) for key, found in sums.items()}
    if counts:
        run.records = _mean(counts, ["part", "record", "true", "predicted"])
        run.confusion = _over_records(run.records)
    return run


def _agree(run: Run, saved: Predictions, file: Path) -> None:
    ids, subjects, segments = {}, {}, {}
    for part in (p for p in scoring.PARTS if (saved.part_N == p).any()):
        rows = saved.part_N == part
        ids[part] = _digest(saved.id_N[rows])
        subjects[part] = tuple(np.unique(saved.subject_N[rows]).tolist())
        segments[part] = int(rows.sum())
    if not ids:
        raise ValueError(f"{file}: there are no predictions")
    if run.ids and (ids != run.ids or saved.labels != run.labels):
        raise ValueError(f"{file}: other segments or labels than {run.files[0]}")
    run.ids, run.subjects, run.labels, run.segments = ids, subjects, saved.labels, segments


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


def _mean(counts: list[pd.DataFrame], keys: list[str]) -> pd.DataFrame:
    whole = pd.concat(counts).groupby(keys)["count"].sum() / len(counts)
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
        They share no segment, or their labels differ.
    """
    if one.labels != other.labels:
        raise ValueError(f"{one.name} and {other.name} have different labels: no comparison")
    key = part, metric
    if one.ids.get(part) == other.ids.get(part):
        return one.sums[key], other.sums[key], one.segments[part]
    ids = [set(_part(run, 0, part).id_N.tolist()) for run in (one, other)]
    both = ids[0] & ids[1]
    if not both:
        raise ValueError(f"{one.name} and {other.name} share no {part} segment: no comparison")
    first, second = (_restricted(run, part, run.metric(metric), both) for run in (one, other))
    return first, second, len(both)


def _part(run: Run, repeat: int, part: str) -> Predictions:
    saved = predictions.read(run.files[repeat])
    return saved.only(saved.part_N == part)


def _restricted(run: Run, part: str, metric: Figure, ids: set[str]) -> Float64:
    found: list[Any] = []
    for repeat in range(len(run.files)):
        saved = _part(run, repeat, part)
        inside = np.array([i in ids for i in saved.id_N.tolist()])
        found.append(scoring.additive(saved.only(inside), metric))
    return np.stack(found)
