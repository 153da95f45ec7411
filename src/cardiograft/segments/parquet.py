"""Read Parquet files without loading pandas, which takes longer than a short job's work.

`pyarrow.parquet.read_table` goes by way of pyarrow's data sets, and these import pandas.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the table of one file, all of its columns or some, its metadata kept.

    Raises
    ------
    FileNotFoundError
        There is none.
    """
    with pq.ParquetFile(path) as file:
        return file.read(columns=None if columns is None else list(columns))
