"""The rows of a split as a baseline gets them: truth of the training part, and no other.

Legend: N rows, W of them asked for, K classes, C channels of a target, T samples.

A baseline is a module of ``baselines/``:

``KIND``
    ``classes`` (what it is without), or ``signal``.
``COLUMNS``
    Columns of the shards that it reads.
``predict(examples, *, options) -> float32 (W, K), or (W, C, T)``
    Of `Examples`: probabilities of the rows asked for, in their order; they sum to 1. Of
    `SignalExamples`: the signals said of them.
``ORACLES``
    Option to value, of a signal's baseline: with any of these it is an oracle, a ceiling
    and no rival. It is told the true signals of the rows asked for, and says what it takes
    from them. Without, it is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from cardiograft.records import Float32, Int64
from cardiograft.segments import shards

HIDDEN = -1


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of one split.

    Attributes
    ----------
    columns
        Name to array, first axis N, rows sorted by id.
    id_N, subject_N, part_N : str, shape (N,)
    wanted_N : bool, shape (N,)
    seed
        Of whatever is drawn.
    """

    columns: Mapping[str, npt.NDArray[Any]]
    id_N: npt.NDArray[np.str_]
    subject_N: npt.NDArray[np.str_]
    part_N: npt.NDArray[np.str_]
    wanted_N: npt.NDArray[np.bool_]
    seed: int


@dataclass(frozen=True, kw_only=True)
class Examples(Rows):
    """Rows with classes. Those of any part are there: a beat is seen against its recording.

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
class SignalExamples(Rows):
    """Rows with signals to say: those of the training part and those asked for.

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
    """Return a split's rows, and the true classes of those asked for.

    Raises
    ------
    FileNotFoundError
        There are no shards, or no split.
    ValueError
        No row is asked for or trained on, or one has no label or one unseen in training.
    """
    id_N, subject_N, part_N, wanted_N = _split(split, parts)
    found = shards.arrays(directories, id_N.tolist(), ["label", *columns])
    label_N = found.pop("label")
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
        columns=found,
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
    told: bool,
) -> tuple[SignalExamples, Float32]:
    """Return a split's rows, and the true signals of those asked for, shape (W, C, T).

    Parameters
    ----------
    told
        Whether the baseline is an oracle.

    Raises
    ------
    FileNotFoundError
        There are no shards, or no split.
    ValueError
        No row is asked for or trained on, or the shards have no target.
    """
    meta = shards.meta(directories[0])
    if not meta.target_channels:
        raise ValueError(f"{directories[0]}: the shards have no target channels to be said")
    id_N, subject_N, part_N, wanted_N = _split(split, parts)
    used_N = wanted_N | (part_N == "train")
    id_N, subject_N, part_N, wanted_N = (x[used_N] for x in (id_N, subject_N, part_N, wanted_N))
    found = shards.arrays(directories, id_N.tolist(), ["target", *columns])
    target_NCT = found.pop("target")
    truth_WCT = target_NCT[wanted_N]
    if not told:
        target_NCT[part_N != "train"] = np.nan
    examples = SignalExamples(
        columns=found,
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
    rows = pq.read_table(path, columns=["id", "subject", "part"]).sort_by("id")
    id_N, subject_N, part_N = (
        np.asarray(rows[c].to_pylist(), dtype=str) for c in rows.schema.names
    )
    wanted_N = np.isin(part_N, list(parts))
    if not (part_N == "train").any() or not wanted_N.any():
        raise ValueError(f"{path}: no row in train or in {' or '.join(parts)}")
    return id_N, subject_N, part_N, wanted_N


def _code(label: str | None, labels: tuple[str, ...]) -> int:
    return labels.index(label) if label in labels else HIDDEN
