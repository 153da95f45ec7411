"""Saved predictions of a run, file by file and part by part; means of several models.

Predictions are read one file at a time and let go: a table costs the memory of one file, or of
two where predictions are averaged.

Legend: N segments, K outputs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cardiograft.evaluation import delays, predictions, scoring, threshold
from cardiograft.evaluation.by_record import counted
from cardiograft.evaluation.predictions import Predictions
from cardiograft.specs.score import Per


def mean_predictions(
    files: Sequence[Path], per: Per = "segment", reference: int = 0
) -> Predictions:
    """Return what several models predict on average: probabilities, or signals.

    Counted per record, each model's segments are averaged first: models of one recording may have
    seen it in other segments.

    Parameters
    ----------
    reference
        Of signals, how many of the first files the others are aligned to, as
        `cardiograft.evaluation.delays.aligned` does; 0 aligns none.

    Raises
    ------
    ValueError
        A file holds no predictions, others' are of other segments, targets or labels, a
        recording can't be counted as one, or what is to be aligned is no signal.
    """
    first = counted(predictions.read(files[0]), per)
    if len(files) == 1:
        return first
    order_N = np.lexsort((first.id_N, first.part_N))
    first, sum_NK = first.only(order_N), first.score_NK[order_N].astype(np.float64)
    about = [first.about]
    for place, file in enumerate(files[1:], start=1):
        other = counted(predictions.read(file), per)
        other = other.only(np.lexsort((other.id_N, other.part_N)))
        alike = (other.kind, other.labels) == (first.kind, first.labels) and all(
            np.array_equal(getattr(first, name), getattr(other, name))
            for name in ("id_N", "part_N", "subject_N")
        )
        # what could not be measured is not known in both
        not_known = first.kind == "values"
        alike &= np.array_equal(first.target, other.target, equal_nan=not_known)
        if not alike:
            raise ValueError(f"{file}: other segments, targets or labels than {files[0]}: no mean")
        if reference and place >= reference:
            if place == reference:
                fixed = replace(first, score_NK=(sum_NK / reference).astype(np.float32))
            other = delays.aligned(other, fixed)
        sum_NK += other.score_NK
        about.append(other.about)
    mean = replace(first, score_NK=(sum_NK / len(files)).astype(np.float32))
    return threshold.averaged(mean, [one.get(threshold.KEY) for one in about])


def saved_parts(
    name: str,
    files: Sequence[Path],
    averaged: Sequence[Sequence[Path]] = (),
    per: Per = "segment",
    references: Sequence[int] = (),
) -> Iterator[tuple[str, Predictions]]:
    """Yield one repeat's predictions, file by file, each part of the split by itself.

    Parameters
    ----------
    name
        The run, for errors.
    files
        Saved predictions of each of its members, in order.
    averaged
        Of each member the files whose mean it is; none where its file counts by itself.
    per
        What is counted: segments, or recordings.
    references
        Of each member how many of `averaged` the others are aligned to.

    Raises
    ------
    ValueError
        A file holds no predictions, or members' differ in kind or labels, or were tested on
        the same subject.
    """
    first, *_ = files
    expected: tuple[str, tuple[str, ...]] | None = None
    file_of: dict[tuple[str, str], Path] = {}  # (part, subject) to the first file with it
    groups = averaged or [(file,) for file in files]
    for file, group, aligned_to in zip(files, groups, references or [0] * len(groups), strict=True):
        saved = mean_predictions(group, per, aligned_to)
        parts = [part for part in scoring.PARTS if (saved.part_N == part).any()]
        if not parts:
            raise ValueError(f"{file}: there are no predictions")
        expected = expected or (saved.kind, saved.labels)
        if expected != (saved.kind, saved.labels):
            raise ValueError(f"{file}: another kind of predictions, or other labels, than {first}")
        for part in parts:
            part_N = saved.part_N == part
            subjects = np.unique(saved.subject_N[part_N]).tolist()
            again = [s for s in subjects if (part, s) in file_of]
            if again and part == "test":
                raise ValueError(
                    f"{name}: subject {again[0]!r} is tested in {file_of[part, again[0]]} and in"
                    f" {file}: only evaluations of different subjects can be pooled"
                )
            file_of |= {(part, s): file for s in subjects if s not in again}
            # ASSUME whom several folds are trained on counts once, as in the first of them.
            new_N = part_N & ~np.isin(saved.subject_N, again)
            if new_N.any():
                yield part, saved.only(new_N)
