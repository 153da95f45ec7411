"""Search test segments, by shape, among what a training used under another data set's name.

Where each recording holds a single beat, such as a row of a table of beats, it has no rhythm to be
known by. Its segments are compared with those of one size as the segments of one split are
(`cardiograft.splits.near_duplicates`), whatever they are called. Those of one data set are not
compared here: there people are known by name, and an honest split's own audit compares shapes. Nor
are segments of recordings that have a rhythm on both sides: it says more at less cost.

Legend: N segments.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cardiograft.segments import shards
from cardiograft.splits import near_duplicates
from cardiograft.splits.table import SplitTable

# `cardiograft.signals.shape_hash` of what never changes: two such are no copies of one another.
FLAT = 0x8080808080808080
EXAMPLES = 10


def under_other_names(
    tested: pa.Table,
    used: pa.Table,
    splits: tuple[SplitTable, SplitTable],
    segments: Mapping[str, Path],
    known: pa.Array,
) -> list[dict[str, Any]]:
    """Return the tested segments that are near-duplicates of used ones of another data set.

    Parameters
    ----------
    tested, used
        Segments of two splits: ``id`` and ``record``.
    splits
        These splits: of which entries of segments they are, and the threshold, the first one's.
    segments
        Folders of shards by entry. One that is not there, as behind a network that comes along,
        is not compared; nor are segments of another size, rate or number of channels.
    known
        Recordings with a rhythm: those of the one side are compared with the others of the other.
    """
    above = float(splits[0].spec["duplicate_correlation"])
    here, there = ([segments[n] for n in s.spec["segments"] if n in segments] for s in splits)
    by_id: dict[str, dict[str, Any]] = {}
    for dataset, folder, other in _alike(tested, here, there):
        own = tested.filter(pc.starts_with(tested["record"], dataset))
        strange = used.filter(pc.invert(pc.starts_with(used["record"], dataset)))
        own_few, few = (t.filter(pc.invert(pc.is_in(t["record"], known))) for t in (own, strange))
        many = strange.filter(pc.is_in(strange["record"], known))
        for query, pool in ((own, few), (own_few, many)):
            by_id |= _copies((folder, query), (other, pool), above)
    return [by_id[name] for name in sorted(by_id)]


def _copies(
    query: tuple[Path, pa.Table], pool: tuple[Path, pa.Table], above: float
) -> dict[str, dict[str, Any]]:
    """Return the near-duplicates of some segments of a folder among some of another, by id."""
    if not len(query[1]) or not len(pool[1]):
        return {}
    keys = pa.concat_tables([_keys(*query, "test"), _keys(*pool, "train")])
    rows = near_duplicates.Keys(
        id_N=keys["id"].to_pylist(),
        part_N=np.asarray(keys["part"].to_pylist(), dtype=object),
        valid_N=keys["valid"].to_numpy().astype(np.int64),
        shape_hash_N=keys["shape_hash"].to_numpy(),
    )
    folders = [query[0], pool[0]]
    pairs = near_duplicates.search(folders, rows, query="test", pool=("train",), above=above)
    return {
        rows.id_N[pair.row]: {
            "id": rows.id_N[pair.row],
            "other": rows.id_N[pair.other],
            "correlation": round(pair.correlation, 5),
        }
        for pair in pairs
    }


def _alike(
    tested: pa.Table, here: Sequence[Path], there: Sequence[Path]
) -> Iterator[tuple[str, Path, Path]]:
    """Yield each tested data set, as records begin, and two folders of segments of one size."""
    sizes = {folder: _size(folder) for folder in {*here, *there}}
    datasets = {name.partition("/")[0] for name in tested["record"].unique().to_pylist()}
    for dataset in sorted(datasets):
        for folder in here:
            for other in there:
                if folder != other and None is not sizes[folder] == sizes[other]:
                    yield f"{dataset}/", folder, other


def _size(folder: Path) -> tuple[float, int, int] | None:
    try:
        meta = shards.meta(folder)
    except FileNotFoundError:  # what comes along with a network holds no signal
        return None
    return meta.rate_hz, meta.samples, len(meta.channels)


def _keys(folder: Path, some: pa.Table, part: str) -> pa.Table:
    """Return the segments of a folder that are among some, but for flat ones."""
    keys = shards.table([folder], ["id", "valid", "shape_hash"])
    known = pc.is_in(keys["id"], some["id"].unique())
    live = pc.not_equal(keys["shape_hash"], pa.scalar(FLAT, keys["shape_hash"].type))
    keys = keys.filter(pc.and_(known, live))
    return keys.append_column("part", pa.array([part] * len(keys), pa.string()))
