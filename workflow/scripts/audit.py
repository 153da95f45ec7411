"""Check that no training behind a model saw what it is tested on, and that no class is missing."""

from collections.abc import Sequence
from pathlib import Path

from cardiograft import cli
from cardiograft.files import read_json, write_json
from cardiograft.specs.audit import Audit
from cardiograft.splits.choices import choice_complaint
from cardiograft.splits.lineage import lineage_audit, lineage_complaint
from cardiograft.splits.missing import missing_classes, missing_complaint
from cardiograft.splits.table import read_split_table


def audit(
    spec: Audit, splits: list[Path], counts: Path, out: Path, segments: Sequence[Path] = ()
) -> None:
    count_by_part = read_json(counts)["counts"]
    missing = {} if spec.labels is None else missing_classes(count_by_part, spec.labels, spec.parts)
    content = {**lineage_audit(spec, splits, segments), "missing_classes": missing}
    failed = out.with_name(f"{out.stem}.failed.json")
    for stale in (failed, out):
        stale.unlink(missing_ok=True)
    if spec.protocol != "paper" and not content["passed"]:
        write_json(failed, content)  # not an output: it outlives the failed job
        raise ValueError(f"{lineage_complaint(content)} (all of it in {failed})")
    lacking = missing_complaint(spec.split, missing, count_by_part)
    if lacking and spec.missing == "refused":
        write_json(failed, content)
        raise ValueError(lacking)
    unlikely = choice_complaint(spec, {s.stem: read_split_table(s).table for s in splits})
    if unlikely:
        write_json(failed, content)
        raise ValueError(unlikely)
    write_json(out, content)


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--spec", type=Audit.model_validate_json, required=True, help="an evaluation, JSON"
    )
    parser.add_argument(
        "--splits", type=Path, nargs="+", required=True, help="its split and its ancestors'"
    )
    parser.add_argument(
        "--counts", type=Path, required=True, help="audit of its split, for the classes in it"
    )
    parser.add_argument(
        "--segments", type=Path, nargs="*", default=(), help="the shards of all these splits"
    )
    parser.add_argument("--out", type=Path, required=True, help="JSON: one finding an ancestor")
    cli.run(audit, parser)
