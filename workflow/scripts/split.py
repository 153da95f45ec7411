"""Put every segment in a part, and stop a run whose parts know each other, unless as in a paper."""

from pathlib import Path
from typing import Any

from cardiograft import command, leakage, shards, splits
from cardiograft.publishing import write_json
from cardiograft.specs.split import Split


def split(spec: Split, segments: list[Path], out: Path, audit: Path) -> None:
    columns = dict.fromkeys((*splits.COLUMNS, *leakage.COLUMNS))
    keys = leakage.timed(segments, shards.table(segments, list(columns)))
    part_N = splits.assign(keys, spec)
    leaks = leakage.leaks(segments, keys, part_N, spec)
    found = leakage.faults(leaks, spec.protocol)
    content: dict[str, Any] = {
        "protocol": spec.protocol,
        "passed": not found,
        "findings": {kind: leak.count for kind, leak in leaks.items()},
        "examples": {kind: leak.examples for kind, leak in leaks.items()},
        "counts": splits.counts(keys, part_N),
    }
    failed = audit.with_name(f"{audit.stem}.failed.json")
    for stale in (failed, out, audit):
        stale.unlink(missing_ok=True)
    if found and spec.protocol != "paper":
        write_json(failed, content)  # not an output: it outlives the failed job
        raise ValueError(f"{leakage.complaint(found)} (all of it in {failed})")
    splits.write(out, keys, part_N, spec)
    write_json(audit, content)


if __name__ == "__main__":
    parser = command.parser(__doc__)
    parser.add_argument(
        "--spec", type=Split.model_validate_json, required=True, help="entry of splits, JSON"
    )
    parser.add_argument(
        "--segments", type=Path, nargs="+", required=True, help="folders of shards, pooled"
    )
    parser.add_argument("--out", type=Path, required=True, help="Parquet: part of each segment")
    parser.add_argument("--audit", type=Path, required=True, help="JSON: findings, counts")
    command.run(split, parser)
