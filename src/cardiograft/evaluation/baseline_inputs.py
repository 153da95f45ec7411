"""What a baseline receives: training segments with their targets, all others without.

A baseline is a plug-in of `cardiograft.evaluation.baselines`.

Legend: N segments, W of them requested, K classes, C channels of a target, T samples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiograft.records import Float32, Int64
from cardiograft.segments import shards
from cardiograft.splits.table import read_split_table

HIDDEN = -1


@dataclass(frozen=True, kw_only=True)
class BaselineRows:
    """Segments of a split, as a baseline receives them.

    Attributes
    ----------
    columns
        Name to array, first axis N, sorted by id.
    id_N, subject_N, part_N : str, shape (N,)
    wanted_N : bool, shape (N,)
        Whether a prediction is requested.
    seed
        Of everything that is drawn.
    """

    columns: Mapping[str, npt.NDArray[Any]]
    id_N: npt.NDArray[np.str_]
    subject_N: npt.NDArray[np.str_]
    part_N: npt.NDArray[np.str_]
    wanted_N: npt.NDArray[np.bool_]
    seed: int


@dataclass(frozen=True, kw_only=True)
class Examples(BaselineRows):
    """Segments with classes, of all parts: a beat is compared with the rest of its recording.

    Attributes
    ----------
    target_N : int64, shape (N,)
        Index into `labels` where the part is ``train``; `HIDDEN` everywhere else.
    labels
        Those of the training part, sorted.
    """

    target_N: Int64
    labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SignalExamples(BaselineRows):
    """Segments with signals to predict: those of the training part and those requested.

    Attributes
    ----------
    target_NCT : float32, shape (N, C, T)
        NaN outside the training part, unless the baseline is an oracle.
    rate_hz
    """

    target_NCT: Float32
    rate_hz: float


def read(
    directories: Sequence[Path], split: Path, *, columns: Sequence[str], parts: Sequence[str]
) -> tuple[Examples, Int64]:
    """Return a split's segments, and the true classes of those requested.

    Raises
    ------
    FileNotFoundError
        There are no shards, or no split.
    ValueError
        No segment is requested or trained on, or one has no label or one unseen in training.
    """
    id_N, subject_N, part_N, wanted_N = _split(split, parts)
    arrays = shards.arrays(directories, id_N.tolist(), ["label", *columns])
    label_N = arrays.pop("label")
    train_N = part_N == "train"
    used_N = train_N | wanted_N
    for name, label in zip(id_N[used_N].tolist(), label_N[used_N], strict=True):
        if label is None:
            raise ValueError(f"{name}: a baseline needs a label")
    labels = tuple(np.unique(label_N[train_N].astype(str)).tolist())
    code_N = np.array([_code(label, labels) for label in label_N], dtype=np.int64)
    unseen_N = wanted_N & (code_N == HIDDEN)
    if unseen_N.any():
        known = ", ".join(labels)
        raise ValueError(f"{id_N[unseen_N][0]}: label {label_N[unseen_N][0]!r} not in {known}")
    examples = Examples(
        columns=arrays,
        id_N=id_N,
        subject_N=subject_N,
        part_N=part_N,
        target_N=np.where(train_N, code_N, HIDDEN),
        wanted_N=wanted_N,
        labels=labels,
        seed=0,
    )
    return examples, code_N[wanted_N]


def read_signals(
    directories: Sequence[Path],
    split: Path,
    *,
    columns: Sequence[str],
    parts: Sequence[str],
    oracle: bool,
) -> tuple[SignalExamples, Float32]:
    """Return a split's segments, and the true signals of those requested, shape (W, C, T).

    Parameters
    ----------
    oracle
        Whether the baseline receives the true signals of all segments.

    Raises
    ------
    FileNotFoundError
        There are no shards, or no split.
    ValueError
        No segment is requested or trained on, or the shards have no target.
    """
    meta = shards.meta(directories[0])
    if not meta.target_channels:
        raise ValueError(f"{directories[0]}: the shards have no target channels to predict")
    id_N, subject_N, part_N, wanted_N = _split(split, parts)
    used_N = wanted_N | (part_N == "train")
    id_N, subject_N, part_N, wanted_N = (x[used_N] for x in (id_N, subject_N, part_N, wanted_N))
    arrays = shards.arrays(directories, id_N.tolist(), ["target", *columns])
    target_NCT = arrays.pop("target")
    truth_WCT = target_NCT[wanted_N]
    if not oracle:
        target_NCT[part_N != "train"] = np.nan
    examples = SignalExamples(
        columns=arrays,
        id_N=id_N,
        subject_N=subject_N,
        part_N=part_N,
        target_NCT=target_NCT,
        wanted_N=wanted_N,
        rate_hz=meta.rate_hz,
        seed=0,
    )
    return examples, truth_WCT


def _split(path: Path, parts: Sequence[str]) -> tuple[npt.NDArray[Any], ...]:
    split = read_split_table(path)
    wanted_N = np.isin(split.part_N, list(parts))
    if not len(split.ids("train")) or not wanted_N.any():
        raise ValueError(f"{path}: no row in train or in {' or '.join(parts)}")
    return split.id_N, split.subject_N, split.part_N, wanted_N


def _code(label: str | None, labels: tuple[str, ...]) -> int:
    return labels.index(label) if label in labels else HIDDEN
