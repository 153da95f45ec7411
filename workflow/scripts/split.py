"""Put every segment in a part, and stop an honest run whose parts know each other."""

from pathlib import Path
from typing import Any

from cardiograft import command, leakage, shards, splits
from cardiograft.publishing import write_json
from cardiograft.specs.split import Split


def split(spec: Split, segments: list[Path], out: Path, audit: Path) -> None:
    columns = dict.fromkeys((*splits.COLUMNS, *leakage.COLUMNS))
    keys = shards.table(segments, list(columns))
    part_N = splits.assign(keys, spec)
    leaks = leakage.leaks(segments, keys, part_N, spec)
    found = {kind: leak for kind, leak in leaks.items() if leak.count}
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
    if found and spec.protocol == "honest":
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
    parser.add_argument("--out", type=Path, required=True, help="Parquet: id, subject, part")
    parser.add_argument("--audit", type=Path, required=True, help="JSON: findings, counts")
    command.run(split, parser)
