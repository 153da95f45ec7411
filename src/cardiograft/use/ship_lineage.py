"""Whom a network was trained on, as files that an audit reads like any split and its shards.

Legend: N segments.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cardiograft import parquet
from cardiograft.config.plan import Plan
from cardiograft.config.schema import Config
from cardiograft.config.shipped_sources import behind as shipped_behind
from cardiograft.files import PARQUET_KEY, read_json, write_json
from cardiograft.segments import rhythms
from cardiograft.shipped.catalogue import LINEAGE, SEGMENTS
from cardiograft.specs.audit import Ancestor
from cardiograft.splits.people import Group
from cardiograft.splits.table import WRITTEN, of_persons, read_split_table

SUMMARY = "summary.json"


@dataclass(frozen=True, kw_only=True)
class Behind:
    """What led to a network.

    Attributes
    ----------
    ancestors
        Its trainings, each with the name of its table in place of its split.
    segments
        Names of the folders that say of the recordings what shards say.
    people
        How many they are.
    recordings
        The fingerprints of all recordings in use, by which one is known under another name.
    never_shown
        Of the network's own split: how many people and segments no training used.
    """

    ancestors: list[Ancestor]
    segments: list[str]
    people: int
    recordings: pa.Table
    never_shown: dict[str, Any]


def write_lineage(config: Config, plan: Plan, entry: str, name: str, folder: Path) -> Behind:
    """Write a table for each split behind a network, and its recordings' rates and noise.

    Raises
    ------
    FileNotFoundError
        A split or a folder of shards is not there.
    """
    ancestors = config.ancestors(entry)
    runs = [run for _, run in config.lineage(entry)]
    shipped = [network for run in runs for network in shipped_behind(run)]
    tables = {path.stem: path for network in shipped for path in network.splits}
    own = [one.split for one in ancestors if one.split not in tables]
    tables |= {split: Path(plan.split(split)) for split in own}
    uses: dict[str, list[str]] = {}
    for one in ancestors:
        uses.setdefault(one.split, []).extend(one.uses)
    place = folder / LINEAGE
    place.mkdir()
    used = {split: _used(tables[split], parts) for split, parts in uses.items()}
    stems = {split: f"{name}.{re.sub(r'[^A-Za-z0-9_.-]', '_', split)}" for split in used}
    for split, (table, spec) in used.items():
        about = {PARQUET_KEY: json.dumps({"spec": spec}, sort_keys=True).encode()}
        parquet.write(table.replace_schema_metadata(about), place / f"{stems[split]}.parquet")
    shards = {s: Path(config.results) / "segments" / s for w in own for s in
              config.splits[w].segments}  # fmt: skip
    shards |= {
        f"{network.name}-{path.name}": path for network in shipped for path in network.entries
    }
    records = {name for table, _ in used.values() for name in table["record"].unique().to_pylist()}
    _write_segments(shards, records, place / SEGMENTS)
    known = rhythms.read([*shards.values(), *(p for network in shipped for p in network.segments)])
    return Behind(
        ancestors=[one.model_copy(update={"split": stems[one.split]}) for one in ancestors],
        segments=list(shards),
        people=len(_people(used)),
        recordings=known.filter(pc.is_in(known["record"], pa.array(sorted(records), pa.string()))),
        never_shown=_never_shown(Path(plan.split(config.trained(entry).split)), used),
    )


def _used(file: Path, parts: Sequence[str]) -> tuple[pa.Table, dict[str, Any]]:
    """Return what of a split was used, and its spec."""
    split = read_split_table(file)
    rows = split.table.filter(pc.is_in(split.table["part"], pa.array(sorted(set(parts)))))
    return stretches(rows), split.spec


def stretches(table: pa.Table) -> pa.Table:
    """Return the stretches that segments cover, a row for those that touch: the same samples.

    Parameters
    ----------
    table
        `WRITTEN` of a split's table; so is what is returned, its ids those of the first segments.
    """
    keys = [(name, "ascending") for name in ("record", "subject", "part", "start", "stop")]
    table = table.select(WRITTEN).sort_by(keys)
    if not len(table):
        return table
    start_N, stop_N = table["start"].to_numpy(), table["stop"].to_numpy()
    names = [np.asarray(table[key].to_pylist(), dtype=str) for key in ("record", "subject", "part")]
    group_N = np.cumsum(
        np.r_[0, np.any([name[1:] != name[:-1] for name in names], axis=0).astype(int)]
    )
    # groups laid end to end, so that what was reached in one says nothing of the next
    span = int(stop_N.max() - start_N.min()) + 2
    reach_N = np.maximum.accumulate(stop_N + group_N * span)
    first_N = np.r_[True, start_N[1:] + group_N[1:] * span > reach_N[:-1]]
    at = np.flatnonzero(first_N)
    last_N = np.maximum.reduceat(stop_N, at)
    whole = table.take(at)
    return whole.set_column(whole.schema.get_field_index("stop"), "stop", pa.array(last_N))


def _write_segments(shards: Mapping[str, Path], records: set[str], place: Path) -> None:
    """Write rates and noise of the recordings in use."""
    rated: set[str] = set()
    for name, folder in shards.items():
        (place / name).mkdir(parents=True)
        summary = read_json(folder / SUMMARY)
        rates = summary["source_rate_hz"].items()
        own = {name: rate for name, rate in rates if name in records and name not in rated}
        rated |= set(own)
        noise = summary.get("noise")
        if noise is not None:
            pieces = {name: at for name, at in noise["pieces"].items() if name in records}
            noise = {"noises": noise["noises"], "pieces": pieces}
        write_json(place / name / SUMMARY, {"source_rate_hz": own, "noise": noise})
        rhythms.write(place / name, ())


def _never_shown(
    split: Path, used: Mapping[str, tuple[pa.Table, dict[str, Any]]]
) -> dict[str, Any]:
    """Return how many of a split's test subjects no training has used, whatever it calls them."""
    whole = read_split_table(split)
    groups = [*_groups(used), *whole.people]
    table = of_persons(whole.table, groups)
    tested = table.filter(pc.equal(table["part"], "test"))
    unseen = sorted(set(tested["subject"].to_pylist()) - _people(used, groups))
    kept = pc.sum(pc.is_in(tested["subject"], pa.array(unseen, pa.string()))).as_py() or 0
    return {"split": split.stem, "people": len(unseen), "segments": kept}


def _groups(used: Mapping[str, tuple[pa.Table, dict[str, Any]]]) -> list[Group]:
    """Return the groups of names of one person that any of some splits knows of."""
    return [group for _, spec in used.values() for group in spec.get("people", ())]


def _people(
    used: Mapping[str, tuple[pa.Table, dict[str, Any]]], groups: Sequence[Group] = ()
) -> set[str]:
    """Return everybody who was used: a person whom two splits call differently once."""
    groups = groups or _groups(used)
    return {
        name
        for table, _ in used.values()
        for name in of_persons(table, groups)["subject"].to_pylist()
    }
