"""Leaks between the parts of a split: subjects, recordings, duplicates, overlaps.

Each kind is counted on the later side: a test segment (or subject) that is also in training or
validation, a validation segment that is also in training.

Legend: N segments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cardiograft.files import read_json
from cardiograft.records import Float64
from cardiograft.segments import rhythms, shards
from cardiograft.specs.split import Split
from cardiograft.splits import near_duplicates
from cardiograft.splits.overlaps import overlapping_row
from cardiograft.splits.people import Group, persons
from cardiograft.splits.recordings import matches
from cardiograft.splits.recordings_used import by_time, side
from cardiograft.splits.table import PartColumn

COLUMNS = ("id", "dataset", "record", "subject", "start", "valid", "shape_hash", "label")
EXAMPLES = 10
# A part, and the parts that must not know what is in it.
SIDES = (("test", ("train", "validation")), ("validation", ("train",)))
# Leaks that a protocol intends: counted, not raised.
ALLOWED = {"personal": ("subjects_on_both_sides",)}


@dataclass
class Leak:
    """One kind of leak: how often, and the first few cases."""

    count: int = 0
    examples: list[dict[str, Any]] = field(default_factory=list)

    def add(self, count: int, examples: list[dict[str, Any]]) -> None:
        """Count more cases."""
        self.count += count
        self.examples = [*self.examples, *examples][:EXAMPLES]


def leaks(
    directories: Sequence[Path], keys: pa.Table, part_N: PartColumn, spec: Split
) -> dict[str, Leak]:
    """Return every kind of leak between the parts of a split.

    Parameters
    ----------
    directories
        Folders of shards.
    keys
        `COLUMNS` of them, `timed`, in the order of `part_N`.

    Returns
    -------
    dict
        ``subjects_on_both_sides`` counts people, ``same_recordings`` recordings of the later
        part, ``near_duplicates`` and ``overlapping_windows`` its segments.
    """
    return {
        "subjects_on_both_sides": subjects(keys, part_N, spec.people),
        "same_recordings": recordings(
            rhythms.read(directories), keys, part_N, spec.people, timely=by_time(spec)
        ),
        "near_duplicates": duplicates(directories, keys, part_N, spec.duplicate_correlation),
        "overlapping_windows": overlaps(keys, part_N),
    }


def faults(leak_by_kind: Mapping[str, Leak], protocol: str) -> dict[str, Leak]:
    """Return the leaks that a protocol does not mean to have."""
    meant = ALLOWED.get(protocol, ())
    return {kind: leak for kind, leak in leak_by_kind.items() if leak.count and kind not in meant}


def complaint(leak_by_kind: Mapping[str, Leak]) -> str:
    """Return one line that counts every kind of leak and names a case of each."""
    words = {
        "subjects_on_both_sides": ("subject in two parts", "subjects in two parts"),
        "same_recordings": (
            "recording that is, by its rhythm, one of another part",
            "recordings that are, by their rhythm, ones of another part",
        ),
        "near_duplicates": (
            "segment with a near-duplicate in another part",
            "segments with a near-duplicate in another part",
        ),
        "overlapping_windows": (
            "segment that overlaps one of another part",
            "segments that overlap one of another part",
        ),
    }
    return "; ".join(
        f"{leak.count} {words[kind][leak.count > 1]}, such as {_case(leak.examples[0])}"
        for kind, leak in leak_by_kind.items()
    )


def _case(example: Mapping[str, Any]) -> str:
    if "subject" in example:
        return f"{example['subject']} ({' and '.join(example['parts'])})"
    if "recording" in example:
        alike = f"{example['beats']} beats agree, {example['bits']:.0f} bits"
        return (
            f"{example['recording']} ({example['part']}) and {example['other']}"
            f" ({example['other_part']}): {alike}, {example['needed_bits']:.0f} tell them apart"
        )
    here, there = f"{example['segment']} ({example['part']})", f"({example['other_part']})"
    return f"{here} and {example['other']} {there}"


def subjects(keys: pa.Table, part_N: PartColumn, people: Sequence[Group] = ()) -> Leak:
    """Count the people that are in more than one part, under whatever names."""
    who = persons(keys["subject"], people)
    table = pa.table({"subject": who, "part": pa.array(part_N, pa.string())})
    inside = table.filter(pc.not_equal(table["part"], "out"))
    pairs = inside.group_by(["subject", "part"], use_threads=False).aggregate([])
    parts: dict[str, list[str]] = {}
    for row in pairs.sort_by([("subject", "ascending"), ("part", "ascending")]).to_pylist():
        parts.setdefault(row["subject"], []).append(row["part"])
    both = [{"subject": s, "parts": p} for s, p in parts.items() if len(p) > 1]
    return Leak(len(both), both[:EXAMPLES])


def recordings(
    known: pa.Table,
    keys: pa.Table,
    part_N: PartColumn,
    people: Sequence[Group] = (),
    *,
    timely: bool = False,
) -> Leak:
    """Count the recordings that are one of another person's in an earlier part, by their rhythm.

    Parameters
    ----------
    known
        What `cardiograft.segments.rhythms.read` returns.
    keys
        `timed`.
    timely
        Compare only the times that the parts' segments are of, not whole recordings
        (`cardiograft.splits.recordings_used.by_time`).
    """
    seconds = {name: pc.divide(keys[name], keys["source_hz"]) for name in ("start", "stop")}
    table = pa.table({"record": _records(keys), "part": pa.array(part_N, pa.string()), **seconds})
    leak = Leak()
    for query, pool in SIDES:
        here, there = (
            side(
                known,
                table.filter(pc.is_in(table["part"], pa.array(parts))),
                people,
                timely=timely,
            )
            for parts in ((query,), pool)
        )
        pairs = matches(here[0], there[0])
        part_of = _part_of(table, pool) if pairs else {}
        examples = [
            {
                "recording": here[1][match.one],
                "part": query,
                "other": there[1][match.other],
                "other_part": part_of[there[1][match.other]],
                **match.measured(),
            }
            for match in pairs[:EXAMPLES]
        ]
        leak.add(len(pairs), examples)
    return leak


def _part_of(table: pa.Table, pool: Sequence[str]) -> dict[str, str]:
    pairs = table.filter(pc.is_in(table["part"], pa.array(pool)))
    return {
        row["record"]: row["part"]
        for row in pairs.group_by(["record", "part"]).aggregate([]).to_pylist()
    }


def duplicates(
    directories: Sequence[Path], keys: pa.Table, part_N: PartColumn, correlation: float
) -> Leak:
    """Count the segments that have a near-duplicate in an earlier part."""
    ids = keys["id"].to_pylist()
    segment_keys = near_duplicates.Keys(
        id_N=ids,
        part_N=part_N,
        valid_N=keys["valid"].to_numpy().astype(np.int64),
        shape_hash_N=keys["shape_hash"].to_numpy(),
    )
    leak = Leak()
    for query, pool in SIDES:
        pairs = near_duplicates.search(
            directories, segment_keys, query=query, pool=pool, above=correlation
        )
        examples = [
            {**_pair(ids, part_N, t.row, t.other), "correlation": round(t.correlation, 6)}
            for t in pairs[:EXAMPLES]
        ]
        leak.add(len(pairs), examples)
    return leak


def overlaps(keys: pa.Table, part_N: PartColumn) -> Leak:
    """Count the segments that share samples of a record with an earlier part, on any lead.

    Parameters
    ----------
    keys
        With ``id``, ``dataset``, ``record``, ``start`` and ``stop``.
    """
    spans = pa.table({"record": _records(keys), "start": keys["start"], "stop": keys["stop"]})
    ids, leak = keys["id"], Leak()
    for query, pool in SIDES:
        row_N = np.flatnonzero(part_N == query)
        overlapping_N = overlapping_row(spans, row_N, np.flatnonzero(np.isin(part_N, pool)))
        hit_N = np.flatnonzero(overlapping_N >= 0)
        cases = [(int(row_N[hit]), int(overlapping_N[hit])) for hit in hit_N[:EXAMPLES]]
        leak.add(len(hit_N), [_pair(ids, part_N, row, other) for row, other in cases])
    return leak


def timed(directories: Sequence[Path], keys: pa.Table) -> pa.Table:
    """Return the keys with ``stop``, in samples of the recording, and its rate, ``source_hz``.

    Parameters
    ----------
    directories
        Folders of shards.
    keys
        With ``dataset``, ``record``, ``start`` and ``valid``.

    Raises
    ------
    FileNotFoundError
        A folder has no ``summary.json``.
    ValueError
        Folders differ in rate, or a record's rate is not in any summary.
    """
    shard_rates = {shards.meta(directory).rate_hz for directory in directories}
    if len(shard_rates) > 1:
        raise ValueError(f"segments at {sorted(shard_rates)} Hz can't be pooled in one split")
    rates = source_rates(directories)
    coded = _records(keys).dictionary_encode().combine_chunks()
    missing = [name for name in coded.dictionary.to_pylist() if name not in rates]
    if missing:
        raise ValueError(f"{missing[0]}: no source_rate_hz in the summary of its segments")
    rate_R: Float64 = np.array([rates[name] for name in coded.dictionary.to_pylist()], float)
    rate_N = rate_R[np.asarray(coded.indices)]
    # rounded down: windows that lie end to end must not seem to overlap
    length_N = np.floor(keys["valid"].to_numpy() * (rate_N / shard_rates.pop())).astype(np.int64)
    stop_N = pa.array(keys["start"].to_numpy() + length_N)
    return keys.append_column("stop", stop_N).append_column("source_hz", pa.array(rate_N))


def source_rates(directories: Sequence[Path]) -> dict[str, float]:
    """Return the rate of each recording that was cut, before it was resampled.

    Raises
    ------
    FileNotFoundError
        A folder has no ``summary.json``.
    """
    rates: dict[str, float] = {}
    for directory in directories:
        rates |= read_json(directory / "summary.json")["source_rate_hz"]
    return rates


def _records(keys: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(keys["dataset"], keys["record"], "/")


def _pair(ids: Any, part_N: PartColumn, row: int, other: int) -> dict[str, Any]:
    return {
        "segment": str(ids[row]),
        "part": part_N[row],
        "other": str(ids[other]),
        "other_part": part_N[other],
    }
