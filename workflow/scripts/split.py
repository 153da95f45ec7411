"""Put every segment in a part; stop where subjects or segments leak, unless as in a paper."""

from pathlib import Path
from typing import Any

import numpy as np

from cardiograft import cli
from cardiograft.files import write_json
from cardiograft.segments import rhythms, shards
from cardiograft.specs.split import Split
from cardiograft.splits import leakage
from cardiograft.splits.assign import COLUMNS, assign, part_counts
from cardiograft.splits.dose import dose_counts, own_segments
from cardiograft.splits.recordings_used import without_rhythm
from cardiograft.splits.table import of_persons, write_split_table


def split(spec: Split, segments: list[Path], out: Path, audit: Path) -> None:
    columns = dict.fromkeys((*COLUMNS, *leakage.COLUMNS))
    keys = leakage.timed(segments, shards.table(segments, list(columns)))
    part_N = assign(keys, spec)
    people = of_persons(keys, spec.people)
    content: dict[str, Any] = {"protocol": spec.protocol}
    strange_N = part_N
    if spec.dose is not None:
        content["dose"] = dose_counts(people, part_N, spec.dose)
        # what is asked for is counted: without it, the split must be as honest as any
        strange_N = np.where(own_segments(people["subject"].to_pylist(), part_N), "out", part_N)
    leaks = leakage.leaks(segments, keys, strange_N, spec)
    if spec.dose is not None:
        leaks["overlapping_windows"] = leakage.overlaps(keys, part_N)
    faults = leakage.faults(leaks, spec.protocol)
    content |= {
        "passed": not faults,
        "findings": {kind: leak.count for kind, leak in leaks.items()},
        "no_fingerprint": without_rhythm(rhythms.read(segments)),
        "examples": {kind: leak.examples for kind, leak in leaks.items()},
        "counts": part_counts(people, part_N),
    }
    failed = audit.with_name(f"{audit.stem}.failed.json")
    for stale in (failed, out, audit):
        stale.unlink(missing_ok=True)
    if faults and spec.protocol != "paper":
        write_json(failed, content)  # not an output: it outlives the failed job
        raise ValueError(f"{leakage.complaint(faults)} (all of it in {failed})")
    write_split_table(out, keys, part_N, spec)
    write_json(audit, content)


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--spec", type=Split.model_validate_json, required=True, help="entry of splits, JSON"
    )
    parser.add_argument(
        "--segments", type=Path, nargs="+", required=True, help="folders of shards, pooled"
    )
    parser.add_argument("--out", type=Path, required=True, help="Parquet: part of each segment")
    parser.add_argument("--audit", type=Path, required=True, help="JSON: findings, counts")
    cli.run(split, parser)
