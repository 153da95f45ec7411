"""Lay out all results on one self-contained page."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from cardiograft import cli, look_ledger, parquet
from cardiograft.checkpoints.folder import model_key
from cardiograft.files import atomic_file, read_json
from cardiograft.report import page, times
from cardiograft.report.inputs import ReportInputs, by_evaluation, in_order, read_study
from cardiograft.specs.report import Report

INPUTS = {
    "tables": "folders of studies' tables",
    "manifests": "what was fetched: <database>.json",
    "segments": "folders of shards with a summary.json",
    "splits": "audits of splits: <split>.audit.json",
    "audits": "audits of lineages: <evaluation>.json",
    "cards": "<stage>/<entry>/<repeat>/card.json",
    "histories": "<stage>/<entry>/<repeat>/history.parquet",
    "ledgers": "<stage>/<entry>/<repeat>/ledger.json",
    "exports": "export/<entry>/card.json",
}


def report(
    spec: Report,
    tables: Sequence[Path],
    manifests: Sequence[Path],
    segments: Sequence[Path],
    splits: Sequence[Path],
    audits: Sequence[Path],
    cards: Sequence[Path],
    histories: Sequence[Path],
    ledgers: Sequence[Path],
    out: Path,
    exports: Sequence[Path] = (),
    command: str = "",
    looks: Path | None = None,
    plan: str = "{}",
    logs: Path | None = None,
) -> None:
    looked, unreadable = look_ledger.read(looks) if looks else ([], 0)
    planned = json.loads(sys.stdin.read() if plan == "-" else plan)
    inputs = ReportInputs(
        studies=in_order([read_study(folder) for folder in tables], spec.studies),
        manifests={p.stem: read_json(p) for p in manifests},
        segments={p.name: read_json(p / "summary.json") for p in segments},
        splits={p.name.removesuffix(".audit.json"): read_json(p) for p in splits},
        audits=by_evaluation({p.stem: read_json(p) for p in audits}, planned),
        cards={model_key(p): read_json(p) for p in cards},
        histories={model_key(p): parquet.read(p).to_pandas() for p in histories},
        ledgers={model_key(p): read_json(p) for p in ledgers},
        exports={p.parent.name: read_json(p) for p in exports},
        looks=looked,
        unreadable_looks=unreadable,
        plan=planned,
        times=times.read(logs) if logs else {},
    )
    with atomic_file(out) as partial:
        partial.write_text(page.render(spec, inputs, command=command), "utf-8")


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--spec", type=Report.model_validate_json, required=True, help="entry, as JSON"
    )
    for name, meaning in INPUTS.items():
        parser.add_argument(f"--{name}", type=Path, nargs="*", default=(), help=meaning)
    parser.add_argument("--looks", type=Path, help="ledger of looks at test parts")
    parser.add_argument("--plan", default="{}", help="stages, as JSON; - reads it")
    parser.add_argument("--logs", type=Path, help="logs, with what each job took beside them")
    parser.add_argument("--command", required=True, help="what makes this page, as typed")
    parser.add_argument("--out", type=Path, required=True, help="HTML page to write")
    cli.run(report, parser)
