"""Saved predictions: one row a segment, so that any metric can be computed later.

Legend: N segments, K outputs (classes, heads, measurements, or samples of a signal).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cardiograft import parquet
from cardiograft.files import PARQUET_KEY
from cardiograft.records import Float32, Kind
from cardiograft.splits.people import Group, person


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """A model's predictions, a row a segment.

    Attributes
    ----------
    kind
        ``classes``: `target_N` indexes `labels`, `score_NK` are probabilities that sum to 1.
        ``heads``: `target_N` indexes `labels`, `score_NK` are K independent probabilities.
        ``signal``: `target_NK` and `score_NK` are signals, channel-major, and `labels` names
        the channels.
        ``values``: `target_NK` and `score_NK` are numbers that `labels` names, NaN in the target
        where one is not known.
    id_N, subject_N, part_N : str, shape (N,)
        ``<dataset>/<record>/<lead>/<start>``, the person as ``<dataset>/<subject>`` (of several
        names the one that counts), part of the split (and what its input was corrupted by:
        ``test, shuffled``).
    target : int64 shape (N,), or float32 shape (N, K) where `kind` is ``signal`` or ``values``
    score_NK : float32, shape (N, K)
    about
        Spec, data digest, rate_hz, simulated ...: as in the card; and ``people``, the groups of
        names of one person that config adds to those known, where there are any.
    """

    kind: Kind
    labels: tuple[str, ...]
    id_N: npt.NDArray[np.str_]
    subject_N: npt.NDArray[np.str_]
    part_N: npt.NDArray[np.str_]
    target: npt.NDArray[Any]
    score_NK: Float32
    about: dict[str, Any] = field(default_factory=dict)

    def only(self, rows: npt.NDArray[Any]) -> "Predictions":
        """Return some rows (a mask or indices)."""
        return Predictions(
            kind=self.kind,
            labels=self.labels,
            id_N=self.id_N[rows],
            subject_N=self.subject_N[rows],
            part_N=self.part_N[rows],
            target=self.target[rows],
            score_NK=self.score_NK[rows],
            about=self.about,
        )

    def persons(self, names: Iterable[str]) -> list[str]:
        """Return the people of some names, by the names that `subject_N` has them under."""
        return [person(name, self.about.get("people", ())) for name in names]


def whose(people: Sequence[Group]) -> dict[str, Any]:
    """Return what `Predictions.about` holds of names of one person: nothing, where there are none.

    Parameters
    ----------
    people
        As the split's config has them.
    """
    return {"people": [list(group) for group in people]} if people else {}


def together(several: Sequence[Predictions]) -> Predictions:
    """Return predictions of one model one after another, with what the first is about."""
    first = several[0]
    return replace(
        first,
        id_N=np.concatenate([p.id_N for p in several]),
        subject_N=np.concatenate([p.subject_N for p in several]),
        part_N=np.concatenate([p.part_N for p in several]),
        target=np.concatenate([p.target for p in several]),
        score_NK=np.concatenate([p.score_NK for p in several]),
    )


def write(predictions: Predictions, path: Path) -> None:
    """Write Parquet, atomically."""
    about = {**predictions.about, "kind": predictions.kind, "labels": predictions.labels}
    columns = {
        "id": pa.array(predictions.id_N.tolist(), pa.string()),
        "subject": pa.array(predictions.subject_N.tolist(), pa.string()),
        "part": pa.array(predictions.part_N.tolist(), pa.string()).dictionary_encode(),
        "target": _column(predictions.target),
        "score": _column(predictions.score_NK),
    }
    table = pa.table(columns).replace_schema_metadata(
        {PARQUET_KEY: json.dumps(about, sort_keys=True)}
    )
    parquet.write(table, path)


def read(path: Path) -> Predictions:
    """Read what `write` wrote.

    Raises
    ------
    ValueError
        The file holds no predictions.
    """
    table = parquet.read(path)
    metadata = table.schema.metadata or {}
    if PARQUET_KEY not in metadata:
        raise ValueError(f"{path}: not a file of predictions")
    about = json.loads(metadata[PARQUET_KEY])
    return Predictions(
        kind=about.pop("kind"),
        labels=tuple(about.pop("labels")),
        id_N=np.asarray(table["id"].to_pylist(), dtype=str),
        subject_N=np.asarray(table["subject"].to_pylist(), dtype=str),
        part_N=np.asarray(table["part"].to_pylist(), dtype=str),
        target=_array(table["target"]),
        score_NK=_array(table["score"]),
        about=about,
    )


def _column(values: npt.NDArray[Any]) -> pa.Array:
    if values.ndim == 1:
        return pa.array(values)
    flat = pa.array(np.ascontiguousarray(values).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])


def _array(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks)
    if pa.types.is_fixed_size_list(whole.type):
        width = whole.type.list_size
        return np.asarray(whole.flatten().to_numpy(zero_copy_only=False)).reshape(-1, width)
    return np.asarray(whole.to_numpy(zero_copy_only=False))
