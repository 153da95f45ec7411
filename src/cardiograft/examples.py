"""The rows of a split as a baseline gets them: labels of the training part, and no others.

Legend: N rows, W of them asked for, K classes.

A baseline is a module of ``baselines/``:

``COLUMNS``
    Columns of the shards that it reads.
``predict(examples, *, options) -> float32 (W, K)``
    Probabilities of the rows asked for, in their order; they sum to 1.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from cardiograft import shards
from cardiograft.records import Int64

HIDDEN = -1


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Rows of one split.

    Attributes
    ----------
    columns
        Name to array, first axis N, rows sorted by id. Rows of any part are there, so that
        a beat can be seen against its own recording.
    id_N, subject_N, part_N : str, shape (N,)
    target_N : int64, shape (N,)
        Index into `labels` where the part is ``train``; `HIDDEN` everywhere else.
    wanted_N : bool, shape (N,)
    labels
        Those of the training part, sorted.
    seed
        Of whatever is drawn.
    """

    columns: Mapping[str, npt.NDArray[Any]]
    id_N: npt.NDArray[np.str_]
    subject_N: npt.NDArray[np.str_]
    part_N: npt.NDArray[np.str_]
    target_N: Int64
    wanted_N: npt.NDArray[np.bool_]
    labels: tuple[str, ...]
    seed: int


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
    rows = pq.read_table(split, columns=["id", "subject", "part"]).sort_by("id")
    id_N, subject_N, part_N = (
        np.asarray(rows[c].to_pylist(), dtype=str) for c in rows.schema.names
    )
    found = shards.arrays(directories, id_N.tolist(), ["label", *columns])
    label_N = found.pop("label")
    train_N, wanted_N = part_N == "train", np.isin(part_N, list(parts))
    if not train_N.any() or not wanted_N.any():
        raise ValueError(f"{split}: no row in train or in {' or '.join(parts)}")
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


def recordings(columns: Any) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the rows of each recording, in the order of time."""
    name_N = np.char.add(np.char.add(columns["dataset"], "/"), columns["record"])
    order = np.lexsort((columns["start"], name_N))
    edges = np.flatnonzero(name_N[order][1:] != name_N[order][:-1]) + 1
    yield from np.split(order, edges)


def _code(label: str | None, labels: tuple[str, ...]) -> int:
    return labels.index(label) if label in labels else HIDDEN
