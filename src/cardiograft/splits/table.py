"""The table of a split: segment, subject, part.

Legend: N segments.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cardiograft import parquet
from cardiograft.files import PARQUET_KEY, file_digest
from cardiograft.specs.split import Split
from cardiograft.splits.people import Group, persons


@dataclass(frozen=True)
class SplitTable:
    """A split as it was published.

    Attributes
    ----------
    path
        Where it was read from.
    spec
        The entry of `splits` that it was made by.
    table
        `WRITTEN`, sorted by id.
    id_N, subject_N, part_N
        Its first columns as arrays. A subject is a person: of several names the one that counts,
        here and in `table` (`cardiograft.splits.people`).
    digest
        SHA-256 of the file.
    """

    path: Path
    spec: dict[str, Any]
    table: pa.Table
    id_N: npt.NDArray[np.str_]
    subject_N: npt.NDArray[np.str_]
    part_N: npt.NDArray[np.str_]
    digest: str

    @property
    def protocol(self) -> str:
        """``paper``, ``honest`` or ``personal``."""
        protocol: str = self.spec["protocol"]
        return protocol

    @property
    def people(self) -> list[list[str]]:
        """The groups of names, beside those that are known, that config says are one person's."""
        return [list(group) for group in self.spec.get("people", ())]

    def ids(self, part: str) -> npt.NDArray[np.str_]:
        """Return a part's segments, sorted."""
        ids: npt.NDArray[np.str_] = self.id_N[self.part_N == part]
        return ids

    def row_numbers(self, parts: Sequence[str]) -> npt.NDArray[Any]:
        """Return the row numbers of some parts."""
        return np.flatnonzero(np.isin(self.part_N, list(parts)))


def read_split_table(path: Path) -> SplitTable:
    """Read a split's table, each person under one name, whatever the data sets call them.

    Raises
    ------
    FileNotFoundError
        There is none.
    ValueError
        The file is no split.
    """
    table = parquet.read(path)
    spec = json.loads((table.schema.metadata or {}).get(PARQUET_KEY, b"{}")).get("spec", {})
    if not {"id", "subject", "part"} <= set(table.schema.names) or "protocol" not in spec:
        raise ValueError(f"{path}: not a split (columns {', '.join(table.schema.names)})")
    table = of_persons(table.sort_by("id"), spec.get("people", ()))
    id_N, subject_N, part_N = (
        np.asarray(table[name].to_pylist(), dtype=str) for name in ("id", "subject", "part")
    )
    return SplitTable(path, spec, table, id_N, subject_N, part_N, file_digest(path))


def of_persons(keys: pa.Table, people: Iterable[Group]) -> pa.Table:
    """Return a table whose column ``subject`` names each person by one name."""
    place = keys.schema.get_field_index("subject")
    return keys.set_column(place, "subject", persons(keys["subject"], people))


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
    parquet.write(table.sort_by("id").replace_schema_metadata(metadata), path)


def joined_names(keys: pa.Table, unit: str) -> pa.ChunkedArray:
    """Return the name of what each segment is split by: its subject, its record, both."""
    if unit == "record":
        return pc.binary_join_element_wise(keys["dataset"], keys["record"], "/")
    if unit == "record of subject":
        return pc.binary_join_element_wise(keys["dataset"], keys["record"], keys["subject"], "\n")
    return keys[unit]
