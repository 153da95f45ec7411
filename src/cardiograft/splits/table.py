"""The table of a split: segment, subject, part.

Legend: N segments.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cardiograft.files import PARQUET_KEY, atomic_file, file_digest
from cardiograft.specs.split import Split


@dataclass(frozen=True)
class SplitTable:
    """The table of a split: segment, subject, part.

    Attributes
    ----------
    path
        Where it was read from.
    protocol
        ``paper``, ``honest`` or ``personal``.
    id_N, subject_N, part_N
        Sorted by id.
    digest
        SHA-256 of the file.
    """

    path: Path
    protocol: str
    id_N: npt.NDArray[np.str_]
    subject_N: npt.NDArray[np.str_]
    part_N: npt.NDArray[np.str_]
    digest: str

    def ids(self, part: str) -> npt.NDArray[np.str_]:
        """Return a part's segments, sorted."""
        ids: npt.NDArray[np.str_] = self.id_N[self.part_N == part]
        return ids

    def rows(self, parts: Sequence[str]) -> npt.NDArray[Any]:
        """Return the row numbers of some parts."""
        return np.flatnonzero(np.isin(self.part_N, parts))


def read_split_table(path: Path) -> SplitTable:
    """Read a split's table.

    Raises
    ------
    FileNotFoundError
        There is none.
    ValueError
        Its metadata has no protocol.
    """
    table = pq.read_table(path, columns=["id", "subject", "part"]).sort_by("id")
    spec = _spec(table) or {}
    if "protocol" not in spec:
        raise ValueError(f"{path}: a split without a protocol in its metadata")
    ids, subjects, parts = (
        np.asarray(table[c].to_pylist(), dtype=str) for c in ("id", "subject", "part")
    )
    return SplitTable(path, spec["protocol"], ids, subjects, parts, file_digest(path))


PartColumn = npt.NDArray[np.object_]


WRITTEN = ("id", "subject", "part", "record", "start", "stop")


def write_split_table(path: Path, keys: pa.Table, part_N: PartColumn, spec: Split) -> None:
    """Publish `WRITTEN`, sorted by id; metadata holds the spec.

    Parameters
    ----------
    keys
        `COLUMNS` and `TIMES`.
    """
    content = {"spec": spec.model_dump(mode="json")}
    table = pa.table(
        {
            "id": keys["id"],
            "subject": keys["subject"],
            "part": pa.array(part_N, pa.string()),
            "record": joined_names(keys, "record"),
            "start": keys["start"],
            "stop": keys["stop"],
        }
    )
    metadata = {PARQUET_KEY: json.dumps(content, sort_keys=True).encode()}
    with atomic_file(path) as partial:
        table = table.sort_by("id").replace_schema_metadata(metadata)
        pq.write_table(table, partial, compression="zstd")


def read_parts(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """Return the table of a split, sorted by id, and its spec.

    Raises
    ------
    FileNotFoundError
        There is none.
    ValueError
        The file is no split.
    """
    table = pq.read_table(path)
    spec = _spec(table)
    if table.schema.names != list(WRITTEN) or spec is None:
        raise ValueError(f"{path}: not a split (columns {', '.join(table.schema.names)})")
    return table, spec


def _spec(table: pa.Table) -> dict[str, Any] | None:
    """Return the entry of `splits` that a table was made by, if its metadata has one."""
    content: dict[str, Any] = json.loads((table.schema.metadata or {}).get(PARQUET_KEY, b"{}"))
    return content.get("spec")


def joined_names(keys: pa.Table, unit: str) -> pa.ChunkedArray:
    """Return the name of what each segment is split by: its subject, its record, both."""
    if unit == "record":
        return pc.binary_join_element_wise(keys["dataset"], keys["record"], "/")
    if unit == "record of subject":
        return pc.binary_join_element_wise(keys["dataset"], keys["record"], keys["subject"], "\n")
    return keys[unit]
