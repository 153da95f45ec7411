"""All tables of one study, made of what its runs predicted, what they scored, and what they cost.

What is known of runs, scores, comparisons, gains, costs, published values and drawn windows
comes together here; each table is made by a module of its own.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cardiograft import parquet, plugins
from cardiograft.files import read_json
from cardiograft.specs.score import named
from cardiograft.specs.tabulate import StudyRun, Tabulate
from cardiograft.tables import costs as cost_tables
from cardiograft.tables import doses, gains, learning_curves, looks, published, reliability
from cardiograft.tables.comparisons import comparison_table, gap_table
from cardiograft.tables.initialisations import initialisations
from cardiograft.tables.own_table import OwnTable
from cardiograft.tables.runs import Run, read_run
from cardiograft.tables.scores import score_table, tag_columns
from cardiograft.tables.shown_runs import signal_tables


@dataclass(frozen=True, kw_only=True)
class StudyTables:
    """A study's tables, and the facts that a reader of them needs.

    Attributes
    ----------
    frames
        Name of a table to the table.
    about
        Title, metrics, tags ...: the content of ``study.json``.
    """

    frames: dict[str, pd.DataFrame]
    about: dict[str, Any]


def study_tables(
    spec: Tabulate,
    *,
    predictions: Sequence[Path],
    scores: Sequence[Path],
    cards: Sequence[Path],
    segments: Sequence[Path] = (),
    histories: Sequence[Path] = (),
    costs: Path | None = None,
) -> StudyTables:
    """Return the tables of a study.

    Parameters
    ----------
    predictions, scores
        Files ``<evaluation>/<repeat>.parquet``: saved predictions, each once, whichever evaluations
        share them; and the scores of every evaluation.
    cards
        ``<stage>/<entry>/<repeat>/card.json`` of each trained model.
    segments
        Folders of shards of the runs whose windows are drawn.
    histories
        ``<stage>/<entry>/<repeat>/history.parquet`` of each trained model.
    costs
        ``costs/<study>.json``: what each network costs; none was measured without it.

    Raises
    ------
    ValueError
        A file belongs to no run of the study, or runs can't be laid side by side.
    FileNotFoundError
        Shards of a run that is drawn are missing.
    """
    study = plugins.load("studies", spec.study.name)
    files = predictions_by_evaluation(spec, predictions)
    runs = [read_run(name, row, files) for name, row in spec.rows.items()]
    values = score_table(spec, runs, read_scores(scores))
    # A dose is no paper's setting: its runs stand beside nothing but each other.
    undosed = values[values["protocol"] != "dose"]
    models = [cost_tables.read(card) for card in cards]
    frames = {
        "scores": values,
        "gaps": gap_table(spec, runs),
        "comparisons": comparison_table(spec, runs),
        **doses.tables(spec, runs),
        "published": published.beside(study.PUBLISHED, undosed, study.USUAL),
        "confusion": _of_all_runs(runs, "confusion"),
        "records": _of_all_runs(runs, "records"),
        "costs": cost_tables.table(models, cost_tables.read_measured(costs) if costs else None),
        "looks": looks.table(runs),
        "differences": published.differences(runs),
        **signal_tables(spec, runs, segments),
        **_optional_tables(study, spec, runs, histories),
    }
    own = study.tables(undosed, frames["costs"], **spec.study.options)
    return StudyTables(
        frames={**frames, **{name: table.frame for name, table in own.items()}},
        about=about(spec, study, own, cost_tables.warnings(models)) | _began(runs, cards),
    )


def _began(runs: Sequence[Run], cards: Sequence[Path]) -> dict[str, Any]:
    """Return what each run's network began from, as a fact of the study."""
    return {"began": initialisations(runs, [read_json(card) for card in cards])}


def _optional_tables(
    study: Any, spec: Tabulate, runs: Sequence[Run], histories: Sequence[Path]
) -> dict[str, pd.DataFrame]:
    """Return the tables that a study has by a constant of its own, or by its runs' metrics."""
    frames: dict[str, pd.DataFrame] = {}
    if reliability.has_calibration(spec):
        frames["reliability"] = reliability.table(spec, runs)
    if hasattr(study, "GAINS"):
        metrics = dict.fromkeys(value.metric for value in study.PUBLISHED)
        undosed = [r for r in runs if r.row.dose is None]
        frames["gains"] = gains.table(spec, undosed, study.GAINS, list(metrics))
    if hasattr(study, "LEARNING_CURVE"):
        printed = getattr(study, "LEARNING_INDEX", ())
        frames |= learning_curves.tables(spec, histories, study.LEARNING_CURVE)
        frames["learning_indices"] = published.noted(
            printed, frames["learning_indices"], spec, study.USUAL
        )
    return frames


def predictions_by_evaluation(spec: Tabulate, predictions: Iterable[Path]) -> dict[str, list[Path]]:
    """Return each evaluation's saved predictions, or those it shares, in the order of repeats.

    Raises
    ------
    ValueError
        A file is of an evaluation that no run of the study consists of, or has those of another.
    """
    known = {member for row in spec.rows.values() for member in row.members}
    known |= {one for row in spec.rows.values() for group in row.averaged for one in group}
    predicted_as = {one: spec.predicted_as.get(one, one) for one in known}
    files: dict[str, list[Path]] = {one: [] for one in predicted_as.values()}
    for path in sorted(predictions, key=lambda p: int(p.stem)):
        if path.parent.name not in files:
            hint = plugins.hint(path.parent.name, files)
            raise ValueError(f"{path}: no run of the study is scored by these predictions.{hint}")
        files[path.parent.name].append(path)
    return {one: files[other] for one, other in predicted_as.items()}


def read_scores(files: Sequence[Path]) -> pd.DataFrame:
    """Return the scores of all evaluations, with the columns ``run`` and ``repeat``."""
    frames = [
        parquet.read(path).to_pandas().assign(run=path.parent.name, repeat=int(path.stem))
        for path in files
    ]
    return pd.concat(frames, ignore_index=True)


def _of_all_runs(runs: Sequence[Run], name: str) -> pd.DataFrame:
    frames = [getattr(run, name).assign(run=run.name) for run in runs]
    return pd.concat([f for f in frames if "count" in f] or frames[:1], ignore_index=True)


def about(
    spec: Tabulate, study: Any, own: Mapping[str, OwnTable], warnings: Sequence[str]
) -> dict[str, Any]:
    """Return the facts that a reader of a study's tables needs, as JSON takes them.

    Parameters
    ----------
    study
        The plug-in.
    own
        The tables that it makes itself.
    warnings
        What speaks against laying its models side by side.
    """
    rows = spec.rows.values()
    return {
        **_of_the_paper(study, own, rows),
        "study": spec.study.name,
        "curves": [curve.tag for curve in spec.curves],
        "metrics": printed_metrics(spec),
        "primary": spec.primary,
        "questions": {name: question.asks for name, question in spec.questions.items()},
        "level": spec.level,
        "draws": spec.draws,
        "least_subjects": spec.least_subjects,
        "simulated": any(row.simulated for row in rows),
        "tags": tag_columns(spec),
        "pools": {
            name: row.members
            for name, row in spec.rows.items()
            if row.members != (name,) and not row.averaged
        },
        "singled_out": sorted({s for row in rows for m in row.metrics for s in m.without}),
        "warnings": list(warnings),
    }


def _assumed(study: Any, rows: Collection[StudyRun]) -> Iterator[str]:
    """Yield what was assumed where the paper is silent, as far as these runs assume it."""
    for one in study.ASSUMED:
        if isinstance(one, str):
            yield one
        elif any(row.tags.get(one[0]) == one[1] for row in rows):
            yield one[2]


def _of_the_paper(
    study: Any, own: Mapping[str, OwnTable], rows: Collection[StudyRun]
) -> dict[str, Any]:
    """Return what a study's plug-in holds on its paper, and on how its tables are shown."""
    return {
        "title": study.TITLE,
        "citation": study.CITATION,
        "summary": study.SUMMARY,
        "wrong": list(study.WRONG),
        "assumed": list(_assumed(study, rows)),
        "captions": {name: study.CAPTIONS[name] for name in own},
        "formats": {name: dict(table.formats) for name, table in own.items()},
        "sections": getattr(study, "SECTIONS", {}),
        "headline": list(getattr(study, "HEADLINE", ())),
        "words": getattr(study, "WORDS", {}),
        "gains": study.GAINS.tag if hasattr(study, "GAINS") else "",
        "usual": dict(study.USUAL),
    }


def printed_metrics(spec: Tabulate) -> dict[str, dict[str, Any]]:
    """Return how each metric of the study is printed, and which way is better."""
    requested = {m.canonical(): m for row in spec.rows.values() for m in row.metrics}
    by_name = {}
    for metric in requested.values():
        module = plugins.load("metrics", metric.name)
        by_name[named(metric)] = {
            "title": named(metric).replace(metric.name, module.TITLE, 1).replace("(", " (", 1),
            "percent": module.PERCENT,
            "lower_is_better": module.LOWER_IS_BETTER,
        }
    return by_name
