"""Shards: segments in Parquet, one row each, each subject in one file alone.

Legend: N segments, C channels, T samples.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cardiograft import parquet
from cardiograft.files import reserve
from cardiograft.records import Int64
from cardiograft.scratch import scratch_folder
from cardiograft.segments.shard_format import SIGNALS, STRINGS, Meta, ShardRows, encode, read_meta

__all__ = [
    "Meta",
    "ShardRows",
    "Writer",
    "arrays",
    "meta",
    "part_of",
    "scratch_array",
    "stream",
    "table",
]

# A row group holds whole records, as many as fit: small enough that a part is cheap to keep
# open, large enough that ten thousand short records do not make ten thousand row groups.
ROW_GROUP_BYTES = 4 << 20
# Above this `stream` reads from a scratch file instead of memory.
IN_MEMORY_BYTES = 256 << 20

Column = npt.NDArray[Any]


def part_of(subject: str, parts: int) -> int:
    """Return the shard of ``<dataset>/<subject>``: other subjects never move it."""
    digest = hashlib.blake2b(subject.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % parts


class Writer:
    """Writes ``part-NNN.parquet`` below a folder; equal rows in equal order give equal bytes.

    Parameters
    ----------
    directory : Path
        Must exist.
    meta : Meta
    parts : int
        Number of shards; a part that gets no subject gets no file.
    """

    def __init__(self, directory: Path, meta: Meta, parts: int) -> None:
        self._directory, self._meta, self._parts = directory, meta, parts
        self._schema = meta.schema()
        self._open: dict[int, parquet.Writer] = {}
        self._waiting: dict[int, list[pa.Table]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            for part in self._waiting:
                self._flush(part)
        for writer in self._open.values():
            writer.__exit__(kind, error, trace)

    def write(self, rows: ShardRows) -> None:
        """Add one recording's segments to its subject's shard.

        Raises
        ------
        ValueError
            The rows do not have the shape, the channels or the features of `meta`, or hold
            non-finite samples.
        """
        table = encode(rows, self._schema, self._meta)
        part = part_of(table["subject"][0].as_py(), self._parts) if len(table) else 0
        waiting = self._waiting.setdefault(part, [])
        waiting.append(table)
        if sum(t.nbytes for t in waiting) >= ROW_GROUP_BYTES:
            self._flush(part)

    def _flush(self, part: int) -> None:
        waiting, self._waiting[part] = self._waiting[part], []
        if not sum(map(len, waiting)):
            return
        table = pa.concat_tables(waiting).combine_chunks()
        if part not in self._open:
            self._open[part] = parquet.Writer(
                self._directory / f"part-{part:03d}.parquet",
                self._schema,
                compression_level=1,
                use_dictionary=[*STRINGS[1:]],  # signals never repeat: a dictionary only costs
                write_statistics=["id", "start"],
            )
        self._open[part].write(table)


def meta(directory: Path) -> Meta:
    """Return the metadata of one folder of shards.

    Raises
    ------
    FileNotFoundError
        The folder holds no shard.
    ValueError
        A file in it is none.
    """
    return read_meta(_files([directory])[0])


def _files(directories: Sequence[Path]) -> list[Path]:
    files = []
    for directory in directories:
        here = sorted(directory.glob("part-*.parquet"))
        if not here:
            raise FileNotFoundError(f"no part-*.parquet in {directory}")
        files += here
    return files


def table(directories: Sequence[Path], columns: Sequence[str]) -> pa.Table:
    """Return some columns of all rows, sorted by id.

    Raises
    ------
    FileNotFoundError
        A folder holds no shard.
    ValueError
        Two rows have one id, or a column is missing.
    """
    wanted = list(dict.fromkeys(["id", *columns]))
    tables = [_columns(f, wanted).replace_schema_metadata() for f in _files(directories)]
    whole = pa.concat_tables(tables).sort_by("id")
    _unique(whole["id"])
    return whole.select(list(columns))


def _unique(ids: pa.ChunkedArray) -> None:
    if pc.count_distinct(ids).as_py() != len(ids):
        counts = pc.value_counts(ids)
        twice = counts.filter(pc.greater(counts.field("counts"), 1))[0]["values"]
        raise ValueError(f"{twice} is in the shards more than once")


def _columns(path: Path, columns: list[str]) -> pa.Table:
    file = parquet.opened(path)
    _require(file, columns)
    with parquet.reading(path):
        return file.read(columns=columns)


def _require(file: pq.ParquetFile, columns: Sequence[str]) -> None:
    missing = [c for c in columns if c not in file.schema_arrow.names]
    if missing:
        known = ", ".join(file.schema_arrow.names)
        raise ValueError(f"no column {missing[0]!r} in the shards (they have {known})")


def arrays(
    directories: Sequence[Path], ids: Sequence[str] | None, columns: Sequence[str]
) -> dict[str, Column]:
    """Return columns in memory, rows in the order of `ids`, which may repeat.

    Parameters
    ----------
    directories
        Folders of shards, pooled.
    ids
        Rows to return; all, sorted by id, where None.
    columns
        ``signal`` and ``target`` come as float32 (N, C, T), ``label`` as objects (strings or
        None), other strings as numpy strings.

    Raises
    ------
    FileNotFoundError
        A folder holds no shard.
    ValueError
        An id or a column is missing, an id is there twice, or the folders' shapes differ.
    """
    plan = _Plan(directories, ids)
    out = {c: np.empty(plan.shape(c), plan.dtype(c)) for c in columns}
    plan.fill(out)
    return {c: v.astype(str) if c in STRINGS[:5] else v for c, v in out.items()}


def stream(
    directories: Sequence[Path], ids: Sequence[str] | None, columns: Sequence[str], batch: int
) -> Iterator[dict[str, Column]]:
    """Yield what `arrays` returns, `batch` rows at a time, in bounded memory.

    Signals that do not fit ``IN_MEMORY_BYTES`` are first decoded, in the order of `ids`, to a
    scratch file below ``TMPDIR`` that vanishes with the iterator: a shuffled order costs one
    pass over the shards, not one a batch.
    """
    plan = _Plan(directories, ids)
    with scratch_folder() as scratch:
        out: dict[str, Column] = {}
        for column in columns:
            shape, dtype = plan.shape(column), plan.dtype(column)
            if column in SIGNALS:
                out[column] = scratch_array(shape, dtype, scratch / column)
            else:
                out[column] = np.empty(shape, dtype)
        plan.fill(out)
        for first in range(0, plan.rows, batch):
            part = {c: np.array(v[first : first + batch]) for c, v in out.items()}
            yield {c: v.astype(str) if c in STRINGS[:5] else v for c, v in part.items()}


def scratch_array(shape: tuple[int, ...], dtype: Any, place: Path) -> Column:
    """Return an empty array of signals: in memory, or in the file `place` if it would not fit."""
    if int(np.prod(shape)) * np.dtype(dtype).itemsize <= IN_MEMORY_BYTES:
        return np.empty(shape, dtype)
    reserve(place, int(np.prod(shape)) * np.dtype(dtype).itemsize)
    mapped = np.memmap(place, dtype, "r+", shape=shape)
    place.unlink()  # it lives as long as it is mapped: a killed job leaves nothing
    return mapped


class _Plan:
    """Which row of which row group goes where."""

    def __init__(self, directories: Sequence[Path], ids: Sequence[str] | None) -> None:
        self._files = _files(directories)
        self._meta = read_meta(self._files[0])
        for file in self._files[1:]:
            self._same_shape(file, read_meta(file))
        here = pa.chunked_array(
            [c for f in self._files for c in parquet.read(f, ["id"])["id"].chunks],
            pa.string(),
        )
        _unique(here)
        if ids is None:
            row_N = np.asarray(pc.array_sort_indices(here.combine_chunks()), dtype=np.int64)
        else:
            row_N = self._find(here, ids)
        self._place_N = np.argsort(row_N, kind="stable")
        self._row_N = row_N[self._place_N]
        self.rows = len(row_N)

    def _same_shape(self, file: Path, other: Meta) -> None:
        for column in SIGNALS:
            if other.shape(column) != self._meta.shape(column):
                raise ValueError(
                    f"{file.parent}: {column} of {other.shape(column)}, but"
                    f" {self._files[0].parent} has {self._meta.shape(column)}"
                )

    @staticmethod
    def _find(here: pa.ChunkedArray, ids: Sequence[str]) -> Int64:
        id_N = pa.array(list(ids), pa.string())
        row_N = pc.index_in(id_N, value_set=here)
        if row_N.null_count:
            first = id_N.filter(pc.is_null(row_N))[0]
            raise ValueError(f"{row_N.null_count} ids are not in the shards, such as {first}")
        return np.asarray(row_N, dtype=np.int64)

    def shape(self, column: str) -> tuple[int, ...]:
        return (self.rows, *self._meta.shape(column)) if column in SIGNALS else (self.rows,)

    def dtype(self, column: str) -> Any:
        if column in STRINGS:
            return object
        fixed = {"start": np.int64, "valid": np.int32, "shape_hash": np.uint64}
        return fixed.get(column, np.float32)

    def fill(self, out: dict[str, Column]) -> None:
        first = 0
        for path in self._files:
            file = parquet.opened(path)
            _require(file, list(out))
            for group in range(file.num_row_groups):
                after = first + file.metadata.row_group(group).num_rows
                low, high = np.searchsorted(self._row_N, [first, after])
                if low < high:
                    with parquet.reading(path):
                        rows = file.read_row_group(group, columns=list(out))
                    here, there = self._row_N[low:high] - first, self._place_N[low:high]
                    for name, column in out.items():
                        column[there] = _values(rows[name])[here].reshape(-1, *column.shape[1:])
                first = after


def _values(column: pa.ChunkedArray) -> Column:
    whole = pa.concat_arrays(column.chunks)
    if pa.types.is_fixed_size_list(whole.type):
        return np.asarray(whole.flatten()).reshape(-1, whole.type.list_size)
    return np.asarray(whole.to_numpy(zero_copy_only=False))
