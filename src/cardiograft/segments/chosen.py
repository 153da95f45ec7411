"""A folder of shards with some of the segments of another, as they stand there.

Legend: N segments.
"""

import bisect
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cardiograft import parquet
from cardiograft.files import read_json, write_json
from cardiograft.segments import rhythms
from cardiograft.segments.shard_format import STRINGS

COLUMNS = ("id", "dataset", "record", "subject", "label")


def write_chosen(
    folder: Path,
    keys: pa.Table,
    keep_N: npt.NDArray[np.bool_],
    out: Path,
    *,
    why: str,
    about: Mapping[str, Any],
) -> None:
    """Write those segments of a folder that are kept, their recordings, and a ``summary.json``.

    Parameters
    ----------
    folder
        Shards.
    keys
        Their `COLUMNS`, and which of their rows are kept.
    out
        Must exist.
    why
        Of the others, as ``dropped`` of the summary counts them.
    about
        What the summary says beside the counts.

    Raises
    ------
    ValueError
        None is kept.
    """
    if not keep_N.any():
        raise ValueError(f"{folder}: none of {len(keys)} segments is kept ({why})")
    kept = keys.filter(pa.array(keep_N))
    ids = kept["id"].combine_chunks()
    ids = ids.take(pc.array_sort_indices(ids))
    for file in sorted(folder.glob("part-*.parquet")):
        _write_part(file, ids, out / file.name)
    _write_recordings(folder, kept, out)
    write_json(out / "summary.json", {**_summary(folder, kept, len(keys), why), **about})


def _write_part(file: Path, ids: pa.Array, out: Path) -> None:
    """Copy rows of one shard, a row group a row group; a shard without any gets no file.

    `ids` are sorted.
    """
    source = parquet.opened(file)
    groups = []
    for number in range(source.num_row_groups):
        with parquet.reading(file):
            group = source.read_row_group(number)
        rows = group.filter(pc.is_in(group["id"], _among(ids, group)))
        if len(rows):
            groups.append(rows.combine_chunks())
    if groups:
        own = {"compression_level": 1, "use_dictionary": [*STRINGS[1:]]}
        with parquet.Writer(
            out, source.schema_arrow, write_statistics=["id", "start"], **own
        ) as writer:
            for rows in groups:
                writer.write(rows)


def _among(ids: pa.Array, group: pa.Table) -> pa.Array:
    """Return those of sorted ids that are of a row group's recordings.

    Looking rows up among all ids, group after group, would take a time that grows as the square.
    """
    names = pc.binary_join_element_wise(group["dataset"], group["record"], "/").unique()
    some = [ids.slice(0, 0)]
    for name in names.to_pylist():
        # an id is <dataset>/<record>/<lead>/<start>, and 0 is the letter that follows /
        first, after = (bisect.bisect_left(ids, f"{name}{c}", key=str) for c in "/0")
        some.append(ids.slice(first, after - first))
    return pa.concat_arrays(some)


def _write_recordings(folder: Path, kept: pa.Table, out: Path) -> None:
    known = rhythms.read([folder])
    names = pc.binary_join_element_wise(kept["dataset"], kept["record"], "/").unique()
    rhythms.write(out, known.filter(pc.is_in(known["record"], names)).to_pylist())
    if (noises := folder / rhythms.NOISES).exists():
        shutil.copyfile(noises, out / rhythms.NOISES)


def _summary(folder: Path, kept: pa.Table, before: int, why: str) -> dict[str, Any]:
    """Return the folder's own summary with the counts of what is kept.

    Recordings that were left out when it was cut, and notes on others, stand in the folder's own.
    """
    labels = Counter(label for label in kept["label"].to_pylist() if label is not None)
    records = pc.binary_join_element_wise(kept["dataset"], kept["record"], "/")
    return {
        **read_json(folder / "summary.json"),
        "segments": len(kept),
        "dropped": {why: before - len(kept)} if before > len(kept) else {},
        "records": pc.count_distinct(records).as_py(),
        "left_out": {},
        "records_left_out": {},
        "notes": {},
        "labels": dict(sorted(labels.items())),
        "subjects": pc.count_distinct(kept["subject"]).as_py(),
    }
