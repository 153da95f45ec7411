"""Parquet files that tell when a byte of them has changed.

Each page of values has a checksum of its own. Columns, metadata and the number of rows have
one in the file's metadata, under `SEAL`; a file without it, of an older release, is read as it
is.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from cardiograft.files import DAMAGED, SEAL, atomic_file, digest_of, unsealed


class Writer:
    """Writes tables of one schema to one file, each table a row group.

    Parameters
    ----------
    path : Path
    schema : pyarrow.Schema
        Its metadata goes into the file.
    **options
        Of `pyarrow.parquet.ParquetWriter`.
    """

    def __init__(self, path: Path, schema: pa.Schema, **options: Any) -> None:
        self._schema, self._rows = schema, 0
        chosen = {"compression": "zstd", "write_page_checksum": True, **options}
        self._file = pq.ParquetWriter(path, schema, **chosen)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            seal = _seal(self._schema, self._rows, _text(self._schema))
            self._file.add_key_value_metadata({SEAL: seal})
        self._file.close()

    def write(self, table: pa.Table) -> None:
        """Add a row group."""
        self._file.write_table(table, row_group_size=max(len(table), 1))
        self._rows += len(table)


def write(table: pa.Table, path: Path) -> None:
    """Write a table, atomically: equal tables give equal bytes."""
    with atomic_file(path) as partial, Writer(partial, table.schema) as writer:
        writer.write(table)


def read(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a file, or some of its columns.

    Raises
    ------
    FileNotFoundError
        There is none.
    ValueError
        It is no Parquet file, or not as it was written.
    """
    with reading(path), opened(path) as file:
        return file.read(columns=None if columns is None else list(columns))


def opened(path: Path) -> pq.ParquetFile:
    """Open a file whose columns, metadata and number of rows are as they were written.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read`.
    """
    with reading(path):
        file = pq.ParquetFile(path, page_checksum_verification=True)
        schema, rows = file.schema_arrow, file.metadata.num_rows
        # Arrow keeps the schema once more, with metadata of its own: what readers are given.
        held = {k: v for k, v in (file.metadata.metadata or {}).items() if k != b"ARROW:schema"}
        text = {k.decode("latin-1"): v.decode("latin-1") for k, v in held.items()}
        rest = unsealed(text, path, lambda rest: _seal(schema, rows, rest))
        if len(rest) < len(text) and rest != _text(schema):
            raise ValueError(f"{path}: {DAMAGED}")
        return file


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say in one line what a library trips over in a damaged file.

    Raises
    ------
    ValueError
        See above.
    """
    try:
        yield
    except pa.ArrowException as error:
        raise ValueError(f"{path}: {DAMAGED} ({_brief(error)})") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: {DAMAGED} ({error})") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise ValueError(f"{path}: {DAMAGED} ({_brief(error)})") from error


def _brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]


def _text(schema: pa.Schema) -> dict[str, str]:
    metadata = schema.metadata or {}
    return {k.decode("latin-1"): v.decode("latin-1") for k, v in metadata.items()}


def _seal(schema: pa.Schema, rows: int, metadata: dict[str, str]) -> str:
    columns = [[f.name, _type(f.type), f.nullable] for f in schema]
    return digest_of({"columns": columns, "metadata": metadata, "rows": rows})


def _type(kind: pa.DataType) -> str:
    # Parquet renames the field within a list.
    if pa.types.is_fixed_size_list(kind):
        return f"{kind.list_size} x {_type(kind.value_type)}"
    if pa.types.is_list(kind):
        return f"list of {_type(kind.value_type)}"
    return str(kind)
