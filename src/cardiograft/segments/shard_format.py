"""The format of a shard: the columns of its rows, and its metadata.

Legend: N segments, C channels, T samples.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cardiograft import parquet
from cardiograft.files import PARQUET_KEY
from cardiograft.records import Float32, Int64

STRINGS = ("id", "dataset", "record", "subject", "lead", "label")
SIGNALS = ("signal", "target")


@dataclass(frozen=True, kw_only=True)
class Meta:
    """Metadata of a shard: what all segments of one entry of `segments` have in common.

    Attributes
    ----------
    spec : dict
        The entry of `segments` they were cut by.
    manifest_digest : str
        Digest of the recordings' files.
    simulated : bool
    rate_hz : float
    channels : tuple of str, length C
    units : tuple of str
        Of the recording's own channels, after scaling.
    samples : int
        T of `signal`.
    target_channels, target_units : tuple of str
        Empty where nothing is translated.
    target_samples : int
    features : tuple of str
        Scalar float32 columns that the cut adds.
    """

    spec: dict[str, Any]
    manifest_digest: str
    simulated: bool
    rate_hz: float
    channels: tuple[str, ...]
    samples: int
    units: tuple[str, ...] = ()
    target_channels: tuple[str, ...] = ()
    target_samples: int = 0
    target_units: tuple[str, ...] = ()
    features: tuple[str, ...] = ()

    def shape(self, column: str) -> tuple[int, int]:
        """Return (C, T) of ``signal`` or ``target``."""
        if column == "signal":
            return len(self.channels), self.samples
        return len(self.target_channels), self.target_samples

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """Return metadata from JSON, as a shard, a checkpoint or a card holds it."""
        names = ("channels", "units", "target_channels", "target_units", "features")
        return cls(**{**content, **{name: tuple(content[name]) for name in names}})

    def schema(self) -> pa.Schema:
        """Return the columns of a shard, with this as their metadata."""
        fields = [pa.field(n, pa.string(), nullable=False) for n in STRINGS[:5]]
        fields += [
            pa.field("start", pa.int64(), nullable=False),
            pa.field("valid", pa.int32(), nullable=False),
            pa.field("shape_hash", pa.uint64(), nullable=False),
            pa.field("label", pa.string()),
            *(pa.field(n, _list_type(self.shape(n)), nullable=False) for n in self._signals()),
            *(pa.field(n, pa.float32(), nullable=False) for n in self.features),
        ]
        return pa.schema(fields, metadata={PARQUET_KEY: json.dumps(asdict(self), sort_keys=True)})

    def _signals(self) -> tuple[str, ...]:
        return SIGNALS if self.target_channels else SIGNALS[:1]


@dataclass(frozen=True, kw_only=True)
class ShardRows:
    """Segments of one recording.

    Attributes
    ----------
    dataset, record : str
    subject : str
        Within the data set; the column holds ``<dataset>/<subject>``.
    lead : str
        What the recording calls the channels, joined by ``+``.
    start_N : int64
        First sample, at the source rate, in the file as it lies on disk.
    valid_N : int32
        Samples before padding, at the rate of the shards.
    shape_hash_N : uint64
        Near-duplicates collide.
    label_N : object
        Strings, or None.
    signal_NCT, target_NCT : float32
    features : dict of float32, shape (N,)
        NaN where unknown.
    """

    dataset: str
    record: str
    subject: str
    lead: str
    start_N: Int64
    valid_N: npt.NDArray[np.int32]
    shape_hash_N: npt.NDArray[np.uint64]
    label_N: npt.NDArray[np.object_]
    signal_NCT: Float32
    target_NCT: Float32 | None = None
    features: dict[str, Float32] = field(default_factory=dict)


def _list_type(shape: tuple[int, int]) -> pa.DataType:
    return pa.list_(pa.field("item", pa.float32(), nullable=False), shape[0] * shape[1])


def encode(rows: ShardRows, schema: pa.Schema, meta: Meta) -> pa.Table:
    """Return rows as columns of a shard.

    Raises
    ------
    ValueError
        The rows do not have the shape, the channels or the features of `meta`, or hold
        non-finite samples.
    """
    where = f"{rows.dataset}/{rows.record}"
    n = len(rows.start_N)
    if set(rows.features) != set(meta.features):
        given, wanted = sorted(rows.features), sorted(meta.features)
        raise ValueError(f"{where}: features {given}, not {wanted}")
    if (rows.target_NCT is None) == bool(meta.target_channels):
        has = "no target" if rows.target_NCT is None else "a target"
        raise ValueError(f"{where}: {has}, but target channels {list(meta.target_channels)}")
    ids = [f"{where}/{rows.lead}/{start}" for start in rows.start_N.tolist()]
    columns: dict[str, Any] = {
        "id": ids,
        "dataset": [rows.dataset] * n,
        "record": [rows.record] * n,
        "subject": [f"{rows.dataset}/{rows.subject}"] * n,
        "lead": [rows.lead] * n,
        "start": rows.start_N,
        "valid": rows.valid_N,
        "shape_hash": rows.shape_hash_N,
        "label": rows.label_N.tolist(),
        "signal": _flat(rows.signal_NCT, meta.shape("signal"), where),
        **{name: np.asarray(v, np.float32) for name, v in rows.features.items()},
    }
    if rows.target_NCT is not None:
        columns["target"] = _flat(rows.target_NCT, meta.shape("target"), where)
    arrays = [
        columns[f.name]
        if isinstance(columns[f.name], pa.Array)
        else pa.array(columns[f.name], f.type)
        for f in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _flat(signal_NCT: Float32, shape: tuple[int, int], where: str) -> pa.Array:
    if signal_NCT.shape[1:] != shape:
        raise ValueError(f"{where}: segments of {signal_NCT.shape[1:]}, not of {shape}")
    flat = np.ascontiguousarray(signal_NCT, dtype=np.float32).reshape(-1)
    if not np.isfinite(flat).all():
        raise ValueError(f"{where}: a segment holds non-finite samples")
    return pa.FixedSizeListArray.from_arrays(pa.array(flat), type=_list_type(shape))


def read_meta(file: Path) -> Meta:
    """Return a shard's metadata.

    Raises
    ------
    ValueError
        The file is no shard.
    """
    meta_json = (parquet.opened(file).schema_arrow.metadata or {}).get(PARQUET_KEY)
    if meta_json is None:
        raise ValueError(f"{file}: not a shard")
    return Meta.of(json.loads(meta_json))
