"""Fit a baseline on the training part, and save its predictions of other parts."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cardiograft import cli, look_ledger, plugins
from cardiograft.evaluation import baseline_inputs, predictions
from cardiograft.evaluation import looks as ledger
from cardiograft.evaluation.predictions import Predictions
from cardiograft.segments import shards
from cardiograft.specs.predict import BaselinePredict
from cardiograft.splits.table import read_split_table


def baseline(
    spec: BaselinePredict,
    segments: Sequence[Path],
    split: Path,
    repeat: int,
    out: Path,
    looks: Path | None = None,
) -> None:
    module = plugins.load("baselines", spec.baseline.name)
    kind = getattr(module, "KIND", "classes")
    options = spec.baseline.options
    oracles = [k for k, v in getattr(module, "ORACLES", {}).items() if options[k] == v]
    meta, table = shards.meta(segments[0]), read_split_table(split)
    request: dict[str, Any] = {"columns": module.COLUMNS, "parts": spec.parts}
    if kind == "signal":
        which = getattr(module, "TARGET", "target" if meta.target_channels else "signal")
        rows, target = baseline_inputs.read_signals(
            segments, split, oracle=bool(oracles), target=which, shown=spec, **request
        )
        target = target.reshape(len(target), -1)
        labels = meta.channels if which == "signal" else meta.target_channels
    else:
        rows, target = baseline_inputs.read(segments, split, **request)
        labels = rows.labels
    rows = replace(rows, seed=spec.seed + repeat)
    saved = Predictions(
        kind=kind,
        labels=labels,
        id_N=rows.id_N[rows.wanted_N],
        subject_N=rows.subject_N[rows.wanted_N],
        part_N=rows.part_N[rows.wanted_N],
        target=target,
        score_NK=module.predict(rows, **options).reshape(len(target), -1),
        about={
            "spec": spec.model_dump(mode="json"),
            "oracle": oracles,
            "repeat": repeat,
            "seed": rows.seed,
            "rate_hz": meta.rate_hz,
            "simulated": meta.simulated,
            "split_digest": table.digest,
            "setting": look_ledger.setting(spec.model_dump(mode="json")),
            **predictions.whose(table.people),
        },
    )
    if looks:
        ledger.record_predictions(looks, saved, split=split, out=out)
    predictions.write(saved, out)


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--spec", type=BaselinePredict.model_validate_json, required=True, help="entry, as JSON"
    )
    parser.add_argument(
        "--segments", type=Path, nargs="+", required=True, help="folders of shards, pooled"
    )
    parser.add_argument("--split", type=Path, required=True, help="who is in which part")
    parser.add_argument("--repeat", type=int, required=True, help="is added to the seed")
    parser.add_argument("--looks", type=Path, help="ledger that looks at a test part are added to")
    parser.add_argument("--out", type=Path, required=True, help="Parquet to write")
    cli.run(baseline, parser)
