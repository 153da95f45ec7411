"""Make one study's tables: figures with intervals, comparisons, inflation gaps, costs."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cardiograft import cli, plugins
from cardiograft.files import atomic_directory, write_json
from cardiograft.specs.score import named
from cardiograft.specs.tabulate import Tabulate
from cardiograft.tables import costs, gains, published
from cardiograft.tables.comparisons import comparison_table, gap_table
from cardiograft.tables.runs import Run, read_run
from cardiograft.tables.scores import score_table, tag_columns
from cardiograft.tables.shown_runs import signal_tables


def tabulate(
    spec: Tabulate,
    predictions: Sequence[Path],
    scores: Sequence[Path],
    cards: Sequence[Path],
    out: Path,
    segments: Sequence[Path] = (),
) -> None:
    files = repeats_of(spec, predictions)
    runs = [read_run(name, row, files) for name, row in spec.rows.items()]
    figures = score_table(spec, runs, scored(scores))
    study = plugins.load("studies", spec.study.name)
    read = [costs.read(card) for card in cards]
    frames = {
        "scores": figures,
        "gaps": gap_table(spec, runs),
        "comparisons": comparison_table(spec, runs),
        "published": published.beside(study.PUBLISHED, figures, study.USUAL),
        "confusion": stacked(runs, "confusion"),
        "records": stacked(runs, "records"),
        "costs": costs.table(read),
        **signal_tables(spec, runs, segments),
    }
    if hasattr(study, "GAINS"):
        told = dict.fromkeys(figure.metric for figure in study.PUBLISHED)
        frames["gains"] = gains.table(spec, runs, study.GAINS, list(told))
    with atomic_directory(out) as folder:
        own = study.tables(figures, frames["costs"], **spec.study.options)
        for name, frame in {**frames, **own}.items():
            frame.to_csv(folder / f"{name}.csv", index=False)
        write_json(folder / "study.json", about(spec, study, list(own), costs.warnings(read)))


def repeats_of(spec: Tabulate, predictions: Sequence[Path]) -> dict[str, list[Path]]:
    known = {member for row in spec.rows.values() for member in row.members}
    known |= {one for row in spec.rows.values() for group in row.averaged for one in group}
    files: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(predictions, key=lambda p: int(p.stem)):
        if path.parent.name not in known:
            hint = plugins.hint(path.parent.name, known)
            raise ValueError(f"{path}: {path.parent.name!r} is in no run of the study.{hint}")
        files[path.parent.name].append(path)
    return files


def scored(scores: Sequence[Path]) -> pd.DataFrame:
    frames = [
        pd.read_parquet(path).assign(run=path.parent.name, repeat=int(path.stem)) for path in scores
    ]
    return pd.concat(frames, ignore_index=True)


def stacked(runs: Sequence[Run], name: str) -> pd.DataFrame:
    frames = [getattr(run, name).assign(run=run.name) for run in runs]
    return pd.concat([f for f in frames if "count" in f] or frames[:1], ignore_index=True)


def about(spec: Tabulate, study: Any, own: list[str], warnings: list[str]) -> dict[str, Any]:
    metrics = {}
    asked = {m.canonical(): m for r in spec.rows.values() for m in r.metrics}
    for metric in asked.values():
        module = plugins.load("metrics", metric.name)
        metrics[named(metric)] = {
            "title": named(metric).replace(metric.name, module.TITLE, 1),
            "percent": module.PERCENT,
            "lower_is_better": module.LOWER_IS_BETTER,
        }
    return {
        "study": spec.study.name,
        "title": study.TITLE,
        "citation": study.CITATION,
        "summary": study.SUMMARY,
        "wrong": list(study.WRONG),
        "assumed": list(study.ASSUMED),
        "captions": {name: study.CAPTIONS[name] for name in own},
        "sections": getattr(study, "SECTIONS", {}),
        "headline": list(getattr(study, "HEADLINE", ())),
        "words": getattr(study, "WORDS", {}),
        "gains": study.GAINS.tag if hasattr(study, "GAINS") else "",
        "curves": [curve.tag for curve in spec.curves],
        "metrics": metrics,
        "primary": spec.primary,
        "level": spec.level,
        "draws": spec.draws,
        "least_subjects": spec.least_subjects,
        "simulated": any(row.simulated for row in spec.rows.values()),
        "tags": tag_columns(spec),
        "pools": {
            n: row.members
            for n, row in spec.rows.items()
            if row.members != (n,) and not row.averaged
        },
        "usual": dict(study.USUAL),
        "singled_out": sorted(
            {s for r in spec.rows.values() for m in r.metrics for s in m.without}
        ),
        "warnings": warnings,
    }


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--spec", type=Tabulate.model_validate_json, required=True, help="entry, as JSON"
    )
    for name, meaning in {
        "predictions": "saved predictions, <evaluation>/<repeat>.parquet",
        "scores": "scores of the same, <evaluation>/<repeat>.parquet",
    }.items():
        parser.add_argument(f"--{name}", type=Path, nargs="+", required=True, help=meaning)
    parser.add_argument(
        "--cards", type=Path, nargs="*", default=(), help="<stage>/<entry>/<repeat>/card.json"
    )
    parser.add_argument(
        "--segments", type=Path, nargs="*", default=(), help="shards of the runs that are shown"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of tables to write")
    cli.run(tabulate, parser)
